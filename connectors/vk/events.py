"""Events of Bots Long Poll and Callback API: each becomes a raw, and each raw what it means."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connectors.base import Envelope, Raw, Reach, Reaction, Sender
from connectors.text import clean_name
from connectors.vk import addresses, comments, messages, orders
from connectors.vk.fields import Json, needed, number, record, string

_MESSAGES = {"message_new", "message_reply"}
# They say nothing a client told us.
_MEANINGLESS = {
    "app_payload", "audio_new", "confirmation", "donut_money_withdraw", "donut_money_withdraw_error",
    "donut_subscription_cancelled", "donut_subscription_create", "donut_subscription_expired",
    "donut_subscription_price_changed", "donut_subscription_prolonged", "group_change_photo", "group_change_settings",
    "group_join", "group_leave", "group_officers_edit", "like_add", "like_remove", "market_order_edit", "message_read",
    "message_typing_state", "photo_new", "poll_vote_new", "user_block", "user_unblock", "video_new",
    "vkpay_transaction", "wall_post_new", "wall_repost", "wall_schedule_post_delete", "wall_schedule_post_new",
}  # fmt: skip
# What VK's own clients show for the numbers.
_REACTIONS = dict(enumerate("❤🔥😂👍💩❓😭😡👎👌😃🤔🙏😘😍🎉", 1))

Meaning = Callable[[Json, Json, datetime], list[Envelope]]


class UnknownEvent(Exception):
    """An event of a type this code does not know."""


def raw_of(event: bytes | Json, at: datetime) -> Raw:
    """The raw of an event that came at `at`; a new message has the same key whichever way it comes."""
    found: Json = json.loads(event) if isinstance(event, bytes) else event
    body = record(found, "object")
    message = messages.body_of(body)
    peer, cmid = number(message, "peer_id"), number(message, "conversation_message_id")
    if found.get("type") in _MESSAGES and peer and cmid > 0:
        return Raw(addresses.message_key(peer, cmid), addresses.address(peer), _packed(found))
    # Most other events have no time of their own.
    data = _packed({**found, "received_at": at.astimezone(UTC).isoformat()})
    name = clean_name(string(found, "event_id")) or hashlib.sha256(_packed(found)).hexdigest()
    key = addresses.event_key(name)
    return Raw(key, _lane(str(found.get("type")), body) or key, data)


def as_event(message: Json, group_id: int) -> Json:
    """The event a message of a conversation's history was, or would have been."""
    kind = "message_reply" if messages.is_ours(message, group_id) else "message_new"
    return {"type": kind, "group_id": group_id, "object": {"message": message}}


def parse_event(raw: Raw) -> list[Envelope]:
    """What the event means. Raises UnknownEvent, and anything on an event that is not as VK's are."""
    event = json.loads(raw.data)
    kind, body = event["type"], event["object"]
    if not isinstance(kind, str) or not isinstance(body, dict):
        raise TypeError("this is no event")
    if kind in _MESSAGES:
        return messages.written(kind, body, event)
    if kind in _MEANINGLESS:
        return []
    at = datetime.fromisoformat(event["received_at"])
    if comments.place_of(kind) is not None:
        return comments.parse(kind, body, event, at)
    if kind not in _MEANINGS:
        raise UnknownEvent(f"VK sent an event of the unknown type {kind[:64]!r}")
    return _MEANINGS[kind](event, body, at)


def _lane(kind: str, body: Json) -> str:
    """What stays in order with the event: its conversation, or what is commented on."""
    if (place := comments.place_of(kind)) is not None:
        return comments.lane(place, body)
    peer = number(messages.body_of(body), "peer_id", "user_id")
    return addresses.address(peer) if peer else ""


def _reaction(_: Json, body: Json, __: datetime) -> list[Envelope]:
    key = addresses.message_key(needed(body, "peer_id"), needed(body, "cmid"))
    given = number(body, "reaction_id")
    emoji = _REACTIONS.get(given, f"[{given}]") if given else ""
    return [Reaction(key, addresses.address(needed(body, "reacted_id")), emoji)]


def _allowed(_: Json, body: Json, at: datetime) -> list[Envelope]:
    key = clean_name(string(body, "key"))
    return [Reach(_reached(body, {"start": key} if key else {}), reachable=True, at=at)]


def _denied(_: Json, body: Json, at: datetime) -> list[Envelope]:
    return [Reach(_reached(body, {}), reachable=False, at=at)]


def _reached(body: Json, profile: dict[str, str]) -> Sender:
    return messages.sender(needed(body, "user_id"), profile)


def _packed(event: Any) -> bytes:
    # Halves of UTF-16 pairs pass: json.loads takes them back.
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


_MEANINGS: dict[str, Meaning] = {
    "message_edit": messages.edited,
    "message_event": messages.pressed,
    "message_reaction_event": _reaction,
    "message_allow": _allowed,
    "message_deny": _denied,
    "market_order_new": orders.ordered,
    "lead_forms_new": orders.lead,
}
