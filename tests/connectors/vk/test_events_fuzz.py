"""Whatever comes in place of what VK sends: it is read or it raises, and what is read can be stored."""

import json
from typing import Any

import msgspec
import orjson
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.base import Envelope, Raw
from connectors.vk.events import parse_event, raw_of
from tests.connectors.conformance import texts_in
from tests.connectors.vk.samples import ANNA, AT, GROUP, attached, event, message

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
SHAPES: dict[str, dict[str, Any]] = {
    "message_new": {"message": message(geo={"coordinates": {}}, reply_message=message("before"), payload="{}")},
    "message_reply": message(out=1, from_id=-GROUP, random_id=5),
    "message_edit": message(
        update_time=1764065060, format_data={"items": [{"type": "bold", "offset": 0, "length": 2}]}
    ),
    "message_event": {"user_id": ANNA, "peer_id": ANNA, "event_id": "a", "payload": {}, "conversation_message_id": 3},
    "message_reaction_event": {"reacted_id": ANNA, "peer_id": ANNA, "cmid": 4, "reaction_id": 1},
    "message_allow": {"user_id": ANNA, "key": "k"},
    "wall_reply_new": {"id": 1, "from_id": ANNA, "date": 1764065000, "text": "t", "post_id": 5, "post_owner_id": -7},
    "market_order_new": {"id": 1, "user_id": ANNA, "comment": "c", "preview_order_items": []},
    "lead_forms_new": {"lead_id": 1, "user_id": ANNA, "form_name": "f", "answers": []},
}
KINDS = [
    "photo", "doc", "audio_message", "video", "audio", "sticker", "gift", "graffiti", "market", "link", "poll", "story",
    "call", "mini_app", "wall", "wall_reply", "article", "hologram",
]  # fmt: skip


def _check(envelopes: list[Envelope]) -> None:
    """Databases take every text, and the data as JSON."""
    for envelope in envelopes:
        for text in texts_in(msgspec.to_builtins(envelope)):
            assert "\x00" not in text
            text.encode()
        orjson.dumps(getattr(envelope, "data", None))


def _read(told: dict[str, Any]) -> None:
    raw = raw_of(told, AT)
    assert raw.external_id
    assert raw.address_hint
    try:
        found = parse_event(raw)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return
    _check(found)


@st.composite
def _events(draw: st.DrawFn) -> dict[str, Any]:
    """An event in which some fields hold anything."""
    kind = draw(st.sampled_from(sorted(SHAPES)))
    body = json.loads(json.dumps(SHAPES[kind]))
    inner = body.get("message", body)
    for name in draw(st.sets(st.sampled_from(sorted(inner)), max_size=3)):
        inner[name] = draw(JSON)
    return event(kind, body)


@given(_events())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_an_event_with_anything_in_its_fields_is_read_or_raises(told: dict[str, Any]) -> None:
    _read(told)


@given(st.sampled_from(KINDS), JSON, JSON, st.text(max_size=8))
@settings(max_examples=300)
def test_an_attachment_of_anything_is_shown(kind: str, body: Any, value: Any, name: str) -> None:
    shape = {"id": 1, "owner_id": 2, "title": value, "url": value, "sizes": value, "text": value, name: value}
    for attachment in ({"type": kind, kind: body}, attached(kind, **shape)):
        found = parse_event(raw_of(event("message_new", {"message": message("", attachments=[attachment])}), AT))
        assert len(found) == 1
        _check(found)
        assert getattr(found[0], "text", "") or getattr(found[0], "files", ())


NESTED = st.recursive(
    st.text(max_size=10).map(lambda text: {"from_id": 5, "text": text}),
    lambda inner: st.builds(
        lambda text, forwarded, answered: {
            "from_id": 6, "text": text, "fwd_messages": forwarded, "reply_message": answered,
        },
        st.text(max_size=10), st.lists(inner, max_size=4), inner,
    ),
    max_leaves=30,
)  # fmt: skip


@given(NESTED)
def test_forwarded_messages_of_any_shape_are_shown_within_limits(nested: dict[str, Any]) -> None:
    found = parse_event(raw_of(event("message_new", {"message": message("x", fwd_messages=[nested])}), AT))
    _check(found)
    text = getattr(found[0], "text", "")
    assert text.count("[Переслано от") + text.count("[В ответ на") <= 50


def test_a_message_forwarded_into_itself_a_thousand_times_does_not_hang() -> None:
    bottom: dict[str, Any] = {"from_id": 5, "text": "deep"}
    for _ in range(300):
        bottom = {"from_id": 5, "text": "deep", "fwd_messages": [bottom], "reply_message": {"from_id": 1, "text": "r"}}
    found = parse_event(raw_of(event("message_new", {"message": message("x", fwd_messages=[bottom])}), AT))
    assert getattr(found[0], "text", "").count("deep") == 5


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=5))
@example("[id1|😀] a [club7|b]", [(0, 3), (2, 4), (6, 9)])
def test_looks_anywhere_in_any_text_give_html_of_that_text(text: str, spans: list[tuple[int, int]]) -> None:
    items = [{"type": "bold", "offset": offset, "length": length} for offset, length in spans]
    found = parse_event(raw_of(event("message_new", {"message": message(text, format_data={"items": items})}), AT))
    _check(found)


@given(st.binary(max_size=300))
def test_bytes_that_are_no_event_raise(data: bytes) -> None:
    try:
        parse_event(Raw("x", "x", data))
    except Exception:  # noqa: BLE001 - whatever it likes to raise
        return
    raise AssertionError("it was read")
