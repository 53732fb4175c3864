"""Drain: raws from the inbox into dialogs, a shard at a time; what cannot be read is parked, the rest goes on.

Commit 1 takes the shard and writes down what is under work. Then, with no transaction open, the raws are parsed.
Commit 2 checks that the shard is still ours and writes everything, the journal last. A worker that dies between the
two leaves its list behind: the next holder suspects those raws and runs them in smaller groups, again smaller where one
dies, until the guilty one is alone. A start alone is counted beforehand, so that a raw that kills can do so three times
only and never has an innocent set aside.
"""

import threading
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import log
from connectors.base import Envelope, Raw
from connectors.registry import Channels
from connectors.text import clean_text
from pipeline.attach import Shelf
from pipeline.stitch import Parsed, Repeats, stitch
from pipeline.turns import Room, Turns
from settings import WorkSettings
from storage import inbox, journal, leases
from storage.db import Database, Tx, is_database_fault
from storage.inbox import Claim

_log = log.get(__name__)

# Starts alone a suspected raw gets before it is parked.
_STARTS = 3
# One round in so many is the suspects': a poison raw must cost the others little.
_EVERY = 5
# Seconds on one shard before the others get their turn.
_VISIT = 0.5


class _Work(NamedTuple):
    held: leases.Held
    rows: list[Claim]
    suspected: bool

    @property
    def alone(self) -> bool:
        """Whether it is one raw under suspicion, whose starts are counted."""
        return self.suspected and len(self.rows) == 1

    @property
    def ids(self) -> list[int]:
        """The raws' ids."""
        return [row.id for row in self.rows]


class _Read(NamedTuple):
    """What parsing a batch gave; rows that failed, and the later ones of their addresses, stay queued."""

    done: list[Claim]
    parsed: list[Parsed]
    failed: dict[int, str]


class _DiskFault(OSError):
    """A full or broken disk: nobody's fault but the machine's."""


class Drain:
    """Takes raws through parse, identify and stitch. Safe to call from many threads and processes at once."""

    def __init__(self, db: Database, channels: Channels, shelf: Shelf, work: WorkSettings) -> None:
        self._db, self._channels, self._shelf, self._work = db, channels, shelf, work
        self._stopping = threading.Event()
        self._turns = Turns()
        self._room = Room()
        # By shard, a raw whose start alone was ended by database or disk: that start is still to be taken back.
        self._spared: dict[int, Claim] = {}
        # By shard, so that suspects get their turn however short a visit is.
        self._rounds = Counter[int]()

    def stop(self) -> None:
        """Finish the batches under way and take no more."""
        self._stopping.set()

    def sweep(self) -> None:
        """Drain every shard that has work, none for long."""
        with self._db.read() as tx:
            busy = inbox.busy_shards(tx)
        for number in busy:
            self.shard(number)

    def shard(self, number: int) -> None:
        """Drain one shard for a while; nothing happens if another process has it."""
        self._turns.run(number, lambda: self._visit(number))

    def has_work(self, number: int) -> bool:
        """Whether raws are queued in the shard."""
        with self._db.read() as tx:
            return inbox.has_work(tx, number)

    def _visit(self, number: int) -> None:
        until = time.monotonic() + _VISIT
        # A shard that was given back is looked at once more: a bell rung while we held it found it taken.
        while self.has_work(number) and self._hold(number, until) and time.monotonic() < until:
            pass

    def _hold(self, number: int, until: float) -> bool:
        """Take the shard and drain it; False when somebody else has it."""
        start = ""
        held: leases.Held | None = None
        while not self._stopping.is_set() and (held is None or time.monotonic() < until):
            self._rounds[number] += 1
            take_up = partial(self._take_up, number=number, held=held, start=start)
            try:
                work = self._db.write(take_up)
                self._spared.pop(number, None)
                if work is None:
                    return held is not None
                self._do(number, work)
            except leases.Lost:
                _log.warning("drain.shard_lost", shard=number)
                return False
            held = work.held
            if not work.suspected:
                start = _last(work.rows, start) if len(work.rows) >= self._work.batch else ""
        if held is not None:
            self._db.write(partial(leases.give_back, held=held))
        return False

    # ---- commit 1 ----

    def _take_up(self, tx: Tx, *, number: int, held: leases.Held | None, start: str) -> _Work | None:
        if held is None:
            held = leases.take(tx, f"shard:{number}", self._work.lease)
            if held is None:
                return None
            if held.claims:
                inbox.suspect(tx, number, held.claims, inbox.narrowed(len(held.claims)))
        if number in self._spared:
            inbox.take_back(tx, self._spared[number])
        parked: list[journal.Entry] = []
        work = self._suspects(tx, number, held, parked) if self._rounds[number] % _EVERY == 0 else None
        work = work or self._fresh(tx, number, held, start) or self._suspects(tx, number, held, parked)
        if work is None:
            leases.give_back(tx, held)
        else:
            leases.renew(tx, held, self._work.lease, None if work.suspected else work.ids)
        journal.append(tx, parked)
        return work

    def _fresh(self, tx: Tx, number: int, held: leases.Held, start: str) -> _Work | None:
        rows = inbox.claim(tx, number, self._work.batch, start)
        return _Work(held, rows, suspected=False) if rows else None

    def _suspects(self, tx: Tx, number: int, held: leases.Held, parked: list[journal.Entry]) -> _Work | None:
        while rows := inbox.suspects(tx, number):
            if rows[0].attempts < inbox.ALONE + _STARTS:
                return _Work(held, rows, suspected=True)
            parked.append(_park(tx, rows[0], f"its worker died {_STARTS} times while reading it"))
        return None

    def _do(self, number: int, work: _Work) -> None:
        if not work.suspected:
            with self._room.together():
                self._process(number, work)
            return
        # Nothing else is read in this process meanwhile, so that nothing else is blamed for its death. And they are
        # not under work before: who waits to come in is not to blame if whoever is inside kills.
        with self._room.alone():
            self._process(number, self._db.write(partial(self._start, work=work)))

    def _start(self, tx: Tx, *, work: _Work) -> _Work:
        leases.renew(tx, work.held, self._work.lease, work.ids)
        return work._replace(rows=[inbox.start_alone(tx, work.rows[0])]) if work.alone else work

    # ---- the pure part ----

    def _read(self, rows: Sequence[Claim]) -> _Read:
        done: list[Claim] = []
        parsed: list[Parsed] = []
        failed: dict[int, str] = {}
        blocked: set[tuple[str, str]] = set()
        for row in rows:
            lane = (row.channel, row.address)
            if lane in blocked:
                continue
            try:
                if row.channel not in self._channels:
                    raise LookupError(f"the channel {row.channel!r} is not configured or not enabled")
                envelopes = self._channels[row.channel].parse(Raw(row.external_id, row.address, row.data))
                parsed.append(Parsed(row.channel, self._keep(envelopes)))
                done.append(row)
            except _DiskFault:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a raw brings about, its neighbours go on
                failed[row.id] = _reason(error)
                blocked.add(lane)
        return _Read(done, parsed, failed)

    def _keep(self, envelopes: Sequence[Envelope]) -> Sequence[Envelope]:
        try:
            return self._shelf.keep(envelopes)
        except OSError as error:
            raise _DiskFault(str(error)) from error

    # ---- commit 2 ----

    def _process(self, number: int, work: _Work) -> None:
        """Settle the batch, one way or another."""
        try:
            read = self._read(work.rows)
            try:
                self._settle(number, work, read, repeats=False)
            except Repeats:
                self._settle(number, work, read, repeats=True)
        except leases.Lost:
            raise
        except Exception as error:
            if isinstance(error, _DiskFault) or is_database_fault(error):
                if work.alone:
                    self._spared[number] = work.rows[0]
                raise
            self._db.write(partial(self._take_apart, number=number, work=work, reason=_reason(error)))

    def _settle(self, number: int, work: _Work, read: _Read, *, repeats: bool) -> None:
        with self._db.begin() as tx:
            leases.renew(tx, work.held, self._work.lease)
            entries = stitch(tx, read.parsed, self._channels.settings, repeats=repeats)
            if read.done:
                inbox.done(tx, number, read.done)
            if read.failed and work.alone:
                entries += _park_at_last(tx, work.rows[0], *read.failed.values())
            elif read.failed:
                inbox.suspect(tx, number, list(read.failed), inbox.ALONE)
            journal.append(tx, entries)

    def _take_apart(self, tx: Tx, *, number: int, work: _Work, reason: str) -> None:
        """The batch cannot be written, and nobody knows for whose sake."""
        leases.renew(tx, work.held, self._work.lease)
        if work.alone:
            journal.append(tx, _park_at_last(tx, work.rows[0], reason))
        else:
            inbox.suspect(tx, number, work.ids, inbox.narrowed(len(work.rows)))


def _last(rows: Sequence[Claim], start: str) -> str:
    """The address the turn has come to: they are taken up from the one after `start` on, and then from the first."""
    return max((row.address for row in rows), key=lambda address: (address <= start, address))


def _park_at_last(tx: Tx, row: Claim, reason: str) -> list[journal.Entry]:
    """It failed alone; after its last start it is parked."""
    return [_park(tx, row, reason)] if row.attempts >= inbox.ALONE + _STARTS else []


def _park(tx: Tx, row: Claim, reason: str) -> journal.Entry:
    inbox.park(tx, row, reason)
    _log.error("inbox.parked", inbox=row.id, channel=row.channel, reason=reason.splitlines()[0])
    told = {"inbox": row.id, "channel": row.channel, "reason": reason.splitlines()[0]}
    return journal.Entry("inbox.parked", journal.SYSTEM, None, told)


def _reason(error: Exception) -> str:
    """The kind of error and where it happened; its text may hold the customer's words and stays in the database."""
    where = traceback.extract_tb(error.__traceback__)[-1:]
    at = "".join(f" at {frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in where)
    return clean_text(f"{type(error).__name__}{at}\n{error}"[:2000])
