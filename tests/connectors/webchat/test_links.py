"""Files a webhook names by their address."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from aiohttp import web

from connectors.base import Rejected, Unavailable
from connectors.webchat import Webchat
from pipeline.loop import LoopThread
from tests.connectors.webchat.conftest import Make

Fetch = Callable[[str], tuple[bytes, str]]


async def _whole(request: web.Request) -> web.StreamResponse:
    size = int(request.query["size"])
    return web.Response(body=b"x" * size, content_type="text/plain")


async def _chunked(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "image/png"})
    await response.prepare(request)
    for _ in range(int(request.query["size"]) // 1000):
        await response.write(b"x" * 1000)
    return response


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"x" * 10)
    assert request.transport is not None
    request.transport.abort()
    return response


async def _status(request: web.Request) -> web.StreamResponse:
    return web.Response(
        status=int(request.match_info["status"]), headers={"Retry-After": "7", "Location": "/whole?size=3"}
    )


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server of files."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    app = web.Application()
    app.add_routes([web.get("/whole", _whole), web.get("/chunked", _chunked), web.get("/cut", _cut)])
    app.add_routes([web.get("/status/{status}", _status)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def listen() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port: int = runner.addresses[0][1]
        return port

    yield f"http://127.0.0.1:{asyncio.run_coroutine_threadsafe(listen(), loop).result(10)}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def fetch(make: Make, loop: LoopThread) -> Iterator[Fetch]:
    """Fetches a file whole: its bytes and the type its server gave."""
    site = make(allow_private=["127.0.0.1"], max_file=5000)
    yield lambda source: loop.run(_read(site, source), 30)
    loop.run(site.close(), 5)


async def _read(site: Webchat, source: str) -> tuple[bytes, str]:
    fetched = await site.fetch(source)
    return b"".join([chunk async for chunk in fetched.chunks]), fetched.type


def test_a_file_is_read_with_its_type(server: str, fetch: Fetch) -> None:
    assert fetch(f"{server}/whole?size=5000") == (b"x" * 5000, "text/plain")
    assert fetch(f"{server}/chunked?size=3000") == (b"x" * 3000, "image/png")


def test_a_file_that_says_it_is_too_large_is_not_begun(server: str, fetch: Fetch) -> None:
    with pytest.raises(Rejected, match="5001 bytes"):
        fetch(f"{server}/whole?size=5001")


def test_a_file_may_be_left_half_read(server: str, make: Make, loop: LoopThread) -> None:
    site = make(allow_private=["127.0.0.1"])

    async def begin() -> bytes:
        fetched = await site.fetch(f"{server}/chunked?size=900000")
        first = await anext(fetched.chunks)
        await fetched.chunks.aclose()
        return first

    assert loop.run(begin(), 30)
    loop.run(site.close(), 5)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 204, 206])
def test_some_files_will_never_come(status: int, server: str, fetch: Fetch) -> None:
    with pytest.raises(Rejected, match=str(status)):
        fetch(f"{server}/status/{status}")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_others_may_come_later(status: int, server: str, fetch: Fetch) -> None:
    with pytest.raises(Unavailable) as caught:
        fetch(f"{server}/status/{status}")
    assert caught.value.retry_after == 7


def test_a_file_that_breaks_off_is_an_error(server: str, fetch: Fetch) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - tried again, whatever it is
        fetch(f"{server}/cut")


def test_a_file_of_our_own_network_is_not_fetched(server: str, make: Make, loop: LoopThread) -> None:
    site = make()
    with pytest.raises(Rejected, match="private"):
        loop.run(site.fetch(f"{server}/whole?size=3"), 10)
