"""Bots Long Poll: every event once and in order, whatever VK forgets or breaks."""

import json
import time

import pytest

from connectors.base import Denied, Message, Unavailable
from connectors.vk import Vk, cropped, longpoll
from connectors.vk import gap as gap_module
from connectors.vk.fields import Json
from connectors.vk.gap import Place
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, CHAT, Reader, texts
from tests.fakes.vk import FakeVk
from tests.fakes.vk_events import doc, photo


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(longpoll, "_PAUSES", (0.02, 0.02, 0.02))


@pytest.fixture
def reader(channel: Vk, loop: LoopThread) -> Reader:
    """A reader that has its first cursor."""
    reader = Reader(loop, channel)
    reader.batch()
    return reader


def test_the_first_start_keeps_its_place_at_once_and_reads_no_history(
    vk: FakeVk, channel: Vk, loop: LoopThread
) -> None:
    vk.says(ANNA, "long ago")
    reader = Reader(loop, channel)
    batch = reader.batch()
    assert batch.raws == []
    assert batch.cursor is not None
    assert abs(Place.read(batch.cursor).at - time.time()) < 5
    vk.says(ANNA, "now")
    assert texts(channel, reader.read()) == ["now"]


def test_events_come_in_order_with_the_place_they_lead_to(vk: FakeVk, reader: Reader) -> None:
    sent = [vk.says(ANNA, f"line {n}") for n in range(5)]
    raws = reader.read(5)
    assert texts(reader.connector, raws) == [f"line {n}" for n in range(5)]
    assert [raw.external_id for raw in raws] == [f"{ANNA}:{each['conversation_message_id']}" for each in sent]
    assert reader.cursor is not None
    assert Place.read(reader.cursor).at == sent[-1]["date"]
    assert {raw.address_hint for raw in raws} == {str(ANNA)}


def test_a_restart_reads_on_from_the_stored_place(vk: FakeVk, reader: Reader, loop: LoopThread) -> None:
    vk.says(ANNA, "before")
    reader.read()
    vk.says(ANNA, "meanwhile")
    again = Reader(loop, reader.connector, reader.cursor)
    vk.says(ANNA, "after")
    assert texts(reader.connector, again.read(2)) == ["meanwhile", "after"]
    assert vk.requests["messages.getConversations"] == 0


def test_what_was_not_stored_comes_again(vk: FakeVk, reader: Reader, loop: LoopThread) -> None:
    stored = reader.cursor
    vk.says(ANNA, "lost in a crash")
    first = reader.read()
    assert Reader(loop, reader.connector, stored).read() == first


def test_a_poll_without_events_stores_nothing(vk: FakeVk, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(longpoll, "_WAIT", 0)
    assert reader.quiet()
    assert vk.requests["a_check"] > 1


def test_an_expired_key_loses_nothing(vk: FakeVk, reader: Reader) -> None:
    vk.says(ANNA, "one")
    vk.expire_keys()
    vk.says(ANNA, "two")
    assert texts(reader.connector, reader.read(2)) == ["one", "two"]
    assert vk.requests["messages.getConversations"] == 0


@pytest.mark.parametrize("gap", ["forget", "lose_info"])
def test_what_vk_forgot_is_read_from_the_history_under_the_same_keys(vk: FakeVk, reader: Reader, gap: str) -> None:
    sent = [vk.says(ANNA, "one"), vk.replies_by_hand(ANNA, "answer"), vk.says(ANNA + 1, "two")]
    getattr(vk, gap)()
    vk.says(ANNA, "three")
    raws = reader.read(4)
    reader.batch()
    keys = {raw.external_id for raw in reader.raws}
    assert {f"{each['peer_id']}:{each['conversation_message_id']}" for each in sent} < keys
    assert len(keys) == 4
    assert sorted(texts(reader.connector, raws)) == ["answer", "one", "three", "two"]
    anna = [raw for raw in raws if raw.address_hint == str(ANNA)]
    assert texts(reader.connector, anna) == ["one", "answer", "three"]
    vk.says(ANNA, "four")
    assert texts(reader.connector, reader.read())[-1] == "four"


def test_the_place_moves_only_when_the_whole_gap_is_stored(
    vk: FakeVk, reader: Reader, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gap_module, "_BATCH", 2)
    before = reader.cursor
    for n in range(5):
        vk.says(ANNA, f"line {n}")
    vk.lose_info()
    first = reader.batch()
    assert len(first.raws) == 2
    assert first.cursor is None
    # A crash here, and the whole is read again.
    again = Reader(loop, reader.connector, before)
    assert texts(reader.connector, again.read(5)) == [f"line {n}" for n in range(5)]
    last = again.batch()
    assert last.raws == []
    assert last.cursor is not None


def test_a_cursor_of_another_server_is_a_gap(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "hello")
    reader = Reader(loop, channel, Place("999999999", int(time.time()) - 60).cursor())
    assert texts(channel, reader.read()) == ["hello"]


def test_a_cursor_of_the_time_of_callbacks_is_a_gap(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.says(ANNA, "hello")
    reader = Reader(loop, channel, Place("", int(time.time()) - 60).cursor())
    assert texts(channel, reader.read()) == ["hello"]
    vk.says(ANNA, "now by events")
    assert texts(channel, reader.read()) == ["now by events"]


def test_a_time_to_come_does_not_hide_a_gap(vk: FakeVk, reader: Reader) -> None:
    vk.says(ANNA, "from the future", date=int(time.time()) + 10**6)
    reader.read()
    assert reader.cursor is not None
    assert Place.read(reader.cursor).at <= time.time()


def test_a_protocol_vk_gave_up_stops_the_channel(vk: FakeVk, reader: Reader) -> None:
    vk.fault("failed", "a_check", answer={"failed": 4, "min_version": 4, "max_version": 5})
    vk.expire_keys()
    with pytest.raises(Denied, match="update Okno"):
        reader.batch()


def test_events_that_are_none_harm_no_others(vk: FakeVk, reader: Reader) -> None:
    good = {"type": "message_deny", "group_id": vk.group_id, "event_id": "e1", "object": {"user_id": ANNA}}
    odd = [5, None, "word", {}, {"type": "group_join"}, {"type": 7, "object": []}, [good], {"object": {"message": 4}}]
    vk.fault("failed", "a_check", answer={"ts": "1000", "updates": [*odd, good]})
    vk.expire_keys()
    raws = reader.read(len(odd) + 1)
    assert len({raw.external_id for raw in raws}) == len(raws)
    assert texts(reader.connector, raws[-1:]) == ["Reach"]
    for raw in raws[:3]:
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it likes to raise
            reader.connector.parse(raw)


def test_what_vk_crops_is_asked_for_and_stored_whole(vk: FakeVk, reader: Reader) -> None:
    vk.tune(crop=(10, 1))
    sent = vk.says(ANNA, "one long text", attachments=[photo(), doc("a.pdf")], ref="shop")
    vk.says(ANNA, "short")
    vk.says(ANNA, "another long text", CHAT)
    vk.replies_by_hand(ANNA, "a long answer")
    vk.edits(ANNA, sent["conversation_message_id"], "one long text, edited")
    # One poll gives them all.
    vk.expire_keys()
    raws = reader.read(5)
    long = "one long text, edited"
    assert texts(reader.connector, raws) == [long, "short", "another long text", "a long answer", long]
    (first,) = reader.connector.parse(raws[0])
    assert isinstance(first, Message)
    assert len(first.files) == 2
    assert first.sender.profile is not None
    assert first.sender.profile["start"] == "shop"
    assert raws[0].external_id == f"{ANNA}:{sent['conversation_message_id']}"
    assert vk.requests["messages.getByConversationMessageId"] == 2, "one call a conversation"


@pytest.mark.parametrize("code", [1, 6, 100, 5])
def test_what_vk_crops_and_does_not_give_is_stored_all_the_same_and_says_so(
    vk: FakeVk, reader: Reader, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(cropped, "_PATIENCE", 0.3)
    vk.fault("error", "messages.getByConversationMessageId", times=-1, code=code)
    vk.tune(crop=(10, 1))
    vk.says(ANNA, "one long text")
    vk.says(ANNA, "another long text", CHAT)
    page = f"https://vk.com/gim{vk.group_id}?sel="
    assert texts(reader.connector, reader.read(2)) == [
        f"one long t\n[Сообщение сокращено ВКонтакте, целиком: {page}{ANNA}]",
        f"another lo\n[Сообщение сокращено ВКонтакте, целиком: {page}c4]",
    ]


def test_a_call_for_what_is_cropped_is_made_again(vk: FakeVk, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cropped, "_AGAIN", 0.05)
    vk.fault("before", "messages.getByConversationMessageId", times=2)
    vk.tune(crop=(10, 1))
    vk.says(ANNA, "one long text")
    assert texts(reader.connector, reader.read()) == ["one long text"]


def test_what_was_cropped_and_is_gone_by_now_is_kept_as_it_came(vk: FakeVk, reader: Reader) -> None:
    vk.tune(crop=(10, 1))
    vk.says(ANNA, "one long text")
    vk.world.conversations.clear()
    assert texts(reader.connector, reader.read())[0].startswith("one long t\n[Сообщение сокращено ВКонтакте")


@pytest.mark.parametrize("kind", ["before", "html", "unsent", "cut"])
def test_a_broken_poll_is_made_again(vk: FakeVk, reader: Reader, kind: str) -> None:
    vk.fault(kind, "a_check", times=2)  # type: ignore[arg-type]
    vk.expire_keys()
    vk.says(ANNA, "hello")
    assert texts(reader.connector, reader.read()) == ["hello"]


@pytest.mark.parametrize(
    "answer", [{"odd": 1}, [1], {"failed": 9}, {"failed": 1}, {"ts": 5, "updates": {}}, {"updates": []}]
)
def test_an_answer_that_is_none_is_no_end_and_no_tight_loop(vk: FakeVk, reader: Reader, answer: object) -> None:
    vk.fault("failed", "a_check", times=-1, answer=answer)
    vk.expire_keys()
    with pytest.raises(Unavailable):
        reader.batch()
    assert vk.requests["a_check"] <= 4


@pytest.mark.parametrize("answer", [{"failed": 1, "ts": "1000"}, {"failed": 2}, {"failed": 3}])
def test_failures_without_end_are_no_tight_loop(vk: FakeVk, reader: Reader, answer: Json) -> None:
    vk.fault("failed", "a_check", times=-1, answer=answer)
    vk.expire_keys()
    asked = vk.requests.total()
    with pytest.raises(Unavailable, match="refuses every poll"):
        reader.read()
    assert vk.requests["a_check"] <= 6, "the one that waited, the first failure, one more after each pause"
    assert vk.requests.total() - asked <= 15


def test_failures_with_a_good_poll_between_are_none_in_a_row(vk: FakeVk, reader: Reader) -> None:
    for n in range(2 * len(longpoll._PAUSES)):
        vk.fault("failed", "a_check", times=2, answer={"failed": 2})
        vk.expire_keys()
        vk.says(ANNA, f"line {n}")
        assert texts(reader.connector, reader.read()) == [f"line {n}"]


def test_a_receiver_comes_back_when_vk_does(vk: FakeVk, reader: Reader, loop: LoopThread) -> None:
    vk.says(ANNA, "one")
    reader.read()
    vk.refuse()
    with pytest.raises(Unavailable):
        reader.batch()
    with pytest.raises(Unavailable):
        Reader(loop, reader.connector, reader.cursor).batch()
    vk.accept()
    vk.says(ANNA, "two")
    assert texts(reader.connector, Reader(loop, reader.connector, reader.cursor).read()) == ["two"]


def test_long_poll_switched_off_says_how_to_switch_it_on(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.world.long_poll_enabled = False
    with pytest.raises(Denied, match="switch Long Poll API on"):
        Reader(loop, channel).batch()


@pytest.mark.parametrize("code", [5, 27])
def test_a_revoked_key_stops_the_channel(vk: FakeVk, channel: Vk, loop: LoopThread, code: int) -> None:
    vk.revoke(code)
    with pytest.raises(Denied, match="make a new key") as caught:
        Reader(loop, channel).batch()
    assert vk.token not in str(caught.value)


def test_a_reader_that_is_told_to_stop_stops_in_the_middle_of_a_poll(reader: Reader) -> None:
    started = time.monotonic()
    assert reader.quiet(0.2)
    assert time.monotonic() - started < 2


def test_the_cursor_is_readable_json() -> None:
    assert json.loads(Place("5", 7).cursor()) == {"ts": "5", "at": 7}
