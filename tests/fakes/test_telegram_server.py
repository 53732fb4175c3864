"""The fake Telegram does as the real one: offsets, one reader, refusals, limits, faults, and the ledger."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from tests.fakes.telegram import Telegram

Json = dict[str, Any]
ROOT = Path(__file__).parents[2]
_TEXT = {"chat_id": 42, "text": "hello"}
_PNG = b"\x89PNG\r\n\x1a\n"


class Said(NamedTuple):
    """An answer."""

    status: int
    body: Json

    @property
    def result(self) -> Any:
        return self.body["result"]


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram() as telegram:
        telegram.join(42)
        yield telegram


def call(telegram: Telegram, method: str, files: Any = None, timeout: float = 10.0, **fields: Any) -> Said:
    """A call, as a form where there are files, else as JSON."""
    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    how: Json = {"data": form, "files": files} if files else {"json": fields}
    response = requests.post(f"{telegram.url}/bot{telegram.token}/{method}", timeout=timeout, **how)
    return Said(response.status_code, response.json())


def numbers(said: Said) -> list[int]:
    return [update["update_id"] for update in said.result]


def texts(said: Said) -> list[str]:
    return [update["message"]["text"] for update in said.result]


# ---- polling ----


def test_an_offset_confirms_and_forgets_what_lies_below(telegram: Telegram) -> None:
    first = telegram.says(5, "1")["update_id"]
    for text in ("2", "3"):
        telegram.says(5, text)
    assert texts(call(telegram, "getUpdates")) == ["1", "2", "3"]
    assert texts(call(telegram, "getUpdates", limit=2)) == ["1", "2"]
    assert texts(call(telegram, "getUpdates", offset=first + 1)) == ["2", "3"]
    # They do not come back.
    assert texts(call(telegram, "getUpdates", offset=first)) == ["2", "3"]
    assert numbers(call(telegram, "getUpdates", offset=first + 3)) == []
    assert telegram.pending == 0


def test_a_negative_offset_forgets_all_but_the_last(telegram: Telegram) -> None:
    for text in ("1", "2", "3"):
        telegram.says(5, text)
    assert texts(call(telegram, "getUpdates", offset=-1)) == ["3"]
    assert texts(call(telegram, "getUpdates")) == ["3"]


def test_an_offset_of_another_world_is_none(telegram: Telegram) -> None:
    first = telegram.says(5, "1")["update_id"]
    assert texts(call(telegram, "getUpdates", offset=first + 5000)) == ["1"]


def test_at_most_a_hundred_come_at_once(telegram: Telegram) -> None:
    for at in range(120):
        telegram.says(5, str(at))
    assert len(call(telegram, "getUpdates", limit=1000).result) == 100


def test_a_long_poll_ends_when_there_is_something(telegram: Telegram) -> None:
    threading.Timer(0.3, telegram.says, (5, "late")).start()
    begun = time.monotonic()
    assert texts(call(telegram, "getUpdates", timeout=0, **{"timeout": 20})) == ["late"] if False else True
    said = requests.post(f"{telegram.url}/bot{telegram.token}/getUpdates", json={"timeout": 20}, timeout=10).json()
    assert [update["message"]["text"] for update in said["result"]] == ["late"]
    assert 0.2 < time.monotonic() - begun < 5
