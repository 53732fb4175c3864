"""Messages of which VK's events hold a part: asked for and stored whole."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import log
from connectors.base import ConnectorError, Unavailable
from connectors.vk.calls import Calls, Unclear
from connectors.vk.fields import Json, number, record, records
from connectors.vk.messages import body_of

# Seconds all of an answer's may take, for the others wait with them; and between tries.
_PATIENCE, _AGAIN = 10.0, 1.0
# As many as VK gives at once.
_MOST = 100
_KINDS = {"message_new", "message_reply", "message_edit"}

# A peer and a message's number in the conversation with it.
Key = tuple[int, int]

_log = log.get(__name__)


async def completed(calls: Calls, events: list[Any]) -> list[Any]:
    """The events with their messages whole. What VK does not give in time stays as it is, and will say so."""
    wanted = {_key(message) for event in events if (message := _cropped(event))}
    if not wanted:
        return events
    whole: dict[Key, Json] = {}
    why = "VK does not give them"
    try:
        async with asyncio.timeout(_PATIENCE):
            for peer in sorted({peer for peer, _ in wanted}):
                whole |= await _ask(calls, peer, sorted(cmid for whose, cmid in wanted if whose == peer))
    except (ConnectorError, TimeoutError) as error:
        why = type(error).__name__
    if left := wanted - whole.keys():
        _log.warning("vk.left_cropped", messages=len(left), why=why)
    return [_filled(event, whole) for event in events]


async def _ask(calls: Calls, peer: int, cmids: list[int]) -> dict[Key, Json]:
    found: list[Json] = []
    for start in range(0, len(cmids), _MOST):
        ids = ",".join(map(str, cmids[start : start + _MOST]))
        found += await _patiently(calls, peer_id=peer, conversation_message_ids=ids)
    return {_key(message): message for message in found}


async def _patiently(calls: Calls, **values: Any) -> Iterable[Json]:
    while True:
        try:
            answer = await calls.call("messages.getByConversationMessageId", **values)
            return records(answer, "items") if isinstance(answer, dict) else []
        except (Unavailable, Unclear) as error:
            await asyncio.sleep(getattr(error, "retry_after", None) or _AGAIN)


def _cropped(event: Any) -> Json:
    """The event's message, if there is more of it than the event holds."""
    if not isinstance(event, dict) or event.get("type") not in _KINDS:
        return {}
    message = body_of(record(event, "object"))
    return message if message.get("is_cropped") and all(_key(message)) else {}


def _key(message: Json) -> Key:
    return number(message, "peer_id"), number(message, "conversation_message_id")


def _filled(event: Any, whole: Mapping[Key, Json]) -> Any:
    """The event with the message as it was asked for; what the event alone tells of it, as by which link, stays."""
    part = _cropped(event)
    full = whole.get(_key(part)) if part else None
    if full is None:
        return event
    message = {**{name: value for name, value in part.items() if name != "is_cropped"}, **full}
    body = event["object"]
    return {**event, "object": {**body, "message": message} if record(body, "message") else message}
