"""The feed: one look at the journal per tick for all who follow it live, however many they are."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import cached_property

import orjson

import log
from dialogs.events import event
from storage import journal
from storage.db import Database, Tx, is_database_fault
from storage.journal import Line

# (channel, address) of a client, who follows his own dialog alone.
Address = tuple[str, str]
# Which dialog each address has by now; those without one are left out.
Locate = Callable[[Tx, Collection[Address]], dict[Address, int]]

# Seconds between looks while all is well, and after one that failed.
_TICK, _PAUSE = 0.1, 1.0
_PAGE = 500
# Events a reader may be behind: more than a page, so that only who hardly reads gets there.
_BEHIND = 5000

_log = log.get(__name__)


class Full(Exception):
    """There are as many readers as one process may have."""


class Event:
    """A line of the journal on its way to readers, brought into their form once for all of them."""

    def __init__(self, line: Line) -> None:
        self.line = line

    @cached_property
    def frame(self) -> bytes:
        """The line as operators get it in a stream of server-sent events."""
        return frame(self.line.id, self.line.type, event(self.line))


def frame(number: int, kind: str, data: object) -> bytes:
    """A server-sent event."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), orjson.dumps(data, option=orjson.OPT_UTC_Z))


class Reader:
    """Somebody who follows: everything, or the dialog of his `address`. Used on the feed's event loop alone.

    `seen` is the last event he needs no more; `ended` is set once nothing more will come.
    """

    def __init__(self, feed: "Feed", after: int | None, address: Address | None) -> None:
        self.seen = -1 if after is None else after
        self.address = address
        self.dialog: int | None = None
        self.ended = False
        # Live readers are pushed to. The others still have to look for what they missed, or for their dialog.
        self.live = False
        self.looked = after is None and address is None
        self._feed = feed
        self._events: deque[Event] = deque()
        self._wake = asyncio.Event()

    async def start(self, patience: float) -> None:
        """Find out where now is; raises TimeoutError when the database does not tell within `patience` seconds."""
        async with asyncio.timeout(patience):
            now = await self._feed.position()
        if self.seen < 0:
            self.seen = now

    async def events(self, patience: float) -> Sequence[Event]:
        """What came since the last call, in order, without gap or repeat; empty after `patience` quiet seconds."""
        while not self.live and not self.ended:
            missed = await self._feed.catch_up(self)
            if missed or not self._feed.healthy:
                return missed
        if not self._events and not self.ended:
            try:
                async with asyncio.timeout(patience):
                    await self._wake.wait()
            except TimeoutError:
                return ()
        self._wake.clear()
        events = list(self._events)
        self._events.clear()
        return events

    def push(self, events: Sequence[Event]) -> None:
        """Give him what is new, in order of ids; who is too far behind is cut."""
        if not self.live or self.ended:
            return
        fresh = events if events[0].line.id > self.seen else [new for new in events if new.line.id > self.seen]
        if not fresh:
            return
        self.seen = fresh[-1].line.id
        self._events.extend(fresh)
        if len(self._events) > _BEHIND:
            _log.warning("feed.reader_cut", behind=len(self._events))
            self.end()
        self._wake.set()

    def end(self) -> None:
        """Nothing more will come; what still waits he gets when he comes back and names the last event he got."""
        self.ended = True
        self._events.clear()
        self._wake.set()

    def close(self) -> None:
        """He is gone."""
        self.end()
        self._feed.leave(self)


class Feed:
    """Follows the journal for its readers. All of it lives on one event loop, except the looks into the database."""

    def __init__(self, db: Database, locate: Locate, max_readers: int) -> None:
        """Opens nothing, and looks only while somebody reads."""
        self._db, self._locate, self._most = db, locate, max_readers
        self.healthy = True
        self._everything: set[Reader] = set()
        self._own: set[Reader] = set()
        # The last event that was handed out, once known.
        self._seen = -1
        self._known = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def readers(self) -> int:
        """How many follow now."""
        return len(self._everything) + len(self._own)

    def open(self, after: int | None, address: Address | None = None) -> Reader:
        """A reader of what comes behind the event `after`, or from now on; raises Full. To be closed."""
        if self.readers >= self._most:
            raise Full
        reader = Reader(self, after, address)
        (self._own if address else self._everything).add(reader)
        if self._stopping:
            reader.end()
        elif self._task is None:
            self._task = asyncio.create_task(self._follow())
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader; the last one puts out the light."""
        self._everything.discard(reader)
        self._own.discard(reader)
        if not self.readers and self._task is not None:
            self._task.cancel()
            self._task, self._seen = None, -1
            self._known.clear()

    def stop(self) -> None:
        """End all streams, now and from now on. Called on the feed's loop before its server waits for them."""
        self._stopping = True
        for reader in [*self._everything, *self._own]:
            reader.end()

    async def position(self) -> int:
        """The last event that was handed out."""
        await self._known.wait()
        return self._seen

    async def catch_up(self, reader: Reader) -> Sequence[Event]:
        """A page of what the reader missed, empty once there is none: then he is live.

        He reads the database until he has seen what the feed handed out last. From there its pushes go on; of those
        he leaves out what he has read already.
        """
        if reader.looked and reader.seen >= self._seen:
            reader.live = True
            return ()
        try:
            lines, seen, dialog = await asyncio.to_thread(self._missed, reader)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the stream outlives a database that is away
            await self._failed(error)
            return ()
        self.healthy = True
        reader.looked, reader.seen = True, seen
        reader.dialog = reader.dialog or dialog
        return [Event(line) for line in lines]

    async def _follow(self) -> None:
        while True:
            try:
                if self._seen < 0:
                    self._seen = await asyncio.to_thread(self._last)
                    self._known.set()
                lines, found = await asyncio.to_thread(self._look, self._seen)
            except Exception as error:  # noqa: BLE001 - the edge of the task: as long as somebody reads it goes on
                await self._failed(error)
                continue
            self.healthy = True
            self._hand_out([Event(line) for line in lines], found)
            await asyncio.sleep(0 if len(lines) == _PAGE else _TICK)

    def _hand_out(self, events: Sequence[Event], found: dict[Address, int]) -> None:
        if not events:
            return
        self._seen = events[-1].line.id
        for reader in self._everything:
            reader.push(events)
        of_dialog: dict[int | None, list[Event]] = {}
        for one in events:
            of_dialog.setdefault(one.line.dialog_id, []).append(one)
        for reader in self._own:
            if reader.dialog is None and reader.address:
                reader.dialog = found.get(reader.address)
            if reader.dialog in of_dialog and reader.dialog is not None:
                reader.push(of_dialog[reader.dialog])

    async def _failed(self, error: Exception) -> None:
        if self.healthy:
            if is_database_fault(error):
                _log.warning("feed.database_away", error=type(error).__name__)
            else:
                _log.error("feed.failed", exc_info=error)
        self.healthy = False
        await asyncio.sleep(_PAUSE)

    # ---- in threads ----

    def _last(self) -> int:
        with self._db.read() as tx:
            return journal.last_id(tx)

    def _look(self, seen: int) -> tuple[Sequence[Line], dict[Address, int]]:
        with self._db.read() as tx:
            lines = journal.read(tx, seen, _PAGE)
            # A client's dialog begins with his first message.
            came = any(line.type == "message.received" for line in lines)
            waiting = [one.address for one in list(self._own) if one.address and one.dialog is None] if came else []
            return lines, self._locate(tx, waiting) if waiting else {}

    def _missed(self, reader: Reader) -> tuple[Sequence[Line], int, int | None]:
        """A page behind what the reader has seen, up to where he has seen all with it, and his dialog."""
        # Taken before the look: all up to here is there to be read.
        handed_out = self._seen
        with self._db.read() as tx:
            dialog = reader.dialog
            if reader.address and dialog is None:
                dialog = self._locate(tx, [reader.address]).get(reader.address)
            nothing = reader.address and dialog is None
            lines = [] if nothing else journal.read(tx, reader.seen, _PAGE, dialog)
            if len(lines) == _PAGE:
                return lines, lines[-1].id, dialog
            # A number nobody has given out yet comes from another database.
            ahead = reader.seen > handed_out and reader.seen > journal.last_id(tx)
            known = 0 if ahead else reader.seen
            return lines, max(handed_out, lines[-1].id if lines else known), dialog
