"""Deliver: letters from the outbox to their channels, in order and at their pace.

A lane is (channel, dialog, recipient): its letters go one after the other. One process at a time delivers for a
channel, so that the channel's pace is kept; it makes several calls at once, each for another lane.
"""

import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Row
from structlog.contextvars import bound_contextvars

import log
from connectors.registry import Channels
from pipeline.calling import Calling
from pipeline.loop import LoopThread
from pipeline.pace import paces_of
from pipeline.signals import Signalling
from pipeline.turns import Turns
from settings import WorkSettings
from storage import halts, leases, outbox, signals
from storage.db import Database, Tx, is_database_fault
from storage.files import FileStore

_log = log.get(__name__)

# Seconds a channel is served before the others get their turn, when there are more channels than threads.
_VISIT = 2.0
# Seconds a channel that is full, or whose calls take their time, is waited for; for longer ones others get their turn.
_NAP = 0.3
# Seconds the calls that began together get to end together: then one look finds what is next for all of them.
_GATHER = 0.05


class _Found(NamedTuple):
    """What goes in one channel at once, by whose right, and seconds until it takes more if it is full."""

    held: leases.Held
    letters: Sequence[int]
    signals: Sequence[Row[Any]]
    wait: float


class Deliver:
    """Sends what is due. Safe to run in many processes; each channel is served by one of them at a time."""

    def __init__(
        self, db: Database, channels: Channels, loop: LoopThread, store: FileStore, work: WorkSettings
    ) -> None:
        self._db, self._channels, self._work = db, channels, work
        self._stopping = threading.Event()
        self._turns = Turns()
        self._paces = paces_of(channels)
        self._calling = Calling(db, channels, loop, store, self._paces)
        self._signals = Signalling(db, channels, loop, self._paces)
        # Of each channel its own: a server that hangs holds up nobody but its own letters.
        self._pools = {name: ThreadPoolExecutor(work.senders, f"send {name}") for name in channels.connectors}
        self._calls: dict[str, set[Future[None]]] = {name: set() for name in channels.connectors}
        # Seconds from the last sweep until a letter's time comes.
        self.next_due = math.inf
        # When each channel takes more, by the monotonic clock.
        self._opens = dict.fromkeys(channels.connectors, 0.0)

    @property
    def count(self) -> int:
        """How many channels there are."""
        return len(self._pools)

    def stop(self) -> None:
        """Finish the calls under way and start no more."""
        self._stopping.set()
        self._calling.stop()

    def close(self) -> None:
        """Wait for the calls under way."""
        for pool in self._pools.values():
            pool.shutdown(wait=True)

    def sweep(self) -> list[str]:
        """Sort out calls nobody will finish, then serve every channel that has work; gives back which may have more."""
        self._db.write(self._calling.bury)
        with self._db.read() as tx:
            waiting = dict.fromkeys([*outbox.waiting(tx), *signals.channels(tx)])
        more = [name for name in waiting if self.channel(name)]
        with self._db.read() as tx:
            # Letters that were put off by a second must not wait for a sweep more.
            self.next_due = min([outbox.next_due(tx), *self._opening()])
        return more

    def channel(self, name: str) -> bool:
        """Send what is due in one channel, unless somebody else serves it; whether there may be more soon."""
        return name in self._channels and self._turns.run(name, partial(self._serve, name), _VISIT)

    def _opening(self) -> list[float]:
        """Seconds until channels that were full take more."""
        at = time.monotonic()
        return [opens - at for opens in self._opens.values() if opens > at]

    # ---- a visit to a channel ----

    def _serve(self, name: str, until: float) -> bool:
        """Send until nothing is left to do; whether calls are left under way, behind which there may be more."""
        # A channel that was given back is looked at once more: a bell rung while we held it found it taken.
        while self._hold(name, until):
            if self._under_way(name):
                return True
        return False

    def _hold(self, name: str, until: float) -> bool:
        """Take the channel and send what is due; False when nothing was, or somebody else serves it."""
        held: leases.Held | None = None
        sent = False
        while not self._stopping.is_set() and time.monotonic() < until:
            found = self._look_again(name)
            if found is not None:
                held = found.held
                self._begin(name, found)
                sent |= bool(found.letters or found.signals)
            if not self._wait(name, found):
                break
        if held is not None:
            last = held
            self._db.write(lambda tx: leases.give_back(tx, last))
        return sent or bool(self._under_way(name))

    def _look_again(self, name: str) -> _Found | None:
        room = self._work.senders - len(self._under_way(name))
        return self._db.write(lambda tx: self._look(tx, name, room))

    def _look(self, tx: Tx, name: str, room: int) -> _Found | None:
        """What goes now, if anything does and the channel is ours."""
        if halts.until(tx, name, halts.SENDING) is not None:
            return None
        due, (first, after) = self._due(tx, name, room), self._signals.waiting(tx, name)
        held = leases.take(tx, f"deliver:{name}", self._work.lease) if due or first or after else None
        if held is None:
            return None
        pace, at = self._paces[name], leases.database_now(tx)
        pressed, wait = self._signals.take(tx, first, pace, at)
        letters, full = pace.admit(tx, due, at)
        others, over = self._signals.take(tx, after, pace, at)
        longest = max(wait, full, over)
        self._opens[name] = time.monotonic() + longest
        return _Found(held, letters, pressed + others, longest)

    def _due(self, tx: Tx, name: str, room: int) -> list[outbox.Due]:
        # Those in hand that do not stand as being sent yet would be found once more.
        ordered = self._channels[name].limits.ordered
        due = outbox.due(tx, name, self._work.senders, ordered=ordered) if room else []
        return [letter for letter in due if letter.id not in self._calling.in_hand][:room]

    def _begin(self, name: str, found: _Found) -> None:
        """Make the calls, side by side: each lane has one letter in it."""
        self._signals.give(name, found.signals)
        for letter_id in found.letters:
            self._calling.in_hand.add(letter_id)
            self._calls[name].add(self._pools[name].submit(self._send, name, letter_id))

    def _wait(self, name: str, found: _Found | None) -> bool:
        """Until the channel may have more to do; False when that would take too long, or nobody knows when."""
        full = found.wait if found else 0.0
        calls = self._under_way(name)
        if calls:
            ended = wait(calls, min(full or _NAP, _NAP), FIRST_COMPLETED).done
            if ended:
                wait(calls, _GATHER)
            return bool(ended) or 0 < full < _NAP
        if found is None or full > _NAP:
            return False
        self._stopping.wait(full)
        return True

    def _under_way(self, name: str) -> set[Future[None]]:
        """The calls that have not ended."""
        self._calls[name] = calls = {call for call in self._calls[name] if not call.done()}
        return calls

    def _send(self, name: str, letter_id: int) -> None:
        # Connectors' own lines carry it too: the loop takes the caller's context along.
        with bound_contextvars(channel=name, letter=letter_id):
            try:
                if not self._stopping.is_set():
                    self._calling.make(name, letter_id)
            except Exception as error:  # noqa: BLE001 - the edge of the thread: the letter's row says where it stands
                level = _log.warning if is_database_fault(error) else _log.exception
                level("deliver.letter_left", error=type(error).__name__)
            finally:
                self._calling.in_hand.discard(letter_id)
