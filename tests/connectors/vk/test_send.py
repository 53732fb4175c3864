"""Letters to VK: what is sent, and what each of VK's answers means."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from connectors.abilities import Signal
from connectors.base import Blocked, Button, ConnectorError, Denied, Letter, Receipt, Rejected, Span, Unavailable
from connectors.vk import Vk, outgoing, uploads
from connectors.vk.calls import Closed, Unclear, meaning
from connectors.vk.fields import Json
from connectors.vk.outgoing import format_data, keyboard
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, file, letter
from tests.fakes.vk import FakeVk

Post = Callable[[Letter], Receipt]


@pytest.fixture
def post(channel: Vk, loop: LoopThread) -> Post:
    return lambda letter: loop.run(channel.send(letter), 30)


def sent(vk: FakeVk, method: str = "messages.send") -> Json:
    """The parameters of the last call."""
    return [params for name, params in vk.calls if name == method][-1]


# ---- what is sent ----


def test_a_letter_carries_its_number_and_gets_the_messages_key(vk: FakeVk, post: Post) -> None:
    receipt = post(letter("Здравствуйте", number=12345))
    (message,) = vk.messages(ANNA)
    assert receipt.external_ids == (f"{ANNA}:{message['conversation_message_id']}",)
    assert (message["text"], message["random_id"]) == ("Здравствуйте", 12345)
    assert sent(vk)["v"] == "5.199"


def test_looks_are_counted_the_way_vk_counts(vk: FakeVk, post: Post) -> None:
    text = "😀 bold link code"
    spans = (Span("bold", 2, 6), Span("link", 7, 11, "https://example.org"), Span("code", 12, 16))
    post(letter(text, spans=spans))
    assert json.loads(sent(vk)["format_data"]) == {
        "version": 1,
        "items": [
            {"type": "bold", "offset": 3, "length": 4},
            {"type": "url", "offset": 8, "length": 4, "url": "https://example.org"},
        ],
    }
    assert format_data("code", (Span("code", 0, 4),)) is None


def test_a_reply_names_what_it_answers(vk: FakeVk, post: Post) -> None:
    asked = vk.says(ANNA, "How much?")
    post(letter("Ten", reply_to=f"{ANNA}:{asked['conversation_message_id']}"))
    assert vk.messages(ANNA)[-1]["reply_message"]["text"] == "How much?"


def test_buttons_call_back_with_their_label_and_data(vk: FakeVk, post: Post) -> None:
    rows = ((Button("Да", data="yes"), Button("Site", url="https://example.org")), (Button("Нет", data="no"),))
    post(letter("Помогли?", buttons=rows))
    shown = vk.messages(ANNA)[-1]["keyboard"]
    assert shown["inline"] is True
    yes, site = (button["action"] for button in shown["buttons"][0])
    assert yes["type"] == "callback"
    assert json.loads(yes["payload"]) == {"text": "Да", "data": "yes"}
    assert (site["type"], site["link"]) == ("open_link", "https://example.org")
    assert keyboard(()) is None


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (("cat.jpg", "image/jpeg"), "photo"),
        (("cat", "image/png"), "photo"),
        (("cat.gif", "image/gif"), "doc"),
        (("договор.pdf", "application/pdf"), "doc"),
        (("voice.ogg", "audio/ogg"), "audio_message"),
    ],
)
def test_a_file_goes_the_way_of_its_kind(
    vk: FakeVk, post: Post, tmp_path: Path, given: tuple[str, str], kind: str
) -> None:
    post(letter("see", files=(file(tmp_path, *given),)))
    (attached,) = vk.messages(ANNA)[-1]["attachments"]
    assert attached["type"] == kind
    assert b"content" in [content for content, *_ in vk.world.files.values()]
    if kind == "doc":
        assert attached["doc"]["title"] == given[0]


def test_several_files_go_in_one_message_in_order(vk: FakeVk, post: Post, tmp_path: Path) -> None:
    post(letter("", files=(file(tmp_path, "a.jpg", "image/jpeg"), file(tmp_path, "b.pdf", "application/pdf"))))
    assert [each["type"] for each in vk.messages(ANNA)[-1]["attachments"]] == ["photo", "doc"]


def test_a_picture_the_photos_do_not_take_goes_as_a_document(vk: FakeVk, post: Post, tmp_path: Path) -> None:
    vk.fault("json", "upload", answer={"server": 1, "photo": "[]", "hash": ""})
    post(letter("see", files=(file(tmp_path, "long.png", "image/png"),)))
    assert vk.messages(ANNA)[-1]["attachments"][0]["type"] == "doc"


@pytest.mark.parametrize("kind", ["cut", "after", "html", "unsent"])
@pytest.mark.parametrize("method", ["upload", "docs.save", "docs.getMessagesUploadServer"])
def test_an_upload_that_fails_is_no_unknown_outcome(
    vk: FakeVk, post: Post, tmp_path: Path, kind: str, method: str
) -> None:
    vk.fault(kind, method)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        post(letter("see", files=(file(tmp_path, "a.pdf", "application/pdf"),)))
    assert vk.effects("see") == 0


def test_an_upload_that_takes_too_long_is_no_unknown_outcome(
    vk: FakeVk, post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "_UPLOADS", 0.3)
    vk.fault("hang", "upload")
    with pytest.raises(Unavailable, match="were not there"):
        post(letter("see", files=(file(tmp_path, "a.pdf", "application/pdf"),)))
    assert vk.effects("see") == 0


def test_a_file_vk_does_not_take_is_rejected_with_its_name(vk: FakeVk, post: Post, tmp_path: Path) -> None:
    vk.fault("json", "upload", answer={"error": "unknown error"})
    with pytest.raises(Rejected, match=r"virus\.exe"):
        post(letter("see", files=(file(tmp_path, "virus.exe", "application/x-dosexec"),)))


def test_a_file_that_is_not_there_is_tried_again(post: Post, tmp_path: Path) -> None:
    gone = msgspec.structs.replace(file(tmp_path, "a.pdf", "application/pdf"), path=str(tmp_path / "gone"))
    with pytest.raises(Unavailable, match="cannot be read"):
        post(letter("see", files=(gone,)))


def test_an_edit_keeps_the_files_of_its_message(vk: FakeVk, post: Post, tmp_path: Path) -> None:
    (key,) = post(letter("se", files=(file(tmp_path, "a.pdf", "application/pdf"),))).external_ids
    post(letter("see", action="edit", external_id=key))
    (message,) = vk.messages(ANNA)
    assert message["text"] == "see"
    assert [each["type"] for each in message["attachments"]] == ["doc"]
    assert sent(vk, "messages.edit")["keep_forward_messages"] == "1"


def test_an_edit_that_comes_too_late_says_so(vk: FakeVk, post: Post) -> None:
    (key,) = post(letter("helo")).external_ids
    vk.world.edit_window = -1
    with pytest.raises(Rejected, match="too old"):
        post(letter("hello", action="edit", external_id=key))
    with pytest.raises(Rejected, match="for everybody"):
        post(letter("", action="delete", external_id=key))


def test_a_deletion_is_for_everybody(vk: FakeVk, post: Post) -> None:
    (key,) = post(letter("oops")).external_ids
    assert post(letter("", action="delete", external_id=key)) == Receipt()
    assert vk.messages(ANNA) == []
    assert vk.ledger[-1]["everywhere"] is True


@pytest.mark.parametrize("key", [None, "press:1", f"{ANNA}:press:ab", "comment:photo:1_2_3"])
def test_what_is_no_message_is_not_edited(post: Post, key: str | None) -> None:
    with pytest.raises(Rejected):
        post(letter("x", action="edit", external_id=key))


# ---- what VK's errors mean ----


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (5, Denied), (27, Denied), (28, Denied), (6, Unavailable), (9, Unavailable), (14, Denied), (601, Denied),
        (3300, Denied), (29, Unavailable), (18, Blocked), (900, Blocked), (901, Blocked), (902, Blocked),
        (917, Blocked), (945, Blocked), (950, Blocked), (7, Closed), (15, Closed), (100, Rejected), (911, Rejected),
        (912, Rejected), (914, Rejected), (925, Rejected), (4242, Rejected),
    ],
)  # fmt: skip
def test_an_error_has_its_meaning_and_no_effect(vk: FakeVk, post: Post, code: int, kind: type[ConnectorError]) -> None:
    vk.fault("error", "messages.send", code=code)
    with pytest.raises(kind) as caught:
        post(letter("hello"))
    assert type(caught.value) is kind
    assert str(code) in str(caught.value)
    assert vk.requests["messages.send"] == 1
    assert vk.effects("hello") == 0


@pytest.mark.parametrize("code", [1, 10, 13, 36])
def test_an_error_of_vk_itself_is_an_unknown_outcome(vk: FakeVk, post: Post, code: int) -> None:
    vk.fault("error", "messages.send", code=code)
    with pytest.raises(Unclear):
        post(letter("hello"))


@pytest.mark.parametrize("kind", ["before", "after", "cut", "unsent", "html"])
def test_no_definite_answer_is_an_unknown_outcome(vk: FakeVk, post: Post, kind: str) -> None:
    vk.fault(kind, "messages.send")  # type: ignore[arg-type]
    with pytest.raises(Unclear):
        post(letter("hello"))
    post(letter("hello"))
    assert vk.effects("hello") == 1


@pytest.mark.parametrize("answer", [{"odd": 1}, {"response": []}, {"response": 7}, {"response": [{"peer_id": 1}]}])
def test_an_answer_that_is_none_is_an_unknown_outcome(vk: FakeVk, post: Post, answer: Json) -> None:
    vk.fault("json", "messages.send", answer=answer)
    with pytest.raises(Unclear):
        post(letter("hello"))


def test_an_error_for_the_one_recipient_is_the_letters(vk: FakeVk, post: Post) -> None:
    vk.deny(ANNA, 902)
    with pytest.raises(Blocked, match="privacy"):
        post(letter("hello"))


def test_a_right_the_key_lacks_is_about_the_one_call() -> None:
    for code, text, subcode in (
        (15, "Access denied: no access with current scopes", 0),
        (15, "Access denied", 1133),
        (27, "Group authorization failed: method is unavailable with group auth.", 0),
    ):
        assert isinstance(meaning(code, text, subcode), Rejected), "the key is good for everything else"
    assert isinstance(meaning(27, "Group authorization failed: group revoke access for this token."), Denied)
    flood = meaning(9, "Flood control")
    assert isinstance(flood, Unavailable)
    assert (flood.retry_after, flood.him_alone) == (30.0, True)


@pytest.mark.parametrize("recipient", ["", "0", "anna", "1 ", "1001/5", "9" * 30])
def test_an_address_that_is_none_is_rejected_before_any_call(vk: FakeVk, post: Post, recipient: str) -> None:
    with pytest.raises(Rejected):
        post(letter("hello", recipient=recipient))
    assert vk.requests.total() == 0


def test_no_error_holds_the_token(vk: FakeVk, post: Post) -> None:
    def told(error: BaseException | None) -> Iterator[str]:
        while error is not None:
            yield f"{error!r} {vars(error)} {error.args}"
            error = error.__cause__ or error.__context__

    for kind, more in (("error", {"code": 5}), ("error", {"code": 14}), ("cut", {}), ("html", {}), ("after", {})):
        vk.fault(kind, "messages.send", **more)  # type: ignore[arg-type]
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
            post(letter("hello"))
        assert vk.token not in " ".join(told(caught.value))


# ---- looking a letter up, and signs ----


def test_a_letter_that_arrived_is_found_by_its_number(vk: FakeVk, channel: Vk, post: Post, loop: LoopThread) -> None:
    vk.says(ANNA, "hello", random_id=8)
    receipt = post(letter("hello", number=8))
    post(letter("another", number=9))
    assert loop.run(channel.find(letter("hello", number=8)), 5) == receipt
    assert loop.run(channel.find(letter("hello", number=7)), 5) is None
    assert loop.run(channel.find(letter("hello", number=8, action="edit")), 5) is None
    later = datetime.now(UTC) + timedelta(hours=1)
    assert loop.run(channel.find(letter("hello", number=8, sent_at=later)), 5) is None


def test_a_search_that_fails_is_no_word_on_the_letter(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    vk.fault("html", "messages.getHistory")
    with pytest.raises(Unavailable):
        loop.run(channel.find(letter("hello")), 5)


def test_signs_are_given(vk: FakeVk, channel: Vk, loop: LoopThread) -> None:
    asked = vk.says(ANNA, "hello")
    press = json.dumps({"event_id": "ab12", "user_id": ANNA, "peer_id": ANNA})
    for kind, data in (("typing", ""), ("read", f"{ANNA}:{asked['conversation_message_id']}"), ("press", press)):
        loop.run(channel.signal(Signal(kind, str(ANNA), data)), 5)  # type: ignore[arg-type]
    assert [each["method"] for each in vk.ledger] == [
        "messages.setActivity", "messages.markAsRead", "messages.sendMessageEventAnswer",
    ]  # fmt: skip
    assert vk.world.read[ANNA] == asked["conversation_message_id"]


def test_attachments_are_named_for_another_message() -> None:
    doc = {"type": "doc", "doc": {"id": 5, "owner_id": -7, "access_key": "k"}}
    assert uploads.attachment_of(doc) == "doc-7_5_k"
    assert uploads.attachment_of({"type": "audio_message", "audio_message": {"id": 5, "owner_id": 7}}) == "doc7_5"
    assert uploads.attachment_of({"type": "sticker", "sticker": {"sticker_id": 5}}) == ""
