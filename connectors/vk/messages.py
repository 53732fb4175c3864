"""Messages of conversations: new ones, answers written in VK, edits, pressed buttons."""

import json
from datetime import UTC, datetime
from typing import Any, Literal

from connectors.base import Edit, Envelope, Message, Sender
from connectors.text import clean_name, clean_text, is_blank
from connectors.vk import addresses
from connectors.vk.content import content_of, location_of, origin_of, quote_of, who
from connectors.vk.fields import Json, needed, number, record, string
from connectors.vk.wording import html_of, readable, spans_of

# Of these languages the number is known; VK gives what the client's app is set to.
_LANGUAGES = {0: "ru", 1: "uk", 2: "be", 3: "en", 4: "es", 5: "fi", 6: "de", 7: "it"}
# More than VK lets a button carry.
_LONGEST_PAYLOAD = 1024
_RENAMED = {"chat_create", "chat_title_update"}


def body_of(event_object: Json) -> Json:
    """The message of an event: it lies one level down since version 5.103, and in message_new alone."""
    return record(event_object, "message") or event_object


def is_ours(message: Json, group_id: int) -> bool:
    """Whether the community wrote it."""
    return number(message, "from_id") == -group_id < 0 or message.get("out") == 1


def written(kind: str, event_object: Json, event: Json) -> list[Envelope]:
    """A new message, or an answer written in VK's own page or by another program."""
    message = body_of(event_object)
    ours = kind == "message_reply" or is_ours(message, number(event, "group_id"))
    peer, cmid = needed(message, "peer_id"), needed(message, "conversation_message_id")
    content = content_of(message, addresses.conversation(number(event, "group_id"), peer))
    own = readable(string(message, "text"))
    text = content.text_after(own)
    changed = number(message, "update_time")
    direction: Literal["in", "out"] = "out" if ours else "in"
    return [
        Message(
            addresses.message_key(peer, cmid),
            _client(message, record(event_object, "client_info"), peer),
            text,
            moment(needed(message, "date")),
            source_key=f"{cmid:020}",
            html=html_of(text, spans_of(string(message, "text"), record(message, "format_data"))),
            files=tuple(content.files),
            reply_to=_answered(message, peer),
            data=_data(message) or None,
            direction=direction,
            edited_at=moment(changed) if changed else None,
            author=who(number(message, "from_id")) if addresses.is_chat(peer) and not ours else "",
            echo=(number(message, "random_id") or None) if ours else None,
        )
    ]


def edited(event: Json, event_object: Json, at: datetime) -> list[Envelope]:
    """A message reads differently now.

    Of what the community wrote only what a person changed in VK: our own changes, of letters that may be parts of a
    message, come back here too.
    """
    message = body_of(event_object)
    ours = is_ours(message, number(event, "group_id"))
    if ours and not number(message, "admin_author_id"):
        return []
    peer, cmid = needed(message, "peer_id"), needed(message, "conversation_message_id")
    content = content_of(message, addresses.conversation(number(event, "group_id"), peer))
    text = content.text_after(readable(string(message, "text")))
    changed = number(message, "update_time")
    html = html_of(text, spans_of(string(message, "text"), record(message, "format_data")))
    # What stands in for a message that was not seen stands there as the client's.
    client = None if ours else _client(message, {}, peer)
    key = addresses.message_key(peer, cmid)
    files = tuple(content.files)
    return [Edit(key, text, moment(changed) if changed else at, html=html, sender=client, files=files)]


def pressed(_: Json, press: Json, at: datetime) -> list[Envelope]:
    """A button that calls back was pressed; what it says and holds is in its payload, as we send it."""
    peer, user, event_id = needed(press, "peer_id"), needed(press, "user_id"), string(press, "event_id")
    if not event_id:
        raise ValueError("event_id: empty")
    payload = press.get("payload")
    given: Json = payload if isinstance(payload, dict) else _read(payload)
    data = clean_text(string(given, "data")) or _payload(payload)
    label = next((text for text in (clean_text(string(given, "text")), data) if not is_blank(text)), "[Нажата кнопка]")
    told: dict[str, Any] = {"button": data}
    if cmid := number(press, "conversation_message_id"):
        told["message"] = addresses.message_key(peer, cmid)
    return [
        Message(
            addresses.press_key(peer, clean_name(event_id)),
            sender(peer, {}),
            label[:_LONGEST_PAYLOAD],
            at,
            data=told,
            author=who(user) if addresses.is_chat(peer) else "",
            press=json.dumps({"event_id": event_id, "user_id": user, "peer_id": peer}),
        )
    ]


def sender(peer_id: int, profile: dict[str, str], name: str = "") -> Sender:
    """Who is answered at the peer; VK tells no names with its events."""
    page = addresses.page(peer_id)
    known = profile | ({"url": page} if page else {})
    return Sender(addresses.address(peer_id), name=name, profile=known or None, ask=not name)


def moment(seconds: int) -> datetime:
    """VK's time."""
    return datetime.fromtimestamp(seconds, UTC)


def _client(message: Json, client_info: Json, peer: int) -> Sender:
    profile = {"start": string(message, "ref"), "start_source": string(message, "ref_source")}
    profile = {key: cleaned for key, value in profile.items() if (cleaned := clean_name(value))}
    language = client_info.get("lang_id")
    if isinstance(language, int) and language in _LANGUAGES and not addresses.is_chat(peer):
        profile["language"] = _LANGUAGES[language]
    action = record(message, "action")
    renamed = string(action, "type") in _RENAMED and addresses.is_chat(peer)
    return sender(peer, profile, clean_name(string(action, "text")) if renamed else "")


def _answered(message: Json, peer: int) -> str | None:
    answered = record(message, "reply_message")
    cmid, place = number(answered, "conversation_message_id"), number(answered, "peer_id")
    return addresses.message_key(peer, cmid) if cmid > 0 and place in {0, peer} else None


def _data(message: Json) -> dict[str, Any]:
    answered = record(message, "reply_message")
    found = {
        "forwarded_from": origin_of(message),
        "quote": quote_of(answered) if answered else "",
        "location": location_of(message),
        "payload": _payload(message.get("payload")),
        "admin": who(number(message, "admin_author_id")) if number(message, "admin_author_id") else "",
    }
    return {key: value for key, value in found.items() if value}


def _payload(payload: Any) -> str:
    """What a button holds, as text: JSON where VK sends an object."""
    if not payload:
        return ""
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return clean_text(text)[:_LONGEST_PAYLOAD]


def _read(payload: Any) -> Json:
    """An object VK sends as text."""
    try:
        found = json.loads(payload) if isinstance(payload, str) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
