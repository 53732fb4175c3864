"""Chat completions: one request to one server, every failure by its name, and the key nowhere but in its header."""

import asyncio
import traceback
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from connectors.base import ConnectorError, Denied, Rejected, Unavailable
from connectors.completions import Completions
from tasks.dates import Calendar
from tasks.extract.model import Said
from tasks.extract.outside import question
from tests.fakes import completions as fake
from tests.fakes.completions import KEY

NOW = datetime(2025, 10, 13, 11, 50)  # noqa: DTZ001 - by the business's own clock
BODY = question.body(question.about([], Said(1, "client", NOW, "Пришлите счёт"), Calendar()), "fake")


@pytest.fixture
def server() -> Iterator[fake.Completions]:
    with fake.Completions() as found:
        yield found


def ask(url: str, *, key: str = KEY, seconds: float = 20.0, body: bytes = BODY) -> str:
    async def once() -> str:
        asker = Completions(url, key, seconds)
        try:
            return await asker.ask(body)
        finally:
            await asker.close()

    return asyncio.run(once())


def test_the_answer_is_what_the_model_said(server: fake.Completions) -> None:
    server.says = lambda _asked: "«да»"
    assert ask(server.url) == "«да»"
    assert ask(f"{server.url}/") == "«да»"
    first = server.asked[0]
    assert (first.headers["Authorization"], first.body["model"]) == (f"Bearer {KEY}", "fake")


@pytest.mark.parametrize(
    ("fault", "error", "wait"),
    [
        (500, Unavailable, None),
        (503, Unavailable, None),
        (429, Unavailable, 7.0),
        (408, Unavailable, None),
        (400, Rejected, None),
        (422, Rejected, None),
        (403, Denied, None),
        (404, Denied, None),
        ("cut", Unavailable, None),
        ("not json", Rejected, None),
        ("no completion", Rejected, None),
        ("no content", Rejected, None),
        ("cut short", Rejected, None),
        ("huge", Rejected, None),
        ("elsewhere", Denied, None),
    ],
)
def test_what_goes_wrong_has_a_name(server: fake.Completions, fault: Any, error: type, wait: float | None) -> None:
    server.faults = [fault]
    with pytest.raises(ConnectorError) as caught:
        ask(server.url)
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after", None) == wait
    assert server.connections == 1, "nothing is tried again, and nobody is followed elsewhere"


def test_who_is_slow_is_not_waited_for(server: fake.Completions) -> None:
    server.faults = ["slow"]
    with pytest.raises(Unavailable, match="TimeoutError"):
        ask(server.url, seconds=0.2)


def test_nobody_there_is_said_so() -> None:
    with fake.Completions() as gone:
        url = gone.url
    with pytest.raises(Unavailable, match="cannot be reached"):
        ask(url)


@pytest.mark.parametrize("fault", [400, 500, "cut", "elsewhere", "not json"])
def test_no_error_holds_the_key(server: fake.Completions, fault: Any) -> None:
    server.faults = [fault]
    with pytest.raises(ConnectorError) as caught:
        ask(server.url)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert KEY not in repr(caught.value)


def test_a_server_that_repeats_a_wrong_key_is_not_repeated(server: fake.Completions) -> None:
    with pytest.raises(Denied, match="Incorrect API key: Bearer …") as caught:
        ask(server.url, key="sk-wrong-canary")
    assert "sk-wrong-canary" not in str(caught.value)


def test_without_a_key_none_is_sent(server: fake.Completions) -> None:
    with pytest.raises(Denied):
        ask(server.url, key="")
    assert "Authorization" not in server.asked[0].headers
