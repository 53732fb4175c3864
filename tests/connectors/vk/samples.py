"""Events the way VK sends them, and what they are read as."""

import json
from datetime import UTC, datetime
from typing import Any

from connectors.base import Edit, Envelope, Message
from connectors.vk.events import parse_event, raw_of

GROUP, ANNA, CHAT = 7, 101, 2_000_000_004
# When events arrive, and 1764065000 in words.
AT = datetime(2025, 11, 25, 10, 30, tzinfo=UTC)
DATE = 1764065000
SENT = datetime(2025, 11, 25, 10, 3, 20, tzinfo=UTC)


def event(kind: str, item: dict[str, Any], event_id: str = "e1") -> dict[str, Any]:
    """An event of the community."""
    return {"group_id": GROUP, "type": kind, "event_id": event_id, "v": "5.199", "object": item}


def message(text: str = "hello", **more: Any) -> dict[str, Any]:
    """A message of Anna's."""
    fixed = {"id": 90, "conversation_message_id": 12, "version": 10000012, "out": 0, "important": False}
    base = {"date": DATE, "from_id": ANNA, "peer_id": ANNA, "random_id": 0, "attachments": [], "fwd_messages": []}
    return fixed | base | {"text": text, "is_hidden": False} | more


def new(text: str = "hello", **more: Any) -> dict[str, Any]:
    """What tells of it."""
    client = {"keyboard": True, "inline_keyboard": True, "carousel": True, "lang_id": 0, "button_actions": ["text"]}
    return event("message_new", {"message": message(text, **more), "client_info": client})


def reply(text: str = "good day", **more: Any) -> dict[str, Any]:
    """An answer written in VK's own page."""
    return event("message_reply", message(text, out=1, from_id=-GROUP, admin_author_id=33, **more))


def read(told: dict[str, Any]) -> list[Envelope]:
    """What becomes of an event that was stored and came back."""
    return parse_event(raw_of(json.loads(json.dumps(told)), AT))


def said(told: dict[str, Any]) -> Message:
    """The one message it becomes."""
    (found,) = read(told)
    assert isinstance(found, Message)
    return found


def edit(told: dict[str, Any]) -> Edit:
    """The one edit it becomes."""
    (found,) = read(told)
    assert isinstance(found, Edit)
    return found


def with_(*attachments: dict[str, Any], text: str = "", **more: Any) -> Message:
    """A message with attachments, as read."""
    return said(new(text, attachments=list(attachments), **more))


def attached(kind: str, **body: Any) -> dict[str, Any]:
    """One attachment."""
    return {"type": kind, kind: body}
