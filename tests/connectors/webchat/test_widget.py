"""The widget's door: what a visitor writes, and where from."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import File, Message, Raw, Refused, Sender
from connectors.webchat import Webchat
from connectors.webchat.settings import WebchatSettings
from tests.connectors.webchat.conftest import AT, Make

ANNA = Sender("anon:abc", "Anna", "anna@example.org")
OWN = frozenset({"https://help.example.org"})


def _write(chat: Webchat, body: Any, visitor: Sender = ANNA) -> Raw:
    return chat.message(visitor, body if isinstance(body, bytes) else json.dumps(body).encode(), AT)


def _read(chat: Webchat, raw: Raw) -> Message:
    (message,) = chat.parse(raw)
    assert isinstance(message, Message)
    return message


def _raw_or_status(chat: Webchat, body: bytes) -> Raw | int:
    try:
        return chat.message(ANNA, body, AT)
    except Refused as refused:
        return refused.status


def _refused(chat: Webchat, body: Any) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        _write(chat, body)
    return caught.value.status, str(caught.value)


def test_a_message_is_read_as_it_was_written(chat: Webchat) -> None:
    raw = _write(chat, {"id": "m1", "text": "Где мой заказ?\n😀", "files": ["u1", "u2", "u1"]})
    assert (raw.external_id, raw.address_hint) == ("anon:abc:m1", "anon:abc")
    files = (File("", upload="u1"), File("", upload="u2"))
    assert _read(chat, raw) == Message("anon:abc:m1", ANNA, "Где мой заказ?\n😀", AT, files=files)


def test_the_same_again_is_the_same_raw_and_another_visitors_is_not(chat: Webchat) -> None:
    first, again = (_write(chat, {"id": "m1", "text": "hello"}) for _ in range(2))
    assert first == again
    other = _write(chat, {"id": "m1", "text": "hello"}, Sender("anon:xyz"))
    assert other.external_id != first.external_id


def test_the_bytes_are_kept_as_they_came(chat: Webchat) -> None:
    body = b' {"id" : "m1",\n "text":"a\\u0000\\ud800", "unknown": [1.50, null] } \n'
    raw = _write(chat, body)
    assert raw.data.endswith(b"\n" + body)
    assert _read(chat, raw).text == "a\ufffd\ufffd"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b'"id"',
        b"\xff\xfe",
        b'{"id":"1","text":"\xc0\x80"}',
        b'{"id":"1","text":"x"}{}',
        b"[" * 100_000,
        b'{"id":"1","text":NaN}',
        b'{"id":"1","text":"a\nb"}',
        '{"id":"1","text":"x"}'.encode("utf-16"),
    ],
)
def test_what_is_no_json_object_is_refused(chat: Webchat, body: bytes) -> None:
    status, told = _refused(chat, body)
    assert status == 400
    assert "JSON" in told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"text": "x"}, "`id`"),
        ({"id": "", "text": "x"}, "id: must not be empty"),
        ({"id": " \t", "text": "x"}, "id: must not be empty"),
        ({"id": None, "text": "x"}, "$.id"),
        ({"id": 7, "text": "x"}, "$.id"),
        ({"id": "x" * 129, "text": "x"}, "128"),
        ({"id": "a\x00b", "text": "x"}, "printable"),
        ({"id": "a\ud800", "text": "x"}, "printable"),
        ({"id": "a\nb", "text": "x"}, "printable"),
        ({"id": "a\u202eb", "text": "x"}, "printable"),
        ({"id": "1"}, "nothing is said"),
        ({"id": "1", "text": ""}, "nothing is said"),
        ({"id": "1", "text": " \n\u2003"}, "nothing is said"),
        ({"id": "1", "text": None}, "$.text"),
        ({"id": "1", "text": ["x"]}, "$.text"),
        ({"id": "1", "text": "x", "files": "u1"}, "$.files"),
        ({"id": "1", "text": "x", "files": [1]}, "$.files"),
        ({"id": "1", "text": "x", "files": [""]}, "files: must not be empty"),
        ({"id": "1", "text": "x", "files": ["a\x00"]}, "files: must be printable"),
        ({"id": "1", "text": "x", "files": ["u1", "u2", "u3", "u4"]}, "at most 3"),
    ],
)
def test_a_wrong_field_is_refused_by_name(chat: Webchat, body: dict[str, Any], told: str) -> None:
    status, text = _refused(chat, body)
    assert status == 422
    assert told in text


def test_a_long_text_is_refused_and_the_longest_is_not(chat: Webchat) -> None:
    assert _read(chat, _write(chat, {"id": "1", "text": "я" * 1000})).text == "я" * 1000
    status, told = _refused(chat, {"id": "1", "text": "я" * 1001})
    assert (status, told) == (413, "text: at most 1000 characters")


def test_a_file_alone_is_a_message(chat: Webchat) -> None:
    assert _read(chat, _write(chat, {"id": "1", "files": ["u1"]})).text == ""


@given(
    st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=40),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=60),
)
def test_whatever_is_taken_can_be_read_and_stored(item: str, text: str) -> None:
    chat = Webchat("site", WebchatSettings(kind="webchat"))
    body = json.dumps({"id": item, "text": text}).encode()
    raw = _raw_or_status(chat, body)
    if isinstance(raw, int):
        assert raw == 422
        return
    message = _read(chat, raw)
    assert raw.external_id == message.external_id == f"anon:abc:{item}"
    assert chat.own_id(ANNA, message.external_id) == item
    assert len(message.text) == len(text)
    for value in (message.text, message.external_id):
        value.encode()
        assert "\x00" not in value


@given(st.binary(max_size=200))
def test_no_body_at_all_does_any_harm(body: bytes) -> None:
    chat = Webchat("site", WebchatSettings(kind="webchat"))
    raw = _raw_or_status(chat, body)
    if isinstance(raw, int):
        assert raw in {400, 422}
    else:
        _read(chat, raw)


@given(st.binary(max_size=200))
def test_a_raw_that_is_nonsense_is_not_read(data: bytes) -> None:
    chat = Webchat("site", WebchatSettings(kind="webchat"))
    with pytest.raises(Exception):  # noqa: B017, PT011 - any error parks it
        chat.parse(Raw("k", "a", data))


def test_a_visitor_knows_his_own_ids_only(chat: Webchat) -> None:
    assert chat.own_id(ANNA, "anon:abc:a:b") == "a:b"
    assert chat.own_id(ANNA, "anon:abcd:1") == "anon:abcd:1"
    assert chat.own_id(ANNA, "okno-7") == "okno-7"


# ---- where from ----


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://localhost:3000", True),
        ("https://localhost", True),
        ("http://shop.localhost", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000", True),
        ("https://help.example.org", True),
        ("https://shop.example.org", False),
        ("https://localhost.example.org", False),
        ("http://notlocalhost", False),
        ("http://192.168.0.1", False),
        ("null", False),
        ("", False),
        ("http://[::1", False),
        ("file://", False),
    ],
)
def test_without_a_list_pages_of_this_machine_may_embed_it(chat: Webchat, origin: str | None, allowed: bool) -> None:
    assert chat.origin_allowed(origin, OWN) is allowed


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("https://shop.example.org", True),
        ("https://help.example.org", True),
        ("http://shop.example.org", False),
        ("https://shop.example.org:8443", False),
        ("https://shop.example.org.evil.example", False),
        ("https://evil.example/https://shop.example.org", False),
        ("http://localhost:3000", False),
        ("null", False),
    ],
)
def test_with_a_list_only_its_pages_may(make: Make, origin: str | None, allowed: bool) -> None:
    chat = make(allowed_origins=["https://Shop.example.org/"])
    assert chat.origin_allowed(origin, OWN) is allowed


def test_limits_are_those_of_the_settings(make: Make) -> None:
    chat = make(messages_per_minute=5, sessions_per_minute=6, files_per_minute=7, max_bytes_a_day=8, max_file=9)
    allowance = chat.allowance
    assert (allowance.messages, allowance.sessions, allowance.files, allowance.bytes_a_day) == (5, 6, 7, 8)
    assert chat.limits.file == 9


def test_a_message_takes_its_time_from_its_arrival(chat: Webchat) -> None:
    raw = chat.message(ANNA, b'{"id":"1","text":"x"}', AT + timedelta(microseconds=7))
    assert _read(chat, raw).sent_at == AT + timedelta(microseconds=7)
