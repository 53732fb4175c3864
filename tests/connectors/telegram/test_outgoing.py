"""Letters become the calls Telegram knows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Button, Letter, Outgoing, Rejected, Span
from connectors.telegram import Telegram, outgoing
from connectors.telegram.addresses import Place

AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
PRIVATE, GROUP, TOPIC = Place(42), Place(-1001), Place(-1001, 7)
BUSINESS = Place(42, business="conn")
MB = 1 << 20


def letter(text: str = "hello", **fields: Any) -> Letter:
    return Letter(1, "k", "42", "send", text, "Olga", AT, **fields)


def file(type: str, size: int = 100) -> Outgoing:
    return Outgoing("f", "file", type, size, "/nowhere")


def kinds(*files: Outgoing, **more: Any) -> list[str]:
    media = outgoing.new(letter(files=files), PRIVATE, **more).params["media"]
    return [each["type"] for each in media]


def test_a_text_goes_as_a_message() -> None:
    call = outgoing.new(letter(), PRIVATE)
    assert call == ("SendMessage", {"chat_id": 42, "text": "hello", "entities": []})


def test_topics_and_business_accounts_are_named() -> None:
    assert outgoing.new(letter(), TOPIC).params["message_thread_id"] == 7
    assert outgoing.new(letter(), BUSINESS).params["business_connection_id"] == "conn"


def test_looks_are_counted_the_way_telegram_counts() -> None:
    spans = (Span("bold", 2, 4), Span("link", 0, 1, "https://example.org"), Span("strike", 3, 4), Span("quote", 0, 4))
    entities = outgoing.new(letter("😀 ab", spans=spans), PRIVATE).params["entities"]
    assert entities == [
        {"type": "bold", "offset": 3, "length": 2},
        {"type": "text_link", "offset": 0, "length": 2, "url": "https://example.org"},
        {"type": "strikethrough", "offset": 4, "length": 1},
        {"type": "blockquote", "offset": 0, "length": 5},
    ]


@pytest.mark.parametrize(
    ("type", "method", "field"),
    [
        ("image/jpeg", "SendPhoto", "photo"),
        ("IMAGE/PNG; q=1", "SendPhoto", "photo"),
        ("image/webp", "SendPhoto", "photo"),
        ("image/gif", "SendAnimation", "animation"),
        ("video/mp4", "SendVideo", "video"),
        ("audio/mpeg", "SendAudio", "audio"),
        ("audio/x-m4a", "SendAudio", "audio"),
        ("audio/ogg", "SendVoice", "voice"),
        ("application/pdf", "SendDocument", "document"),
        ("image/svg+xml", "SendDocument", "document"),
        ("", "SendDocument", "document"),
    ],
)
def test_a_file_goes_as_what_it_is(type: str, method: str, field: str) -> None:
    sent = file(type)
    call = outgoing.new(letter(files=(sent,), spans=(Span("bold", 0, 5),)), PRIVATE)
    assert call.method == method
    assert call.params[field] is sent
    assert call.params["caption"] == "hello"
    assert call.params["caption_entities"] == [{"type": "bold", "offset": 0, "length": 5}]


def test_a_photo_too_large_for_one_goes_as_a_document() -> None:
    assert outgoing.new(letter(files=(file("image/png", 10 * MB),)), PRIVATE).method == "SendPhoto"
    assert outgoing.new(letter(files=(file("image/png", 10 * MB + 1),)), PRIVATE).method == "SendDocument"


def test_several_files_are_one_album_with_the_text_below_it() -> None:
    photo, video = file("image/png"), file("video/mp4")
    call = outgoing.new(letter(files=(photo, video)), TOPIC)
    assert call.method == "SendMediaGroup"
    assert call.params["message_thread_id"] == 7
    first, second = call.params["media"]
    assert first == {"type": "photo", "media": photo, "caption": "hello", "caption_entities": []}
    assert second == {"type": "video", "media": video}


def test_an_album_holds_only_what_goes_together() -> None:
    assert kinds(file("audio/mpeg"), file("audio/mp4")) == ["audio"] * 2
    assert kinds(file("text/plain"), file("application/zip")) == ["document"] * 2
    assert kinds(file("image/png"), file("application/zip")) == ["document"] * 2
    assert kinds(file("image/gif"), file("image/gif")) == ["document"] * 2
    assert kinds(file("image/png"), file("image/png", 11 * MB)) == ["document"] * 2
    assert kinds(file("image/png"), file("video/mp4"), as_documents=True) == ["document"] * 2


def test_what_the_limits_put_together_goes_together() -> None:
    for group in Telegram.limits.groups:
        types = [f"{each}x" if each.endswith("/") else each for each in group]
        found = set(kinds(*(file(each) for each in types)))
        assert any(found <= album for album in outgoing._ALBUMS)
        natural = {outgoing._KINDS.get(each, "document") for each in types}
        assert natural == found


def test_an_answer_points_at_its_message() -> None:
    call = outgoing.new(letter(reply_to="123:42:5"), PRIVATE)
    assert call.params["reply_parameters"] == {"message_id": 5, "allow_sending_without_reply": True}
    call = outgoing.new(letter(reply_to="123:b:conn:42:5"), BUSINESS)
    assert call.params["reply_parameters"]["message_id"] == 5


@pytest.mark.parametrize("key", ["123:43:5", "123:b:conn:42:5", "123:press:5", "site:5", ""])
def test_an_answer_points_at_no_message_of_another_place(key: str) -> None:
    assert "reply_parameters" not in outgoing.new(letter(reply_to=key), PRIVATE).params


def test_buttons_stand_below_the_message() -> None:
    buttons = ((Button("Да", "yes"), Button("Сайт", url="https://example.org")), (Button("я" * 40),))
    markup = outgoing.new(letter(buttons=buttons), PRIVATE).params["reply_markup"]
    assert markup["inline_keyboard"] == [
        [{"text": "Да", "callback_data": "yes"}, {"text": "Сайт", "url": "https://example.org"}],
        [{"text": "я" * 40, "callback_data": "я" * 32}],
    ]


def test_buttons_telegram_cannot_show_are_refused_in_words() -> None:
    with pytest.raises(Rejected, match="64 bytes"):
        outgoing.new(letter(buttons=((Button("Да", "я" * 33),),)), PRIVATE)
    with pytest.raises(Rejected, match="several files"):
        outgoing.new(letter(files=(file("image/png"),) * 2, buttons=((Button("Да"),),)), PRIVATE)


def test_edits_and_deletions_name_their_message() -> None:
    assert outgoing.text_edit(letter(), TOPIC, 5).params == {
        "chat_id": -1001,
        "message_id": 5,
        "text": "hello",
        "entities": [],
    }
    assert outgoing.caption_edit(letter(), BUSINESS, 5).params["business_connection_id"] == "conn"
    assert outgoing.deletion(GROUP, [5]) == ("DeleteMessage", {"chat_id": -1001, "message_id": 5})
    assert outgoing.deletion(GROUP, [5, 6]) == ("DeleteMessages", {"chat_id": -1001, "message_ids": [5, 6]})
    assert outgoing.deletion(BUSINESS, [5, 6]).params == {"business_connection_id": "conn", "message_ids": [5, 6]}


def test_a_message_is_known_by_its_key_in_its_own_chat_alone() -> None:
    assert outgoing.message_in(TOPIC, "123:-1001:5") == 5
    assert outgoing.message_in(TOPIC, "123:-1002:5") is None
    assert outgoing.message_in(PRIVATE, None) is None
