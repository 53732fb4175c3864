"""What hangs on a message: files, placeholders, forwarded messages, posts."""

from typing import Any

import pytest

from connectors.base import File
from tests.connectors.vk.samples import ANNA, CHAT, GROUP, attached, new, said, with_

URL = "https://sun1.userapi.com/x"


def _size(kind: str, width: int, height: int) -> dict[str, Any]:
    return {"type": kind, "width": width, "height": height, "url": f"{URL}/{kind}.jpg"}


def test_of_a_photo_the_largest_size_is_taken() -> None:
    sizes = [_size("s", 75, 50), _size("w", 2560, 1700), _size("x", 604, 400)]
    found = with_(attached("photo", id=5, owner_id=ANNA, sizes=sizes), text="look")
    assert found.files == (File("photo101_5.jpg", "image/jpeg", source=f"{URL}/w.jpg", key="photo101_5.jpg"),)
    assert found.text == "look"


def test_the_original_of_a_photo_goes_before_its_sizes() -> None:
    original = {"type": "base", "width": 4000, "height": 3000, "url": f"{URL}/orig.jpg"}
    found = with_(attached("photo", id=5, owner_id=ANNA, sizes=[_size("w", 2560, 1700)], orig_photo=original))
    assert found.files[0].source == f"{URL}/orig.jpg"


def test_a_photo_alone_is_no_text() -> None:
    assert not with_(attached("photo", id=5, owner_id=ANNA, sizes=[_size("x", 604, 400)])).text


def test_a_photo_that_cannot_be_fetched_is_a_link() -> None:
    found = with_(attached("photo", id=5, owner_id=ANNA, sizes=[]))
    assert (found.text, found.files) == ("[Фото, https://vk.com/photo101_5]", ())


def test_a_document_is_a_file() -> None:
    found = with_(
        attached("doc", id=3, owner_id=ANNA, title="счёт", ext="pdf", size=2048, url="https://vk.com/doc101_3")
    )
    assert found.files == (File("счёт.pdf", "application/pdf", 2048, source="https://vk.com/doc101_3", key="doc101_3"),)


def test_a_document_without_an_address_is_named() -> None:
    found = with_(attached("doc", id=3, owner_id=ANNA, title="all.zip", ext="zip", size=1_288_490_189))
    assert found.text == "[Файл «all.zip», 1,2 ГБ]"


def test_a_voice_message_is_a_file_with_its_length_and_words() -> None:
    links = {"link_ogg": f"{URL}/a.ogg", "link_mp3": f"{URL}/a.mp3"}
    found = with_(attached("audio_message", id=8, owner_id=ANNA, duration=12, transcript="позвоните мне", **links))
    assert found.text == "[Голосовое сообщение «позвоните мне», 0:12]"
    assert found.files == (File("voice101_8.ogg", "audio/ogg", source=f"{URL}/a.ogg", key="voice101_8"),)
    only_mp3 = with_(attached("audio_message", id=8, owner_id=ANNA, duration=75, link_mp3=f"{URL}/a.mp3"))
    assert (only_mp3.text, only_mp3.files[0].type) == ("[Голосовое сообщение, 1:15]", "audio/mpeg")


def test_a_sticker_is_said_and_shown() -> None:
    images = [{"url": f"{URL}/64", "width": 64, "height": 64}, {"url": f"{URL}/512", "width": 512, "height": 512}]
    found = with_(attached("sticker", sticker_id=9, product_id=1, images=images))
    assert (found.text, found.files) == (
        "[Стикер]",
        (File("sticker9.png", "image/png", source=f"{URL}/512", key="sticker9.png"),),
    )


PRICE = {"amount": "150000", "currency": {}, "text": "1 500 ₽"}
POLL = {"id": 4, "owner_id": -7, "question": "When?", "answers": [{"text": "today"}, {"text": "never"}]}


@pytest.mark.parametrize(
    ("attachment", "shown"),
    [
        (attached("video", id=6, owner_id=-7, title="How to", duration=65), "[Видео «How to», 1:05, https://vk.com/video-7_6]"),
        (attached("video", id=6, owner_id=1, type="video_message"), "[Видеосообщение, https://vk.com/video1_6]"),
        (attached("audio", artist="A", title="B", duration=3723), "[Аудиозапись «A — B», 1:02:03]"),
        (attached("link", url="https://example.org/a", title="Shop"), "[Ссылка «Shop», https://example.org/a]"),
        (attached("link", url="javascript:alert(1)", title="Shop"), "[Ссылка «Shop»]"),
        (
            attached("market", id=5, owner_id=-7, title="Cup", price=PRICE),
            "[Товар «Cup», 1 500 ₽, https://vk.com/market-7?w=product-7_5]",
        ),
        (attached("poll", **POLL), "[Опрос «When?», today; never, https://vk.com/poll-7_4]"),
        (attached("story", id=2, owner_id=101), "[История, https://vk.com/story101_2]"),
        (attached("story", id=2, owner_id=101, is_expired=True), "[История, уже недоступна, https://vk.com/story101_2]"),
        (attached("call", state="reached", duration=35), "[Звонок, 0:35]"),
        (attached("call", state="canceled_by_receiver", video=True), "[Видеозвонок, отклонён]"),
        (attached("gift", id=1), "[Подарок]"),
        (attached("graffiti", id=1), "[Граффити]"),
        (attached("article", title="News", view_url="https://vk.com/@news"), "[Статья «News», https://vk.com/@news]"),
        (attached("mini_app", app={"id": 51, "title": "Game"}), "[Мини-приложение «Game», https://vk.com/app51]"),
        ({"type": "hologram", "hologram": {}}, "[Вложение вида «hologram»]"),
        ({}, "[Вложение вида «неизвестно»]"),
    ],
)  # fmt: skip
def test_what_has_no_better_form_is_said_in_words(attachment: dict[str, Any], shown: str) -> None:
    found = with_(attachment)
    assert (found.text, found.files) == (shown, ())
    assert with_(attachment, text="see").text == f"see\n{shown}"


def test_gifts_and_graffiti_are_shown_too() -> None:
    gift = with_(attached("gift", id=1, thumb_256=f"{URL}/256", thumb_48=f"{URL}/48"))
    assert gift.files == (File("gift1.png", "image/png", source=f"{URL}/256", key="gift1.png"),)
    drawn = with_(attached("graffiti", id=2, owner_id=1, url=f"{URL}/g"))
    assert drawn.files == (File("graffiti1_2.png", "image/png", source=f"{URL}/g", key="graffiti1_2.png"),)


def test_a_place_is_told_in_words_and_numbers() -> None:
    geo = {"type": "point", "coordinates": {"latitude": 59.93, "longitude": 30.31}, "place": {"title": "Невский"}}
    found = said(new("", geo=geo))
    assert found.text == "[Геопозиция «Невский», 59.93, 30.31]"
    assert found.data == {"location": {"latitude": 59.93, "longitude": 30.31}}


def test_a_place_that_is_none_stays_a_placeholder() -> None:
    found = said(new("", geo={"coordinates": {"latitude": 1e400, "longitude": "x"}}))
    assert (found.text, found.data) == ("[Геопозиция]", None)


def test_a_message_with_nothing_in_it_is_shown_as_such() -> None:
    assert said(new("")).text == "[Пустое сообщение]"


@pytest.mark.parametrize("name", ["is_cropped", "is_unavailable", "is_expired"])
def test_what_vk_keeps_back_is_said(name: str) -> None:
    lines = said(new("text", **{name: True})).text.split("\n")
    assert lines[0] == "text"
    assert lines[1].startswith("[")


def test_a_post_is_shown_with_its_address_its_text_and_its_files() -> None:
    photo = attached("photo", id=1, owner_id=-7, sizes=[_size("x", 604, 400)])
    source = {"id": 2, "owner_id": -9, "text": "older", "attachments": []}
    post = attached("wall", id=5, owner_id=-7, text="Sale\ntoday", attachments=[photo], copy_history=[source])
    found = with_(post, text="is it true?")
    assert found.text.split("\n") == [
        "is it true?",
        "[Запись, https://vk.com/wall-7_5]",
        "> Sale",
        "> today",
        "> [Запись, https://vk.com/wall-9_2]",
        "> > older",
    ]
    assert len(found.files) == 1


def test_a_comment_that_is_sent_on_is_shown_with_its_address() -> None:
    found = with_(attached("wall_reply", id=8, owner_id=-7, post_id=5, from_id=3, text="nice"))
    assert found.text == "[Комментарий, https://vk.com/wall-7_5?reply=8]\n> nice"


def _forward(text: str, author: int = 102, **more: Any) -> dict[str, Any]:
    return {"date": 1764000000, "from_id": author, "text": text, "conversation_message_id": 3, "attachments": []} | more


def test_forwarded_messages_are_quoted_with_their_authors() -> None:
    inner = _forward("inner", -9)
    found = said(new("see", fwd_messages=[_forward("one\ntwo", 102, fwd_messages=[inner]), _forward("three", 103)]))
    assert found.text.split("\n") == [
        "see",
        "> [Переслано от id102]",
        "> one",
        "> two",
        "> > [Переслано от club9]",
        "> > inner",
        "> [Переслано от id103]",
        "> three",
    ]
    assert found.data == {"forwarded_from": "id102, id103"}


def test_files_of_forwarded_messages_are_taken_too() -> None:
    doc = attached("doc", id=3, owner_id=1, title="a.txt", ext="txt", size=1, url="https://vk.com/doc1_3")
    found = said(new("", fwd_messages=[_forward("", attachments=[doc], reply_message=_forward("before", 104))]))
    assert [file.name for file in found.files] == ["a.txt"]
    assert found.text.split("\n") == ["> [Переслано от id102]", "> > [В ответ на сообщение id104]", "> > before"]


def test_files_past_the_limit_are_named() -> None:
    docs = [attached("doc", id=n, owner_id=1, title=f"{n}.txt", url=f"https://vk.com/doc1_{n}") for n in range(1, 61)]
    found = said(new("", fwd_messages=[_forward("", attachments=docs[:30]), _forward("", attachments=docs[30:])]))
    assert len(found.files) == 50
    assert found.text.count("Не показан файл") == 10
    assert "[Не показан файл «60.txt»]" in found.text


def test_forwarded_messages_are_shown_up_to_a_depth_and_a_number() -> None:
    deep = _forward("level 1")
    for level in range(2, 40):
        deep = _forward(f"level {level}", fwd_messages=[deep])
    text = said(new("", fwd_messages=[deep])).text
    assert text.count("level") == 5
    assert text.endswith("[Ещё вложенных сообщений: 1]")
    many = said(new("", fwd_messages=[_forward(f"number {n}") for n in range(80)])).text
    assert many.count("number") == 50
    assert many.endswith("[Ещё вложенных сообщений: 30]")


def test_what_is_answered_is_quoted_by_its_files_when_it_has_no_text() -> None:
    photo = attached("photo", id=5, owner_id=1, sizes=[_size("x", 604, 400)])
    found = said(new("nice", reply_message=_forward("", attachments=[photo])))
    assert found.data == {"quote": "[Фото]"}
    assert found.files == ()


@pytest.mark.parametrize(
    ("action", "shown"),
    [
        ({"type": "chat_title_update", "text": "Order 5"}, "[Новое название беседы «Order 5»]"),
        ({"type": "chat_invite_user", "member_id": 105}, "[В беседу приглашён id105]"),
        ({"type": "chat_invite_user", "member_id": ANNA}, "[В беседу вернулся id101]"),
        ({"type": "chat_invite_user", "member_id": -GROUP}, "[В беседу приглашён club7]"),
        ({"type": "chat_kick_user", "member_id": 105}, "[Из беседы исключён id105]"),
        ({"type": "chat_kick_user", "member_id": ANNA}, "[Из беседы вышел id101]"),
        ({"type": "chat_pin_message", "member_id": ANNA, "message": "read"}, "[Закреплено сообщение «read»]"),
        ({"type": "chat_photo_update"}, "[Фото беседы обновлено]"),
        ({"type": "chat_dance"}, "[Служебное сообщение вида «chat_dance»]"),
    ],
)
def test_service_messages_are_said_in_words(action: dict[str, Any], shown: str) -> None:
    assert said(new("", peer_id=CHAT, action=action)).text == shown


def test_a_conversation_is_called_by_its_new_title() -> None:
    found = said(new("", peer_id=CHAT, action={"type": "chat_title_update", "text": "Order 5"}))
    assert (found.sender.name, found.sender.ask) == ("Order 5", False)
    alone = said(new("", action={"type": "chat_title_update", "text": "Order 5"}))
    assert (alone.sender.name, alone.sender.ask) == ("", True)


def test_no_title_or_type_breaks_out_of_its_line() -> None:
    found = with_(attached("link", url=f"{URL}/a b", title="a\n[Файл «x»]\u202e"), {"type": "x\n" * 200})
    assert len(found.text.split("\n")) == 2
