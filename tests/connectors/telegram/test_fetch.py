"""Files of clients are fetched by their id, in pieces, and no error tells the token."""

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.abilities import Fetched
from connectors.base import ConnectorError, Denied, Rejected, Unavailable
from connectors.telegram import fetching
from pipeline.loop import LoopThread
from tests.connectors.telegram.kit import CUT, TOKEN, Says, Server, refused

Fetch = Callable[[], tuple[bytes, str]]
OCTETS = "application/octet-stream"
PATH = "documents/file 7#1.pdf"


@pytest.fixture
def fetch(server: Server, loop: LoopThread) -> Iterator[Fetch]:
    """Fetches the file the server knows; gives back content and type."""
    bot = server.bot()

    async def whole() -> tuple[bytes, str]:
        fetched: Fetched = await bot.fetch("the-file-id")
        return b"".join([chunk async for chunk in fetched.chunks]), fetched.type

    yield lambda: loop.run(whole(), 20)
    loop.run(bot.close(), 20)


def given(server: Server, answer: Says) -> None:
    server.answer("getFile", {"file_id": "the-file-id", "file_path": PATH})
    server.files[PATH] = answer


def test_a_file_comes_whole(server: Server, fetch: Fetch) -> None:
    given(server, Says(200, b"x" * 200_000, OCTETS))
    assert fetch() == (b"x" * 200_000, "")
    assert server.called("getFile") == [{"file_id": "the-file-id"}]


def test_a_type_that_says_something_is_passed_on(server: Server, fetch: Fetch) -> None:
    given(server, Says(200, b"%PDF", "application/pdf"))
    assert fetch() == (b"%PDF", "application/pdf")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("Bad Request: invalid file_id"), Rejected),
        (refused("Bad Request: file is too big"), Rejected),
        (refused("Bad Request: wrong file_id or the file is temporarily unavailable"), Unavailable),
        (refused("Internal Server Error", 500), Unavailable),
        (refused("Too Many Requests: retry after 3", 429, retry_after=3), Unavailable),
        (refused("Unauthorized", 401), Denied),
        ({"file_id": "the-file-id"}, Unavailable),
        ([], Unavailable),
        (CUT, Unavailable),
    ],
    ids=str,
)
def test_what_will_never_come_is_told_from_what_may(
    server: Server, fetch: Fetch, answer: Any, error: type[ConnectorError]
) -> None:
    server.answer("getFile", answer)
    with pytest.raises(error) as caught:
        fetch()
    assert isinstance(caught.value, Rejected) == (error is Rejected)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_link_that_is_dead_is_asked_for_anew(server: Server, fetch: Fetch, status: int) -> None:
    given(server, Says(status, b"", OCTETS))
    with pytest.raises(Unavailable):
        fetch()


def test_a_file_that_breaks_off_is_not_taken_for_whole(server: Server, fetch: Fetch) -> None:
    given(server, Says(200, b"x" * 1000, CUT))
    with pytest.raises(Unavailable, match="broke off") as caught:
        fetch()
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_file_that_is_too_large_is_not_read(server: Server, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "LARGEST", 1000)
    given(server, Says(200, b"x" * 1001, OCTETS))
    with pytest.raises(Rejected, match="1001 bytes"):
        fetch()


def test_no_error_tells_the_token(server: Server, loop: LoopThread) -> None:
    bot = server.bot()
    server.answer("getFile", {"file_path": PATH})
    loop.run(bot._api().ask("GetMe", {}), 20)
    server.stop()
    with pytest.raises(Unavailable) as caught:
        loop.run(bot._api().open_file(PATH), 20)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    loop.run(bot.close(), 20)
