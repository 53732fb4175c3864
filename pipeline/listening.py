"""Listening: which messages are put in to be read for tasks. What people say, and what becomes of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from connectors.base import Message
from storage.journal import Entry
from storage.triage import LATELY, ToRead

_AGAIN: dict[str, Literal["edited", "deleted"]] = {"message.edited": "edited", "message.deleted": "deleted"}


def is_heard(message: Message, sent_at: datetime, at: datetime) -> bool:
    """Whether a message is read: a person wrote it, and lately. `mail` is what a channel says of a machine's mail."""
    by_machine = message.automatic or bool(message.data and message.data.get("mail"))
    return bool(message.text.strip()) and not by_machine and message.deleted_at is None and at - sent_at <= LATELY


def again(entries: Iterable[Entry]) -> list[ToRead]:
    """The messages these entries say were edited or taken back; some are edited without a change of their words."""
    return [
        ToRead(entry.data["message"], entry.dialog_id, kind)
        for entry in entries
        if (kind := _AGAIN.get(entry.type)) is not None and entry.dialog_id is not None and _has_news(entry)
    ]


def _has_news(entry: Entry) -> bool:
    return "after" not in entry.data or entry.data["before"] != entry.data["after"]
