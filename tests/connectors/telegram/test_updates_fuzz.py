"""Updates nobody sent: they raise or become envelopes that can be stored, and never take long."""

import contextlib
import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Envelope, Raw
from connectors.telegram.updates import ALLOWED_UPDATES, parse_update, raw_of
from connectors.text import is_blank
from tests.connectors.telegram.samples import ANNA, BOT, DATE, GROUP, PRIVATE, message, sample

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, -1, 2**63, 10**400, 1e308])
_KEYS = (
    "id chat from text type date message_id file_id title emoji offset length url user photo options question data"
    " first_name latitude longitude duration file_size location entities reply_markup inline_keyboard"
)
KEYS = st.sampled_from(_KEYS.split())
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | TEXT, inner, max_size=4),
    max_leaves=12,
)
_FIELDS = (
    "message_id date chat from text caption entities caption_entities photo document voice sticker contact venue"
    " location poll dice story reply_to_message quote external_reply forward_origin media_group_id sender_chat"
    " is_topic_message message_thread_id business_connection_id new_chat_members pinned_message invoice web_app_data"
    " message_ids new_reaction new_chat_member message data edit_date migrate_to_chat_id hologram"
)
FIELDS = st.sampled_from(_FIELDS.split())
ENTITY = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["bold", "italic", "pre", "blockquote", "url", "text_link", "phone_number", "spoiler"]),
        "offset": st.integers(-5, 40),
        "length": st.integers(-5, 40),
        "url": st.just("https://example.org"),
    }
)
_decoder = msgspec.json.Decoder(list[Envelope])


@given(TEXT.map(lambda text: "x" if is_blank(text) else text), st.lists(ENTITY, max_size=20))
def test_any_entities_make_html(text: str, entities: list[dict[str, Any]]) -> None:
    found = message(text=text, entities=entities)
    assert len(found.text) == len(text)
    assert found.html is None or not set(found.html) & {"\x00", "\ud800"}


@given(st.sampled_from(ALLOWED_UPDATES), st.dictionaries(FIELDS, JSON, max_size=4))
def test_odd_fields_are_parked_or_stored(kind: str, odd: dict[str, Any]) -> None:
    body = json.dumps({"update_id": 1, kind: sample(user=ANNA, **odd) if "from" not in odd else odd}).encode()
    _judge(body)


@given(st.dictionaries(st.sampled_from(ALLOWED_UPDATES) | TEXT, JSON, max_size=3))
def test_odd_updates_are_parked_or_stored(odd: dict[str, Any]) -> None:
    _judge(json.dumps({"update_id": 1, **odd}).encode())


@given(st.binary(max_size=40))
def test_any_bytes_are_refused_or_read(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        raw_of(BOT, body)


def _judge(body: bytes) -> None:
    """It is refused or parked, or has the types that are promised and can be stored."""
    try:
        raw = raw_of(BOT, body)
    except ValueError:
        # NaN and numbers of too many digits are no JSON of Telegram's.
        return
    assert raw.external_id == f"{BOT}:1"
    assert raw.address_hint.isprintable()
    found = _parsed(raw)
    packed = msgspec.json.encode(found)
    assert b"\\u0000" not in packed
    assert _decoder.decode(packed) == found


def _parsed(raw: Raw) -> list[Envelope]:
    with contextlib.suppress(Exception):
        return parse_update(raw)
    return []


BIG: list[tuple[str, Any]] = [
    ("message", sample(text="😀" * 100_000, entities=[{"type": "bold", "offset": 1, "length": 9}] * 100_000)),
    ("message", sample(hologram=[{"text": "a" * 100}] * 50_000)),
    ("message", sample(new_chat_members=[ANNA] * 50_000, chat=GROUP)),
    ("callback_query", {"id": "1", "from": ANNA, "data": "x", "message": sample(
        reply_markup={"inline_keyboard": [[{"text": "a", "callback_data": "b"}] * 100] * 500})}),
    ("deleted_business_messages", {"chat": PRIVATE, "message_ids": list(range(50_000)), "business_connection_id": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "found"), BIG)
def test_large_updates_take_little_time(kind: str, found: Any) -> None:
    raw = raw_of(BOT, json.dumps({"update_id": 1, kind: found}).encode())
    started = time.process_time()
    parse_update(raw)
    assert time.process_time() - started < 5


def test_deep_updates_do_not_kill_the_worker() -> None:
    deep = b'{"update_id":1,"message":{"date":%d,"hologram":' % DATE + b'{"text":' * 900 + b"1" + b"}" * 902
    with pytest.raises((ValueError, RecursionError)):
        parse_update(raw_of(BOT, deep))
    with pytest.raises((ValueError, RecursionError)):
        raw_of(BOT, b"[" * 1_000_000)
