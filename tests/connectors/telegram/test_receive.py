"""Updates are read by our own offset, whatever comes between, and the webhook is kept as the settings say."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.base import Batch, Denied, Unavailable
from connectors.telegram import Telegram, receiving
from connectors.telegram.updates import ALLOWED_UPDATES
from pipeline.loop import LoopThread
from tests.connectors.telegram.kit import CUT, SECRET, TOKEN, Says, Server, refused

Read = Callable[..., list[Batch]]
TIMEOUT = 20.0
HOOK = "https://help.example.org/hooks/tg"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short."""
    for name in ("_CONFLICT_WAIT", "_SAME_WAIT", "_EMPTY_WAIT", "_LOOK", "_LOOK_AGAIN"):
        monkeypatch.setattr(receiving, name, 0.05)


@pytest.fixture
def read(server: Server, loop: LoopThread) -> Read:
    """Reads so many batches from a cursor on."""

    async def some(bot: Telegram, count: int, cursor: str | None) -> list[Batch]:
        source = bot.receive(cursor)
        try:
            return [await anext(source) for _ in range(count)]
        finally:
            await source.aclose()  # type: ignore[attr-defined]

    return lambda count=1, cursor=None: loop.run(some(server.bot(), count, cursor), TIMEOUT)


def update(number: int, **fields: Any) -> dict[str, Any]:
    chat = {"id": 42, "type": "private", "first_name": "Anna"}
    return {"update_id": number, "message": {"message_id": number, "date": 1764072000, "chat": chat, **fields}}


def offsets(server: Server) -> list[Any]:
    return [call.get("offset") for call in server.called("getUpdates")]


def watch(server: Server, loop: LoopThread, until: Callable[[], object], **section: Any) -> list[Any]:
    """Run a reader that gives nothing until something is so; gives back what it logged."""
    told = {"mode": "webhook", "webhook_secret": SECRET, "webhook_url": HOOK, **section}

    async def some() -> None:
        task = asyncio.ensure_future(anext(server.bot(**told).receive(None)))
        while not until() and not task.done():  # noqa: ASYNC110 - it is another thread that makes it so
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled():
            task.result()

    with capture_logs() as logs:
        loop.run(some(), TIMEOUT)
    return logs


# ---- polling ----


def test_the_next_question_says_that_the_last_answer_is_stored(server: Server, read: Read) -> None:
    server.answer("getUpdates", [update(7), update(8)], [], [update(9)])
    first, second = read(2, "7")
    assert [raw.external_id for raw in first.raws] == ["123:7", "123:8"]
    assert (first.cursor, second.cursor) == ("9", "10")
    assert offsets(server) == [7, 9, 9]
    assert server.called("getUpdates")[0] == {
        "offset": 7,
        "limit": 100,
        "timeout": 25,
        "allowed_updates": list(ALLOWED_UPDATES),
    }


def test_a_new_channel_is_read_from_what_telegram_has_kept(server: Server, read: Read) -> None:
    server.answer("getUpdates", [update(500)])
    assert read()[0].cursor == "501"
    assert offsets(server) == [None]


def test_nothing_is_confirmed_before_the_reader_goes_on(server: Server, read: Read) -> None:
    server.answer("getUpdates", [update(7)], [update(8)])
    read(1, "7")
    assert offsets(server) == [7]


def test_an_update_is_kept_as_it_came(server: Server, read: Read) -> None:
    body = b'{"ok": true, "result": [{"update_id": 7, "new": {"n": 123456789012345678901234567890, "s": "\\ud83d"}}]}'
    server.answer("getUpdates", Says(200, body))
    (raw,) = read()[0].raws
    assert json.loads(raw.data) == json.loads(body)["result"][0]


def test_odd_updates_stop_no_others(server: Server, read: Read) -> None:
    odd: list[Any] = [
        None,
        7,
        "text",
        [],
        {},
        {"update_id": "8"},
        {"update_id": None, "message": {}},
        {"update_id": True},
    ]
    server.answer("getUpdates", [*odd[:4], update(7), *odd[4:], {"update_id": 8, "telepathy": {}}])
    (batch,) = read()
    assert batch.cursor == "9"
    keys = [raw.external_id for raw in batch.raws]
    assert len(set(keys)) == len(keys) == len(odd) + 2
    assert {"123:7", "123:8"} < set(keys)
    for raw in batch.raws:
        if raw.external_id.startswith("123:odd:"):
            with pytest.raises(Exception):  # noqa: B017, PT011 - it is parked, whatever it is
                server.bot().parse(raw)


def test_an_odd_update_has_the_same_key_when_it_comes_again(server: Server, read: Read) -> None:
    server.answer("getUpdates", [{"odd": 1}], [{"odd": 1}])
    first, second = read(2)
    assert first.raws == second.raws
    assert (first.cursor, second.cursor) == (None, None)


def test_what_comes_again_and_again_makes_no_hurry(server: Server, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_SAME_WAIT", 0.3)
    server.answer("getUpdates", [update(7)], [update(7)], [update(7)])
    started = time.monotonic()
    read(3, "100")
    assert time.monotonic() - started > 0.3


def test_where_numbers_begin_anew_the_offset_follows(server: Server, read: Read) -> None:
    server.answer("getUpdates", [update(7)], [update(8)])
    batches = read(2, "100")
    assert [batch.cursor for batch in batches] == ["8", "9"]
    assert offsets(server) == [100, 8]


def test_a_webhook_is_taken_down_and_nothing_dropped(server: Server, read: Read) -> None:
    server.answer("getWebhookInfo", {"url": HOOK})
    server.answer("getUpdates", [update(7)])
    read()
    assert server.called("deleteWebhook") == [{"drop_pending_updates": False}]
    assert [call.method for call in server.calls] == ["getWebhookInfo", "deleteWebhook", "getUpdates"]


def test_an_empty_answer_that_comes_too_soon_makes_no_hurry(
    server: Server, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "_EMPTY_WAIT", 0.2)
    server.answer("getUpdates", [], [], [update(7)])
    started = time.monotonic()
    read(1, "7")
    assert time.monotonic() - started > 0.4
    monkeypatch.setattr(receiving, "_SOON", 0.0)
    monkeypatch.setattr(receiving, "_EMPTY_WAIT", TIMEOUT)
    server.answer("getUpdates", [], [update(8)])
    read(1, "8")


def test_a_second_reader_is_told_of_once_and_waited_for(server: Server, read: Read) -> None:
    taken = refused("Conflict: terminated by other getUpdates request", 409)
    server.answer("getUpdates", taken, taken, taken, [update(7)])
    with capture_logs() as logs:
        assert read(1, "7")[0].cursor == "8"
    assert [(log["event"], log["says"]) for log in logs] == [
        ("telegram.two_readers", "Conflict: terminated by other getUpdates request")
    ]


def test_a_webhook_set_under_way_is_taken_down(server: Server, read: Read) -> None:
    server.answer("getWebhookInfo", {"url": ""}, {"url": HOOK})
    server.answer("getUpdates", refused("Conflict: can't use getUpdates method while webhook is active", 409))
    server.answer("getUpdates", [update(7)])
    read()
    assert len(server.called("deleteWebhook")) == 1


def test_telegram_is_waited_for_as_long_as_it_asks(server: Server, read: Read) -> None:
    server.answer("getUpdates", refused("Too Many Requests: retry after 1", 429, retry_after=1), [update(7)])
    started = time.monotonic()
    read()
    assert 1 <= time.monotonic() - started < 5


@pytest.mark.parametrize(
    "answer",
    [CUT, Says(502, b"<html>", "text/html"), Says(200, b'{"ok": true, "resu'), refused("Internal", 500), Says(200, [])],
    ids=str,
)
def test_what_nobody_can_read_ends_the_reading_in_words(server: Server, read: Read, answer: Any) -> None:
    server.answer("getUpdates", answer)
    with capture_logs() as logs, pytest.raises(Unavailable) as caught:
        read(1, "7")
    assert TOKEN not in str(caught.value)
    assert [log["event"] for log in logs] == ["telegram.not_read"]
    assert TOKEN not in str(logs)


def test_a_revoked_token_stops_the_channel(server: Server, read: Read) -> None:
    server.answer("getUpdates", [update(7)], refused("Unauthorized", 401))
    with pytest.raises(Denied, match="@BotFather"):
        read(2, "7")


def test_who_is_stopped_in_mid_question_leaves_nothing_open(server: Server, loop: LoopThread) -> None:
    bot = server.bot()
    server.answer("getUpdates", "hang")

    async def some() -> None:
        source = bot.receive("7")
        task = asyncio.ensure_future(anext(source))
        while not server.called("getUpdates"):  # noqa: ASYNC110 - another thread is called
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(StopAsyncIteration):
            await anext(source)

    # An open session would complain when it is collected, and warnings are errors.
    loop.run(some(), TIMEOUT)


# ---- webhook ----


def test_the_webhook_is_set_with_its_secret_and_nothing_dropped(server: Server, loop: LoopThread) -> None:
    watch(server, loop, lambda: server.called("setWebhook"))
    assert server.called("setWebhook")[0] == {
        "url": HOOK,
        "secret_token": SECRET,
        "allowed_updates": list(ALLOWED_UPDATES),
        "drop_pending_updates": False,
    }
    assert not server.called("getUpdates")


def test_a_webhook_that_stands_is_told_its_secret_once(server: Server, loop: LoopThread) -> None:
    info = {"url": HOOK, "allowed_updates": list(ALLOWED_UPDATES)}
    server.answer("getWebhookInfo", *[info] * 20)
    watch(server, loop, lambda: len(server.called("getWebhookInfo")) > 3)
    assert len(server.called("setWebhook")) == 1


@pytest.mark.parametrize("now", [{"url": ""}, {"url": "https://elsewhere.example.org/"}, {"url": HOOK}])
def test_a_webhook_that_was_changed_is_set_again(server: Server, loop: LoopThread, now: dict[str, Any]) -> None:
    info = {"url": HOOK, "allowed_updates": list(ALLOWED_UPDATES)}
    server.answer("getWebhookInfo", info, info, now, *[info] * 20)
    watch(server, loop, lambda: len(server.called("getWebhookInfo")) > 5)
    assert len(server.called("setWebhook")) == 2


def test_what_telegram_complains_of_is_logged_once(server: Server, loop: LoopThread) -> None:
    info = {"url": HOOK, "last_error_date": 1764072000, "last_error_message": "Wrong response: 500"}
    server.answer("getWebhookInfo", *[info] * 20)
    logs = watch(server, loop, lambda: len(server.called("getWebhookInfo")) > 4)
    assert [log["says"] for log in logs if log["event"] == "telegram.webhook_fails"] == ["Wrong response: 500"]
    assert SECRET not in str(logs)


@pytest.mark.parametrize("answer", [refused("Bad Request: bad webhook: HTTPS url must be provided"), CUT], ids=str)
def test_a_webhook_that_cannot_be_set_is_tried_again(server: Server, loop: LoopThread, answer: Any) -> None:
    server.answer("setWebhook", answer)
    logs = watch(server, loop, lambda: len(server.called("setWebhook")) > 1)
    assert [log["event"] for log in logs][:1] == ["telegram.webhook_not_kept"]


def test_without_an_address_of_its_own_it_only_looks(server: Server, loop: LoopThread) -> None:
    logs = watch(server, loop, lambda: len(server.called("getWebhookInfo")) > 1, webhook_url="")
    assert {call.method for call in server.calls} == {"getWebhookInfo"}
    assert logs[0]["event"] == "telegram.no_webhook"


def test_a_revoked_token_stops_the_watch(server: Server, loop: LoopThread) -> None:
    server.answer("getWebhookInfo", refused("Unauthorized", 401))
    with pytest.raises(Denied):
        watch(server, loop, lambda: False)
