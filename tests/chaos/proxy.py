"""A TCP proxy that fails on demand: cuts, black holes, delays, lost answers, and COMMITs nobody hears of."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Sequence

Address = tuple[str, int]
# PostgreSQL's own word that a COMMIT took effect.
_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
_CHUNK = 65536


class _Link:
    """One client's connection and the one made for it to the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.ends = (client, server)
        # Something that was sent never arrived: the connection is no good any more.
        self.torn = False

    def cut(self) -> None:
        """Drop both ends without a goodbye: each side is told of a reset."""
        for end in self.ends:
            sock = end.get_extra_info("socket")
            if not end.transport.is_closing():
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.transport.abort()


class Proxy:
    """Listens on a port of 127.0.0.1 and passes everything on to the first server that answers.

    `servers` gives their addresses in the order to try. Faults are methods; they are over when they return.
    """

    def __init__(self, servers: Callable[[], Sequence[Address]]) -> None:
        self._servers = servers
        self._links: set[_Link] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._swallows: set[str] = set()
        self._delay = 0.0
        self._loses_commits = False
        self.lost_commits = 0

    async def start(self, port: int) -> None:
        """Begin to listen."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def close(self) -> None:
        """Stop listening, and drop every connection."""
        if self._listener:
            self._listener.close()
        self.cut()
        if self._serving:
            await asyncio.wait(self._serving)

    def cut(self) -> None:
        """Drop every connection that is open now."""
        for link in list(self._links):
            link.cut()

    async def black_hole(self, seconds: float) -> None:
        """Swallow everything, in both directions, and drop what lost something by it."""
        await self._swallow({"request", "answer"}, seconds)

    async def lose_answers(self, seconds: float) -> None:
        """Let requests through and swallow their answers."""
        await self._swallow({"answer"}, seconds)

    async def slow(self, seconds: float, delay: float = 0.1) -> None:
        """Hold back everything by `delay` seconds."""
        self._delay = delay
        await asyncio.sleep(seconds)
        self._delay = 0.0

    async def lose_commits(self, seconds: float) -> None:
        """Drop the connections on which the server says that a COMMIT took effect, before anybody hears it."""
        self._loses_commits = True
        await asyncio.sleep(seconds)
        self._loses_commits = False

    async def _swallow(self, what: set[str], seconds: float) -> None:
        self._swallows = what
        await asyncio.sleep(seconds)
        self._swallows = set()
        for link in list(self._links):
            if link.torn:
                link.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        server = await self._connect()
        if server is None:
            await _bury(writer)
            return
        link = _Link(writer, server[1])
        self._links.add(link)
        await self._pass_on(link, reader, server[0])

    async def _pass_on(self, link: _Link, reader: asyncio.StreamReader, answers: asyncio.StreamReader) -> None:
        client, server = link.ends
        pumps = [
            asyncio.create_task(self._pump(link, reader, server, "request")),
            asyncio.create_task(self._pump(link, answers, client, "answer")),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._links.discard(link)
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)
            await _bury(client)
            await _bury(server)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for host, port in self._servers():
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(host, port)
        return None

    async def _pump(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: str
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._delay:
                    await asyncio.sleep(self._delay)
                if direction in self._swallows:
                    link.torn = True
                    continue
                if self._loses_commits and direction == "answer" and _COMMITTED in data:
                    self.lost_commits += 1
                    link.cut()
                    return
                writer.write(data)
                await writer.drain()


async def _bury(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
