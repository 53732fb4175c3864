"""What Telegram pushes is taken when it knows the secret, and kept as it came."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.abilities import Answer, Request
from connectors.base import Message, Refused
from connectors.telegram import Telegram
from connectors.telegram.settings import TelegramSettings

ROOT = Path(__file__).parents[3]
SECRET = "a-long-secret"
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
UPDATE = {
    "update_id": 7,
    "message": {
        "message_id": 3,
        "date": 1764072000,
        "chat": {"id": 42, "type": "private", "first_name": "Anna"},
        "from": {"id": 42, "is_bot": False, "first_name": "Anna"},
        "text": "привет",
    },
}


def bot(**more: Any) -> Telegram:
    return Telegram(
        "tg", TelegramSettings(**{"kind": "telegram", "token": "123:AAH", "webhook_secret": SECRET, **more})
    )


def push(connector: Telegram, body: bytes, secret: str | None = SECRET) -> Answer:
    headers = {} if secret is None else {"x-telegram-bot-api-secret-token": secret}
    return connector.accept(Request(headers, body, AT))


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_an_update_is_kept_as_it_came_and_answered_with_200(mode: str) -> None:
    body = json.dumps(UPDATE, indent=1, ensure_ascii=False).encode()
    answer = push(bot(mode=mode), body)
    assert answer.status == 200
    assert answer.batch is not None
    (raw,) = answer.batch.raws
    assert (raw.external_id, raw.address_hint, raw.data) == ("123:7", "42", body)
    assert answer.batch.cursor is None


def test_what_is_pushed_reads_as_what_is_polled() -> None:
    connector = bot()
    batch = push(connector, json.dumps(UPDATE, indent=1).encode()).batch
    assert batch is not None
    (message,) = connector.parse(batch.raws[0])
    assert isinstance(message, Message)
    assert message.text == "привет"


def test_a_press_keeps_the_time_it_came_at() -> None:
    below = {"message_id": 9, "date": 1764072000, "chat": {"id": 42, "type": "private", "first_name": "Anna"}}
    press = {"id": "1", "from": {"id": 42, "is_bot": False, "first_name": "Anna"}, "data": "yes", "message": below}
    connector = bot()
    batch = push(connector, json.dumps({"update_id": 8, "callback_query": press}, indent=1).encode()).batch
    assert batch is not None
    (message,) = connector.parse(batch.raws[0])
    assert isinstance(message, Message)
    assert message.sent_at == AT


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], "\udce9", "é"])
def test_without_the_secret_nobody_comes_in(secret: str | None) -> None:
    with pytest.raises(Refused) as refused:
        push(bot(), json.dumps(UPDATE).encode(), secret)
    assert refused.value.status == 401
    assert SECRET not in str(refused.value)


def test_a_channel_without_a_secret_has_no_door() -> None:
    with pytest.raises(Refused) as refused:
        push(bot(webhook_secret=""), json.dumps(UPDATE).encode(), "")
    assert refused.value.status == 404


NO_UPDATES = [
    b"", b"{", b"\xff\xfe", b"null", b"[]", b'"text"', b"{}", b'{"update_id": "7"}', b'{"update_id": true}',
    b"[" * 100_000, b'{"update_id": 1' + b"0" * 30 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("body", NO_UPDATES)
def test_what_is_no_update_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        push(bot(), body)
    assert refused.value.status == 400


def test_an_update_of_unknown_type_is_taken() -> None:
    answer = push(bot(), b'{"update_id": 9, "telepathy": {"thought": 1}}')
    assert answer.batch is not None
    assert answer.batch.raws[0].external_id == "123:9"


def test_who_takes_updates_in_loads_nothing_to_call_out_with() -> None:
    body = json.dumps(UPDATE)
    code = f"""
import sys
from datetime import datetime, UTC
from connectors.abilities import Request
from connectors.registry import Channels
bot = Channels({{"tg": {{"kind": "telegram", "token": "123:AAH", "webhook_secret": "{SECRET}"}}}})["tg"]
request = Request({{"x-telegram-bot-api-secret-token": "{SECRET}"}}, {body.encode()!r}, datetime.now(UTC))
assert bot.parse(bot.accept(request).batch.raws[0])
assert not {{"aiogram", "aiohttp", "vk_api"}} & sys.modules.keys()
bot.warm()
assert "aiogram.methods" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
