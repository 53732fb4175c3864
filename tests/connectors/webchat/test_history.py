"""History: files of what was said before."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.abilities import Found, Import
from connectors.base import Message, Raw, Sender
from connectors.webchat import Webchat

LINE: dict[str, Any] = {
    "id": "1",
    "visitor": "anna",
    "name": "Anna",
    "text": "hello",
    "sent_at": "2020-01-02T03:04:05Z",
}


def _read(chat: Webchat, path: Path, *lines: Any) -> list[Found]:
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    return list(chat.read(path))


def test_a_line_is_a_message_of_then(chat: Webchat, tmp_path: Path) -> None:
    assert isinstance(chat, Import)
    path = tmp_path / "history.jsonl"
    first, second = _read(chat, path, LINE, LINE | {"id": "2", "direction": "out", "text": "good day"})
    assert isinstance(first.raw, Raw)
    assert isinstance(second.raw, Raw)
    assert second.position == path.stat().st_size
    then = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    anna = Sender("hook:anna", "Anna")
    assert chat.parse(first.raw) == [Message("hook:anna:1", anna, "hello", then, history=True)]
    assert chat.parse(second.raw) == [Message("hook:anna:2", anna, "good day", then, direction="out", history=True)]


def test_the_same_file_gives_the_same_keys(chat: Webchat, tmp_path: Path) -> None:
    lines = [LINE | {"id": str(number)} for number in range(5)]
    first, second = (
        [found.raw.external_id for found in _read(chat, tmp_path / "h", *lines) if isinstance(found.raw, Raw)]
        for _ in range(2)
    )
    assert first == second
    assert len(set(first)) == 5


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "line 2: the body is not JSON"),
        (b"[]", "line 2: the body is not a JSON object"),
        (b"\xff\xfe", "line 2: the body is not JSON"),
        (LINE | {"id": ""}, "line 2: id: must not be empty"),
        (LINE | {"text": ""}, "line 2: text: nothing is said"),
        (LINE | {"sent_at": None}, "line 2: sent_at"),
        (LINE | {"sent_at": "some time ago"}, "line 2: sent_at"),
        (LINE | {"sent_at": "2999-01-01"}, "line 2: sent_at"),
        (LINE | {"direction": "sideways"}, "line 2: Invalid enum value"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_others_go_on(
    chat: Webchat, tmp_path: Path, line: Any, told: str
) -> None:
    before, wrong, after = _read(chat, tmp_path / "h", LINE, line, LINE | {"id": "3"})
    assert isinstance(before.raw, Raw)
    assert isinstance(wrong.raw, str)
    assert wrong.raw.startswith(told)
    assert isinstance(after.raw, Raw)


def test_empty_lines_and_what_editors_add_are_nothing(chat: Webchat, tmp_path: Path) -> None:
    line = json.dumps(LINE).encode()
    (found,) = _read(chat, tmp_path / "h", b"\xef\xbb\xbf", b"", b"\xef\xbb\xbf" + line + b"\r", b" ", b"")
    assert isinstance(found.raw, Raw)
    assert found.raw.data.endswith(b"\n" + line)
