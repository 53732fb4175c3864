"""Files by the address VK gives: streamed, from public hosts alone."""

import pytest
from aiohttp import web

from connectors.base import Rejected, Unavailable
from connectors.vk import Vk
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import connector
from tests.fakes.vk import FakeVk


async def fetched(channel: Vk, source: str) -> tuple[bytes, str]:
    found = await channel.fetch(source)
    return b"".join([chunk async for chunk in found.chunks]), found.type


def test_a_file_is_fetched_with_its_type(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    content = b"x" * 300_000
    url = vk.serve("a.pdf", content, "application/pdf")
    assert loop.run(fetched(channel, url), 10) == (content, "application/pdf")


def test_documents_lie_behind_redirects(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    url = vk.serve("a.pdf", b"content", "application/pdf", redirect=True)
    assert loop.run(fetched(channel, url), 10) == (b"content", "application/pdf")
    assert vk.requests["file"] == 2


@pytest.mark.parametrize("target", ["http://10.0.0.1/a", "file:///etc/passwd", "http://[", "/loop"])
def test_a_redirect_leads_neither_into_our_network_nor_round_for_ever(
    channel: Vk, loop: LoopThread, target: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    async def fetch() -> None:
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            await channel.fetch(f"http://127.0.0.1:{runner.addresses[0][1]}/a")
        finally:
            await channel.close()
            await runner.cleanup()

    app = web.Application()
    app.router.add_get("/{path}", answer)
    with pytest.raises(Rejected):
        loop.run(fetch(), 10)


def test_a_file_that_is_gone_never_comes(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    with pytest.raises(Rejected, match="404"):
        loop.run(channel.fetch(f"{vk.url}/files/gone"), 5)


def test_a_server_in_trouble_is_asked_again(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    url = vk.serve("a.pdf", b"x")
    vk.fault("before", "file", status=503)
    with pytest.raises(Unavailable):
        loop.run(channel.fetch(url), 5)
    vk.refuse()
    with pytest.raises(Unavailable):
        loop.run(channel.fetch(url), 5)


@pytest.mark.parametrize("url", ["http://10.0.0.1/a", "file:///etc/passwd", "http://[::1]:8080/", "doc1_2"])
def test_nothing_is_fetched_from_our_own_network(channel: Vk, loop: LoopThread, url: str) -> None:
    with pytest.raises(Rejected):
        loop.run(channel.fetch(url), 5)


def test_a_real_vk_leads_to_no_private_host(vk: FakeVk, loop: LoopThread) -> None:
    channel = connector(vk, api_base="https://api.vk.ru")
    with pytest.raises(Rejected, match="private"):
        loop.run(channel.fetch(vk.serve("a", b"x")), 5)
