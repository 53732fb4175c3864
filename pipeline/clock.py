"""The clock: sweeps that one process at a time does for the whole installation, in the database's time."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import log
from pipeline import amend
from pipeline.daemons import await_schema, file_store, open_database
from pipeline.stopping import Stop
from settings import RetentionSettings, Settings
from storage import attachments, early, idempotency, inbox, journal, leases, paces, signals, spools, strangers
from storage.db import Database, Tx, is_database_fault, now
from storage.files import FileStore
from tasks import timers

_log = log.get(__name__)

_LEASE = 30.0
# How often each chore is done, in seconds; the first with each tick.
_SOON, _OFTEN, _SELDOM = 0.0, 60.0, 3600.0


def run(settings: Settings, stop: Stop) -> None:
    """The clock's process."""
    db = open_database(settings)
    try:
        if await_schema(db, stop):
            before = timedelta(hours=settings.tasks.remind_before)
            Clock(db, file_store(settings), settings.retention, before).run(stop)
    finally:
        db.close()


class Clock:
    """Adds counts up, reminds of tasks `before` they fall due, and throws away what its time has passed."""

    def __init__(self, db: Database, store: FileStore, keep: RetentionSettings, before: timedelta) -> None:
        self._db, self._store, self._keep, self._before = db, store, keep, before
        self._chores: list[tuple[float, Callable[[], None]]] = [
            (_SOON, self._catch_up),
            (_OFTEN, self._add_up),
            (_OFTEN, self._remind),
            (_OFTEN, self._forget_paces),
            (_OFTEN, self._forget_signals),
            (_SELDOM, self._forget_what_nobody_came_for),
            (_SELDOM, self._forget_requests),
            (_SELDOM, self._forget_raws),
            (_SELDOM, self._forget_events),
            (_SELDOM, self._forget_uploads),
        ]
        self._next = [0.0] * len(self._chores)

    def run(self, stop: Stop) -> None:
        """Tick until told to stop; of several clocks one ticks, the others wait for its lease."""
        held: leases.Held | None = None
        while not stop.wait(1.0 if held is None else _LEASE / 6):
            try:
                held = self._db.write(lambda tx: leases.take(tx, "clock", _LEASE))
                if held is not None:
                    self._tick()
            except Exception as error:  # noqa: BLE001 - the edge of the loop: the next tick tries again
                if not is_database_fault(error):
                    _log.exception("clock.failed")
                held = None
        if held is not None:
            last = held
            self._db.write(lambda tx: leases.give_back(tx, last))

    def _tick(self) -> None:
        for at, (every, chore) in enumerate(self._chores):
            if time.monotonic() < self._next[at]:
                continue
            try:
                chore()
                self._next[at] = time.monotonic() + every
            except Exception as error:
                if is_database_fault(error):
                    raise
                # The others have their turn all the same.
                self._next[at] = time.monotonic() + _OFTEN
                _log.exception("clock.chore_failed", chore=chore.__name__)

    def _catch_up(self) -> None:
        with self._db.read() as tx:
            more = bool(early.due(tx, 1))
        while more:
            more = self._db.write(amend.catch_up)

    def _add_up(self) -> None:
        self._db.write(inbox.add_up)

    def _remind(self) -> None:
        while self._db.write(lambda tx: timers.remind(tx, self._before)):
            pass

    def _forget_paces(self) -> None:
        self._db.write(lambda tx: paces.forget(tx, leases.database_now(tx)))

    def _forget_signals(self) -> None:
        self._db.write(signals.forget)

    def _forget_what_nobody_came_for(self) -> None:
        while self._db.write(early.forget):
            pass
        self._db.write(strangers.forget)

    def _forget_requests(self) -> None:
        before = now() - timedelta(hours=self._keep.idempotency)
        self._db.write(partial(idempotency.forget, before=before))

    def _forget_raws(self) -> None:
        self._in_steps(self._keep.raws, inbox.forget)
        self._in_steps(self._keep.raws, spools.forget)

    def _forget_events(self) -> None:
        self._in_steps(self._keep.journal, journal.forget)

    def _in_steps(self, days: int, forget: Callable[[Tx, datetime], int]) -> None:
        """In small commits, so that nobody waits for them."""
        if not days:
            return
        before = now() - timedelta(days=days)
        while self._db.write(lambda tx: forget(tx, before)):
            pass

    def _forget_uploads(self) -> None:
        before = now() - timedelta(hours=self._keep.uploads)
        with self._db.read() as tx:
            oldest = inbox.oldest_waiting(tx)
        # An upload's message may still wait to be read.
        before = min(before, oldest) if oldest else before
        self._db.write(lambda tx: attachments.drop_loose(tx, before))
        attachments.collect(self._db, self._store, before)
        self._store.sweep(before)
