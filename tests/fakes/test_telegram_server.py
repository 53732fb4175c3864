"""The fake Telegram does as the real one: refusals, messages, limits, faults, and the ledger."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fakes import telegram_updates as build
from tests.fakes.telegram import Telegram
from tests.fakes.telegram_client import PATIENCE, call, post, refusal, texts

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
_TEXT = {"chat_id": 42, "text": "hello"}
_PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram() as telegram:
        telegram.join(42)
        yield telegram


# ---- refusals ----


@pytest.mark.parametrize(
    ("method", "fields", "why"),
    [
        ("sendMessage", {"text": " "}, "message text is empty"),
        ("sendMessage", {"text": "x" * 4097}, "message is too long"),
        ("sendMessage", {"text": "a", "chat_id": 43}, "chat not found"),
        ("sendMessage", {"text": "a", "reply_parameters": {"message_id": 9}}, "message to be replied not found"),
        ("sendMessage", {"text": "😀", "entities": [{"type": "bold", "offset": 1, "length": 1}]}, "in a middle"),
        ("sendMessage", {"text": "ab", "entities": [{"type": "bold", "offset": 1, "length": 2}]}, "after the end"),
        ("sendMessage", {"text": "a", "message_thread_id": 7}, "message thread not found"),
        ("sendMessage", {"text": "a", "business_connection_id": "no"}, "business connection not found"),
        (
            "sendMessage",
            {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "b", "callback_data": "я" * 33}]]}},
            "BUTTON_DATA_INVALID",
        ),
        ("sendPhoto", {}, "there is no photo in the request"),
        ("sendPhoto", {"photo": "no-such-file"}, "wrong file identifier"),
        ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}]}, "too few messages"),
        ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}] * 11}, "too many messages"),
        (
            "sendMediaGroup",
            {"media": [{"type": "photo", "media": "x"}, {"type": "document", "media": "x"}]},
            "document can't be mixed",
        ),
        ("editMessageText", {"message_id": 99, "text": "a"}, "message to edit not found"),
        ("editMessageText", {"message_id": 1, "text": "a"}, "message can't be edited"),
        ("deleteMessage", {"message_id": 99}, "message to delete not found"),
        ("answerCallbackQuery", {"callback_query_id": "1"}, "query is too old"),
        ("getFile", {"file_id": "x"}, "invalid file_id"),
        ("sendChatAction", {"action": "singing"}, "wrong parameter action"),
    ],
)
def test_what_telegram_refuses_is_refused(telegram: Telegram, method: str, fields: Json, why: str) -> None:
    telegram.says(42, "something to edit")
    said = call(telegram, method, **{"chat_id": 42, **fields})
    assert said.status == 400
    assert why in refusal(said)
    assert telegram.ledger == []


def test_a_text_of_the_very_length_passes(telegram: Telegram) -> None:
    assert call(telegram, "sendMessage", chat_id=42, text="x" * 4096).status == 200


def test_a_caption_has_a_limit_of_its_own(telegram: Telegram) -> None:
    for length, status in ((1024, 200), (1025, 400)):
        said = call(telegram, "sendPhoto", {"photo": ("a.png", _PNG)}, chat_id=42, caption="x" * length)
        assert said.status == status


def test_a_photo_must_be_one(telegram: Telegram) -> None:
    said = call(telegram, "sendPhoto", {"f": ("a.png", b"text")}, chat_id=42, photo="attach://f")
    assert refusal(said) == "IMAGE_PROCESS_FAILED"


def test_who_blocks_the_bot_is_not_written_to(telegram: Telegram) -> None:
    telegram.says(5, "stop it")
    update = telegram.block(5)
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    said = call(telegram, "sendMessage", chat_id=5, text="a")
    assert (said.status, refusal(said)) == (403, "Forbidden: bot was blocked by the user")
    telegram.unblock(5)
    assert call(telegram, "sendMessage", chat_id=5, text="a").status == 200


def test_a_group_that_became_a_supergroup_says_where_it_is(telegram: Telegram) -> None:
    telegram.migrate(-5, -1_000_000_000_009)
    said = call(telegram, "sendMessage", chat_id=-5, text="a")
    assert said.status == 400
    assert said.body["parameters"] == {"migrate_to_chat_id": -1_000_000_000_009}
    assert call(telegram, "sendMessage", chat_id=-1_000_000_000_009, text="a").status == 200
    to, from_ = (update["message"] for update in call(telegram, "getUpdates").result)
    assert (to["migrate_to_chat_id"], from_["migrate_from_chat_id"]) == (-1_000_000_000_009, -5)


def test_a_wrong_token_and_a_wrong_method_are_told_apart(telegram: Telegram) -> None:
    assert requests.get(f"{telegram.url}/bot1:wrong/getMe", timeout=PATIENCE).status_code == 401
    assert call(telegram, "sendTelepathy").status == 404


def test_a_revoked_token_is_good_no_more(telegram: Telegram) -> None:
    telegram.revoke()
    assert refusal(call(telegram, "sendMessage", **_TEXT)) == "Unauthorized"
    telegram.restore()
    assert call(telegram, "sendMessage", **_TEXT).status == 200


# ---- what is sent ----


def test_an_edit_changes_and_a_deletion_removes(telegram: Telegram) -> None:
    number = call(telegram, "sendMessage", **_TEXT).result["message_id"]
    edited = call(telegram, "editMessageText", chat_id=42, message_id=number, text="better").result
    assert (edited["text"], "edit_date" in edited) == ("better", True)
    same = call(telegram, "editMessageText", chat_id=42, message_id=number, text="better")
    assert refusal(same).startswith("message is not modified")
    caption = call(telegram, "editMessageCaption", chat_id=42, message_id=number, caption="a")
    assert refusal(caption) == "there is no caption in the message to edit"
    assert call(telegram, "deleteMessage", chat_id=42, message_id=number).result is True
    assert telegram.messages(42) == []
    assert [entry["method"] for entry in telegram.ledger] == ["sendMessage", "editMessageText", "deleteMessage"]


def test_a_message_too_old_is_not_taken_back(telegram: Telegram) -> None:
    number = call(telegram, "sendMessage", **_TEXT).result["message_id"]
    telegram.world.messages[42, number]["date"] -= 49 * 3600
    assert "can't be deleted" in refusal(call(telegram, "deleteMessage", chat_id=42, message_id=number))


def test_a_file_sent_can_be_fetched_and_one_too_big_can_not(telegram: Telegram) -> None:
    sent = call(telegram, "sendDocument", {"document": ("счёт.pdf", b"%PDF")}, chat_id=42).result["document"]
    assert sent["file_name"] == "счёт.pdf"
    path = call(telegram, "getFile", file_id=sent["file_id"]).result["file_path"]
    response = requests.get(f"{telegram.url}/file/bot{telegram.token}/{path}", timeout=PATIENCE)
    assert response.content == b"%PDF"
    assert requests.get(f"{telegram.url}/file/bot{telegram.token}/no", timeout=PATIENCE).status_code == 404
    large = telegram.file("a.iso", size=21 << 20)
    assert refusal(call(telegram, "getFile", file_id=large)) == "file is too big"


def test_a_press_is_answered_in_time_only(telegram: Telegram) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
    number = call(telegram, "sendMessage", **_TEXT, reply_markup=keyboard).result["message_id"]
    query = telegram.presses(42, "yes", 42, number)["callback_query"]
    assert query["message"]["reply_markup"] == keyboard
    assert call(telegram, "answerCallbackQuery", callback_query_id=query["id"]).result is True
    telegram.world.press_lifetime = 0
    assert call(telegram, "answerCallbackQuery", callback_query_id=query["id"]).status == 400


def test_the_ledger_tells_what_was_sent(telegram: Telegram) -> None:
    asked = telegram.says(42, "question")["message"]["message_id"]
    bold = [{"type": "bold", "offset": 0, "length": 5}]
    call(telegram, "sendMessage", **_TEXT, entities=bold, reply_parameters={"message_id": asked})
    (entry,) = telegram.ledger
    assert entry.pop("at") <= time.time()
    assert entry == {
        "method": "sendMessage", "chat_id": 42, "text": "hello", "message_ids": [asked + 1], "reply_to": asked,
        "entities": bold,
    }  # fmt: skip
    assert telegram.effects("hello") == 1
    assert telegram.effects("other") == 0


def test_the_owners_account_writes_by_a_business_connection(telegram: Telegram) -> None:
    telegram.emit("business_connection", build.connection("b1"))
    telegram.says(42, "open?", **build.business("b1"))
    sent = call(telegram, "sendMessage", **_TEXT, business_connection_id="b1").result
    assert (sent["from"]["id"], sent["sender_business_bot"]["id"]) == (9, 700)
    gone = call(telegram, "deleteBusinessMessages", business_connection_id="b1", message_ids=[sent["message_id"]])
    assert gone.result is True


def test_several_messages_are_deleted_by_one_call_and_those_that_are_gone_are_passed_over(telegram: Telegram) -> None:
    telegram.says(42, "hello")
    numbers = [call(telegram, "sendMessage", **_TEXT).result["message_id"] for _ in range(2)]
    assert call(telegram, "deleteMessages", chat_id=42, message_ids=[*numbers, 999]).result is True
    assert call(telegram, "deleteMessage", chat_id=42, message_id=numbers[0]).status == 400
    assert call(telegram, "deleteMessages", chat_id=42, message_ids=[]).status == 400


# ---- limits ----


def test_an_album_counts_as_its_messages_but_for_a_person(telegram: Telegram) -> None:
    telegram.limit()
    assert telegram.flood.count(42, 10) is None
    assert telegram.flood.count(-100, 15) is None
    assert telegram.flood.count(-100, 6) is not None, "21 in one group"
    assert telegram.flood.count(43, 6) is not None, "31 of the bot"
    assert telegram.flood.count(43, 5) is None


def test_a_chat_and_a_group_have_limits(telegram: Telegram) -> None:
    telegram.join(-7)
    telegram.limit()
    assert [call(telegram, "sendMessage", **_TEXT).status for _ in range(2)] == [200, 429]
    statuses = [call(telegram, "sendMessage", chat_id=-7, text="a").status for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    time.sleep(1.1)
    assert call(telegram, "sendMessage", **_TEXT).status == 200
    assert telegram.violations == 0
    assert telegram.flood.throttled == 2


def test_a_bot_has_a_limit(telegram: Telegram) -> None:
    telegram.limit()
    telegram.world.any_chat = True
    statuses = [call(telegram, "sendMessage", chat_id=at, text="a").status for at in range(1, 40)]
    assert 429 in statuses
    # The typing sign is none of it.
    assert call(telegram, "sendChatAction", chat_id=42, action="typing").status == 200


def test_who_does_not_wait_as_told_is_written_down(telegram: Telegram) -> None:
    telegram.join(43)
    telegram.fault("throttle", "sendMessage", retry_after=2)
    said = call(telegram, "sendMessage", **_TEXT)
    assert (said.status, said.body["parameters"]) == (429, {"retry_after": 2})
    assert call(telegram, "sendMessage", chat_id=43, text="another chat").status == 200
    assert telegram.violations == 0
    assert call(telegram, "sendMessage", **_TEXT).status == 429
    assert telegram.violations == 1
    assert [entry["chat_id"] for entry in telegram.ledger if entry.get("violation")] == [42]
    assert telegram.effects("hello") == 0


def test_a_whole_bot_may_have_to_wait(telegram: Telegram) -> None:
    telegram.join(43)
    telegram.fault("throttle", "sendMessage", retry_after=5, whole_bot=True)
    call(telegram, "sendMessage", **_TEXT)
    assert call(telegram, "sendMessage", chat_id=43, text="a").status == 429


def test_a_reader_told_to_wait_holds_no_letter_back(telegram: Telegram) -> None:
    telegram.fault("throttle", "getUpdates", retry_after=5)
    assert [call(telegram, "getUpdates").status for _ in range(2)] == [429, 429]
    assert telegram.violations == 1
    assert call(telegram, "sendMessage", **_TEXT).status == 200


# ---- faults ----


@pytest.mark.parametrize(
    ("kind", "more", "effects"),
    [
        ("before", {"status": 500}, 0),
        ("after", {"status": 502}, 1),
        ("html", {"status": 200}, 0),
        ("html", {"status": 502}, 0),
        ("json", {"status": 400, "answer": {"ok": False, "error_code": 400, "description": "PEER_FLOOD"}}, 0),
        ("cut", {}, 1),
        ("unsent", {}, 0),
        ("hang", {"seconds": 20}, 1),
    ],
)
def test_each_fault_spoils_one_call(telegram: Telegram, kind: Any, more: Json, effects: int) -> None:
    telegram.fault(kind, "sendMessage", **more)
    assert call(telegram, "getMe").status == 200
    if kind in {"cut", "unsent", "hang"}:
        with pytest.raises(requests.RequestException):
            post(telegram, "sendMessage", json=_TEXT, timeout=0.5)
    else:
        response = post(telegram, "sendMessage", json=_TEXT)
        assert response.status_code == more["status"]
        assert response.text.startswith("<html>") == (kind == "html")
    assert telegram.effects("hello") == effects
    assert call(telegram, "sendMessage", **_TEXT).status == 200
    assert telegram.requests["sendMessage"] == 2


def test_a_fault_for_all_methods_leaves_the_reader_alone(telegram: Telegram) -> None:
    telegram.fault("before", times=2)
    assert call(telegram, "getUpdates").status == 200
    assert [call(telegram, "getMe").status for _ in range(3)] == [502, 502, 200]
    telegram.fault("before", "getUpdates", times=-1, status=500)
    assert [call(telegram, "getUpdates").status for _ in range(3)] == [500] * 3
    telegram.mend()
    assert call(telegram, "getUpdates").status == 200


def test_a_download_breaks_off_in_the_middle(telegram: Telegram) -> None:
    path = call(telegram, "getFile", file_id=telegram.file("a.bin", b"x" * 100_000)).result["file_path"]
    telegram.fault("cut", "file")
    with pytest.raises(requests.RequestException):
        requests.get(f"{telegram.url}/file/bot{telegram.token}/{path}", timeout=PATIENCE)


def test_a_server_that_is_away_comes_back_with_what_waited(telegram: Telegram) -> None:
    telegram.refuse()
    with pytest.raises(requests.ConnectionError):
        call(telegram, "getMe")
    telegram.says(5, "meanwhile")
    telegram.accept()
    assert texts(call(telegram, "getUpdates")) == ["meanwhile"]


# ---- as a process ----


def test_a_process_writes_its_ledger_before_it_answers(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    command = [sys.executable, "-m", "tests.fakes.telegram", "--ledger", str(ledger), "--any-chat"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        said = requests.post(f"{url}/bot700:AAH-fake-token/sendMessage", json=_TEXT, timeout=PATIENCE)
        process.send_signal(signal.SIGKILL)
    assert said.status_code == 200
    (line,) = ledger.read_text().splitlines()
    assert json.loads(line)["text"] == "hello"


def test_a_process_takes_commands(telegram: Telegram) -> None:
    def tell(name: str, **arguments: Any) -> Any:
        return requests.post(f"{telegram.url}/fake/{name}", json=arguments, timeout=PATIENCE).json()["result"]

    assert tell("says", who=5, text="hello")["message"]["text"] == "hello"
    tell("fault", kind="after", method="sendMessage")
    assert call(telegram, "sendMessage", **_TEXT).status == 502
    assert tell("effects", text="hello") == 1
    assert tell("requests") == {"sendMessage": 1}
    assert [entry["text"] for entry in tell("ledger")] == ["hello"]
