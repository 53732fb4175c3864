"""Letters reach Telegram, and what it says of them is understood."""

import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.abilities import Share, Signal
from connectors.base import (
    UPLOAD,
    Blocked,
    Button,
    ConnectorError,
    Denied,
    Letter,
    Moved,
    Receipt,
    Rejected,
    Span,
    Unavailable,
)
from connectors.telegram import Telegram, api
from connectors.telegram.errors import Unclear
from connectors.telegram.settings import TelegramSettings
from pipeline.loop import LoopThread
from tests.connectors.telegram.kit import CUT, HANG, TOKEN, Says, Server, file, letter, refused

Post = Callable[[Letter], Receipt]
TIMEOUT = 20.0
SAME = "message is not modified: specified new message content is exactly the same as the current one"


@pytest.fixture
def bot(server: Server, loop: LoopThread) -> Iterator[Telegram]:
    connector = server.bot()
    yield connector
    loop.run(connector.close(), TIMEOUT)


@pytest.fixture
def post(bot: Telegram, loop: LoopThread) -> Post:
    return lambda letter: loop.run(bot.send(letter), TIMEOUT)


def edit(**fields: Any) -> Letter:
    return letter(action="edit", external_id="123:42:5", **fields)


def deletion(**fields: Any) -> Letter:
    return letter(action="delete", external_id="123:42:5", **fields)


def test_a_formatted_reply_with_buttons_arrives(server: Server, post: Post) -> None:
    spans, buttons = (Span("bold", 2, 4),), ((Button("Да", "yes"),),)
    receipt = post(letter("😀 ab", "-1001/7", spans=spans, buttons=buttons, reply_to="123:-1001:3"))
    assert receipt == Receipt(("123:-1001:1",))
    assert server.called("sendMessage") == [
        {
            "chat_id": -1001,
            "message_thread_id": 7,
            "text": "😀 ab",
            "entities": [{"type": "bold", "offset": 3, "length": 2}],
            "reply_parameters": {"message_id": 3, "allow_sending_without_reply": True},
            "reply_markup": {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]},
        }
    ]


def test_a_file_arrives_under_its_name(server: Server, post: Post, tmp_path: Path) -> None:
    path = tmp_path / "hash"
    path.write_bytes(b"content")
    post(letter(files=(file(path, "application/pdf", 'счёт\r\n "7".pdf'),)))
    (call,) = server.calls
    assert call.method == "sendDocument"
    assert list(call.files.values()) == [('счёт "7".pdf', b"content")]
    assert call.fields["document"] == f"attach://{next(iter(call.files))}"


def test_an_album_is_named_by_all_its_messages(server: Server, post: Post, tmp_path: Path) -> None:
    path = tmp_path / "hash"
    path.write_bytes(b"content")
    receipt = post(letter("both", "b:conn:42", files=(file(path, "image/png"), file(path, "video/mp4"))))
    assert receipt == Receipt(("123:b:conn:42:100", "123:b:conn:42:101"))
    (call,) = server.calls
    assert [each["type"] for each in call.fields["media"]] == ["photo", "video"]
    assert {each["media"] for each in call.fields["media"]} == {f"attach://{name}" for name in call.files}


@pytest.mark.parametrize("why", ["PHOTO_INVALID_DIMENSIONS", "IMAGE_PROCESS_FAILED"])
def test_a_photo_telegram_will_not_show_goes_as_a_document(
    server: Server, post: Post, tmp_path: Path, why: str
) -> None:
    path = tmp_path / "hash"
    path.write_bytes(b"content")
    server.answer("sendPhoto", refused(f"Bad Request: {why}"))
    assert post(letter(files=(file(path, "image/png"),))).external_ids
    assert [call.method for call in server.calls] == ["sendPhoto", "sendDocument"]


@pytest.mark.parametrize(("fields", "calls"), [({}, 1), ({"files": 2}, 2), ({"action": "edit"}, 2)], ids=str)
def test_a_letter_has_time_for_all_its_calls(tmp_path: Path, fields: dict[str, Any], calls: int) -> None:
    path = tmp_path / "hash"
    path.write_bytes(b"x" * UPLOAD)
    files = (file(path, "image/png"),) * fields.pop("files", 0)
    call = api._PATIENCE + sum(each.size for each in files) / UPLOAD
    assert Telegram.limits.seconds(letter(files=files, **fields)) >= calls * call


def test_a_file_that_is_gone_sends_nothing(server: Server, post: Post, tmp_path: Path) -> None:
    path = tmp_path / "hash"
    path.write_bytes(b"content")
    gone = file(path, "image/png")
    path.unlink()
    with pytest.raises(Unavailable, match=r"file\.bin cannot be read"):
        post(letter(files=(gone,)))
    assert not server.calls


def test_what_telegram_will_send_later_has_no_key_yet(server: Server, post: Post) -> None:
    server.answer("sendMessage", {"message_id": 0})
    assert post(letter()) == Receipt(())


def test_a_message_of_kinds_nobody_knows_is_a_receipt_too(server: Server, post: Post) -> None:
    server.answer("sendMessage", {"message_id": 8, "forward_origin": {"type": "from the future"}})
    assert post(letter()) == Receipt(("123:42:8",))


# ---- edits and deletions ----


def test_an_edit_rewrites_the_text(server: Server, post: Post) -> None:
    post(edit(text="better"))
    assert server.called("editMessageText") == [{"chat_id": 42, "message_id": 5, "text": "better", "entities": []}]


def test_an_edit_of_a_file_rewrites_what_stands_below_it(server: Server, post: Post) -> None:
    server.answer("editMessageText", refused("Bad Request: there is no text in the message to edit"))
    post(edit(text="better"))
    (call,) = server.called("editMessageCaption")
    assert (call["message_id"], call["caption"]) == (5, "better")


def test_what_reads_so_already_is_edited(server: Server, post: Post) -> None:
    server.answer("editMessageText", refused(f"Bad Request: {SAME}"))
    assert post(edit(text="same")) == Receipt(())
    server.answer("editMessageText", refused("Bad Request: there is no text in the message to edit"))
    server.answer("editMessageCaption", refused(f"Bad Request: {SAME}"))
    assert post(edit(text="same")) == Receipt(())


@pytest.mark.parametrize("method", ["editMessageText", "editMessageCaption"])
def test_an_edit_telegram_refuses_is_refused(server: Server, post: Post, method: str) -> None:
    if method == "editMessageCaption":
        server.answer("editMessageText", refused("Bad Request: there is no text in the message to edit"))
    server.answer(method, refused("Bad Request: message can't be edited"))
    with pytest.raises(Rejected, match="can't be edited"):
        post(edit())


def test_a_message_that_is_gone_is_deleted(server: Server, post: Post) -> None:
    server.answer("deleteMessage", refused("Bad Request: message to delete not found"))
    assert post(deletion()) == Receipt(())
    assert server.called("deleteMessage") == [{"chat_id": 42, "message_id": 5}]


def test_a_message_too_old_to_delete_is_refused_in_words(server: Server, post: Post) -> None:
    server.answer("deleteMessage", refused("Bad Request: message can't be deleted for everyone"))
    with pytest.raises(Rejected, match="48 hours"):
        post(deletion())


def test_an_album_is_taken_back_by_one_call(server: Server, post: Post) -> None:
    post(letter(action="delete", external_id="123:42:5", others=("123:42:6", "123:42:7")))
    assert [call.method for call in server.calls] == ["deleteMessages"]
    assert server.calls[0].fields["message_ids"] == [5, 6, 7]


def test_a_message_of_a_business_account_is_deleted_by_its_own_call(server: Server, post: Post) -> None:
    post(letter(recipient="b:conn:42", action="delete", external_id="123:b:conn:42:5"))
    assert server.called("deleteBusinessMessages") == [{"business_connection_id": "conn", "message_ids": [5]}]


@pytest.mark.parametrize("key", [None, "", "123:43:5", "site:1"])
def test_what_is_no_message_of_the_chat_is_not_touched(server: Server, post: Post, key: str | None) -> None:
    with pytest.raises(Rejected, match="none of this chat"):
        post(letter(action="delete", external_id=key))
    assert not server.calls


# ---- failures ----


@pytest.mark.parametrize(("recipient", "alone"), [("42", False), ("-1001", True), ("-1001/7", True)])
def test_a_group_waits_by_itself_and_a_person_for_all(server: Server, post: Post, recipient: str, alone: bool) -> None:
    server.answer("sendMessage", refused("Too Many Requests: retry after 7", 429, retry_after=7))
    with pytest.raises(Unavailable) as caught:
        post(letter(recipient=recipient))
    assert (caught.value.retry_after, caught.value.him_alone) == (7, alone)


@pytest.mark.parametrize(("recipient", "new"), [("-5", "-1009"), ("-5/7", "-1009/7")])
def test_a_group_that_moved_says_where(server: Server, post: Post, recipient: str, new: str) -> None:
    server.answer("sendMessage", refused("Bad Request: group chat was upgraded", migrate_to_chat_id=-1009))
    with pytest.raises(Moved) as caught:
        post(letter(recipient=recipient))
    assert caught.value.address == new


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("Forbidden: bot was blocked by the user", 403), Blocked),
        (refused("Bad Request: chat not found"), Blocked),
        (refused("Bad Request: message is too long"), Rejected),
        (refused("Unauthorized", 401), Denied),
        (refused("Internal Server Error", 500), Unclear),
        (Says(502, b"<html>Bad Gateway</html>", "text/html"), Unclear),
        (Says(200, b'{"ok": true, "result": {"mess'), Unclear),
        (Says(200, []), Unclear),
        (CUT, Unclear),
        (HANG, Unclear),
    ],
    ids=str,
)
def test_each_end_of_a_call_is_told_apart(
    server: Server, post: Post, monkeypatch: pytest.MonkeyPatch, answer: Any, error: type[Exception]
) -> None:
    monkeypatch.setattr(api.Api.call, "__defaults__", (0.5,))
    server.answer("sendMessage", answer)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is what is tested
        post(letter())
    assert type(caught.value) is error


@pytest.mark.parametrize("answer", [CUT, HANG, refused("Unauthorized", 401), Says(502, b"<html>")], ids=str)
def test_no_error_and_no_log_holds_the_token(
    server: Server, post: Post, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    monkeypatch.setattr(api.Api.call, "__defaults__", (0.5,))
    server.answer("sendMessage", answer)
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception) as caught:  # noqa: PT011 - whichever it is
        post(letter())
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    assert TOKEN.partition(":")[2] not in told


def test_where_nobody_listens_the_token_is_not_told(server: Server, post: Post) -> None:
    server.stop()
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        post(letter())
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_connection_that_never_stands_has_sent_nothing(loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_CONNECT", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as callers:
        # Whoever comes after these is neither let in nor turned away.
        for _ in range(3):
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        section = {"kind": "telegram", "token": TOKEN, "api_base": f"http://127.0.0.1:{full.getsockname()[1]}"}
        bot = Telegram("tg", TelegramSettings.model_validate(section))
        with pytest.raises(Unavailable, match="ConnectionTimeoutError") as caught:
            loop.run(bot.send(letter()), TIMEOUT)
        loop.run(bot.close(), TIMEOUT)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_an_address_that_is_none_is_rejected(server: Server, post: Post) -> None:
    with pytest.raises(Rejected):
        post(letter(recipient="anna@example.org"))
    assert not server.calls


def test_many_letters_go_at_once(server: Server, bot: Telegram, loop: LoopThread) -> None:
    waiting = [loop.submit(bot.send(letter(recipient=str(number)))) for number in range(1, 31)]
    receipts = {future.result(TIMEOUT).external_ids for future in waiting}
    assert len(receipts) == 30
    assert {call["chat_id"] for call in server.called("sendMessage")} == set(range(1, 31))


# ---- signs and pace ----


def test_we_are_seen_typing(server: Server, bot: Telegram, loop: LoopThread) -> None:
    loop.run(bot.signal(Signal("typing", "-1001/7")), TIMEOUT)
    assert server.called("sendChatAction") == [{"chat_id": -1001, "message_thread_id": 7, "action": "typing"}]


def test_a_press_is_answered_and_may_be_too_old_for_it(server: Server, bot: Telegram, loop: LoopThread) -> None:
    server.answer("answerCallbackQuery", True, refused("Bad Request: query is too old and response timeout expired"))
    for _ in range(2):
        loop.run(bot.signal(Signal("press", "42", "8877")), TIMEOUT)
    assert server.called("answerCallbackQuery") == [{"callback_query_id": 8877}] * 2


def test_a_sign_that_fails_fails_by_a_word_of_the_contract(server: Server, bot: Telegram, loop: LoopThread) -> None:
    server.answer("sendChatAction", CUT)
    with pytest.raises(ConnectorError):
        loop.run(bot.signal(Signal("typing", "42")), TIMEOUT)


def test_groups_are_slower_than_people(server: Server) -> None:
    bot = server.bot(chat_rate=2, group_rate=0.5)
    rates = [bot.share(address, 0).rate for address in ("42", "b:conn:42", "-1001", "-1001/7", "nobody")]
    assert rates == [2, 2, 0.5, 0.5, 0]


def test_an_album_counts_as_its_messages_but_to_a_person_goes_at_once(server: Server) -> None:
    bot = server.bot(chat_rate=2, group_rate=0.5)
    assert bot.share("42", 10) == Share("42", 2, calls=10, own=1)
    assert bot.share("-1001/7", 10) == Share("-1001", 0.5, calls=10, own=10)
    assert bot.share("-1001/7", 1) == bot.share("-1001/7", 0) == Share("-1001", 0.5)
