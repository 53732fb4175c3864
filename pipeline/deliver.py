"""Deliver: letters from the outbox to their channels, in order, each written down as `sending` before its call.

A lane is (channel, dialog, recipient): its letters go one after the other. One process at a time delivers for a
channel, so that the channel's pace is kept; it makes several calls at once, each for another lane.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row
from structlog.contextvars import bound_contextvars

import log
from connectors.base import ChannelSettings, Letter, Outgoing, Receipt
from connectors.registry import Channels
from dialogs import visitors
from pipeline.loop import LoopThread
from pipeline.outcome import Tried, Verdict, judge
from pipeline.pace import Pace
from pipeline.turns import Turns
from settings import WorkSettings
from storage import attachments, halts, journal, leases, outbox, people, talk
from storage.db import Database, Tx, is_database_fault
from storage.files import FileStore

_log = log.get(__name__)

# Seconds a call may be late after it was written down; later it is put back, for its time may run out under way.
_TOO_LATE = 5.0
# Seconds beyond a call's own time-out after which its outcome counts as unknown.
_GRACE = 10.0
# Seconds until an outcome the database would not take is offered to it again.
_AGAIN = 0.3
# Seconds a channel is served before the others get their turn, when there are more channels than threads.
_VISIT = 2.0
# A channel that is not there any more: nothing is sent again by itself, and somebody has to look. Not at once: where
# settings are being changed, another process may still know it.
_GONE, _LOOK_ELSEWHERE = ChannelSettings(kind="gone", on_unknown="hold"), timedelta(hours=1)


class Deliver:
    """Sends what is due. Safe to run in many processes; each channel is served by one of them at a time."""

    def __init__(
        self, db: Database, channels: Channels, loop: LoopThread, store: FileStore, work: WorkSettings
    ) -> None:
        self._db, self._channels, self._loop, self._store, self._work = db, channels, loop, store, work
        self._stopping = threading.Event()
        self._turns = Turns()
        # Letters this process has in hand; set operations of one element are atomic.
        self._calls: set[int] = set()
        # Letters whose call was made here, but whose outcome could not be written down.
        self._unsaved: set[int] = set()
        self._paces = {name: Pace(policy.rate) for name, policy in channels.settings.items()}
        self._pool = ThreadPoolExecutor(work.senders, thread_name_prefix="send")

    def stop(self) -> None:
        """Finish the calls under way and start no more."""
        self._stopping.set()

    def close(self) -> None:
        """Wait for the calls under way."""
        self._pool.shutdown(wait=True)

    def sweep(self) -> list[str]:
        """Sort out calls nobody will finish, then serve every channel that has work; gives back which may have more."""
        self._db.write(self._bury)
        with self._db.read() as tx:
            waiting = outbox.waiting(tx)
        return [name for name in waiting if self.channel(name)]

    def channel(self, name: str) -> bool:
        """Send what is due in one channel, unless somebody else serves it; whether its time was over first."""
        return name in self._channels and self._turns.run(name, partial(self._serve, name), _VISIT)

    def _serve(self, name: str, until: float) -> None:
        # A channel that was given back is looked at once more: a bell rung while we held it found it taken.
        while self._hold(name, until):
            pass

    def _hold(self, name: str, until: float) -> bool:
        """Take the channel and send what is due; False when nothing was, or somebody else serves it."""
        held: leases.Held | None = None
        while not self._stopping.is_set() and time.monotonic() < until:
            taken, due = self._db.write(lambda tx: self._look(tx, name))
            if taken is None:
                break
            held = taken
            # The calls of one round run side by side; each lane has one letter in it.
            list(self._pool.map(lambda letter_id: self._send(name, letter_id), due))
        if held is not None:
            last = held
            self._db.write(lambda tx: leases.give_back(tx, last))
        return held is not None

    def _look(self, tx: Tx, name: str) -> tuple[leases.Held | None, list[int]]:
        if halts.until(tx, name) is not None:
            return None, []
        due = outbox.due(tx, name, self._work.senders * 4)
        if not due:
            return None, []
        # Long enough for a round of calls that all hang.
        seconds = self._work.lease + self._channels[name].limits.call * 4
        return leases.take(tx, f"deliver:{name}", seconds), due

    # ---- one letter ----

    def _send(self, name: str, letter_id: int) -> None:
        if self._stopping.is_set():
            return
        # Connectors' own lines carry it too: the loop takes the caller's context along.
        with bound_contextvars(channel=name, letter=letter_id):
            try:
                wait = self._paces[name].wait()
                if wait:
                    self._db.write(lambda tx: outbox.postpone(tx, letter_id, wait))
                    return
                self._call(name, letter_id)
            except Exception as error:  # noqa: BLE001 - the edge of the thread: the letter's row says where it stands
                level = _log.warning if is_database_fault(error) else _log.exception
                level("deliver.letter_left", error=type(error).__name__)

    def _call(self, name: str, letter_id: int) -> None:
        self._calls.add(letter_id)
        try:
            self._make_call(name, letter_id)
        finally:
            self._calls.discard(letter_id)

    def _make_call(self, name: str, letter_id: int) -> None:
        limit = self._channels[name].limits.call
        started = time.monotonic()
        row = self._db.write(lambda tx: outbox.start(tx, letter_id, limit + _GRACE))
        if row is not None:
            with bound_contextvars(dialog=row.dialog_id):
                self._carry_out(row, started, limit)

    def _carry_out(self, row: Row[Any], started: float, limit: float) -> None:
        letter = self._letter(row)
        if time.monotonic() - started > _TOO_LATE:
            self._db.write(lambda tx: outbox.finish(tx, row.id, row.token, state=outbox.QUEUED))
            return
        result: Receipt | BaseException
        try:
            result = self._loop.run(self._channels[row.channel].send(letter), limit)
        except Exception as error:  # noqa: BLE001 - every kind of failure has its meaning in outcome.judge
            result = error
        self._write_down(row, result, started + limit + _GRACE)

    def _write_down(self, row: Row[Any], result: Receipt | BaseException, until: float) -> None:
        """Keep what the channel said, also while the database is away: once forgotten, nobody knows it any more."""
        while True:
            try:
                return self._db.write(lambda tx: self._finish(tx, row, result))
            except Exception as error:
                if not is_database_fault(error) or time.monotonic() > until or self._stopping.is_set():
                    self._unsaved.add(row.id)
                    raise
            self._stopping.wait(_AGAIN)

    def _letter(self, row: Row[Any]) -> Letter:
        payload = row.payload
        with self._db.read() as tx:
            files = attachments.by_ids(tx, payload.get("files", []))
        return Letter(
            id=row.id,
            # Ids come again after a restore; the moment a letter was written does not.
            key=f"okno-{row.id}-{int(row.created_at.timestamp() * 1_000_000)}",
            recipient=row.recipient,
            action=row.action,
            text=payload["text"],
            author=payload.get("author", ""),
            sent_at=row.created_at,
            files=tuple(Outgoing(f.id, f.name, f.type, f.size, str(self._store.path(f.sha256))) for f in files),
            reply_to=payload.get("reply_to"),
            external_id=payload.get("external_id"),
        )

    def _finish(self, tx: Tx, row: Row[Any], result: Receipt | BaseException) -> None:
        policy = self._channels.settings[row.channel]
        idempotent = self._channels[row.channel].limits.idempotent
        tried = Tried(row.attempts, row.send_at, row.automatic, idempotent)
        at = leases.database_now(tx)
        verdict = judge(result, tried, policy, at)
        if not outbox.finish(tx, row.id, row.token, state=verdict.state, **verdict.values):
            _log.warning("deliver.letter_taken_over")
            return
        if verdict.pause:
            self._paces[row.channel].pause(verdict.pause)
        entries = self._consequences(tx, row, result, verdict)
        _log.info("letter." + verdict.state, tries=row.attempts)
        journal.append(tx, entries)

    def _consequences(
        self, tx: Tx, row: Row[Any], result: Receipt | BaseException, verdict: Verdict
    ) -> list[journal.Entry]:
        entries: list[journal.Entry] = []
        if isinstance(result, Receipt):
            visitors.show(tx, row.dialog_id, row.message_id)
            if result.external_ids and row.action == "send" and row.part == 0:
                talk.name_message(tx, row.message_id, result.external_ids[0])
            if halts.lift(tx, row.channel):
                entries.append(journal.Entry("channel.resumed", journal.SYSTEM, None, {"channel": row.channel}))
        if verdict.unreachable:
            for dialog_id in people.set_reachable(tx, row.channel, row.recipient, reachable=False):
                told = {"channel": row.channel, "address": row.recipient}
                entries.append(journal.Entry("client.unreachable", journal.SYSTEM, dialog_id, told))
        if verdict.stop:
            until = leases.database_now(tx) + timedelta(seconds=verdict.pause)
            if halts.put(tx, row.channel, str(verdict.values["error"]), until):
                told = {"channel": row.channel, "reason": verdict.values["error"]}
                entries.append(journal.Entry("channel.stopped", journal.SYSTEM, None, told))
                _log.error("channel.stopped")
        if verdict.event:
            entries.append(_told(verdict.event, row, verdict))
        return entries

    # ---- calls nobody will finish ----

    def _bury(self, tx: Tx) -> None:
        """Calls whose time is up, or whose process died on this host: their outcome is unknown."""
        at = leases.database_now(tx)
        entries: list[journal.Entry] = []
        for row in outbox.sending(tx):
            if row.worker == leases.me() and row.id not in self._calls | self._unsaved:
                # Written down as sending in a commit we never heard of: the call was not made.
                outbox.finish(tx, row.id, row.token, state=outbox.QUEUED)
                continue
            if row.expires_at > at and not leases.is_dead(row.worker):
                continue
            known = row.channel in self._channels
            if not known and row.expires_at > at - _LOOK_ELSEWHERE:
                continue
            idempotent = known and self._channels[row.channel].limits.idempotent
            policy = self._channels.settings[row.channel] if known else _GONE
            tried = Tried(row.attempts, row.send_at, row.automatic, idempotent)
            verdict = judge(ConnectionAbortedError(), tried, policy, at)
            outbox.finish(tx, row.id, row.token, state=verdict.state, **verdict.values)
            _log.warning("letter.outcome_unknown", letter=row.id, dialog=row.dialog_id, channel=row.channel)
            if verdict.event:
                entries.append(_told(verdict.event, row, verdict))
        journal.append(tx, entries)


def _told(event: str, row: Row[Any], verdict: Verdict) -> journal.Entry:
    told = {"message": row.message_id, "letter": row.id, "channel": row.channel}
    if verdict.values.get("error"):
        told["error"] = verdict.values["error"]
    return journal.Entry(event, journal.SYSTEM, row.dialog_id, told)
