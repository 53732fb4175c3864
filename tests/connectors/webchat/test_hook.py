"""The webhook's door: what the site's server sends."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.abilities import Answer, Request
from connectors.base import Deletion, Edit, Envelope, File, Message, Raw, Refused, Sender
from connectors.signing import key_of, sign
from connectors.webchat import Webchat
from connectors.webchat.settings import WebchatSettings
from tests.connectors.webchat.conftest import AT, SECRET, Make

ANNA = Sender("hook:anna", "Anna", "anna@example.org")
BASE = {"id": "1", "visitor": "anna", "name": "Anna", "email": "anna@example.org"}


def _request(body: Any, secret: str = SECRET) -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(sign(key_of(secret), "msg_1", AT, data), data, AT)


def _raw(answer: Answer) -> Raw:
    assert answer.batch is not None
    assert answer.batch.cursor is None
    (raw,) = answer.batch.raws
    return raw


def _post(chat: Webchat, **body: Any) -> Envelope:
    (envelope,) = chat.parse(_raw(chat.accept(_request(BASE | body))))
    return envelope


def _message(chat: Webchat, **body: Any) -> Message:
    message = _post(chat, **body)
    assert isinstance(message, Message)
    return message


def _refused(chat: Webchat, request: Request) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        chat.accept(request)
    return caught.value.status, str(caught.value)


def test_a_message_is_taken_and_answered(chat: Webchat) -> None:
    answer = chat.accept(_request(BASE | {"text": "Привет\x00 \ud800"}))
    assert (answer.status, json.loads(answer.body)) == (202, {"id": "1"})
    raw = _raw(answer)
    assert (raw.external_id, raw.address_hint) == ("hook:anna:1", "hook:anna")
    assert chat.parse(raw) == [Message("hook:anna:1", ANNA, "Привет\ufffd \ufffd", AT)]


def test_the_same_again_is_the_same_raw(chat: Webchat) -> None:
    first, again = (_raw(chat.accept(_request(BASE | {"text": "hello"}))) for _ in range(2))
    assert first.external_id == again.external_id


def test_without_a_secret_the_door_is_shut(make: Make) -> None:
    status, told = _refused(make(), _request(BASE | {"text": "hello"}))
    assert status == 404
    assert "secret" in told


def test_a_plain_secret_serves_too(make: Make) -> None:
    answer = make(secret="plain words").accept(_request(BASE | {"text": "hello"}, "plain words"))
    assert answer.status == 202


def test_a_request_that_is_not_signed_right_is_refused_before_it_is_read(chat: Webchat) -> None:
    assert _refused(chat, _request(b"{", "another secret"))[0] == 401
    stale = _request(BASE)
    assert _refused(chat, Request(stale.headers, stale.body, AT + timedelta(hours=1)))[0] == 401
    assert _refused(chat, Request({}, b"{}", AT))[0] == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 50_000])
def test_what_is_no_json_object_is_refused(chat: Webchat, body: bytes) -> None:
    assert _refused(chat, _request(body))[0] == 400


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"id": None}, "$.id"),
        ({"id": ""}, "id: must not be empty"),
        ({"id": "x" * 129}, "128"),
        ({"visitor": ""}, "visitor: must not be empty"),
        ({"visitor": 5}, "$.visitor"),
        ({"visitor": ":" * 100}, "visitor: at most 255"),
        ({"visitor": "a\x00"}, "visitor: must be printable"),
        ({"text": " "}, "nothing is said"),
        ({"text": None}, "nothing is said"),
        ({"text": 5}, "$.text"),
        ({"name": 5}, "$.name"),
        ({"files": [{}]}, "either url or base64"),
        ({"files": [{"url": "https://example.org/a", "base64": "aGk="}]}, "either url or base64"),
        ({"files": [{"base64": "no base64"}]}, "$.files[0].base64"),
        ({"files": [{"url": "ftp://example.org/a"}]}, "files: the address is not an http"),
        ({"files": [{"url": "http://127.0.0.1/a"}]}, "private address"),
        ({"files": [{"url": "https://example.org/" + "a" * 2048}]}, "2048"),
        ({"files": [{"url": "https://example.org/\x00"}]}, "printable"),
        ({"files": [{"base64": "aGk="}] * 4}, "at most 3"),
        ({"edit_of": "1", "text": "x"}, "an id of its own"),
        ({"delete_of": "1"}, "an id of its own"),
        ({"edit_of": "0"}, "nothing is said"),
        ({"edit_of": ""}, "must not be empty"),
        ({"edit_of": "0", "delete_of": "0", "text": "x"}, "exclude each other"),
        ({"delete_of": 5}, "$.delete_of"),
    ],
)
def test_a_wrong_field_is_refused_by_name(chat: Webchat, body: dict[str, Any], told: str) -> None:
    status, text = _refused(chat, _request(BASE | body))
    assert status == 422
    assert told in text


@pytest.mark.parametrize("missing", ["id", "visitor"])
def test_id_and_visitor_are_required(chat: Webchat, missing: str) -> None:
    body = {"id": "1", "visitor": "anna", "text": "x"}
    del body[missing]
    assert _refused(chat, _request(body)) == (422, f"Object missing required field `{missing}`")


def test_too_much_is_refused_as_too_much(chat: Webchat) -> None:
    assert _refused(chat, _request(BASE | {"text": "x" * 1001}))[0] == 413
    big = base64.b64encode(b"x" * 1001).decode()
    assert _refused(chat, _request(BASE | {"files": [{"base64": big}]}))[0] == 413


def test_files_come_whole_or_by_their_address(chat: Webchat) -> None:
    files = [
        {"name": "a.txt", "type": "text/plain", "base64": base64.b64encode(b"hello").decode()},
        {"name": "b.png", "url": "https://example.org/b.png"},
        {"base64": ""},
    ]
    assert _message(chat, files=files).files == (
        File("a.txt", "text/plain", 5, data=b"hello"),
        File("b.png", source="https://example.org/b.png"),
        File("", data=b""),
    )


def test_a_name_that_lies_is_cleaned_and_a_bad_address_dropped(chat: Webchat) -> None:
    message = _message(chat, name="Anna\u202e\u200b  I.\x00", email="no address", text="x")
    assert message.sender == Sender("hook:anna", "Anna I.")


@pytest.mark.parametrize(
    ("given_time", "read"),
    [
        ("2026-05-04T09:00:00Z", datetime(2026, 5, 4, 9, tzinfo=UTC)),
        ("2026-05-04T12:00:00.5+03:00", datetime(2026, 5, 4, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-05-04T09:00:00", datetime(2026, 5, 4, 9, tzinfo=UTC)),
        ("2026-05-04", datetime(2026, 5, 4, tzinfo=UTC)),
        ("2001-01-01T00:00:00Z", datetime(2001, 1, 1, tzinfo=UTC)),
        ("2026-05-04T10:34:00Z", datetime(2026, 5, 4, 10, 34, tzinfo=UTC)),
        # A broken clock's, or nothing a clock would say.
        ("2026-05-04T10:36:00Z", AT),
        ("1970-01-01T00:00:00Z", AT),
        ("0001-01-01T00:00:00+14:00", AT),
        ("9999-12-31T23:59:59-14:00", AT),
        ("yesterday", AT),
        ("", AT),
        (None, AT),
        (1777888800, AT),
        ([], AT),
    ],
)
def test_a_message_has_the_time_its_source_gives_if_that_can_be(chat: Webchat, given_time: Any, read: datetime) -> None:
    assert _message(chat, text="x", sent_at=given_time).sent_at == read


def test_an_edit_and_a_deletion_name_their_message(chat: Webchat) -> None:
    at = "2026-05-04T10:00:00Z"
    when = datetime(2026, 5, 4, 10, tzinfo=UTC)
    assert _post(chat, id="2", edit_of="1", text="new", sent_at=at) == Edit("hook:anna:1", "new", when, sender=ANNA)
    assert _post(chat, id="3", delete_of="1", sent_at=at) == Deletion("hook:anna:1", when, sender=ANNA)
    assert _raw(chat.accept(_request(BASE | {"id": "2", "edit_of": "1", "text": "x"}))).external_id == "hook:anna:2"


def test_no_visitor_can_be_taken_for_another(chat: Webchat) -> None:
    pairs = [("a", "b:c"), ("a:b", "c"), ("a%3Ab", "c"), ("a%253Ab", "c"), ("a", "b%3Ac")]
    raws = [_raw(chat.accept(_request({"visitor": v, "id": i, "text": "x"}))) for v, i in pairs]
    assert len({raw.external_id for raw in raws}) == len(pairs)
    assert len({raw.address_hint for raw in raws}) == 4


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None, exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = ("id", "visitor", "text", "name", "email", "sent_at", "files", "edit_of", "delete_of")


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON), st.booleans())
def test_whatever_the_fields_hold_is_refused_or_can_be_stored(body: dict[str, Any], whole: bool) -> None:
    chat = Webchat("site", WebchatSettings.model_validate({"kind": "webchat", "secret": SECRET}))
    request = _request({"id": "1", "visitor": "anna", "text": "x"} | body if whole else body)
    try:
        raw = _raw(chat.accept(request))
    except Refused:
        assert _refused(chat, request)[0] in {400, 413, 422}
        return
    (envelope,) = chat.parse(raw)
    assert isinstance(envelope, Message | Edit | Deletion)
    for text in (envelope.external_id, raw.address_hint, getattr(envelope, "text", "")):
        text.encode()
        assert "\x00" not in text
    if isinstance(envelope, Message):
        assert envelope.sent_at.tzinfo is not None
        envelope.sender.name.encode()
