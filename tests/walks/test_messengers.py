"""A day with messengers: `all` beside the servers of Telegram and VK, a message in, a reply out, a token revoked."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.telegram import Telegram
from tests.fakes.telegram.flood import Limit
from tests.fakes.vk import FakeVk
from tests.walks.household import Household, household, until

ANNA, BORIS, GROUP = 5, 1001, -700
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0f01f00050001ff"
    "89993d1d0000000049454e44ae426082"
)


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram() as telegram:
        yield telegram


@pytest.fixture
def vk() -> Iterator[FakeVk]:
    with FakeVk() as vk:
        yield vk


@pytest.fixture
def home(tmp_path: Path, telegram: Telegram, vk: FakeVk) -> Iterator[Household]:
    settings = {
        "OKNO_CHANNELS__TG__KIND": "telegram",
        "OKNO_CHANNELS__TG__TOKEN": telegram.token,
        "OKNO_CHANNELS__TG__API_BASE": telegram.url,
        "OKNO_CHANNELS__TG__WEBHOOK_SECRET": "repeat-after-me",
        "OKNO_CHANNELS__VK__KIND": "vk",
        "OKNO_CHANNELS__VK__TOKEN": vk.token,
        "OKNO_CHANNELS__VK__GROUP_ID": str(vk.group_id),
        "OKNO_CHANNELS__VK__API_BASE": vk.url,
        "OKNO_CHANNELS__VK__SECRET": "known-to-vk",
    }
    with household(tmp_path, "all", **settings) as home:
        home.ready()
        # Without a cursor VK's reader begins now: what is said before is no concern of ours.
        until(lambda: vk.requests["a_check"])
        yield home


def dialogs(home: Household, channel: str) -> list[dict[str, Any]]:
    return list(home.ask("GET", f"/v1/dialogs?channel={channel}")[1]["items"])


def messages(home: Household, dialog: int) -> list[dict[str, Any]]:
    return list(home.ask("GET", f"/v1/dialogs/{dialog}/messages")[1]["items"])


def reply(home: Household, dialog: int, **body: Any) -> dict[str, Any]:
    status, answer = home.ask("POST", f"/v1/dialogs/{dialog}/messages", body)
    assert status == 202, answer
    return dict(answer)


def test_what_is_written_in_telegram_is_answered_there(home: Household, telegram: Telegram) -> None:
    telegram.says(ANNA, "Где мой заказ?")
    (dialog,) = until(lambda: dialogs(home, "tg"))
    buttons = [[{"text": "Спасибо", "data": "thanks"}]]
    sent = reply(home, dialog["id"], html="Он <b>в пути</b>", buttons=buttons)
    until(lambda: telegram.effects("Он в пути") == 1)
    (shown,) = [each for each in telegram.messages(ANNA) if each.get("text") == "Он в пути"]
    assert [(each["type"], each["offset"], each["length"]) for each in shown["entities"]] == [("bold", 3, 6)]
    data = shown["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    telegram.presses(ANNA, data, ANNA, shown["message_id"])
    until(lambda: [each["text"] for each in messages(home, dialog["id"])][-1] == "Спасибо")
    until(lambda: telegram.requests["answerCallbackQuery"])
    path = f"/v1/dialogs/{dialog['id']}/messages/{sent['id']}"
    assert home.ask("PATCH", path, {"text": "Он уже у вас"})[0] == 200
    until(lambda: any(each.get("text") == "Он уже у вас" for each in telegram.messages(ANNA)))
    assert home.ask("DELETE", path)[0] == 204
    until(lambda: not any(each.get("text") == "Он уже у вас" for each in telegram.messages(ANNA)))


def test_what_is_written_in_vk_is_answered_there_and_by_name(home: Household, vk: FakeVk) -> None:
    vk.join(BORIS, "Boris", "Bell")
    vk.says(BORIS, "Есть в наличии?")
    (dialog,) = until(lambda: dialogs(home, "vk"))
    reply(home, dialog["id"], text="Да, приходите")
    until(lambda: vk.effects("Да, приходите") == 1)
    until(lambda: dialogs(home, "vk")[0]["client"]["name"] == "Boris Bell")
    # VK counts in whole seconds; within one of them nobody knows what was first.
    time.sleep(1.1)
    vk.replies_by_hand(BORIS, "И скидка сегодня")
    until(lambda: len(messages(home, dialog["id"])) == 3)
    said = [(each["direction"], each["text"]) for each in messages(home, dialog["id"])]
    assert said == [("in", "Есть в наличии?"), ("out", "Да, приходите"), ("out", "И скидка сегодня")]
    home.kill(signal.SIGTERM)
    home.process.wait(30)
    assert '"level":"error"' not in home.log.read_text(), "a clean stop gives everything back"


def test_replies_keep_to_what_telegram_allows(home: Household, telegram: Telegram) -> None:
    telegram.limit()
    people = range(ANNA, ANNA + 3)
    for who in people:
        telegram.says(who, "hello")
    until(lambda: len(dialogs(home, "tg")) == len(people))
    texts = [f"answer {number} in {dialog['id']}" for dialog in dialogs(home, "tg") for number in range(4)]
    for text in texts:
        reply(home, int(text.rpartition(" ")[2]), text=text)
    until(lambda: all(telegram.effects(text) == 1 for text in texts))
    assert telegram.requests["sendMessage"] == len(texts), "none of them was refused"
    shown = [[each["text"] for each in telegram.messages(who) if each["text"].startswith("answer")] for who in people]
    assert shown == [sorted(own) for own in shown], "in order"


def test_albums_groups_and_many_people_keep_to_what_telegram_allows(tmp_path: Path, telegram: Telegram) -> None:
    """Twenty messages in so many seconds to a group, counting each member of an album, and thirty a second in all."""
    telegram.limit()
    telegram.flood.group = Limit(20, 4.5)
    settings = {
        "OKNO_CHANNELS__TG__KIND": "telegram",
        "OKNO_CHANNELS__TG__TOKEN": telegram.token,
        "OKNO_CHANNELS__TG__API_BASE": telegram.url,
        "OKNO_CHANNELS__TG__GROUP_RATE": "4",
    }
    with household(tmp_path, "all", **settings) as home:
        home.ready()
        people = range(100, 140)
        for who in people:
            telegram.says(who, "hello")
        telegram.says(ANNA, "in the group", GROUP)
        until(lambda: len(dialogs(home, "tg")) == len(people) + 1)
        every = {each["last_message"]["text"]: each["id"] for each in dialogs(home, "tg")}
        group = every.pop("in the group")
        photos = [home.upload(f"{number}.png", "image/png", PNG) for number in range(6)]
        reply(home, group, text="first", files=photos[:3])
        for number in range(18):
            reply(home, group, text=f"line {number}")
        reply(home, group, text="second", files=photos[3:])
        for each in dialogs(home, "tg"):
            if each["id"] != group:
                reply(home, each["id"], text="to all")
        until(lambda: len(telegram.messages(GROUP)) == 1 + 3 + 18 + 3)
        until(lambda: telegram.requests["sendMessage"] >= 18 + len(people))
        assert telegram.flood.throttled == 0
        said = [each["text"] for each in telegram.messages(GROUP) if each.get("text", "").startswith("line")]
        assert said == [f"line {number}" for number in range(18)]


def test_a_revoked_token_is_told_to_everybody_and_nothing_is_lost(home: Household, telegram: Telegram) -> None:
    telegram.says(ANNA, "one")
    (dialog,) = until(lambda: dialogs(home, "tg"))
    telegram.revoke()
    reply(home, dialog["id"], text="an answer")
    until(lambda: [each for each in home.ask("GET", "/v1/channels")[1]["items"] if each["halt"]])
    check = home.run("check")
    assert check.returncode == 1
    assert telegram.token not in check.stdout + check.stderr
    status = json.loads(home.run("status", "--json").stdout)
    assert "tg" in status["halts"]
    events = home.ask("GET", "/v1/events?limit=200")[1]["items"]
    assert {each["data"]["channel"] for each in events if each["type"] == "channel.stopped"} == {"tg"}
    assert telegram.token not in home.log.read_text()
    assert status["outbox"]["tg"]["states"] == {"queued": 1}


def refusals(home: Household) -> list[dict[str, Any]]:
    items = home.ask("GET", "/v1/events?limit=200")[1]["items"]
    return [each for each in items if each["type"] == "channel.refused"]


def test_a_door_opens_to_the_right_secret_alone(home: Household, telegram: Telegram, vk: FakeVk) -> None:
    update = telegram.says(ANNA, "one")
    for headers, status in (({}, 401), ({"x-telegram-bot-api-secret-token": "wrong-one"}, 401)):
        assert home.knock("/hooks/tg", update, headers) == status
    assert home.log.read_text().count("hook.refused") == 1, "whoever watches is told, and not each time"
    event = {"type": "message_new", "group_id": vk.group_id, "secret": "wrong-one"}
    assert home.knock("/hooks/vk", event, {}) == 403
    until(lambda: len(refusals(home)) == 2)
    assert {each["data"]["channel"] for each in refusals(home)} == {"tg", "vk"}
    check, shown = home.run("check"), home.run("status")
    assert check.returncode == 0, f"anybody can knock: {check.stdout}"
    for told in (check.stdout, shown.stdout):
        assert told.count("turns calls to its hook away since") == 2
        assert "webhook_secret" in told
    for secret in ("repeat-after-me", "known-to-vk", "wrong-one"):
        assert secret not in check.stdout + shown.stdout + json.dumps(refusals(home)) + home.log.read_text()
    assert home.knock("/hooks/tg", update, {"x-telegram-bot-api-secret-token": "repeat-after-me"}) == 200
    until(lambda: dialogs(home, "tg"))
    assert [each["text"] for each in messages(home, dialogs(home, "tg")[0]["id"])] == ["one"]
