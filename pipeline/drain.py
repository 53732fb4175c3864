"""Drain: raws from the inbox into dialogs, a batch at a time; what cannot be read is parked, the rest goes on.

A batch is taken from as many shards as fill it. Their leases are taken, with what is under work written into them, in
one statement that fails where anybody came between the look and the taking. Then, with no transaction open, the raws
are parsed. One commit lets the leases go, which fails if one is no longer ours, and writes everything, the journal
last. A worker that dies in between leaves its lists behind: the next one suspects those raws and runs them in smaller
groups, again smaller where one dies, until the guilty one is alone. A start alone is counted beforehand, so that a raw
that kills can do so three times only and never has an innocent set aside.
"""

import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import log
from connectors.base import Message
from connectors.registry import Channels
from pipeline.attach import Shelf
from pipeline.reading import DiskFault, Reader, Reading, reason_of
from pipeline.stitch import Repeats, stitch
from pipeline.turns import Room
from settings import WorkSettings
from storage import claims, inbox, journal, leases, shards
from storage.db import Database, Tx, is_database_fault
from storage.inbox import Claim
from storage.leases import Held
from storage.shards import INBOX, Seen

_log = log.get(__name__)

# Starts alone a suspected raw gets before it is parked.
_STARTS = 3
# A batch that is read for so many leases has hung: others have its raws by then, and it hangs them as well. Its worker
# ends, and the raws are suspected as after any death.
_LEASES = 3
# What is read by then is settled, that nobody takes the lease meanwhile.
_ENOUGH = 0.5
# One round in so many is the suspects': a poison raw must cost the others little.
_EVERY = 5
# Seconds after which others have their turn.
_VISIT = 0.5
# Seconds in which more may come before the next look, after a batch that took all there was: what a batch costs is
# paid by fewer of them.
_REST = 0.03


Ring = Callable[[Sequence[str]], None]


class _Work(NamedTuple):
    held: Sequence[Held]
    rows: Sequence[Claim]
    suspected: bool = False
    # Whether there was more than a batch takes.
    full: bool = False

    @property
    def alone(self) -> bool:
        """Whether it is one raw under suspicion, whose starts are counted."""
        return self.suspected and len(self.rows) == 1

    @property
    def ids(self) -> dict[str, list[int]]:
        """The raws' ids, by the lease they are taken under."""
        return {held.name: [row.id for row in self.rows if INBOX.name_of(row.shard) == held.name] for held in self.held}


class Drain:
    """Takes raws through parse, identify and stitch. Safe to call from many threads and processes at once."""

    def __init__(
        self, db: Database, channels: Channels, shelf: Shelf, work: WorkSettings, ring: Ring = lambda _: None
    ) -> None:
        """`ring` tells of channels in which something goes back to clients."""
        self._db, self._channels, self._work, self._ring = db, channels, work, ring
        self._reader = Reader(channels, shelf, _ENOUGH * work.lease, _LEASES * work.lease)
        self._stopping = threading.Event()
        # One thread at a time takes up; what this process has in hand is no other thread's to take.
        self._taking = threading.Lock()
        self._in_hand: set[str] = set()
        # Whether one of them is about to look again, and whether the last look left anything over.
        self._resting = self._more = False
        self._room = Room()
        # How many threads have a batch under way; set while none has.
        self._counting, self._batches, self._quiet = threading.Lock(), 0, threading.Event()
        self._quiet.set()
        # The shard whose turn it is, and of shards whose last batch left something behind the address it had come to.
        self._turn = random.randrange(inbox.SHARDS)  # noqa: S311 - no secret
        self._starts: dict[int, str] = {}
        # By shard, a raw whose start alone was ended by database or disk: that start is still to be taken back.
        self._spared: dict[int, Claim] = {}
        # In how many rounds there were suspects.
        self._doubts = 0

    def stop(self) -> None:
        """Finish the batches under way and take no more."""
        self._stopping.set()

    def visit(self) -> bool:
        """Drain the shards that have work and that nobody is at, for a while; whether the time was over first."""
        until = time.monotonic() + _VISIT
        # What was let go is looked at once more: a bell rung while we held it found it taken.
        while not self._stopping.is_set():
            # Only who is inside takes up: what waited outside with its raws noted as under work would be blamed for
            # the death of whoever is alone in there.
            with self._at_work():
                with self._room.together():
                    work = self._next()
                    if work is not None and not work.suspected:
                        self._finish(work, self._process)
                if work is None:
                    return False
                if work.suspected:
                    self._finish(work, self._try)
            if time.monotonic() >= until:
                return True
            if not work.full:
                self._rest()
        return False

    def let_by(self, seconds: float) -> None:
        """Wait while a batch is under way in this process, but no longer."""
        self._quiet.wait(seconds)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with self._counting:
            self._batches += 1
            self._quiet.clear()
        try:
            yield
        finally:
            with self._counting:
                self._batches -= 1
                if not self._batches:
                    self._quiet.set()

    def _next(self) -> _Work | None:
        with self._taking:
            work = self._take_up()
            if work is not None:
                self._in_hand |= {held.name for held in work.held}
            return work

    def _rest(self) -> None:
        self._resting = True
        self._stopping.wait(_REST)
        self._resting = False

    def _finish(self, work: _Work, how: Callable[[_Work], None]) -> None:
        try:
            how(work)
        except leases.Lost as error:
            _log.warning("drain.shard_lost", lease=str(error))
        finally:
            self._in_hand -= {held.name for held in work.held}

    # ---- taking up ----

    def _take_up(self) -> _Work | None:
        """The next batch, empty if somebody was faster or there is something to clear up; None if nothing is free."""
        if (self._in_hand or self._resting) and not self._more:
            # Whoever is at work here will look again; a batch that is not full is not worth a second thread.
            return None
        with self._db.read() as tx:
            free = self._free(shards.look(tx, INBOX))
            if not free:
                return None
            starts = {seen.shard: self._starts.get(seen.shard, "") for seen in free}
            found = claims.claim(tx, starts, self._work.batch)
        if self._clear_up(free):
            return _NOTHING
        self._more = found.more
        self._turn_over(starts, found.rest)
        self._doubts += bool(found.suspicious)
        due = found.suspicious if not found.rows or self._doubts % _EVERY == 0 else set()
        if due and (work := self._take_suspects(due)):
            return work
        if found.rows:
            return self._take(free, found.rows)._replace(full=found.more)
        return _NOTHING if any(starts.values()) or due else None

    def _turn_over(self, starts: Iterable[int], rest: tuple[int, str] | None) -> None:
        """The next batch begins behind the shard this one has come to, which goes on where this one ends."""
        for shard in starts:
            if rest and shard == rest[0]:
                self._starts[shard] = rest[1]
                self._turn = shard + 1
                return
            self._starts.pop(shard, None)

    def _free(self, busy: Sequence[Seen]) -> list[Seen]:
        """Those nobody is at, the one whose turn it is first."""
        free = [seen for seen in shards.free(busy) if INBOX.name_of(seen.shard) not in self._in_hand]
        return sorted(free, key=lambda seen: (seen.shard - self._turn) % inbox.SHARDS)

    def _clear_up(self, free: Sequence[Seen]) -> bool:
        """Make leases that are not there yet, and suspects of what others left under work; whether there was any."""
        new = [seen for seen in free if seen.token < 0]
        if new:
            self._db.write(partial(shards.create, queue=INBOX, seen=new))
        left = [seen.shard for seen in free if seen.marked and seen.holder not in {"", leases.me()}]
        if left:
            self._db.write(partial(self._inherit, left=left))
        return bool(new or left)

    def _inherit(self, tx: Tx, left: Sequence[int]) -> None:
        held = {shard: leases.take(tx, INBOX.name_of(shard), self._work.lease) for shard in left}
        taken = {shard: one for shard, one in held.items() if one is not None}
        ids = {shard: one.claims for shard, one in taken.items()}
        inbox.suspect(tx, ids, inbox.narrowed(sum(map(len, ids.values()))))
        leases.let_go(tx, list(taken.values()))

    def _take(self, free: Sequence[Seen], rows: Sequence[Claim]) -> _Work:
        ids = _by_shard(rows)
        chosen = {seen: ids[seen.shard] for seen in free if seen.shard in ids}
        take = partial(shards.take, queue=INBOX, chosen=chosen, seconds=self._work.lease)
        held = self._db.write(take, single=True)
        ours = {one.name for one in held}
        return _Work(held, [row for row in rows if INBOX.name_of(row.shard) in ours])

    def _take_suspects(self, due: Collection[int]) -> _Work | None:
        work, taken = self._db.write(partial(self._suspects, due=due))
        for shard in taken:
            self._spared.pop(shard, None)
        return work

    def _suspects(self, tx: Tx, due: Collection[int]) -> tuple[_Work | None, list[int]]:
        """A group of those that may run together, or one alone, not noted as under work yet; and the shards taken."""
        held: dict[int, Held] = {}
        groups: list[list[Claim]] = []
        parked: list[journal.Entry] = []
        for shard in due:
            if (one := leases.take(tx, INBOX.name_of(shard), self._work.lease)) is None:
                continue
            held[shard] = one
            if shard in self._spared:
                inbox.take_back(tx, self._spared[shard])
            groups.append(_runnable(tx, shard, parked))
        rows = _together(groups)
        chosen = {row.shard for row in rows}
        leases.let_go(tx, [one for shard, one in held.items() if shard not in chosen])
        journal.append(tx, parked)
        work = _Work([held[shard] for shard in chosen], rows, suspected=True) if rows else None
        return work, list(held)

    def _try(self, work: _Work) -> None:
        # Nothing else is read in this process meanwhile, so that nothing else is blamed for its death. And they are
        # not under work before: who waits to come in is not to blame if whoever is inside kills.
        with self._room.alone():
            self._process(self._started(work))

    def _started(self, work: _Work) -> _Work:
        try:
            return self._db.write(partial(self._start, work=work))
        except Exception as error:
            if work.alone and is_database_fault(error):
                # Its start may have been counted in a commit we never heard of, and it did not take place.
                self._spared[work.rows[0].shard] = inbox.started(work.rows[0])
            raise

    def _start(self, tx: Tx, *, work: _Work) -> _Work:
        for held in work.held:
            leases.renew(tx, held, self._work.lease, work.ids[held.name])
        return work._replace(rows=[inbox.start_alone(tx, work.rows[0])]) if work.alone else work

    # ---- the commit ----

    def _process(self, work: _Work) -> None:
        """Settle the batch, one way or another."""
        if not work.rows:
            return
        try:
            read = self._reader.read(work.rows)
            try:
                self._settle(work, read, repeats=False)
            except Repeats:
                self._settle(work, read, repeats=True)
            if read.fault is not None:
                raise read.fault
        except leases.Lost:
            raise
        except Exception as error:
            if isinstance(error, DiskFault) or is_database_fault(error):
                if work.alone:
                    self._spared[work.rows[0].shard] = work.rows[0]
                raise
            self._db.write(partial(self._take_apart, work=work, reason=reason_of(error)))

    def _settle(self, work: _Work, read: Reading, *, repeats: bool) -> None:
        with self._db.begin() as tx:
            leases.let_go(tx, work.held)
            entries = stitch(tx, read.parsed, self._channels.settings, repeats=repeats)
            if read.done:
                inbox.done(tx, read.done)
            if read.failed and work.alone:
                entries += _park_at_last(tx, work.rows[0], *read.failed.values())
            elif read.failed:
                inbox.suspect(tx, _by_shard(row for row in work.rows if row.id in read.failed), inbox.ALONE)
            journal.append(tx, entries)
        answered = {entry.data["channel"] for entry in entries if entry.type == "message.created"}
        if answered | (pressed := _pressed(read)):
            self._ring(sorted(answered | pressed))

    def _take_apart(self, tx: Tx, *, work: _Work, reason: str) -> None:
        """The batch cannot be written, and nobody knows for whose sake."""
        leases.let_go(tx, work.held)
        if work.alone:
            journal.append(tx, _park_at_last(tx, work.rows[0], reason))
        else:
            inbox.suspect(tx, _by_shard(work.rows), inbox.narrowed(len(work.rows)))


_NOTHING = _Work([], [])


def _pressed(read: Reading) -> set[str]:
    """Channels whose clients pressed a button and wait to see that it counts."""
    return {
        parsed.channel
        for parsed in read.parsed
        for envelope in parsed.envelopes
        if isinstance(envelope, Message) and envelope.press is not None
    }


def _by_shard(rows: Iterable[Claim]) -> dict[int, list[int]]:
    ids: dict[int, list[int]] = {}
    for row in rows:
        ids.setdefault(row.shard, []).append(row.id)
    return ids


def _runnable(tx: Tx, shard: int, parked: list[journal.Entry]) -> list[Claim]:
    """The shard's suspects whose turn it is; who had his last start already is parked."""
    while rows := claims.suspects(tx, shard):
        if rows[0].attempts < inbox.ALONE + _STARTS:
            return rows
        parked.append(_park(tx, rows[0], f"its worker died {_STARTS} times while reading it"))
    return []


def _together(groups: Iterable[list[Claim]]) -> list[Claim]:
    """The least suspicious of the shards' groups, so that no innocent waits while a killer has his starts.

    Those of other shards who stand under the same suspicion join it, up to its size.
    """
    waiting = sorted((rows for rows in groups if rows), key=lambda rows: (rows[0].attempts, rows[0].id))
    if not waiting:
        return []
    first = waiting[0]
    alike = [row for rows in waiting if rows[0].attempts == first[0].attempts for row in rows]
    return alike[: max(len(first), -first[0].attempts)]


def _park_at_last(tx: Tx, row: Claim, reason: str) -> list[journal.Entry]:
    """It failed alone; after its last start it is parked."""
    return [_park(tx, row, reason)] if row.attempts >= inbox.ALONE + _STARTS else []


def _park(tx: Tx, row: Claim, reason: str) -> journal.Entry:
    inbox.park(tx, row, reason)
    _log.error("inbox.parked", inbox=row.id, channel=row.channel, reason=reason.splitlines()[0])
    told = {"inbox": row.id, "channel": row.channel, "reason": reason.splitlines()[0]}
    return journal.Entry("inbox.parked", journal.SYSTEM, None, told)
