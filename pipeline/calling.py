"""Calling: the call of one letter, written down as `sending` before it and with its outcome after it."""

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row
from structlog.contextvars import bound_contextvars

import log
from connectors.abilities import Find, Names
from connectors.base import ChannelSettings, ConnectorError, Letter, Moved, Receipt, Rejected, Unavailable
from connectors.registry import Channels
from dialogs import visitors
from pipeline import failures, whereabouts
from pipeline.loop import LoopThread
from pipeline.outcome import Tried, Verdict, judge
from pipeline.pace import Pace
from pipeline.posting import letter_of
from storage import halts, journal, leases, outbox, talk
from storage.db import Database, Tx, is_database_fault
from storage.files import FileStore
from storage.outbox import Due

_log = log.get(__name__)

# Seconds a call may be late after it was written down; later it is put back, for its time may run out under way.
_TOO_LATE = 5.0
# Seconds beyond a call's own time-out after which its outcome counts as unknown.
_GRACE = 10.0
# Seconds until an outcome the database would not take is offered to it again.
_AGAIN = 0.3
# A channel that is not there any more: nothing is sent again by itself, and somebody has to look. Not at once: where
# settings are being changed, another process may still know it.
_GONE, _LOOK_ELSEWHERE = ChannelSettings(kind="gone", on_unknown="hold"), timedelta(hours=1)


class _Started(NamedTuple):
    """A letter that stands as being sent, what its call carries or why there is none, and seconds it may take."""

    row: Row[Any]
    letter: Letter | Rejected
    patience: float


class Calling:
    """Makes calls for the threads of one process."""

    def __init__(
        self, db: Database, channels: Channels, loop: LoopThread, store: FileStore, paces: Mapping[str, Pace]
    ) -> None:
        self._db, self._channels, self._loop, self._store, self._paces = db, channels, loop, store, paces
        self._stopping = threading.Event()
        # Letters this process has in hand; set operations of one element are atomic.
        self.in_hand: set[int] = set()
        # Letters whose call was made here, but whose outcome could not be written down.
        self._unsaved: set[int] = set()

    def stop(self) -> None:
        """Wait for the database no longer than for one try more."""
        self._stopping.set()

    def make(self, name: str, letter_id: int) -> None:
        """Make the letter's call, unless it was taken or cancelled meanwhile."""
        began = time.monotonic()
        started = self._db.write(lambda tx: self._start(tx, name, letter_id))
        if started is None:
            return
        with bound_contextvars(dialog=started.row.dialog_id):
            if time.monotonic() - began > _TOO_LATE:
                self._db.write(lambda tx: outbox.put_back(tx, started.row))
            else:
                self._carry_out(started, began + started.patience)

    def _start(self, tx: Tx, name: str, letter_id: int) -> _Started | None:
        """Write it down as being sent, for as long as its calls may take."""
        row = outbox.start(tx, letter_id, _GRACE)
        if row is None:
            return None
        self._unsaved.discard(row.id)
        connector, letter = self._channels[name], self._read(tx, row)
        if isinstance(connector, Names) and isinstance(letter, Letter):
            talk.name_message(tx, row.message_id, name, connector.names_of(letter))
        seconds = connector.limits.seconds(letter) if isinstance(letter, Letter) else 0.0
        # Where it can be looked for, that is one call more.
        seconds += connector.limits.call * isinstance(connector, Find)
        outbox.extend(tx, row, seconds)
        return _Started(row, letter, seconds + _GRACE)

    def _read(self, tx: Tx, row: Row[Any]) -> Letter | Rejected:
        try:
            letter = letter_of(tx, row, self._store)
        except Exception as error:
            if is_database_fault(error):
                raise
            # It would come again for ever.
            _log.exception("letter.unreadable")
            return Rejected("it cannot be read any more; the log says why")
        return letter or Rejected("what it changes is not known to be out")

    def _carry_out(self, started: _Started, until: float) -> None:
        row, letter = started.row, started.letter
        result: Receipt | BaseException
        try:
            if isinstance(letter, Rejected):
                raise letter
            result = self._found(row, letter) or self._sent(row, letter)
        except Exception as error:  # noqa: BLE001 - every kind of failure has its meaning in outcome.judge
            result = error
        self._write_down(row, result, until)

    def _sent(self, row: Row[Any], letter: Letter) -> Receipt:
        connector = self._channels[row.channel]
        return self._loop.run(connector.send(letter), connector.limits.seconds(letter))

    def _found(self, row: Row[Any], letter: Letter) -> Receipt | None:
        """The receipt of a letter that had arrived before, though nobody heard of it."""
        connector = self._channels[row.channel]
        if not (row.in_doubt and row.action == "send" and isinstance(connector, Find)):
            return None
        try:
            return self._loop.run(connector.find(letter), connector.limits.call)
        except Rejected:
            # Nothing can be looked up there; what the channel says to the letter itself decides.
            return None
        except ConnectorError:
            raise
        except Exception as error:
            # Not a call with an effect: nothing new is unknown.
            raise Unavailable(f"it could not be looked up: {type(error).__name__}") from error

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

    def _finish(self, tx: Tx, row: Row[Any], result: Receipt | BaseException) -> None:
        policy = self._channels.settings[row.channel]
        at = leases.database_now(tx)
        verdict = judge(result, self._tried(row), policy, at)
        is_lost = _is_lost(row, verdict)
        is_awaited = verdict.state == outbox.SENT and row.action == "send" and failures.awaited(tx, row.message_id)
        if is_lost or is_awaited:
            # Before its letter, as the operators' desk does it: the other way round the two wait for each other.
            talk.lock(tx, [row.dialog_id])
        if not outbox.finish(tx, row.id, row.token, state=verdict.state, **verdict.values):
            _log.warning("deliver.letter_taken_over")
            return
        if verdict.pause and not verdict.stop:
            whom = row.recipient if verdict.him_alone else None
            self._paces[row.channel].pause(tx, verdict.pause, at, whom)
        if not isinstance(result, ConnectorError):
            self._paces[row.channel].spent(tx, Due(row.id, row.recipient, len(row.payload.get("files", ()))), at)
        entries = self._consequences(tx, row, result, verdict)
        if is_lost:
            entries += failures.lost(tx, row.message_id, verdict.values["error"])
        if is_awaited:
            entries += failures.arrived(tx, row.message_id)
        _log.info("letter." + verdict.state, tries=row.attempts)
        journal.append(tx, entries)

    def _tried(self, row: Row[Any]) -> Tried:
        # What was changed or taken back once more reads as it did.
        keyed = row.channel in self._channels and self._channels[row.channel].limits.idempotent
        return Tried(row.attempts, row.send_at, row.automatic, keyed or row.action != "send")

    def _consequences(
        self, tx: Tx, row: Row[Any], result: Receipt | BaseException, verdict: Verdict
    ) -> list[journal.Entry]:
        entries: list[journal.Entry] = []
        if isinstance(result, Receipt):
            visitors.show(tx, row.dialog_id, row.message_id)
            if row.action == "send":
                talk.name_message(tx, row.message_id, row.channel, result.external_ids)
            if halts.lift(tx, row.channel, halts.SENDING):
                entries.append(journal.Entry("channel.resumed", journal.SYSTEM, None, {"channel": row.channel}))
        if isinstance(result, Moved):
            entries += whereabouts.move(tx, row.channel, row.recipient, result.address)
        if verdict.unreachable:
            entries += whereabouts.unreachable(tx, row.channel, row.recipient)
        if verdict.stop:
            until = leases.database_now(tx) + timedelta(seconds=verdict.pause)
            if halts.put(tx, row.channel, halts.SENDING, str(verdict.values["error"]), until):
                told = {"channel": row.channel, "reason": verdict.values["error"]}
                entries.append(journal.Entry("channel.stopped", journal.SYSTEM, None, told))
                _log.error("channel.stopped")
        if verdict.event:
            entries.append(_told(verdict.event, row, verdict))
        return entries

    def bury(self, tx: Tx) -> None:
        """Sort out calls whose time is up, or whose process died on this host: their outcome is unknown."""
        at = leases.database_now(tx)
        under_way = outbox.sending(tx, lock=False)
        over = {row.dialog_id for row in under_way if self._is_over(row, at)}
        # Before their letters, for some may turn out to be lost.
        locked = talk.lock(tx, over) if over else {}
        entries: list[journal.Entry] = []
        for row in outbox.sending(tx) if under_way else ():
            if row.worker == leases.me() and row.id not in self.in_hand | self._unsaved:
                # Written down as sending in a commit we never heard of: the call was not made.
                outbox.put_back(tx, row)
                continue
            if row.dialog_id not in locked or not self._is_over(row, at):
                continue
            policy = self._channels.settings[row.channel] if row.channel in self._channels else _GONE
            verdict = judge(ConnectionAbortedError(), self._tried(row), policy, at)
            outbox.finish(tx, row.id, row.token, state=verdict.state, **verdict.values)
            _log.warning("letter.outcome_unknown", letter=row.id, dialog=row.dialog_id, channel=row.channel)
            if verdict.event:
                entries.append(_told(verdict.event, row, verdict))
            if _is_lost(row, verdict):
                entries += failures.lost(tx, row.message_id, verdict.values["error"])
        journal.append(tx, entries)

    def _is_over(self, row: Row[Any], at: datetime) -> bool:
        """Whether a call's time is up, or whoever made it is gone."""
        if row.expires_at > at and not leases.is_dead(row.worker):
            return False
        return row.channel in self._channels or row.expires_at <= at - _LOOK_ELSEWHERE


def _is_lost(row: Row[Any], verdict: Verdict) -> bool:
    """Whether it is a reply that will not arrive; what a machine wrote nobody waits for."""
    return verdict.state == outbox.FAILED and row.action == "send" and not row.automatic


def _told(event: str, row: Row[Any], verdict: Verdict) -> journal.Entry:
    told = {"message": row.message_id, "letter": row.id, "channel": row.channel}
    if verdict.values.get("error"):
        told["error"] = verdict.values["error"]
    return journal.Entry(event, journal.SYSTEM, row.dialog_id, told)
