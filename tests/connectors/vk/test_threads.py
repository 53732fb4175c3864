"""VK's API in threads: a call that hangs costs itself alone."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from connectors.abilities import Signal
from connectors.base import Letter, Receipt
from connectors.vk import Vk, api
from connectors.vk.calls import Unclear
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, file, letter
from tests.fakes.vk import FakeVk

Post = Callable[[Letter], Receipt]


def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def post(channel: Vk, loop: LoopThread) -> Post:
    return lambda letter: loop.run(channel.send(letter), 30)


def typing(channel: Vk, loop: LoopThread) -> Future[None]:
    """A sign on its way."""
    return loop.submit(channel.signal(Signal("typing", str(ANNA), "")))


def test_a_call_that_hangs_ends_with_its_time_and_holds_up_no_other(
    vk: FakeVk, channel: Vk, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_TIMEOUT", (2.0, 2.0))
    vk.fault("hang", "messages.send", seconds=5)
    first = loop.submit(channel.send(letter("one", number=1)))
    until(lambda: vk.requests["messages.send"] == 1)
    started = time.monotonic()
    loop.run(channel.send(letter("two", number=2)), 5)
    assert time.monotonic() - started < 1.5
    with pytest.raises(Unclear, match="ReadTimeout"):
        first.result(5)


def test_a_call_that_was_given_up_harms_no_later_one(
    vk: FakeVk, channel: Vk, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_MOST_LETTERS", 3)
    vk.fault("hang", "messages.send", times=3, seconds=1)
    calls = [loop.submit(channel.send(letter(f"slow {number}", number=number))) for number in range(1, 4)]
    until(lambda: vk.requests["messages.send"] == len(calls))
    for call in calls:
        call.cancel()
    # All threads hang: this one never gets its turn.
    with pytest.raises(TimeoutError):
        loop.run(channel.send(letter("not made", number=99)), 0.05)
    loop.run(channel.send(letter("made", number=100)), 10)
    assert vk.effects("made") == 1
    assert vk.effects("not made") == 0


@pytest.mark.parametrize("method", ["messages.setActivity", "users.get"])
def test_signs_and_names_that_hang_hold_up_no_upload(
    vk: FakeVk, channel: Vk, loop: LoopThread, tmp_path: Path, method: str
) -> None:
    vk.fault("hang", method, times=2 * api._MOST_ASIDE, seconds=8)
    for _ in range(2 * api._MOST_ASIDE):
        if method == "users.get":
            loop.submit(channel.profiles([str(ANNA)]))
        else:
            typing(channel, loop)
    until(lambda: vk.requests[method] == api._MOST_ASIDE)
    loop.run(channel.send(letter("see", files=(file(tmp_path, "a.pdf", "application/pdf"),))), 6)
    assert vk.effects("see") == 1


def test_a_press_that_hangs_holds_up_no_letter_and_letters_hold_up_no_sign(
    vk: FakeVk, channel: Vk, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_MOST_ASIDE", 1)
    monkeypatch.setattr(api, "_MOST_LETTERS", 1)
    press = json.dumps({"event_id": "ab12", "user_id": ANNA, "peer_id": ANNA})
    vk.fault("hang", "messages.sendMessageEventAnswer", seconds=5)
    loop.submit(channel.signal(Signal("press", str(ANNA), press)))
    until(lambda: vk.requests["messages.sendMessageEventAnswer"] == 1)
    loop.run(channel.send(letter("hello")), 3)
    vk.fault("hang", "messages.send", seconds=20)
    loop.submit(channel.send(letter("slow", number=78)))
    # One after the other in their own line: the sign is behind the press, and not behind the letter.
    typing(channel, loop).result(8)


@pytest.mark.parametrize("method", ["messages.send", "wall.createComment", "docs.getMessagesUploadServer"])
def test_as_many_letters_as_deliver_sends_may_hang_and_the_next_one_goes(
    vk: FakeVk, channel: Vk, loop: LoopThread, tmp_path: Path, method: str
) -> None:
    senders = 8
    vk.fault("hang", method, times=senders, seconds=8)
    more: dict[str, dict[str, Any]] = {
        "messages.send": {},
        "wall.createComment": {"reply_to": "comment:wall:-240_33_5"},
        "docs.getMessagesUploadServer": {"files": (file(tmp_path, "a.pdf", "application/pdf"),)},
    }
    for n in range(1, senders + 1):
        loop.submit(channel.send(letter(f"slow {n}", number=n, **more[method])))
    until(lambda: vk.requests[method] == senders)
    asked = letter("the next", number=99)
    assert loop.run(channel.find(asked), 6) is None
    loop.run(channel.send(asked), 6)
    assert vk.effects("the next") == 1


def test_letters_of_several_calls_each_keep_to_what_vk_allows(
    vk: FakeVk, channel: Vk, loop: LoopThread, tmp_path: Path
) -> None:
    vk.tune(rate=1000)
    files = (file(tmp_path, "a.pdf", "application/pdf"),)
    started = time.monotonic()
    posts = [loop.submit(channel.send(letter(f"see {n}", number=n, files=files))) for n in range(1, 9)]
    for post in posts:
        post.result(20)
    assert len(vk.calls) == 3 * len(posts)
    assert time.monotonic() - started >= (len(vk.calls) - 1) / 20


def test_calls_one_after_the_other_need_no_more_threads(channel: Vk, post: Post, loop: LoopThread) -> None:
    for n in range(1, 8):
        post(letter("hello", number=n))
        typing(channel, loop).result(5)
    # One more of each kind where the next call came before the thread was free again.
    assert len([thread for thread in threading.enumerate() if thread.name == "vk"]) <= 4


def test_closing_waits_for_no_call_that_hangs(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.fault("hang", "messages.send", seconds=3)
    call = loop.submit(channel.send(letter("hello")))
    until(lambda: vk.requests["messages.send"] == 1)
    started = time.monotonic()
    loop.run(channel.close(), 5)
    assert time.monotonic() - started < 1.5
    with pytest.raises(Unclear):
        call.result(5)


def test_threads_end_with_the_connector(channel: Vk, post: Post, loop: LoopThread) -> None:
    post(letter("hello"))
    loop.run(channel.close(), 5)
    until(lambda: not any(thread.name == "vk" for thread in threading.enumerate()))


def test_a_process_may_end_while_a_call_hangs(vk: FakeVk) -> None:
    vk.fault("hang", "messages.send", seconds=20)
    program = (
        "import asyncio\nfrom connectors.vk.api import Api\n"
        f"api = Api({vk.token!r}, {vk.url!r})\n"
        f"asyncio.run(asyncio.wait_for(api.call('messages.send', peer_ids='{ANNA}', random_id=1, message='x'), 1))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=15, check=False)
    assert b"TimeoutError" in done.stderr


def test_a_process_that_only_parses_loads_no_library_of_vk() -> None:
    program = "import sys, connectors.vk\nassert not {'vk_api', 'requests', 'jconfig'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
