"""Content: what a Telegram message says, whatever its kind; what has no better form becomes a placeholder."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from connectors.base import File, Proof, Span
from connectors.telegram import entities, files, notices
from connectors.telegram.fields import Json, degrees, line, name, number, part, parts, words
from connectors.text import clean_name, clean_text, is_blank

_EMPTY = "[Пустое сообщение]"
# What goes with a message and is none of its content.
_AROUND = frozenset({
    "message_id", "message_thread_id", "direct_messages_topic", "from", "sender_chat", "sender_boost_count",
    "sender_business_bot", "sender_tag", "guest_query_id", "business_connection_id", "date", "chat", "forward_origin",
    "forward_date", "forward_from", "forward_from_chat", "forward_from_message_id", "forward_sender_name",
    "forward_signature", "is_topic_message", "is_automatic_forward", "reply_to_message", "external_reply", "quote",
    "reply_to_story", "reply_to_checklist_task_id", "reply_to_poll_option_id", "via_bot", "guest_bot_caller_user",
    "guest_bot_caller_chat", "edit_date", "has_protected_content", "is_from_offline", "is_paid_post",
    "media_group_id", "author_signature", "paid_star_count", "text", "entities", "link_preview_options",
    "suggested_post_info", "effect_id", "caption", "caption_entities", "show_caption_above_media",
    "has_media_spoiler", "reply_markup", "receiver_user", "ephemeral_message_id",
})  # fmt: skip
# Under these a kind nobody knows keeps what can be read.
_READABLE = (
    "title",
    "name",
    "question",
    "description",
    "prize_description",
    "text",
    "caption",
    "url",
    "blocks",
    "items",
    "cells",
    "tasks",
)
_LONGEST = 4000


class Content(NamedTuple):
    """Text and its formatting, files, and what else is known; `too_large` names a file Telegram does not give."""

    text: str
    spans: tuple[Span, ...] = ()
    files: tuple[File, ...] = ()
    data: dict[str, Any] | None = None
    proofs: tuple[Proof, ...] = ()
    too_large: str = ""


def content(message: Json, *, bare: bool = False) -> Content:
    """What the message says; `bare` is how it reads without its files."""
    text = words(message, "text")
    if not is_blank(text):
        return Content(text, entities.spans(text, message, "entities"))
    media = files.media(message)
    if media:
        caption = _caption(message)
        label = media.label or ("" if caption or not bare else media.name)
        return _captioned(message, Content(label, files=media.files, too_large=media.too_large))
    for kind, read in _KINDS.items():
        if message.get(kind):
            return _captioned(message, read(message))
    return _captioned(message, Content(notices.notice(message) or _unknown(message)))


def own_phone(message: Json) -> str | None:
    """The number of a contact, if it is that of the sender and came from his own hand."""
    contact, sender = part(message, "contact"), part(message, "from")
    # Posts in channels and what is quoted from elsewhere have no sender.
    if not sender or "user_id" not in contact or "forward_origin" in message or "via_bot" in message:
        return None
    digits = re.sub(r"[^0-9]", "", words(contact, "phone_number"))
    own = number(contact, "user_id") == number(sender, "id")
    return f"+{digits}" if own and 7 <= len(digits) <= 15 else None


def _captioned(message: Json, found: Content) -> Content:
    """The content with its caption, which stands below a placeholder."""
    caption = _caption(message)
    if not caption:
        return found
    spans = entities.spans(caption, message, "caption_entities")
    if not found.text:
        return found._replace(text=caption, spans=spans)
    return found._replace(text=f"{found.text}\n{caption}", spans=entities.shifted(spans, len(found.text) + 1))


def _caption(message: Json) -> str:
    caption = words(message, "caption")
    return "" if is_blank(caption) else caption


# ---- kinds ----


def _sticker(message: Json) -> Content:
    sticker = part(message, "sticker")
    return Content(f"[Стикер {line(sticker, 'emoji')}".rstrip() + "]", files=files.sticker(sticker))


def _contact(message: Json) -> Content:
    contact = part(message, "contact")
    whose = ", ".join(filter(None, (name(contact), line(contact, "phone_number"))))
    phone = own_phone(message)
    return Content(f"[Контакт: {whose}]", proofs=(Proof("phone", phone),) if phone else ())


def _venue(message: Json) -> Content:
    venue = part(message, "venue")
    what = ", ".join(filter(None, (line(venue, "title"), line(venue, "address"))))
    return Content(f"[Место: {what}]", data=_location_data(part(venue, "location")))


def _location(message: Json) -> Content:
    location = part(message, "location")
    data = _location_data(location)
    what = "Трансляция геопозиции" if location.get("live_period") else "Геопозиция"
    return Content(f"[{what}: {', '.join(f'{value:.6f}' for value in data['location'].values())}]", data=data)


def _location_data(location: Json) -> dict[str, Any]:
    return {"location": {key: degrees(location, key) for key in ("latitude", "longitude")}}


def _poll(message: Json) -> Content:
    poll = part(message, "poll")
    options = "".join(f"\n– {line(option, 'text')}" for option in parts(poll, "options"))
    return Content(f"[Опрос: {line(poll, 'question', 400)}{options}]")


def _dice(message: Json) -> Content:
    dice = part(message, "dice")
    return Content(f"[{line(dice, 'emoji') or '🎲'} {number(dice, 'value')}]")


_KINDS: dict[str, Callable[[Json], Content]] = {
    "sticker": _sticker,
    "contact": _contact,
    "venue": _venue,
    "location": _location,
    "poll": _poll,
    "dice": _dice,
}


# ---- everything else ----


def _unknown(message: Json) -> str:
    kinds = {key: value for key, value in message.items() if key not in _AROUND and value}
    # A kind is an object mostly; a flag beside it only says more of it.
    kinds = {key: value for key, value in kinds.items() if isinstance(value, dict | list)} or kinds
    if not kinds:
        return _EMPTY
    found: list[str] = []
    for value in kinds.values():
        _gather(value, found)
    said = "\n".join(found)[:_LONGEST]
    what = ", ".join(clean_name(kind, 64) for kind in list(kinds)[:3])
    return f"[Сообщение вида «{what}»: {said}]" if said else f"[Сообщение вида «{what}»]"


def _gather(value: Any, found: list[str]) -> None:
    """Collect what people can read in an object nobody knows."""
    if isinstance(value, str) and value.strip():
        found.append(clean_text(value))
    elif isinstance(value, list):
        for item in value:
            _gather(item, found)
    elif isinstance(value, dict):
        for key in _READABLE:
            _gather(value.get(key), found)
