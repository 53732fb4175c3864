"""Which of Telegram's updates become what: who wrote where, in answer to what, and all that is no message."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import Deletion, Message, Move, Raw, Reach, Reaction, Sender
from connectors.telegram.updates import ALLOWED_UPDATES, UnknownUpdate, parse_update, raw_of
from tests.connectors.telegram.samples import (
    ANNA,
    AT,
    BOT,
    CHANNEL,
    DATE,
    GROUP,
    OWNER,
    PRIVATE,
    edit,
    envelopes,
    message,
    sample,
)

BUSINESS = {"business_connection_id": "AbC"}


def raw(**fields: Any) -> Raw:
    """The raw of an update with these fields."""
    return raw_of(BOT, json.dumps({"update_id": 41, **fields}).encode(), AT)


# ---- raws ----


def test_a_raw_is_the_update_as_it_came() -> None:
    body = json.dumps({"update_id": 41, "message": sample(text="\ud800")}).encode()
    assert raw_of(BOT, body) == Raw("700:41", "5", body)


@pytest.mark.parametrize(
    ("fields", "lane"),
    [
        ({"message": sample(chat=GROUP, is_topic_message=True, message_thread_id=7)}, "-1001"),
        ({"business_message": sample(**BUSINESS)}, "b:AbC:5"),
        ({"message_reaction": {"chat": GROUP, "user": ANNA}}, "-1001"),
        ({"callback_query": {"from": ANNA, "message": {"chat": GROUP}}}, "-1001"),
        ({"callback_query": {"from": ANNA, "message": sample(**BUSINESS)}}, "b:AbC:5"),
        ({"callback_query": {"from": ANNA, "inline_message_id": "x"}}, "5"),
        ({"poll_answer": {"user": ANNA}}, "5"),
        ({"hologram": {"chat": GROUP}}, "-1001"),
        ({"hologram": 5}, "700:41"),
        ({"message": {"chat": {"id": "5\x00"}}}, "700:41"),
        ({"message": {"chat": 5}}, "700:41"),
        ({"business_message": sample(business_connection_id="\x00")}, "700:41"),
    ],
)
def test_a_chat_is_one_lane(fields: dict[str, Any], lane: str) -> None:
    assert raw(**fields).address_hint == lane


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"{}", b'{"update_id": "1"}', b'{"update_id": true}', b"\xff{"])
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each in its own words
        raw_of(BOT, body)


def test_an_update_no_code_knows_is_parked_by_its_name() -> None:
    with pytest.raises(UnknownUpdate, match="hologram"):
        parse_update(raw(hologram={"id": 1}))
    with pytest.raises(UnknownUpdate):
        parse_update(raw())


@pytest.mark.parametrize(
    "kind", ["poll", "poll_answer", "chat_member", "inline_query", "message_reaction_count", "business_connection"]
)
def test_what_is_no_part_of_a_dialog_becomes_nothing(kind: str) -> None:
    assert envelopes(kind, {"id": "1"}) == []
    assert kind not in ALLOWED_UPDATES


# ---- who and where ----


def test_a_person_is_the_client_of_a_private_chat() -> None:
    found = message(text="hello")
    assert (found.external_id, found.source_key, found.sent_at) == ("700:5:17", "0" * 18 + "17", AT)
    assert found.sender == Sender("5", "Анна Иванова", profile={"username": "anna", "language": "ru"})
    assert (found.author, found.direction, found.reply_to) == ("", "in", None)


@pytest.mark.parametrize(
    ("chat", "name"),
    [
        ({"first_name": "Анна\u202e", "last_name": ""}, "Анна"),
        ({"username": "anna"}, "anna"),
        ({}, ""),
    ],
)
def test_names(chat: dict[str, Any], name: str) -> None:
    assert message(text="x", chat={"id": 5, "type": "private", **chat}).sender.name == name


def test_a_group_is_one_client_and_its_people_are_authors() -> None:
    found = message(text="hello", chat=GROUP)
    assert (found.sender, found.author) == (Sender("-1001", "Дом 7"), "Анна Иванова")
    assert found.external_id == "700:-1001:17"


def test_who_writes_for_a_chat_is_that_chat() -> None:
    assert message(text="x", chat=GROUP, sender_chat=CHANNEL, author_signature="Ольга").author == "Новости, Ольга"
    assert message(text="x", chat=GROUP, sender_chat=GROUP, author_signature="Ольга").author == "Ольга"


def test_a_channel_is_a_client_too() -> None:
    found = message("channel_post", text="news", chat=CHANNEL, sender_chat=CHANNEL, **{"from": None})
    assert (found.sender, found.author) == (Sender("-1002", "Новости"), "Новости")
    assert edit("edited_channel_post", text="news", chat=CHANNEL).external_id == "700:-1002:17"


def test_a_topic_has_an_address_of_its_own() -> None:
    topic = {"chat": GROUP, "is_topic_message": True, "message_thread_id": 7}
    root = {"message_id": 7, "chat": GROUP, "forum_topic_created": {"name": "Оплата"}}
    found = message(text="x", reply_to_message=root, **topic)
    assert found.sender == Sender("-1001/7", "Дом 7", profile={"topic": "Оплата"})
    assert found.reply_to is None
    assert message(text="x", reply_to_message={"message_id": 8}, **topic).reply_to == "700:-1001:8"
    assert message(text="x", chat=GROUP, message_thread_id=7).sender.address == "-1001"


@pytest.mark.parametrize(
    ("text", "start"),
    [("/start promo_7", "promo_7"), ("/start@okno_bot promo_7", "promo_7"), ("/start", None), ("/started x", None)],
)
def test_the_link_a_client_came_by(text: str, start: str | None) -> None:
    found = message(text=text)
    assert found.text == text
    assert (found.sender.profile or {}).get("start") == start


def test_what_has_no_number_of_its_own_is_known_by_its_update() -> None:
    assert message(text="x", message_id=0).external_id == "700:update:1"


# ---- in answer to what, from where ----


def test_replies_and_quotes() -> None:
    found = message(text="yes", reply_to_message={"message_id": 12, "chat": PRIVATE}, quote={"text": "sure?"})
    assert (found.reply_to, found.data) == ("700:5:12", {"quote": "sure?"})


def test_replies_to_what_stands_elsewhere() -> None:
    outside: dict[str, Any] = {"origin": {"type": "channel", "chat": CHANNEL}, "chat": CHANNEL, "message_id": 3}
    assert message(text="x", external_reply=outside, quote={"text": "q"}).data == {"quote": "Новости: q"}
    photo = {**outside, "photo": [{"file_id": "F"}]}
    assert message(text="x", external_reply=photo).data == {"quote": "Новости: [Фото]"}
    story = {"chat": CHANNEL, "id": 3}
    assert message(text="x", reply_to_story=story).data == {"quote": "[История: Новости]"}


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "user", "sender_user": OWNER}, "Хозяин"),
        ({"type": "hidden_user", "sender_user_name": "Кто-то"}, "Кто-то"),
        ({"type": "chat", "sender_chat": GROUP, "author_signature": "Ольга"}, "Дом 7, Ольга"),
        ({"type": "channel", "chat": CHANNEL, "message_id": 3}, "Новости"),
        ({"type": "hologram", "date": DATE}, "[Источник вида «hologram»]"),
    ],
)
def test_what_is_passed_on_keeps_its_origin(origin: dict[str, Any], name: str) -> None:
    found = message(text="x", forward_origin=origin)
    assert found.data == {"forwarded_from": name}
    assert found.sender.address == "5"


# ---- business accounts ----


def test_a_customer_of_a_business_account_is_a_client() -> None:
    found = message("business_message", text="hello", **BUSINESS)
    assert (found.external_id, found.direction) == ("700:b:AbC:5:17", "in")
    assert (found.sender.address, found.sender.name) == ("b:AbC:5", "Анна Иванова")
    assert message("business_message", text="x", reply_to_message={"message_id": 3}, **BUSINESS).reply_to == (
        "700:b:AbC:5:3"
    )


def test_what_the_owner_of_a_business_account_writes_is_ours() -> None:
    owner = {"from": OWNER, **BUSINESS}
    found = message("business_message", text="hello", contact={"user_id": 9, "phone_number": "79990001122"}, **owner)
    assert found.direction == "out"
    assert (found.sender.name, found.sender.profile) == ("Анна Иванова", {"username": "anna"})
    assert edit("edited_business_message", text="x", **owner).sender is None
    assert edit("edited_business_message", text="x", **BUSINESS).sender is not None


def test_our_own_letters_do_not_come_back() -> None:
    fields = {"from": OWNER, "sender_business_bot": {"id": 700}, **BUSINESS}
    assert envelopes("business_message", sample(text="x", **fields)) == []
    other = {"from": OWNER, "sender_business_bot": {"id": 701}, **BUSINESS}
    assert message("business_message", text="x", **other).direction == "out"


def test_each_deleted_message_of_a_business_account_is_a_deletion() -> None:
    found = envelopes("deleted_business_messages", {"chat": PRIVATE, "message_ids": [17, 18], **BUSINESS}, AT)
    sender = Sender("b:AbC:5", "Анна Иванова")
    assert found == [Deletion(f"700:b:AbC:5:{item}", AT, sender=sender) for item in (17, 18)]


# ---- no messages ----


@pytest.mark.parametrize(
    ("reactions", "emoji"),
    [
        ([{"type": "emoji", "emoji": "👍"}], "👍"),
        ([{"type": "emoji", "emoji": "👍"}, {"type": "paid"}], "👍 ⭐"),
        ([{"type": "custom_emoji", "custom_emoji_id": "1"}], "[эмодзи]"),
        ([{"type": "hologram"}], "[эмодзи]"),
        ([], ""),
    ],
)
def test_reactions(reactions: list[dict[str, Any]], emoji: str) -> None:
    told = {"chat": PRIVATE, "message_id": 3, "date": DATE, "old_reaction": [], "new_reaction": reactions}
    assert envelopes("message_reaction", {**told, "user": ANNA}) == [Reaction("700:5:3", "5", emoji)]
    in_group = {**told, "chat": GROUP, "actor_chat": CHANNEL}
    assert envelopes("message_reaction", in_group) == [Reaction("700:-1001:3", "-1002", emoji)]


@pytest.mark.parametrize(("status", "reachable"), [("kicked", False), ("left", False), ("member", True)])
def test_who_blocks_the_bot_can_not_be_reached(status: str, reachable: bool) -> None:
    found = {"chat": PRIVATE, "from": ANNA, "date": DATE, "new_chat_member": {"status": status, "user": {"id": 700}}}
    (reach,) = envelopes("my_chat_member", found)
    assert isinstance(reach, Reach)
    assert (reach.sender.address, reach.reachable, reach.at) == ("5", reachable, AT)


def test_a_group_that_becomes_a_supergroup_moves() -> None:
    old = {"id": -77, "type": "group", "title": "Дом 7"}
    assert envelopes("message", sample(chat=old, migrate_to_chat_id=-1001)) == [Move("-77", "-1001")]
    assert envelopes("message", sample(chat=GROUP, migrate_from_chat_id=-77)) == [Move("-77", "-1001")]


# ---- presses ----

KEYBOARD = {
    "inline_keyboard": [[{"text": "Сайт", "url": "https://x"}], [{"text": "Хорошо", "callback_data": "rate:5"}]]
}


def press(**fields: Any) -> Message:
    """The message a pressed button becomes."""
    below = sample(text="Оцените нас", reply_markup=KEYBOARD, **{"from": {"id": 700}})
    found = {"id": "Q1", "from": ANNA, "chat_instance": "1", "message": below, "data": "rate:5", **fields}
    (said,) = envelopes("callback_query", found, AT + timedelta(minutes=5))
    assert isinstance(said, Message)
    return said


def test_a_pressed_button_says_what_stands_on_it() -> None:
    found = press()
    assert (found.external_id, found.text, found.press) == ("700:press:Q1", "Хорошо", "Q1")
    assert found.data == {"button": "rate:5", "message": "700:5:17"}
    assert found.sender == message(text="x").sender
    assert found.sent_at == AT + timedelta(minutes=5)


def test_a_button_nobody_finds_any_more_says_its_data() -> None:
    gone = {"chat": PRIVATE, "message_id": 17, "date": 0}
    assert press(message=gone).text == "rate:5"
    assert press(data="other").text == "other"


def test_a_button_in_a_group_says_who_pressed_it() -> None:
    found = press(message=sample(chat=GROUP, reply_markup=KEYBOARD))
    assert (found.sender.address, found.author) == ("-1001", "Анна Иванова")
    business = press(message=sample(reply_markup=KEYBOARD, **{"from": OWNER}, **BUSINESS))
    assert business.sender.address == "b:AbC:5"
    assert business.data == {"button": "rate:5", "message": "700:b:AbC:5:17"}


def test_a_button_of_an_inline_message_is_answered_in_private() -> None:
    found = press(message=None, inline_message_id="x")
    assert (found.sender.address, found.text, found.data) == ("5", "rate:5", {"button": "rate:5"})
