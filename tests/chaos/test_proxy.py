"""The proxy passes everything on, and fails in each of the ways it is told to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.chaos.proxy import Proxy
from tests.chaos.servers import free_port

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00Z\x00\x00\x00\x05I"


class Setting:
    """A server that answers each line with the same line, and counts them; a proxy before it; a client of that."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.port, self._upstream = free_port(), free_port()
        # The first address is always dead: the proxy has to try the next one.
        self.proxy = Proxy(lambda: [("127.0.0.1", free_port()), ("127.0.0.1", self._upstream)])

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                self.heard.append(line)
                writer.write(COMMITTED if line == b"COMMIT\n" else line)
        writer.close()

    async def say(self, line: bytes) -> bytes:
        """What comes back on a connection of its own; nothing if it broke."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(line)
            async with asyncio.timeout(3):
                return await reader.read(100)
        except ConnectionError:
            return b""
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self.answer, "127.0.0.1", self._upstream)
        await self.proxy.start(self.port)
        try:
            yield
        finally:
            await self.proxy.close()
            server.close()
            await asyncio.sleep(0.05)


def play(scene: Callable[[Setting], Awaitable[None]]) -> None:
    """Run a scene."""

    async def run() -> None:
        setting = Setting()
        async with setting.running():
            await scene(setting)

    asyncio.run(run())


def test_everything_is_passed_on() -> None:
    async def scene(setting: Setting) -> None:
        assert await setting.say(b"hello\n") == b"hello\n"
        assert await setting.say(b"COMMIT\n") == COMMITTED

    play(scene)


def test_a_cut_ends_what_is_open_and_nothing_else() -> None:
    async def scene(setting: Setting) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", setting.port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        setting.proxy.cut()
        with pytest.raises(ConnectionError):
            await reader.readexactly(1)
        writer.close()
        assert await setting.say(b"again\n") == b"again\n"

    play(scene)


def test_a_black_hole_lets_nothing_through() -> None:
    async def scene(setting: Setting) -> None:
        hole = asyncio.create_task(setting.proxy.black_hole(0.3))
        await asyncio.sleep(0)
        assert await setting.say(b"lost\n") == b""
        await hole
        assert setting.heard == []
        assert await setting.say(b"found\n") == b"found\n"

    play(scene)


def test_lost_answers_had_their_effect() -> None:
    async def scene(setting: Setting) -> None:
        deaf = asyncio.create_task(setting.proxy.lose_answers(0.3))
        await asyncio.sleep(0)
        assert await setting.say(b"pay\n") == b""
        await deaf
        assert setting.heard == [b"pay\n"]

    play(scene)


def test_a_lost_commit_took_effect_and_only_it_is_lost() -> None:
    async def scene(setting: Setting) -> None:
        losing = asyncio.create_task(setting.proxy.lose_commits(0.3))
        await asyncio.sleep(0)
        assert await setting.say(b"COMMIT\n") == b""
        assert await setting.say(b"ROLLBACK\n") == b"ROLLBACK\n"
        await losing
        assert setting.heard == [b"COMMIT\n", b"ROLLBACK\n"]
        assert setting.proxy.lost_commits == 1
        assert await setting.say(b"COMMIT\n") == COMMITTED

    play(scene)


def test_slow_is_slow_for_a_while() -> None:
    async def scene(setting: Setting) -> None:
        clock = asyncio.get_running_loop().time
        slow = asyncio.create_task(setting.proxy.slow(0.3, delay=0.1))
        await asyncio.sleep(0)
        began = clock()
        await setting.say(b"hello\n")
        assert clock() - began >= 0.2
        await slow
        began = clock()
        await setting.say(b"hello\n")
        assert clock() - began < 0.2

    play(scene)
