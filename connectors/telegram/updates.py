"""Updates: which of Telegram's events become what."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from connectors.base import Deletion, Envelope, Message, Raw, Reach, Reaction, Sender
from connectors.telegram import addresses, messages
from connectors.telegram.fields import Json, connection, line, moment, name, number, part, parts, read, thing, words
from connectors.text import clean_name, is_blank

# What says nothing of a dialog. Telegram gives some of it unasked.
_IGNORED = frozenset({
    "business_connection", "message_reaction_count", "inline_query", "chosen_inline_result", "shipping_query",
    "pre_checkout_query", "purchased_paid_media", "poll", "poll_answer", "chat_member", "chat_join_request",
    "chat_boost", "removed_chat_boost", "managed_bot", "subscription", "stopped_message_generation",
})  # fmt: skip
# Telegram gives no time with these.
_TIMELESS = frozenset({"callback_query", "deleted_business_messages"})
_STAMP = re.compile(rb"([0-9]{1,12}(?:\.[0-9]{1,9})?)\n")
_PRESENT = frozenset({"creator", "administrator", "member", "restricted"})


class UnknownUpdate(ValueError):
    """An update of a type no code here knows."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"an update of unknown type: {kind}")


def raw_of(bot: str, update: bytes, at: datetime | None = None) -> Raw:
    """The update as a raw. One that has no time of its own gets a line before it with when it came: `at`, or now.

    Raises ValueError for what is no update: no JSON object, or without update_id.
    """
    found = read(update)
    key = f"{bot}:{number(found, 'update_id')}"
    if _TIMELESS & found.keys():
        update = f"{(at or datetime.now(UTC)).timestamp()}\n".encode() + update
    return Raw(key, _lane(found) or key, update)


def parse_update(raw: Raw) -> list[Envelope]:
    """The normal form of an update; raises UnknownUpdate, or anything else for one that is broken."""
    stamp = _STAMP.match(raw.data)
    update = read(raw.data[stamp.end() :] if stamp else raw.data)
    at = datetime.fromtimestamp(float(stamp[1]), UTC) if stamp else None
    for kind, become in _BECOME.items():
        if kind in update:
            bot = raw.external_id.partition(":")[0]
            return become(_Update(bot, number(update, "update_id"), thing(update[kind]), at))
    kinds = [kind for kind in update if kind != "update_id"]
    if any(kind in _IGNORED for kind in kinds):
        return []
    raise UnknownUpdate(clean_name(", ".join(kinds[:3])) or "none")


class _Update(NamedTuple):
    """What an update holds, which number it has, and when it came where it has no other time."""

    bot: str
    number: int
    found: Json
    at: datetime | None

    def arrival(self) -> datetime:
        if self.at is None:
            raise ValueError("a raw without its time of arrival")
        return self.at


def _lane(update: Json) -> str | None:
    """The address of the chat, or else of the person: without a topic, so that reactions keep behind their message."""
    for found in update.values():
        if not isinstance(found, dict):
            continue
        try:
            where = found if "chat" in found else part(found, "message")
            where = where if "chat" in where else {"chat": found.get("from") or found.get("user")}
            return addresses.address(number(part(where, "chat"), "id"), business=connection(where))
        except ValueError:
            return None
    return None


# ---- kinds ----


def _message(update: _Update) -> list[Envelope]:
    return messages.message(update.bot, update.number, update.found)


def _edit(update: _Update) -> list[Envelope]:
    return messages.edit(update.bot, update.number, update.found)


def _deletions(update: _Update) -> list[Envelope]:
    chat, business, items = part(update.found, "chat"), connection(update.found), update.found["message_ids"]
    where = number(chat, "id")
    sender = Sender(addresses.address(where, business=business), name(chat))
    keys = [addresses.message_key(update.bot, where, number({"id": item}, "id"), business) for item in items]
    return [Deletion(key, update.arrival(), sender=sender) for key in keys]


def _reaction(update: _Update) -> list[Envelope]:
    found = update.found
    who = part(found, "user") or part(found, "actor_chat")
    key = addresses.message_key(update.bot, number(part(found, "chat"), "id"), number(found, "message_id"))
    emoji = " ".join(_emoji(reaction) for reaction in parts(found, "new_reaction"))
    return [Reaction(key, str(number(who, "id")), emoji)]


def _emoji(reaction: Json) -> str:
    kind = words(reaction, "type")
    if kind == "paid":
        return "⭐"
    return (line(reaction, "emoji", 16) if kind == "emoji" else "") or "[эмодзи]"


def _press(update: _Update) -> list[Envelope]:
    found, below = update.found, part(update.found, "message")
    person, data, query = part(found, "from"), words(found, "data"), line(found, "id")
    if not query:
        raise ValueError("a press without id")
    label = next((text for text in (_label(below, data), data) if not is_blank(text)), _pressed(found))
    # What was pressed below a message that the bot wrote through somebody's inline query has no chat.
    where = below or {"chat": {**person, "type": "private"}}
    sender = messages.sender_of(where, person)
    told = {"button": data}
    if below:
        place = number(part(below, "chat"), "id")
        told["message"] = addresses.message_key(update.bot, place, number(below, "message_id"), connection(below))
    private = words(part(where, "chat"), "type") == "private"
    key, at = f"{update.bot}:press:{query}", update.arrival()
    return [Message(key, sender, label, at, data=told, author="" if private else name(person), press=query)]


def _pressed(found: Json) -> str:
    """What is said of a button that says nothing itself."""
    game = line(found, "game_short_name")
    return f"[Игра: {game}]" if game else "[Нажата кнопка]"


def _label(below: Json, data: str) -> str:
    """What stands on the button with this data."""
    rows = part(below, "reply_markup").get("inline_keyboard") or []
    for row in rows:
        for button in parts({"row": row}, "row"):
            if data and words(button, "callback_data") == data:
                return words(button, "text")
    return ""


def _reach(update: _Update) -> list[Envelope]:
    found = update.found
    status = words(part(found, "new_chat_member"), "status")
    sender = messages.sender_of(found)
    return [Reach(sender, status in _PRESENT, moment(found, "date"))]


_BECOME: dict[str, Callable[[_Update], list[Envelope]]] = {
    "message": _message,
    "edited_message": _edit,
    "channel_post": _message,
    "edited_channel_post": _edit,
    "business_message": _message,
    "edited_business_message": _edit,
    "deleted_business_messages": _deletions,
    "message_reaction": _reaction,
    "callback_query": _press,
    "my_chat_member": _reach,
}
# One list: what is asked for is what is read.
ALLOWED_UPDATES = tuple(_BECOME)
