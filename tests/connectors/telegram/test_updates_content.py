"""What a Telegram message says: every kind has its text, its files, or a placeholder that can be read."""

from typing import Any

import pytest

from connectors.base import File, Message, Proof
from tests.connectors.telegram.samples import ANNA, CHANNEL, DATE, GROUP, edit, envelopes, message

MB = 1024 * 1024
FILE = {"file_id": "F1", "file_unique_id": "u", "file_size": 1000}
PLACE = {"latitude": 55.751244, "longitude": 37.618423}


# ---- text ----


def test_text_has_its_looks_as_html() -> None:
    found = message(
        text="😀 bold <b> example.org a@b.org",
        entities=[
            {"type": "bold", "offset": 3, "length": 4},
            {"type": "url", "offset": 12, "length": 11},
            {"type": "email", "offset": 24, "length": 7},
            {"type": "hashtag", "offset": 0, "length": 2},
            {"type": "made_up", "offset": 0, "length": 2},
        ],
    )
    assert found.text == "😀 bold <b> example.org a@b.org"
    assert found.html == (
        '😀 <b>bold</b> &lt;b&gt; <a href="http://example.org" rel="noopener nofollow">example.org</a>'
        ' <a href="mailto:a@b.org" rel="noopener nofollow">a@b.org</a>'
    )


@pytest.mark.parametrize(
    ("entity", "html"),
    [
        ({"type": "italic"}, "<i>abc</i>"),
        ({"type": "underline"}, "<u>abc</u>"),
        ({"type": "strikethrough"}, "<s>abc</s>"),
        ({"type": "code"}, "<code>abc</code>"),
        ({"type": "pre", "language": "python"}, "<pre>abc</pre>"),
        ({"type": "blockquote"}, "<blockquote>abc</blockquote>"),
        ({"type": "expandable_blockquote"}, "<blockquote>abc</blockquote>"),
        ({"type": "text_link", "url": "https://x/"}, '<a href="https://x/" rel="noopener nofollow">abc</a>'),
        ({"type": "text_link", "url": "javascript:alert(1)"}, None),
        ({"type": "text_mention", "user": ANNA}, None),
        ({"type": "spoiler"}, None),
    ],
)
def test_each_entity(entity: dict[str, Any], html: str | None) -> None:
    assert message(text="abc", entities=[{**entity, "offset": 0, "length": 3}]).html == html


def test_plain_text_has_no_html() -> None:
    found = message(text="1 < 2\n")
    assert (found.text, found.html, found.data) == ("1 < 2\n", None, None)


def test_weird_text_is_cleaned() -> None:
    found = message(text="a\x00b\ud800😀c", entities=[{"type": "bold", "offset": 6, "length": 1}])
    assert found.text == "a\ufffdb\ufffd😀c"
    assert found.html == "a\ufffdb\ufffd😀<b>c</b>"


# ---- files ----


def test_of_a_photo_the_largest_size_is_taken() -> None:
    sizes = [{"file_id": f"F{side}", "width": side, "height": side, "file_size": side} for side in (90, 800, 320)]
    found = message(photo=sizes, caption="look", caption_entities=[{"type": "bold", "offset": 0, "length": 4}])
    assert found.files == (File("photo.jpg", "image/jpeg", 800, source="F800"),)
    assert (found.text, found.html) == ("look", "<b>look</b>")


@pytest.mark.parametrize(
    ("kind", "item", "file", "text"),
    [
        ("document", {"file_name": "a.pdf", "mime_type": "application/pdf"}, ("a.pdf", "application/pdf"), ""),
        ("document", {"file_name": "a\u202egpj.exe"}, ("agpj.exe", ""), ""),
        ("document", {}, ("file", ""), ""),
        ("voice", {"duration": 12, "mime_type": "audio/ogg"}, ("voice.ogg", "audio/ogg"),
         "[Голосовое сообщение, 0:12]"),
        ("audio", {"performer": "Кино", "title": "Пачка", "duration": 5}, ("Кино - Пачка.mp3", "audio/mpeg"), ""),
        ("video", {"duration": 5, "mime_type": "video/mp4"}, ("video.mp4", "video/mp4"), ""),
        ("video_note", {"duration": 3725, "length": 240}, ("video_note.mp4", "video/mp4"), "[Видеосообщение, 1:02:05]"),
    ],
)  # fmt: skip
def test_files_of_each_kind(kind: str, item: dict[str, Any], file: tuple[str, str], text: str) -> None:
    found = message(**{kind: {**FILE, **item}})
    assert found.files == (File(*file, 1000, source="F1", key="u"),)
    assert found.text == text
    assert found.respond == ""


def test_an_animation_is_not_doubled_by_its_document() -> None:
    found = message(animation=FILE, document=FILE)
    assert found.files == (File("animation.mp4", "video/mp4", 1000, source="F1", key="u"),)


def test_a_live_photo_has_its_still_picture_too() -> None:
    still = [{"file_id": "S", "width": 9, "height": 9}]
    found = message(live_photo={**FILE, "photo": still}, photo=still)
    assert [file.source for file in found.files] == ["F1", "S"]


def test_a_caption_stands_below_the_placeholder() -> None:
    entities = [{"type": "bold", "offset": 0, "length": 2}]
    found = message(voice={**FILE, "duration": 61}, caption="hi there", caption_entities=entities)
    assert found.text == "[Голосовое сообщение, 1:01]\nhi there"
    assert found.html == "[Голосовое сообщение, 1:01]<br><b>hi</b> there"


@pytest.mark.parametrize(
    ("language", "words"), [("ru", "слишком большой"), (None, "слишком большой"), ("en-US", "is too large")]
)
def test_a_file_the_bot_api_does_not_give_is_named_and_the_client_is_told(language: str | None, words: str) -> None:
    item: dict[str, Any] = {
        **FILE,
        "file_size": int(1.2 * 1024 * MB),
        "file_name": "report.zip",
        "mime_type": "application/zip",
    }
    writer = {**ANNA, "language_code": language}
    found = message(document=item, caption="here", **{"from": writer})
    assert found.text == "[Файл слишком большой: report.zip, 1,2 ГБ]\nhere"
    assert found.files == (File("report.zip", "application/zip", item["file_size"], key="u"),)
    assert words in found.respond
    assert "report.zip" in found.respond


def test_twenty_megabytes_are_not_too_large() -> None:
    assert message(video={**FILE, "file_size": 20 * MB}).files[0].source == "F1"
    assert message(video={**FILE, "file_size": 20 * MB + 1}).files[0].source is None


def test_a_channel_is_told_nothing_of_large_files() -> None:
    assert message("channel_post", chat=GROUP, sender_chat=GROUP, video={**FILE, "file_size": 21 * MB}).respond == ""


def test_members_of_an_album_are_messages_that_know_each_other() -> None:
    photo = [{"file_id": "F1", "width": 9, "height": 9}]
    one, other = (message(message_id=item, media_group_id="A7", photo=photo) for item in (17, 18))
    assert one.external_id != other.external_id
    assert one.album == other.album == "700:5:album:A7"


# ---- stickers, contacts, places and their like ----


def test_a_sticker_that_stands_still_is_a_picture() -> None:
    found = message(sticker={**FILE, "emoji": "😀", "is_animated": False, "is_video": False})
    assert found.text == "[Стикер 😀]"
    assert found.files == (File("sticker.webp", "image/webp", 1000, source="F1", key="u"),)


@pytest.mark.parametrize("moves", ["is_animated", "is_video"])
def test_a_sticker_that_moves_is_its_emoji(moves: str) -> None:
    found = message(sticker={**FILE, moves: True})
    assert (found.text, found.files) == ("[Стикер]", ())


def test_a_contact_of_the_sender_himself_proves_his_phone() -> None:
    found = message(contact={"phone_number": "+7 999 000-11-22", "first_name": "Анна", "user_id": 5})
    assert found.text == "[Контакт: Анна, +7 999 000-11-22]"
    assert found.sender.proofs == (Proof("phone", "+79990001122"),)


@pytest.mark.parametrize(
    "fields",
    [
        {"contact": {"phone_number": "79990001122", "first_name": "Пётр", "user_id": 6}},
        {"contact": {"phone_number": "79990001122", "first_name": "Пётр"}},
        {"contact": {"phone_number": "112", "first_name": "Анна", "user_id": 5}},
        {"contact": {"phone_number": "79990001122", "user_id": 5}, "chat": GROUP},
        {"contact": {"phone_number": "79990001122", "user_id": 5}, "forward_origin": {"type": "user"}},
        {"contact": {"phone_number": "79990001122", "user_id": 5}, "via_bot": {"id": 8}},
    ],
)
def test_any_other_contact_proves_nothing(fields: dict[str, Any]) -> None:
    found = message(**fields)
    assert found.text.startswith("[Контакт: ")
    assert found.sender.proofs == ()


def test_a_contact_nobody_is_said_to_have_sent_is_read_too() -> None:
    contact = {"phone_number": "79990001122", "first_name": "Анна", "user_id": 5}
    (post,) = envelopes("channel_post", {"message_id": 17, "date": DATE, "chat": CHANNEL, "contact": contact})
    assert isinstance(post, Message)
    assert (post.text, post.sender.proofs) == ("[Контакт: Анна, 79990001122]", ())
    quoted = message(text="x", external_reply={"origin": {"type": "user", "sender_user": ANNA}, "contact": contact})
    assert quoted.data == {"quote": "Анна Иванова: [Контакт: Анна, 79990001122]"}
    assert quoted.sender.proofs == ()


def test_places() -> None:
    found = message(location=PLACE)
    assert found.text == "[Геопозиция: 55.751244, 37.618423]"
    assert found.data == {"location": PLACE}
    venue = message(location=PLACE, venue={"location": PLACE, "title": "Кафе", "address": "Тверская, 1"})
    assert (venue.text, venue.data) == ("[Место: Кафе, Тверская, 1]", {"location": PLACE})


def test_a_live_location_moves_by_edits() -> None:
    where = {**PLACE, "live_period": 60}
    assert message(location=where).text == "[Трансляция геопозиции: 55.751244, 37.618423]"
    assert edit(location={**where, "latitude": 56}).text == "[Трансляция геопозиции: 56.000000, 37.618423]"


def test_polls_and_dice() -> None:
    poll = {"question": "Когда?", "options": [{"text": "Сегодня"}, {"text": "Завтра"}]}
    assert message(poll=poll).text == "[Опрос: Когда?\n– Сегодня\n– Завтра]"
    assert message(dice={"emoji": "🎯", "value": 6}).text == "[🎯 6]"


# ---- placeholders ----


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"new_chat_members": [ANNA, {"id": 8, "username": "bert"}]}, "[В чат вошли: Анна Иванова, bert]"),
        ({"left_chat_member": ANNA}, "[Чат покинул: Анна Иванова]"),
        ({"new_chat_title": "Дом 8"}, "[Новое название чата: Дом 8]"),
        ({"new_chat_photo": [{"file_id": "F"}]}, "[Новое фото чата]"),
        ({"delete_chat_photo": True}, "[Фото чата удалено]"),
        ({"pinned_message": {"message_id": 3, "text": "важно"}}, "[Закреплено сообщение: важно]"),
        ({"forum_topic_created": {"name": "Оплата", "icon_color": 1}}, "[Создана тема: Оплата]"),
        ({"video_chat_ended": {"duration": 5}}, "[Видеочат закончился]"),
        ({"successful_payment": {"currency": "RUB", "total_amount": 12345}}, "[Оплачено: 123,45 RUB]"),
        ({"web_app_data": {"button_text": "Заказ", "data": "{}"}}, "[Данные из мини-приложения «Заказ»: {}]"),
        ({"users_shared": {"users": [{"user_id": 8}], "request_id": 1}}, "[Выбраны люди: 8]"),
        ({"game": {"title": "Змейка", "photo": []}}, "[Игра: Змейка]"),
    ],
)
def test_notices_are_short_lines(fields: dict[str, Any], text: str) -> None:
    assert message(chat=GROUP, **fields).text == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"paid_media": {"star_count": 5, "paid_media": [{"type": "hologram"}]}}, "[Сообщение вида «paid_media»]"),
        ({"paid_media": {"star_count": 5}, "caption": "вот"}, "[Сообщение вида «paid_media»]\nвот"),
        ({"story": {"chat": GROUP, "id": 1}}, "[Сообщение вида «story»]"),
        ({"giveaway": {"prize_description": "чайник"}}, "[Сообщение вида «giveaway»: чайник]"),
        ({"gift": {"gift": {"id": "1"}, "text": "с днём"}}, "[Сообщение вида «gift»: с днём]"),
        ({"checklist": {"title": "Купить", "tasks": [{"id": 1, "text": "хлеб"}]}},
         "[Сообщение вида «checklist»: Купить\nхлеб]"),
        ({"rich_message": {"blocks": [{"type": "paragraph", "text": ["раз", {"type": "bold", "text": "два"}]}]}},
         "[Сообщение вида «rich_message»: раз\nдва]"),
        ({"hologram": {"size": 3}, "is_new": True}, "[Сообщение вида «hologram»]"),
        ({"is_new": True}, "[Сообщение вида «is_new»]"),
        ({}, "[Пустое сообщение]"),
    ],
)  # fmt: skip
def test_what_no_code_knows_is_told_all_the_same(fields: dict[str, Any], text: str) -> None:
    assert message(**fields).text == text


# ---- edits ----


def test_an_edit_has_the_new_text_and_its_looks() -> None:
    found = edit(text="new", entities=[{"type": "bold", "offset": 0, "length": 3}])
    assert (found.external_id, found.text, found.html) == ("700:5:17", "new", "<b>new</b>")
    assert found.sender == message(text="old").sender
    assert (found.edited_at - message(text="old").sent_at).total_seconds() == 60


def test_an_edit_brings_its_files() -> None:
    found = edit(document={**FILE, "file_name": "a.pdf"})
    assert (found.text, [(file.name, file.key) for file in found.files]) == ("", [("a.pdf", "u")])
    assert edit(photo=[{"file_id": "F"}], caption="new").text == "new"
