"""The fake Telegram gives updates out as the real one does: by offsets to one reader, or to a webhook."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.fakes import telegram_updates as build
from tests.fakes.telegram import Telegram
from tests.fakes.telegram_client import PATIENCE, Json, call, later, numbers, refusal, texts, until


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram() as telegram:
        yield telegram


# ---- polling ----


def test_an_offset_confirms_and_forgets_what_lies_below(telegram: Telegram) -> None:
    first = telegram.says(5, "1")["update_id"]
    for text in ("2", "3"):
        telegram.says(5, text)
    assert texts(call(telegram, "getUpdates")) == ["1", "2", "3"]
    assert texts(call(telegram, "getUpdates", limit=2)) == ["1", "2"]
    assert texts(call(telegram, "getUpdates", offset=first + 1)) == ["2", "3"]
    # They do not come back.
    assert texts(call(telegram, "getUpdates", offset=first)) == ["2", "3"]
    assert numbers(call(telegram, "getUpdates", offset=first + 3)) == []
    assert telegram.pending == 0


def test_a_negative_offset_forgets_all_but_the_last(telegram: Telegram) -> None:
    for text in ("1", "2", "3"):
        telegram.says(5, text)
    assert texts(call(telegram, "getUpdates", offset=-1)) == ["3"]
    assert texts(call(telegram, "getUpdates")) == ["3"]


def test_an_offset_of_another_world_is_none(telegram: Telegram) -> None:
    first = telegram.says(5, "1")["update_id"]
    assert texts(call(telegram, "getUpdates", offset=first + 5000)) == ["1"]


def test_an_update_is_kept_for_a_day_only(telegram: Telegram) -> None:
    telegram.updates.lifetime = 0.1
    telegram.says(5, "old")
    telegram.updates.lifetime = 60
    telegram.says(5, "new")
    time.sleep(0.15)
    assert texts(call(telegram, "getUpdates")) == ["new"]


def test_at_most_a_hundred_come_at_once(telegram: Telegram) -> None:
    for at in range(120):
        telegram.says(5, str(at))
    assert len(call(telegram, "getUpdates", limit=1000).result) == 100


def test_a_long_poll_ends_when_there_is_something(telegram: Telegram) -> None:
    waiting = later(lambda: call(telegram, "getUpdates", timeout=20))
    until(lambda: telegram.requests["getUpdates"] == 1)
    time.sleep(0.1)
    assert not waiting.done()
    telegram.says(5, "late")
    assert texts(waiting.result(PATIENCE)) == ["late"]


def test_a_long_poll_ends_with_nothing_after_its_time(telegram: Telegram) -> None:
    begun = time.monotonic()
    assert call(telegram, "getUpdates", timeout=1).result == []
    assert 0.9 < time.monotonic() - begun < 5


def test_of_two_readers_the_first_is_sent_away(telegram: Telegram) -> None:
    first = later(lambda: call(telegram, "getUpdates", timeout=20))
    until(lambda: telegram.requests["getUpdates"] == 1)
    time.sleep(0.1)
    second = later(lambda: call(telegram, "getUpdates", timeout=20))
    assert refusal(first.result(PATIENCE)).startswith("Conflict: terminated by other getUpdates request")
    assert first.result().status == 409
    telegram.says(5, "hello")
    assert texts(second.result(PATIENCE)) == ["hello"]


def test_a_reader_that_is_answered_at_once_sends_nobody_away(telegram: Telegram) -> None:
    # As in Telegram's own server, Client::do_get_updates: the first one's place is taken by who begins to wait.
    first = later(lambda: call(telegram, "getUpdates", timeout=20))
    until(lambda: telegram.requests["getUpdates"] == 1)
    time.sleep(0.1)
    assert call(telegram, "getUpdates").result == []
    assert not first.done()
    telegram.says(5, "hello")
    assert texts(first.result(PATIENCE)) == ["hello"]


def test_types_that_are_not_asked_for_are_not_kept(telegram: Telegram) -> None:
    reaction = build.reaction(build.private(build.user()), 1, [build.heart()])
    telegram.emit("message_reaction", reaction)
    call(telegram, "getUpdates", allowed_updates=["message_reaction"])
    telegram.emit("message_reaction", reaction)
    telegram.says(5, "unwanted")
    # What is not said stays as it was.
    (update,) = call(telegram, "getUpdates").result
    assert "message_reaction" in update


def test_updates_come_twice_and_in_wrong_order_on_demand(telegram: Telegram) -> None:
    sent = [telegram.says(5, str(at))["update_id"] for at in range(60)]
    telegram.shake(duplicates=0.3, swaps=0.3, seed=1)
    got = numbers(call(telegram, "getUpdates"))
    assert sorted(set(got)) == sent
    assert len(got) > len(sent)
    assert got != sorted(got)
    telegram.shake()
    assert numbers(call(telegram, "getUpdates", offset=sent[-1] + 1)) == []
    update = telegram.says(5, "again")
    call(telegram, "getUpdates", offset=update["update_id"] + 1)
    telegram.emit_again(update)
    assert texts(call(telegram, "getUpdates", offset=update["update_id"] + 1)) == ["again"]


# ---- webhook ----


class Hook:
    """A place that updates are pushed to; answers what `answers` say, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[int, str | None]] = []
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def __enter__(self) -> "Hook":
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def _handler(hook: Hook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            update = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.got.append((update["update_id"], self.headers["X-Telegram-Bot-Api-Secret-Token"]))
            status, headers = hook.answers.popleft() if hook.answers else (200, {})
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


def test_a_webhook_gets_everything_in_order_with_the_secret(telegram: Telegram, hook: Hook) -> None:
    waited = telegram.says(5, "before")["update_id"]
    assert call(telegram, "setWebhook", url=hook.url, secret_token="s3").result is True
    later_ones = [telegram.says(5, str(at))["update_id"] for at in range(5)]
    until(lambda: telegram.pending == 0)
    assert hook.got == [(number, "s3") for number in [waited, *later_ones]]


def test_what_a_webhook_refuses_comes_again_before_the_rest_of_its_chat(telegram: Telegram, hook: Hook) -> None:
    hook.answers.extend([(503, {}), (500, {})])
    first, second = telegram.says(5, "1")["update_id"], telegram.says(5, "2")["update_id"]
    call(telegram, "setWebhook", url=hook.url)
    until(lambda: telegram.pending == 0)
    assert [number for number, _ in hook.got] == [first, first, first, second]
    assert [each["status"] for each in telegram.deliveries] == [503, 500, 200, 200]
    said = call(telegram, "getWebhookInfo").result["last_error_message"]
    assert said == "Wrong response from the webhook: 500 Internal Server Error"


def test_a_webhook_that_asks_to_wait_is_waited_for(telegram: Telegram, hook: Hook) -> None:
    hook.answers.append((503, {"Retry-After": "1"}))
    telegram.says(5, "1")
    call(telegram, "setWebhook", url=hook.url)
    until(lambda: telegram.pending == 0)
    refused, taken = telegram.deliveries
    assert taken["at"] - refused["at"] >= 1


def test_a_chat_that_waits_does_not_stop_another(telegram: Telegram, hook: Hook) -> None:
    hook.answers.append((503, {"Retry-After": "60"}))
    telegram.says(5, "1")
    call(telegram, "setWebhook", url=hook.url)
    until(lambda: len(hook.got) == 1)
    other = telegram.says(6, "2")["update_id"]
    until(lambda: hook.got[-1][0] == other)
    assert telegram.pending == 1


def test_a_webhook_may_get_an_update_twice(telegram: Telegram, hook: Hook) -> None:
    telegram.shake(duplicates=1)
    number = telegram.says(5, "1")["update_id"]
    call(telegram, "setWebhook", url=hook.url)
    until(lambda: len(hook.got) >= 2)
    assert {each for each, _ in hook.got} == {number}
    telegram.shake()


def test_what_waits_for_a_webhook_is_told_and_can_be_polled_later(telegram: Telegram) -> None:
    telegram.webhook.delays = (60.0,)
    assert call(telegram, "getWebhookInfo").result == {
        "url": "", "has_custom_certificate": False, "pending_update_count": 0,
    }  # fmt: skip
    call(telegram, "setWebhook", url="http://127.0.0.1:9/hook", allowed_updates=["message"])
    telegram.says(5, "hello")
    until(lambda: telegram.webhook.last_error is not None)
    info = call(telegram, "getWebhookInfo").result
    assert info["pending_update_count"] == 1
    assert info["last_error_message"] == "Connection refused"
    assert info["allowed_updates"] == ["message"]
    assert call(telegram, "getUpdates").status == 409
    assert call(telegram, "deleteWebhook").result is True
    assert texts(call(telegram, "getUpdates")) == ["hello"]


def test_a_webhook_may_drop_what_waits(telegram: Telegram) -> None:
    telegram.says(5, "hello")
    call(telegram, "deleteWebhook", drop_pending_updates=True)
    assert telegram.pending == 0


def test_a_webhook_ends_a_long_poll(telegram: Telegram, hook: Hook) -> None:
    reader = later(lambda: call(telegram, "getUpdates", timeout=20))
    until(lambda: telegram.requests["getUpdates"] == 1)
    time.sleep(0.1)
    call(telegram, "setWebhook", url=hook.url)
    assert reader.result(PATIENCE).status == 409


@pytest.mark.parametrize("fields", [{"url": "http://example.org/"}, {"url": "https://a.org/", "secret_token": "a b"}])
def test_a_webhook_that_telegram_would_not_take_is_refused(telegram: Telegram, fields: Json) -> None:
    assert call(telegram, "setWebhook", **fields).status == 400
