"""Updates as Telegram sends them, in private, in groups and by business connections, and how they are read."""

import json
from datetime import UTC, datetime
from typing import Any

from connectors.base import Edit, Envelope, Message
from connectors.telegram.updates import parse_update, raw_of

BOT = "700"
AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
DATE = int(AT.timestamp())
ANNA: dict[str, Any] = {"id": 5, "is_bot": False, "first_name": "Анна", "last_name": "Иванова", "language_code": "ru"}
PRIVATE: dict[str, Any] = {"id": 5, "type": "private", "first_name": "Анна", "last_name": "Иванова", "username": "anna"}
GROUP: dict[str, Any] = {"id": -1001, "type": "supergroup", "title": "Дом 7"}
CHANNEL: dict[str, Any] = {"id": -1002, "type": "channel", "title": "Новости"}
OWNER: dict[str, Any] = {"id": 9, "is_bot": False, "first_name": "Хозяин"}


def sample(**fields: Any) -> dict[str, Any]:
    """A message of Anna's in her private chat, with these fields besides or instead."""
    return {"message_id": 17, "date": DATE, "chat": PRIVATE, "from": ANNA, **fields}


def envelopes(kind: str, found: Any, at: datetime | None = None) -> list[Envelope]:
    """What an update of this kind becomes."""
    return parse_update(raw_of(BOT, json.dumps({"update_id": 1, kind: found}).encode(), at))


def message(kind: str = "message", /, **fields: Any) -> Message:
    """The one message the sample becomes."""
    (found,) = envelopes(kind, sample(**fields))
    assert isinstance(found, Message)
    return found


def edit(kind: str = "edited_message", /, **fields: Any) -> Edit:
    """The one edit the sample becomes."""
    (found,) = envelopes(kind, sample(**{"edit_date": DATE + 60, **fields}))
    assert isinstance(found, Edit)
    return found
