"""Deliver: letters from the outbox to their channels, in order, each written down as `sending` before its call.

A lane is (channel, dialog, recipient): its letters go one after the other. One process at a time delivers for a
channel, so that the channel's pace is kept; it makes several calls at once, each for another lane.
"""

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Row
from structlog.contextvars import bound_contextvars

import log
from connectors.abilities import Find, Paced
from connectors.base import ChannelSettings, ConnectorError, Letter, Moved, Receipt, Rejected, Unavailable
from connectors.registry import Channels
from dialogs import visitors
from pipeline import whereabouts
from pipeline.loop import LoopThread
from pipeline.outcome import Tried, Verdict, judge
from pipeline.pace import Pace
from pipeline.posting import letters_of
from pipeline.signals import AFTER, FIRST, Signalling
from pipeline.turns import Turns
from settings import WorkSettings
from storage import halts, journal, leases, outbox, signals, talk
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
# Seconds a channel that is full is waited for; for longer ones others get their turn.
_NAP = 0.3
# Of its time, after so much the right to serve a channel is made to last anew.
_BEAT = 1 / 3
# A channel that is not there any more: nothing is sent again by itself, and somebody has to look. Not at once: where
# settings are being changed, another process may still know it.
_GONE, _LOOK_ELSEWHERE = ChannelSettings(kind="gone", on_unknown="hold"), timedelta(hours=1)


class _Round(NamedTuple):
    """What goes in one channel at once, by whose right, and seconds until it takes more if it is full."""

    held: leases.Held
    letters: Sequence[int]
    signals: Sequence[Row[Any]]
    wait: float


class _Started(NamedTuple):
    """A letter that stands as being sent, what its calls carry, and seconds they may take altogether."""

    row: Row[Any]
    letters: Sequence[Letter]
    patience: float


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
        self._paces = {name: self._pace(name) for name in channels.connectors}
        # Of each channel its own: a server that hangs holds up nobody but its own letters.
        self._pools = {name: ThreadPoolExecutor(work.senders, f"send {name}") for name in channels.connectors}
        self._signals = Signalling(channels, loop)
        # Seconds from the last sweep until a letter's time comes.
        self.next_due = math.inf
        # When each channel takes more, by the monotonic clock.
        self._opens: dict[str, float] = {}

    @property
    def count(self) -> int:
        """How many channels there are."""
        return len(self._pools)

    def stop(self) -> None:
        """Finish the calls under way and start no more."""
        self._stopping.set()

    def close(self) -> None:
        """Wait for the calls under way."""
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def sweep(self) -> list[str]:
        """Sort out calls nobody will finish, then serve every channel that has work; gives back which may have more."""
        self._db.write(self._bury)
        with self._db.read() as tx:
            waiting = dict.fromkeys([*outbox.waiting(tx), *signals.channels(tx)])
        more = [name for name in waiting if self.channel(name)]
        with self._db.read() as tx:
            # Letters that were put off by a second must not wait for a sweep more.
            self.next_due = min([outbox.next_due(tx), *self._opening()])
        return more

    def _opening(self) -> list[float]:
        """Seconds until channels that were full take more."""
        at = time.monotonic()
        return [opens - at for opens in self._opens.values() if opens > at]

    def channel(self, name: str) -> bool:
        """Send what is due in one channel, unless somebody else serves it; whether its time was over first."""
        return name in self._channels and self._turns.run(name, partial(self._serve, name), _VISIT)

    def _pace(self, name: str) -> Pace:
        connector = self._channels[name]
        return Pace(name, self._channels.settings[name].rate, connector.pace if isinstance(connector, Paced) else None)

    def _serve(self, name: str, until: float) -> None:
        # A channel that was given back is looked at once more: a bell rung while we held it found it taken.
        while self._hold(name, until):
            pass

    def _hold(self, name: str, until: float) -> bool:
        """Take the channel and send what is due; False when nothing was, or somebody else serves it."""
        held: leases.Held | None = None
        sent = False
        while not self._stopping.is_set() and time.monotonic() < until:
            found = self._db.write(lambda tx: self._look(tx, name))
            if found is None:
                break
            held = found.held
            self._carry(name, found)
            sent |= bool(found.letters or found.signals)
            if found.wait > _NAP:
                break
            self._stopping.wait(found.wait)
        if held is not None:
            last = held
            self._db.write(lambda tx: leases.give_back(tx, last))
        return sent

    def _look(self, tx: Tx, name: str) -> _Round | None:
        """What goes now, if anything does and the channel is ours."""
        if halts.until(tx, name) is not None:
            return None
        due, fleeting = outbox.due(tx, name, self._work.senders), self._signals.waiting(tx, name)
        held = leases.take(tx, f"deliver:{name}", self._work.lease) if due or fleeting else None
        if held is None:
            return None
        pace, at = self._paces[name], leases.database_now(tx)
        signs, first = self._signals.take(tx, [sign for sign in fleeting if sign.kind in FIRST], pace, at)
        letters, next_ = pace.admit(tx, due, at)
        more, last = self._signals.take(tx, [sign for sign in fleeting if sign.kind in AFTER], pace, at)
        full = max(first, next_, last)
        self._opens[name] = time.monotonic() + full
        return _Round(held, letters, signs + more, full)

    def _carry(self, name: str, found: _Round) -> None:
        """The calls of one round, side by side; each lane has one letter in it. Meanwhile the channel stays ours."""
        self._signals.give(name, found.signals)
        calls = [self._pools[name].submit(self._send, name, letter_id) for letter_id in found.letters]
        while wait(calls, self._work.lease * _BEAT).not_done:
            try:
                self._db.write(lambda tx: leases.renew(tx, found.held, self._work.lease))
            except leases.Lost:
                # Whoever has it now leaves what is under way alone, as its rows say.
                _log.warning("deliver.taken_over", channel=name)
            except Exception as error:
                if not is_database_fault(error):
                    raise

    # ---- one letter ----

    def _send(self, name: str, letter_id: int) -> None:
        if self._stopping.is_set():
            return
        # Connectors' own lines carry it too: the loop takes the caller's context along.
        with bound_contextvars(channel=name, letter=letter_id):
            try:
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
        began = time.monotonic()
        started = self._db.write(lambda tx: self._start(tx, name, letter_id))
        if started is None:
            return
        with bound_contextvars(dialog=started.row.dialog_id):
            if time.monotonic() - began > _TOO_LATE:
                row = started.row
                self._db.write(lambda tx: outbox.finish(tx, row.id, row.token, state=outbox.QUEUED))
            else:
                self._carry_out(started, began + started.patience)

    def _start(self, tx: Tx, name: str, letter_id: int) -> _Started | None:
        """Write it down as being sent, for as long as its calls may take."""
        row = outbox.start(tx, letter_id, _GRACE)
        if row is None:
            return None
        connector, letters = self._channels[name], letters_of(tx, row, self._store)
        # Where it can be looked for, that is one call more.
        calls = sum(map(connector.limits.seconds, letters)) + connector.limits.call * isinstance(connector, Find)
        outbox.extend(tx, row, calls)
        return _Started(row, letters, calls + _GRACE)

    def _carry_out(self, started: _Started, until: float) -> None:
        row, letters = started.row, started.letters
        result: Receipt | BaseException
        try:
            result = self._found(row, letters) or self._sent(row, letters)
        except Exception as error:  # noqa: BLE001 - every kind of failure has its meaning in outcome.judge
            result = error
        self._write_down(row, result, until)

    def _sent(self, row: Row[Any], letters: Sequence[Letter]) -> Receipt:
        if not letters:
            raise Rejected("what it changes is not known to be out")
        connector = self._channels[row.channel]
        receipts = [self._loop.run(connector.send(letter), connector.limits.seconds(letter)) for letter in letters]
        return Receipt(tuple(key for receipt in receipts for key in receipt.external_ids))

    def _found(self, row: Row[Any], letters: Sequence[Letter]) -> Receipt | None:
        """The receipt of a letter that had arrived before, though nobody heard of it."""
        connector = self._channels[row.channel]
        if not (row.in_doubt and row.action == "send" and isinstance(connector, Find)):
            return None
        try:
            return self._loop.run(connector.find(letters[0]), connector.limits.call)
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
        idempotent = self._channels[row.channel].limits.idempotent
        tried = Tried(row.attempts, row.send_at, row.automatic, idempotent)
        at = leases.database_now(tx)
        verdict = judge(result, tried, policy, at)
        if not outbox.finish(tx, row.id, row.token, state=verdict.state, **verdict.values):
            _log.warning("deliver.letter_taken_over")
            return
        if verdict.pause and not verdict.stop:
            whom = row.recipient if verdict.him_alone else None
            self._paces[row.channel].pause(tx, verdict.pause, at, whom)
        self._paces[row.channel].spent(tx, row.recipient, at)
        entries = self._consequences(tx, row, result, verdict)
        _log.info("letter." + verdict.state, tries=row.attempts)
        journal.append(tx, entries)

    def _consequences(
        self, tx: Tx, row: Row[Any], result: Receipt | BaseException, verdict: Verdict
    ) -> list[journal.Entry]:
        entries: list[journal.Entry] = []
        if isinstance(result, Receipt):
            visitors.show(tx, row.dialog_id, row.message_id)
            if row.action == "send":
                talk.name_message(tx, row.message_id, row.channel, result.external_ids)
            if halts.lift(tx, row.channel):
                entries.append(journal.Entry("channel.resumed", journal.SYSTEM, None, {"channel": row.channel}))
        if isinstance(result, Moved):
            entries += whereabouts.move(tx, row.channel, row.recipient, result.address)
        if verdict.unreachable:
            entries += whereabouts.unreachable(tx, row.channel, row.recipient)
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
