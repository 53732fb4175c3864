"""Streams of server-sent events: one task a reader, cut when he does not read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

import log
from api.feed import Event, Full, Reader
from api.house import House
from api.problems import problem
from dialogs import visitors
from dialogs.access import Staff, Visitor, ends, sees
from storage.db import is_database_fault, now

# The bytes for these events, empty for none; None ends the stream.
Render = Callable[[Sequence[Event]], Awaitable[bytes | None]]

# Seconds without an event after which a comment shows that the line still stands; that a write may take; and that a
# new reader waits for the database.
_KEEP_ALIVE, _WRITE, _START = 15.0, 10.0, 3.0
# Milliseconds a browser waits before it comes back.
_RETRY = 1000
_HEADERS = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no"}

# What changes a visitor's view. A reply that is only written shows once it is sent, or it would stand before those
# that were written earlier and are sent later.
_SHOWN = {"message.received", "message.sent", "message.edited", "message.deleted"}

_log = log.get(__name__)


class EventStream(Response):
    """What a reader of the feed is answered with. It ends with the feed, at `until`, and for who does not read."""

    def __init__(
        self,
        join: Callable[[], Reader],
        render: Render,
        until: datetime | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`join` makes the reader once it is clear that the answer goes out; it may raise Full."""
        super().__init__(headers={**_HEADERS, **(headers or {})})
        del self.headers["content-length"]
        self._join, self._render, self._until = join, render, until

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until one side ends it."""
        try:
            reader = self._join()
        except Full:
            busy = problem(503, "There are too many readers; try again.", headers={"retry-after": "5"})
            return await busy(scope, receive, send)
        watcher = asyncio.create_task(_watch(receive, reader))
        try:
            await self._serve(reader, scope, receive, send)
        finally:
            watcher.cancel()
            reader.close()
            with suppress(asyncio.CancelledError):
                await watcher

    async def _serve(self, reader: Reader, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await reader.start(_START)
        except TimeoutError:
            away = problem(503, "The database does not answer; try again.", headers={"retry-after": "1"})
            return await away(scope, receive, send)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        chunk: bytes | None = b"retry: %d\nid: %d\n\n" % (_RETRY, reader.seen)
        try:
            while chunk is not None:
                if chunk:
                    await _write(send, chunk, more=True)
                chunk = await self._next(reader)
            await _write(send, b"", more=False)
        except TimeoutError:
            # Left unfinished: the server closes the connection.
            _log.warning("feed.reader_stuck")

    async def _next(self, reader: Reader) -> bytes | None:
        """The next bytes; None at the end."""
        left = _KEEP_ALIVE
        if self._until is not None:
            left = min(left, (self._until - now()).total_seconds())
        if reader.ended or left <= 0:
            return None
        events = await reader.events(left)
        return await self._render(events) if events else b":\n\n"


def for_staff(house: House, actor: Staff, after: int | None) -> EventStream:
    """Everything the operator may read, until his token or role is changed."""

    async def render(events: Sequence[Event]) -> bytes | None:
        if any(ends(actor, one.line) for one in events):
            return None
        return b"".join(one.frame for one in events if sees(actor, one.line))

    return EventStream(lambda: house.feed.open(after), render, actor.until)


def for_visitor(
    house: House, visitor: Visitor, until: datetime, after: int | None, headers: Mapping[str, str]
) -> EventStream:
    """The items of the visitor's dialog as they come, change or go: `event: message`, data the item.

    `until` is the end of his session.
    """

    async def render(events: Sequence[Event]) -> bytes | None:
        # Of a message that was told of several times only the latest look counts.
        last = {one.line.data["message"]: one.line.id for one in events if one.line.type in _SHOWN}
        try:
            items = await asyncio.to_thread(_items, house, visitor, list(last)) if last else {}
        except Exception as error:
            if not is_database_fault(error):
                raise
            # He comes back, and goes on after the last event he got.
            return None
        told = sorted((last[message], item) for message, item in items.items())
        chunks = [b"id: %d\nevent: message\ndata: %s\n\n" % (number, item) for number, item in told]
        # What is not for him moves him on all the same.
        return b"".join(chunks) + b"id: %d\n\n" % events[-1].line.id

    address = (visitor.channel, visitor.address)
    return EventStream(lambda: house.feed.open(after, address), render, until, headers)


def _items(house: House, visitor: Visitor, message_ids: Sequence[int]) -> dict[int, bytes]:
    with house.db.read() as tx:
        items = visitors.visitor_items(tx, visitor, message_ids)
    return {message_id: orjson.dumps(item, option=orjson.OPT_UTC_Z) for message_id, item in items.items()}


async def _write(send: Send, chunk: bytes, *, more: bool) -> None:
    async with asyncio.timeout(_WRITE):
        await send({"type": "http.response.body", "body": chunk, "more_body": more})


async def _watch(receive: Receive, reader: Reader) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    reader.end()
