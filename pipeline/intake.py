"""Intake: raws into the inbox, with the cursor, in one commit; many pushed requests share one."""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

import log
from connectors.base import Batch, Raw
from connectors.text import is_storable
from storage import cursors, digests, inbox, leases, spools
from storage.db import Database, Tx, is_database_fault
from storage.files import FileStore

_log = log.get(__name__)

# Requests that may wait for a commit and how many share one, and the same in bytes.
_MOST_WAITING, _MOST_TOGETHER = 20_000, 500
_BYTES_WAITING, _BYTES_TOGETHER = 64 << 20, 8 << 20
_LONGEST_KEY = 512
_CHUNK = 1 << 18
# Seconds between looks at who has waited too long.
_TICK = 0.05

Ring = Callable[[], None]


class Unfit(Exception):
    """A raw that no database would take: its key is empty or too long."""


class Busy(Exception):
    """The database is away or more waits for it than it can take; nothing was stored that we know of."""


def store(
    db: Database, channel: str, batch: Batch, held: leases.Held | None = None, files: FileStore | None = None
) -> int:
    """Store a batch and move the channel's cursor, in one commit; gives back how many raws were new.

    With `held`, the commit stands only if the lease is still ours; raises leases.Lost otherwise. `files` takes the data
    of raws that have it in a file.
    """
    try:
        for raw in batch.raws:
            ensure_fit(raw)
        spooled = {raw.external_id: _spool(files, Path(raw.file)) for raw in batch.raws if raw.file}
    finally:
        # What is not stored is brought again, in a file of its own.
        for raw in batch.raws:
            if raw.file:
                Path(raw.file).unlink(missing_ok=True)
    raws = [replace(raw, data=spools.mark(spooled[raw.external_id])) if raw.file else raw for raw in batch.raws]

    def work(tx: Tx) -> int:
        if held is not None:
            leases.hold(tx, held)
        new = _put(tx, channel, raws, by_content=batch.by_content)
        if spooled:
            spools.put(tx, channel, spooled.items())
        if batch.cursor is not None:
            cursors.move(tx, channel, batch.cursor)
        return new

    return db.write(work)


def _put(tx: Tx, channel: str, offered: Sequence[Raw], *, by_content: bool) -> int:
    digested = [raw.digest for raw in offered if raw.digest]
    there = digests.known(tx, channel, digested) if by_content else set()
    raws = [raw for raw in offered if not _again(raw, there)] if by_content else list(offered)
    if repeats := len(offered) - len(raws):
        inbox.count(tx, inbox.RECEIVED, Counter({channel: repeats}))
        inbox.count(tx, inbox.DUPLICATE, Counter({channel: repeats}))
    if digested:
        digests.put(tx, channel, digested)
    return inbox.put(tx, [_arrival(channel, raw) for raw in raws])


def _again(raw: Raw, there: set[str]) -> bool:
    """Whether its content is there; from now on it is."""
    again = raw.digest in there
    there |= {raw.digest} - {""}
    return again


def _spool(files: FileStore | None, path: Path) -> str:
    """The hash of the file's content, which is in the store from here on."""
    assert files is not None, "raws with files come by readers, and those have a store"
    with path.open("rb") as file:
        content = files.put_stream(iter(lambda: file.read(_CHUNK), b""), path.stat().st_size)
    return content.sha256


class _Waiting(NamedTuple):
    arrivals: list[inbox.Arrival]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[None]"
    size: int


class SharedIntake:
    """One thread that commits for many requests at once.

    When a shared commit fails each request is tried alone, so that a bad one never harms its neighbours.
    """

    def __init__(self, db: Database, ring: Ring) -> None:
        self._db, self._ring = db, ring
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        # Of each event loop, who waits for an answer and until when, the first who will give up first.
        self._watched: dict[asyncio.AbstractEventLoop, deque[tuple[float, asyncio.Future[None]]]] = {}
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="intake", daemon=True)
        self._thread.start()

    async def store(self, channel: str, raws: Sequence[Raw], patience: float) -> None:
        """Returns once the raws are committed. Raises Unfit, or Busy after `patience` seconds.

        A request that gives up or is cancelled does not take its raws back: the same again is a repeat.
        """
        arrivals = [_arrival(channel, raw) for raw in raws]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()
        size = sum(len(raw.data) for raw in raws)
        with self._change:
            if self._closed or len(self._waiting) >= _MOST_WAITING or self._bytes >= _BYTES_WAITING:
                raise Busy
            self._waiting.append(_Waiting(arrivals, loop, answer, size))
            self._bytes += size
            self._change.notify()
        self._watch(loop, answer, loop.time() + patience)
        await answer

    def _watch(self, loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[None]", until: float) -> None:
        """See that it is answered until then. One timer for all: one for each would cost more than the rest of it."""
        watched = self._watched.get(loop)
        if watched is None:
            watched = self._watched[loop] = deque()
            loop.call_later(_TICK, self._give_up, loop, watched)
        watched.append((until, answer))

    def _give_up(self, loop: asyncio.AbstractEventLoop, watched: "deque[tuple[float, asyncio.Future[None]]]") -> None:
        while watched and (watched[0][1].done() or watched[0][0] <= loop.time()):
            _settle([watched.popleft()[1]], Busy())
        if watched:
            loop.call_later(_TICK, self._give_up, loop, watched)
        else:
            del self._watched[loop]

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            with self._change:
                while not self._waiting and not self._closed:
                    self._change.wait()
                if not self._waiting:
                    return
                group = self._next_group()
            self._commit(group)

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < _MOST_TOGETHER and size < _BYTES_TOGETHER:
            group.append(self._waiting.popleft())
            size += group[-1].size
        self._bytes -= size
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        arrivals = [arrival for waiting in group for arrival in waiting.arrivals]
        try:
            new = self._db.write(lambda tx: inbox.put(tx, arrivals), single=True)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: every request gets its answer
            self._apart(group, error)
            return
        if new:
            self._ring()
        _answer(group, None)

    def _apart(self, group: list[_Waiting], error: Exception) -> None:
        if is_database_fault(error):
            _log.warning("intake.database_away", waiting=len(group), error=type(error).__name__)
            _answer(group, Busy())
        elif len(group) == 1:
            _log.error("intake.refused", channel=group[0].arrivals[0].channel, error=type(error).__name__)
            _answer(group, Unfit("the database does not take this message"))
        else:
            for waiting in group:
                self._commit([waiting])


def _answer(group: list[_Waiting], error: Exception | None) -> None:
    # One hop to the loop for all: a hop a request would cost more than the commit.
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for waiting in group:
        by_loop.setdefault(waiting.loop, []).append(waiting.answer)
    for loop, answers in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, answers, error)
        except RuntimeError:
            # The loop ended while we committed; its requests are gone, their rows are not.
            _log.debug("intake.loop_closed")


def _settle(answers: list["asyncio.Future[None]"], error: Exception | None) -> None:
    for answer in answers:
        if answer.done():
            continue
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)


def ensure_fit(raw: Raw) -> None:
    """Raises Unfit for a raw that no database would take."""
    if not (raw.external_id and _fits(raw.external_id) and _fits(raw.address_hint)):
        raise Unfit("a message needs an id of at most 512 characters that can be stored")


def _fits(key: str) -> bool:
    return len(key) <= _LONGEST_KEY and is_storable(key)


def _arrival(channel: str, raw: Raw) -> inbox.Arrival:
    ensure_fit(raw)
    return inbox.Arrival(channel, raw.external_id, raw.address_hint, raw.data)
