"""The fake VK gives out its events as VK does, by Long Poll and by Callback API."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.fakes import vk_events
from tests.fakes.telegram_client import until
from tests.fakes.vk import FakeVk
from tests.fakes.vk_client import ANNA, VkClient

Json = dict[str, Any]
BORIS = 1002


# ---- Long Poll ----


def test_asking_confirms_nothing_and_the_same_ts_gives_the_same_again(vk: FakeVk, client: VkClient) -> None:
    server = client.server()
    vk.says(ANNA, "one")
    first = client.listen(server)
    vk.says(ANNA, "two")
    assert [each["object"]["message"]["text"] for each in client.listen(server)["updates"]] == ["one", "two"]
    later = client.listen(server, first["ts"])["updates"]
    assert [each["object"]["message"]["text"] for each in later] == ["two"]
    assert {"group_id", "type", "event_id", "v", "object"} == set(later[0])


def test_who_waits_is_told_as_soon_as_something_happens(vk: FakeVk, client: VkClient) -> None:
    server, began = client.server(), time.monotonic()
    threading.Timer(0.2, vk.says, (ANNA, "now")).start()
    assert len(client.listen(server, wait=5)["updates"]) == 1
    assert 0.15 < time.monotonic() - began < 3


def test_a_wait_without_events_ends_with_the_same_ts(vk: FakeVk, client: VkClient) -> None:
    server, began = client.server(), time.monotonic()
    assert client.listen(server, wait=0.3) == {"ts": server["ts"], "updates": []}
    assert time.monotonic() - began >= 0.3


def test_a_ts_that_is_too_old_fails_with_the_one_of_now(vk: FakeVk, client: VkClient) -> None:
    server = client.server()
    vk.tune(history=3)
    for number in range(5):
        vk.says(ANNA, str(number))
    now = int(server["ts"]) + 5
    assert client.listen(server) == {"failed": 1, "ts": now}
    assert len(client.listen(server, str(now - 3))["updates"]) == 3
    assert client.listen(server, str(now + 1)) == {"failed": 1, "ts": now}
    vk.forget()
    assert client.listen(server, str(now - 3)) == {"failed": 1, "ts": now}


def test_an_expired_key_fails_and_a_new_one_reads_on_from_the_old_ts(vk: FakeVk, client: VkClient) -> None:
    server = client.server()
    vk.says(ANNA, "one")
    vk.expire_keys()
    assert client.listen(server) == {"failed": 2}
    assert client.listen({**server, "key": "wrong"}) == {"failed": 2}
    assert len(client.listen(client.server(), server["ts"])["updates"]) == 1


def test_lost_information_needs_a_new_key_and_a_new_ts(vk: FakeVk, client: VkClient) -> None:
    server = client.server()
    vk.says(ANNA, "lost")
    vk.lose_info()
    assert client.listen(server) == {"failed": 3}
    fresh = client.server()
    assert client.listen(fresh, server["ts"])["failed"] == 1
    vk.says(ANNA, "had")
    assert [each["object"]["message"]["text"] for each in client.listen(fresh)["updates"]] == ["had"]


def test_a_wrong_version_of_long_poll_is_said_on_demand(vk: FakeVk, client: VkClient) -> None:
    told = {"failed": 4, "min_version": 0, "max_version": 3}
    vk.fault("failed", "a_check", answer=told)
    server = client.server()
    assert client.listen(server) == told
    assert "updates" in client.listen(server)


def test_a_community_of_others_or_one_without_long_poll_is_refused(vk: FakeVk, client: VkClient) -> None:
    assert client.code("groups.getLongPollServer", group_id=1) == 15
    vk.tune(long_poll_enabled=False)
    assert client.code("groups.getLongPollServer", group_id=vk.group_id) == 100
    assert client.call("groups.getLongPollSettings", group_id=vk.group_id)["response"]["is_enabled"] is False


def test_shaken_events_come_twice_and_late_but_all_of_them(vk: FakeVk, client: VkClient) -> None:
    server = client.server()
    vk.shake(duplicates=0.3, swaps=0.3, seed=3)
    for number in range(40):
        vk.says(ANNA, str(number))
    vk.shake()
    texts = [each["object"]["message"]["text"] for each in client.listen(server)["updates"]]
    assert set(texts) == set(map(str, range(40)))
    assert len(texts) > 40
    once = list(dict.fromkeys(texts))
    assert once != sorted(once, key=int)


def test_an_event_can_come_again_and_be_of_any_type(vk: FakeVk, client: VkClient) -> None:
    server = client.server()
    vk.emit_again(vk.emit("hologram_new", vk_events.unknown()))
    first, again = client.listen(server)["updates"]
    assert first == again
    assert first["type"] == "hologram_new"


# ---- Callback API ----


class Hook:
    """An address that says what it is told to, `ok` after that."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.got: list[tuple[Json, str | None]] = []
        self.headers: dict[str, str] = {}
        self.confirmation = b"c0ffee"
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _hook(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/vk"


def _hook(hook: Hook) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.got.append((body, self.headers["X-Retry-Counter"]))
            status, content = hook.answers.pop(0) if hook.answers else (200, b"ok")
            content = hook.confirmation if body["type"] == "confirmation" else content
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **hook.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()
    threading.Thread(target=found.server.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_an_event_is_posted_with_the_secret_until_the_answer_is_ok(vk: FakeVk, hook: Hook) -> None:
    hook.answers = [(503, b"busy"), (200, b"OK")]
    vk.call_back(hook.url, secret="s3", delays=(0.01, 0.01, 0.01))
    vk.says(ANNA, "Hello")
    assert vk.idle()
    assert [retry for _, retry in hook.got] == [None, "1", "2"]
    assert [each["status"] for each in vk.deliveries] == [503, 200, 200]
    bodies = [body for body, _ in hook.got]
    assert bodies[0] == bodies[2]
    assert bodies[0].keys() == {"group_id", "type", "event_id", "v", "object", "secret"}
    assert bodies[0]["secret"] == "s3"


def test_an_event_nobody_takes_is_given_up_and_holds_up_no_other(vk: FakeVk, hook: Hook) -> None:
    hook.answers = [(500, b"")]
    vk.call_back(hook.url, delays=())
    lost = vk.emit("group_join", vk_events.group_join())
    assert vk.idle()
    taken = vk.emit("group_join", vk_events.group_join(1002))
    assert vk.idle()
    assert [(each["event_id"], each["body"]) for each in vk.deliveries] == [
        (lost["event_id"], ""),
        (taken["event_id"], "ok"),
    ]


@pytest.mark.parametrize(("status", "waits"), [(503, True), (429, True), (410, True), (500, False)])
def test_an_address_may_say_when_to_come_again(vk: FakeVk, hook: Hook, status: int, waits: bool) -> None:
    hook.answers, hook.headers = [(status, b"busy")], {"Retry-After": "1"}
    vk.call_back(hook.url, delays=(0.01,))
    vk.says(ANNA, "Hello")
    assert vk.idle()
    refused, taken = vk.deliveries
    assert (taken["begun"] - refused["at"] >= 0.9) is waits


def test_an_answer_that_breaks_off_is_none(vk: FakeVk, hook: Hook) -> None:
    hook.answers, hook.headers = [(503, b"busy")], {"Content-Length": "100"}
    vk.call_back(hook.url, delays=(0.5,))
    vk.says(ANNA, "Hello")
    until(lambda: bool(vk.deliveries))
    hook.headers = {}
    assert vk.idle()
    assert [(each["status"], each["body"]) for each in vk.deliveries] == [(0, "IncompleteRead"), (200, "ok")]


def test_what_fails_comes_after_what_was_written_later_and_that_is_told(vk: FakeVk, hook: Hook) -> None:
    hook.answers = [(500, b"")]
    vk.call_back(hook.url, delays=(0.3,))
    vk.says(ANNA, "first")
    until(lambda: bool(vk.deliveries))
    vk.says(ANNA, "second")
    vk.says(BORIS, "of another")
    assert vk.idle()
    said = [body["object"]["message"]["text"] for body, _ in hook.got]
    assert said[0] == said[-1] == "first"
    assert {*said[1:-1]} == {"second", "of another"}
    assert [event["object"]["message"]["text"] for event in vk.late()] == ["first"]


def test_nothing_is_late_that_was_taken_before_the_next_was_written(vk: FakeVk, hook: Hook) -> None:
    vk.call_back(hook.url)
    for text in ("first", "second"):
        vk.says(ANNA, text)
        assert vk.idle()
    assert vk.late() == []


def test_the_address_must_know_the_confirmation_string(vk: FakeVk, hook: Hook) -> None:
    vk.call_back(hook.url, secret="s3", confirmation="c0ffee")
    assert vk.confirm()
    assert hook.got[0][0] == {"type": "confirmation", "group_id": vk.group_id, "secret": "s3"}
    hook.confirmation = b"ok"
    assert not vk.confirm()
