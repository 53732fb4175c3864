"""What a gap left out is read from the history: all of it, nothing older, page by page."""

import time
from collections.abc import Iterator

import pytest

from connectors.base import Denied, Rejected, Unavailable
from connectors.vk import Vk, backfill
from connectors.vk.calls import Unclear
from connectors.vk.fields import Json
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, CHAT
from tests.fakes.vk import FakeVk

NOW = int(time.time())


@pytest.fixture(autouse=True)
def _small_pages_and_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "_PAGE", 3)
    monkeypatch.setattr(backfill, "_PAUSES", (0.05, 0.2, 0.5))


@pytest.fixture
def vk() -> Iterator[FakeVk]:
    with FakeVk() as vk:
        vk.world.rate = 1000
        yield vk


def missed(channel: Vk, loop: LoopThread, since: int) -> list[list[Json]]:
    """All that was missed, by conversation."""
    return loop.run(_all(channel, since), 30)


async def _all(channel: Vk, since: int) -> list[list[Json]]:
    return [messages async for messages in backfill.missed(channel._api(), since)]


def said(messages: list[Json]) -> list[str]:
    return [message["text"] for message in messages]


def test_every_conversation_with_something_new_is_read(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    for person in range(8):
        vk.says(ANNA + person, f"from {person}", date=NOW - 100 + person)
    found = missed(channel, loop, NOW - 200)
    assert sorted(said(messages)[0] for messages in found) == [f"from {person}" for person in range(8)]
    assert len(found) == 8


def test_a_long_conversation_is_read_whole_and_oldest_first(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    for n in range(10):
        vk.says(ANNA, f"line {n}", date=NOW - 100 + n)
    (messages,) = missed(channel, loop, NOW - 200)
    assert said(messages) == [f"line {n}" for n in range(10)]


def test_nothing_older_than_the_gap_is_read(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    for n in range(20):
        vk.says(ANNA, f"old {n}", date=NOW - 10_000 + n)
        vk.says(ANNA + 1 + n, "quiet for long", date=NOW - 10_000)
    vk.says(ANNA, "new", date=NOW - 50)
    (messages,) = missed(channel, loop, NOW - 100)
    assert said(messages) == ["new"]
    assert vk.requests["messages.getHistory"] == 1
    assert vk.requests["messages.getConversations"] == 1


def test_clocks_that_differ_by_a_minute_lose_nothing(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "late", date=NOW - 60)
    assert [said(messages) for messages in missed(channel, loop, NOW)] == [["late"]]


def test_both_sides_and_conversations_of_several_are_read(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "in a chat", CHAT)
    vk.replies_by_hand(CHAT, "answer")
    (messages,) = missed(channel, loop, NOW - 10)
    assert said(messages) == ["in a chat", "answer"]


def test_a_throttled_call_is_made_again(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "hello")
    vk.fault("error", "messages.getHistory", code=6)
    assert [said(messages) for messages in missed(channel, loop, NOW - 10)] == [["hello"]]


@pytest.mark.parametrize("method", ["messages.getConversations", "messages.getHistory"])
@pytest.mark.parametrize("kind", ["error", "html", "cut", "before"])
def test_a_call_without_an_answer_is_made_again_alone(
    vk: FakeVk, channel: Vk, loop: LoopThread, method: str, kind: str
) -> None:
    for person in range(4):
        vk.says(ANNA + person, "hello", date=NOW - person)
    # The error is VK's own, 10.
    vk.fault(kind, method, times=2)  # type: ignore[arg-type]
    assert len(missed(channel, loop, NOW - 10)) == 4
    assert (vk.requests["messages.getConversations"], vk.requests["messages.getHistory"]) in {(4, 4), (2, 6)}


def test_a_vk_that_cannot_be_reached_for_a_moment_does_not_end_the_reading(
    vk: FakeVk, channel: Vk, loop: LoopThread
) -> None:
    vk.says(ANNA, "hello")
    vk.refuse()
    reading = loop.submit(_all(channel, NOW - 10))
    time.sleep(0.1)
    vk.accept()
    assert [said(messages) for messages in reading.result(10)] == [["hello"]]


def test_a_vk_that_does_not_answer_ends_the_reading(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.fault("html", "messages.getConversations", times=-1)
    with pytest.raises(Unclear):
        missed(channel, loop, NOW - 10)
    assert vk.requests["messages.getConversations"] == len(backfill._PAUSES) + 1


def test_a_call_that_is_put_off_for_long_ends_the_reading(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "hello")
    vk.fault("error", "messages.getHistory", code=29)
    with pytest.raises(Unavailable):
        missed(channel, loop, NOW - 10)


def test_a_conversation_vk_keeps_to_itself_holds_up_no_other(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    """As one the community was sent out of, and that is listed still."""
    for person in range(3):
        vk.says(ANNA + person, "hello", date=NOW - person)
    vk.fault("error", "messages.getHistory", code=917)
    assert len(missed(channel, loop, NOW - 10)) == 2


def test_what_vk_does_not_give_for_a_reason_nobody_knows_is_asked_for_again(
    vk: FakeVk, channel: Vk, loop: LoopThread
) -> None:
    vk.says(ANNA, "hello")
    vk.fault("error", "messages.getHistory", code=4242)
    with pytest.raises(Rejected):
        missed(channel, loop, NOW - 10)


def test_a_key_without_the_right_to_look_is_told(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.fault("error", "messages.getConversations", code=15)
    with pytest.raises(Denied, match="does not show the conversations"):
        missed(channel, loop, NOW - 10)
