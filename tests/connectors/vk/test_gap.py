"""Where VK pushes: what came while nobody was there is read from the history, under the keys the push would have."""

import time
from collections.abc import Iterator

import pytest

from connectors.base import Denied
from connectors.vk import Vk, gap
from connectors.vk.gap import Place
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, Reader, connector, texts
from tests.fakes.vk import FakeVk

HOUR = 3600


@pytest.fixture
def pushed(vk: FakeVk, loop: LoopThread) -> Iterator[Vk]:
    """The connector where VK pushes."""
    made = connector(vk, mode="callback", secret="s")
    yield made
    loop.run(made.close(), 5)


def since(seconds: int) -> str:
    """The cursor of who was there until so many seconds ago."""
    return Place("", int(time.time()) - seconds).cursor()


def test_the_first_start_reads_no_history_and_asks_nothing(vk: FakeVk, pushed: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "long ago")
    reader = Reader(loop, pushed)
    batch = reader.batch()
    assert batch.raws == []
    assert reader.quiet()
    assert vk.requests.total() == 0


def test_a_start_brings_what_came_while_nobody_was_there(vk: FakeVk, pushed: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "before", date=int(time.time()) - 5 * HOUR)
    sent = [vk.says(ANNA, f"line {n}", date=int(time.time()) - HOUR + n) for n in range(3)]
    reader = Reader(loop, pushed, since(2 * HOUR))
    raws = reader.read(3)
    assert texts(pushed, raws) == ["line 0", "line 1", "line 2"]
    assert [raw.external_id for raw in raws] == [f"{ANNA}:{each['conversation_message_id']}" for each in sent]


def test_a_start_in_place_of_polling_goes_on_where_that_ended(vk: FakeVk, pushed: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "between", date=int(time.time()) - 60)
    reader = Reader(loop, pushed, Place("17", int(time.time()) - HOUR).cursor())
    assert texts(pushed, reader.read()) == ["between"]
    assert Place.read(reader.batch().cursor or "").ts == ""


def test_clocks_that_differ_lose_nothing(vk: FakeVk, pushed: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "while our clock was ahead", date=int(time.time()) - HOUR - 500)
    assert len(Reader(loop, pushed, since(HOUR)).read()) == 1


def test_signs_go_on_while_nothing_else_does(
    vk: FakeVk, pushed: Vk, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gap, "_SIGN", 0.05)
    reader = Reader(loop, pushed)
    times = [Place.read(reader.batch().cursor or "").at for _ in range(3)]
    assert times == sorted(times)
    assert abs(times[-1] - time.time()) < 5
    assert vk.requests.total() == 0


def test_a_crash_before_all_is_read_repeats_it(
    vk: FakeVk, pushed: Vk, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gap, "_BATCH", 2)
    for n in range(5):
        vk.says(ANNA, f"line {n}")
    first = Reader(loop, pushed, since(HOUR)).batch()
    assert (len(first.raws), first.cursor) == (2, None)


def test_a_revoked_key_is_told(vk: FakeVk, pushed: Vk, loop: LoopThread) -> None:
    vk.fault("error", "messages.getConversations", code=5)
    with pytest.raises(Denied):
        Reader(loop, pushed, since(HOUR)).batch()
