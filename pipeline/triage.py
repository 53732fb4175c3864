"""Triage: messages are read for tasks once they are in their dialogs, a batch at a time; nothing waits for that.

A batch is taken from as many shards as fill it, under their leases, as raws are. With no transaction open its messages
are read. One commit lets the leases go, leaves out every dialog in which a task or a message has changed meanwhile, and
writes the rest, the journal last; what was left out is read again at once. A message that cannot be read, and any of a
batch that cannot be written or whose worker died, is read alone from then on, its starts counted beforehand: after
three it is let be, and the journal says so.
"""

import gc
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import log
from pipeline.hearing import Ear, Page, hear, look_up
from pipeline.reading import reason_of
from pipeline.watchdog import watched
from settings import Settings
from storage import inbox, journal, leases, opinions, shards, talk, triage
from storage.db import Database, Tx, is_database_fault, now
from storage.journal import SYSTEM, Entry
from storage.leases import Held
from storage.opinions import Wanted
from storage.shards import TRIAGE, Seen
from storage.triage import SHARDS, Waiting
from tasks.calendar import Calendar
from tasks.extract.model import Context, Said
from tasks.extract.reader import extract
from tasks.filing import file
from tasks.job import Errand
from tasks.modelfile import ModelFile

_log = log.get(__name__)

# Messages of a batch, and of one shard at most: while there is more than fills one, the fewer shards it is taken from
# the fewer dialogs it is about.
_BATCH, _EACH = 320, 80
# So many raws are let by, wherever they are taken in: two processes and a database share what processors there are. It
# is looked so often whether they are through, and so long waited at most: reading never stands still. Seconds.
_CROWD, _LOOK, _PAUSE = 300, 0.1, 2.0
# Starts a message gets.
_STARTS = 3
# As with raws: whatever is read for so many leases has hung, and what is read by then is written, that nobody takes the
# lease meanwhile.
_LEASES, _ENOUGH = 3, 0.5
# Seconds its end is waited for.
_PATIENCE = 10.0
# With a slip: what mends those is built at the first one, and takes a quarter of a second.
_FIRST_WORDS = ("Пришлите, пожалйста, счёт до пятницы.", "Please send the bill by Friday.")


class _Work(NamedTuple):
    held: Sequence[Held]
    rows: Sequence[Waiting]


_NOTHING = _Work([], [])


class Triage:
    """Reads messages for tasks. Many processes may do so at once, by one thread each."""

    def __init__(
        self, db: Database, calendar: Calendar, settings: Settings, let_by: Callable[[], object] = lambda: None
    ) -> None:
        """`let_by` waits for whoever in this process is not to wait for us; it is called between any two messages."""
        self._db, self._calendar, self._work = db, calendar, settings.work
        self._learned = ModelFile(settings.tasks_model)
        # A language model is asked about what clients wrote once it is read.
        self._asks = bool(settings.tasks.llm.url)
        self._let_by = let_by
        self._stopping, self._wanted = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, name="triage", daemon=True)
        # The shard whose turn it is, whether the last look left anything over, and whether it was for a suspect.
        self._turn, self._more, self._suspected = 0, False, False
        # A message whose start alone was ended by the database: it did not take place.
        self._spared = 0

    def warm(self) -> None:
        """Load the dictionaries, so that the first message is read as quickly as all others."""
        for words in _FIRST_WORDS:
            extract(Context(self._calendar), Said(0, "client", self._calendar.local(now()), words))
        # They stay for good: a collector that looked through them again and again would make every message dearer.
        gc.collect()
        gc.freeze()

    def start(self) -> None:
        """Read on a thread of its own whenever somebody says that there may be something to read."""
        self._thread.start()

    def _serve(self) -> None:
        self._try(self.warm)
        while not self._stopping.is_set():
            self._wanted.wait()
            self._wanted.clear()
            self._try(self.visit)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the edge of the thread: whoever wakes it next has it try again
            tell = _log.warning if is_database_fault(error) else _log.exception
            tell("triage.trouble", error=type(error).__name__)

    def wake(self) -> None:
        """There may be something to read."""
        self._wanted.set()

    def stop(self) -> None:
        """Finish the batch under way and take no more."""
        self._stopping.set()
        self._wanted.set()

    def close(self) -> None:
        """Stop, and wait for the batch under way."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    def visit(self) -> None:
        """Read what waits, until nothing does; while many raws wait that are no messages yet, a batch now and then."""
        self._let_crowd_by()
        while not self._stopping.is_set() and (work := self._take_up()) is not None:
            try:
                self._process(work)
            except leases.Lost as error:
                _log.warning("triage.shard_lost", lease=str(error))
            self._let_crowd_by()

    def _let_crowd_by(self) -> None:
        until = time.monotonic() + _PAUSE
        while self._crowded() and time.monotonic() < until and not self._stopping.wait(_LOOK):
            pass

    def _crowded(self) -> bool:
        with self._db.read() as tx:
            return inbox.waits_more_than(tx, _CROWD)

    # ---- taking up ----

    def _take_up(self) -> _Work | None:
        """The next batch, empty if somebody was faster or there is something to clear up; None if nothing is free."""
        with self._db.read() as tx:
            free = self._in_turn(shards.free(shards.look(tx, TRIAGE)))
            if not free:
                return None
            rows = triage.waiting(tx, [seen.shard for seen in free], _EACH)
        if self._clear_up(free):
            return _NOTHING
        self._more = any(count == _EACH for count in Counter(row.shard for row in rows).values())
        suspects, others = _ready(rows)
        # In turns, so that neither has to wait for the end of the other.
        self._suspected = bool(suspects) and not (others and self._suspected)
        if self._suspected:
            return self._db.write(partial(self._take_alone, row=suspects[0]))
        return self._take(free, others)

    def _in_turn(self, free: Sequence[Seen]) -> list[Seen]:
        """The one whose turn it is first; while there is much, no more than fill a batch."""
        ordered = sorted(free, key=lambda seen: (seen.shard - self._turn) % SHARDS)
        return ordered[: _BATCH // _EACH] if self._more else ordered

    def _clear_up(self, free: Sequence[Seen]) -> bool:
        """Make leases that are not there yet, and suspects of what others left under work; whether there was any."""
        new = [seen for seen in free if seen.token < 0]
        if new:
            self._db.write(partial(shards.create, queue=TRIAGE, seen=new))
        left = [seen for seen in free if seen.marked and seen.holder not in {"", leases.me()}]
        if left:
            self._db.write(partial(self._inherit, left=left))
        return bool(new or left)

    def _inherit(self, tx: Tx, left: Sequence[Seen]) -> None:
        held = [leases.take(tx, TRIAGE.name_of(seen.shard), self._work.lease) for seen in left]
        taken = [one for one in held if one is not None]
        triage.suspect(tx, [number for one in taken for number in one.claims])
        leases.let_go(tx, taken)

    def _take(self, free: Sequence[Seen], rows: Sequence[Waiting]) -> _Work:
        ids: dict[int, list[int]] = {}
        for row in rows:
            ids.setdefault(row.shard, []).append(row.message_id)
        chosen: dict[Seen, list[int]] = {}
        for seen in free:
            if seen.shard in ids and sum(map(len, chosen.values())) < _BATCH:
                chosen[seen] = ids[seen.shard]
                self._turn = seen.shard + 1
        if not chosen:
            return _NOTHING
        take = partial(shards.take, queue=TRIAGE, chosen=chosen, seconds=self._work.lease)
        held = self._db.write(take, single=True)
        ours = {one.name for one in held}
        return _Work(held, [row for row in rows if TRIAGE.name_of(row.shard) in ours])

    def _take_alone(self, tx: Tx, *, row: Waiting) -> _Work:
        held = leases.take(tx, TRIAGE.name_of(row.shard), self._work.lease)
        if held is None:
            return _NOTHING
        spared = row.message_id == self._spared
        if row.attempts >= _STARTS and not spared:
            leases.let_go(tx, [held])
            _give_up(tx, row, f"its reader died {_STARTS} times")
            return _NOTHING
        leases.renew(tx, held, self._work.lease, [row.message_id])
        if not spared:
            triage.start_alone(tx, row.message_id)
            row = row._replace(attempts=row.attempts + 1)
        return _Work([held], [row])

    # ---- the commit ----

    def _process(self, work: _Work) -> None:
        """Settle the batch, one way or another."""
        if not work.rows:
            return
        try:
            self._settle(work, self._read(work.rows))
        except leases.Lost:
            raise
        except Exception as error:
            if is_database_fault(error):
                if work.rows[0].attempts:
                    self._spared = work.rows[0].message_id
                raise
            self._db.write(partial(self._take_apart, work=work, reason=reason_of(error)))
        self._spared = 0

    def _read(self, rows: Sequence[Waiting]) -> list[Page]:
        parts: dict[int, list[Waiting]] = {}
        for row in rows:
            parts.setdefault(row.dialog_id, []).append(row)
        with self._db.read() as tx:
            material = look_up(tx, parts, now())
        with watched(_LEASES * self._work.lease):
            until = time.monotonic() + _ENOUGH * self._work.lease
            ear = Ear(self._calendar, self._learned.model(), partial(self._has_enough, until), self._let_by)
            return hear(parts, material, ear)

    def _has_enough(self, until: float) -> bool:
        return self._stopping.is_set() or time.monotonic() > until

    def _settle(self, work: _Work, pages: Sequence[Page]) -> None:
        with self._db.begin() as tx:
            leases.let_go(tx, work.held)
            dialogs = talk.lock(tx, [page.dialog_id for page in pages])
            rounds = triage.rounds(tx, [row.message_id for row in work.rows])
            pages = [page for page in pages if _still_holds(page, dialogs, rounds)]
            job = Errand(tx, now(), "rule")
            file(job, {page.dialog_id: page.effects for page in pages if page.effects}, dialogs, self._calendar)
            entries = [*job.entries, *self._let_be(tx, pages)]
            if self._asks:
                opinions.put(tx, [Wanted(row.message_id, row.dialog_id) for page in pages for row in page.heard])
            triage.take_off(tx, [row.message_id for page in pages for row in page.done])
            read = [(page.dialog_id, page.read) for page in pages if page.read]
            triage.advance(tx, [(number, seq) for number, seq in read if seq > dialogs[number].triaged_seq])
            journal.append(tx, entries)

    def _let_be(self, tx: Tx, pages: Iterable[Page]) -> list[Entry]:
        """Of what could not be read, what had its last start is done with; the rest is suspected."""
        entries: list[Entry] = []
        for page in pages:
            if page.fault is None:
                continue
            row, reason = page.fault
            if row.attempts < _STARTS:
                triage.suspect(tx, [row.message_id])
            else:
                page.done.append(row)
                entries.append(_failed(row, reason))
        return entries

    def _take_apart(self, tx: Tx, *, work: _Work, reason: str) -> None:
        """The batch cannot be written, and nobody knows for whose sake."""
        leases.let_go(tx, work.held)
        (row, *others) = work.rows
        if others or row.attempts < _STARTS:
            triage.suspect(tx, [row.message_id for row in work.rows])
        else:
            _give_up(tx, row, reason)


def _ready(rows: Sequence[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Suspects whose turn it is in their dialog; and of the others those that may be read together.

    Of a dialog these are the new messages up to a suspect, or to one that was edited or taken back: that one is read
    with nothing else of its dialog under work.
    """
    suspects: list[Waiting] = []
    together: list[Waiting] = []
    closed: set[int] = set()
    begun: set[int] = set()
    for row in rows:
        if row.dialog_id in closed:
            continue
        alone = row.attempts > 0 or row.kind != "new"
        if alone:
            closed.add(row.dialog_id)
        if not alone or row.dialog_id not in begun:
            (suspects if row.attempts else together).append(row)
            begun.add(row.dialog_id)
    return suspects, together


def _still_holds(page: Page, dialogs: Mapping[int, Any], rounds: Mapping[int, int]) -> bool:
    """Whether what was read is still so: no task of the dialog has changed, and none of the messages."""
    dialog = dialogs.get(page.dialog_id)
    unchanged = all(rounds.get(row.message_id) == row.round for row in page.rows)
    return unchanged and (dialog is None or dialog.task_rev == page.rows[0].rev)


def _give_up(tx: Tx, row: Waiting, reason: str) -> None:
    """Let the message be, unless something new was told of it meanwhile."""
    talk.lock(tx, [row.dialog_id])
    if triage.rounds(tx, [row.message_id]).get(row.message_id) == row.round:
        triage.take_off(tx, [row.message_id])
        journal.append(tx, [_failed(row, reason)])


def _failed(row: Waiting, reason: str) -> Entry:
    told = reason.splitlines()[0]
    _log.error("triage.failed", message=row.message_id, reason=told)
    return Entry("triage.failed", SYSTEM, row.dialog_id, {"message": row.message_id, "seq": row.seq, "reason": told})
