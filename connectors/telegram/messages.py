"""Messages: who wrote one, where, in answer to what, and what becomes of it."""

from typing import Any

from connectors.base import Edit, Envelope, Message, Move, Proof, Sender
from connectors.markup import to_html
from connectors.telegram import addresses, files
from connectors.telegram.content import Content, content
from connectors.telegram.fields import Json, connection, line, moment, name, number, part, words

# What a command's parameter and a quote have at most.
_PARAMETER, _QUOTE = 64, 1024


def message(bot: str, update: int, found: Json) -> list[Envelope]:
    """What a new message becomes; `update` is the number of the update it came in."""
    moved = _moved(found)
    if moved:
        return [moved]
    if _is_own(bot, found):
        return []
    what = content(found)
    ours = is_ours(found)
    proofs = what.proofs if _is_private(found) and not ours else ()
    sender = sender_of(found, proofs=proofs, start="" if ours else _start(found))
    group = words(found, "media_group_id")
    return [
        Message(
            _key(bot, update, found),
            sender,
            what.text,
            moment(found, "date"),
            source_key=f"{number(found, 'message_id'):020}",
            html=_html(what),
            files=what.files,
            reply_to=_reply_to(bot, found),
            data=_data(found, what) or None,
            direction="out" if ours else "in",
            album=f"{bot}:{sender.address}:album:{group}" if group else None,
            author="" if _is_private(found) else author(found),
            respond="" if ours or found.get("sender_chat") else _respond(found, what),
        )
    ]


def edit(bot: str, update: int, found: Json) -> list[Envelope]:
    """What an edited message becomes."""
    if _moved(found) or _is_own(bot, found):
        return []
    what = content(found)
    edited_at = moment(found, "edit_date" if "edit_date" in found else "date")
    # What stands in for a message that is not there would be taken for the client's.
    sender = None if is_ours(found) else sender_of(found)
    return [Edit(_key(bot, update, found), what.text, edited_at, html=_html(what), sender=sender, files=what.files)]


def sender_of(found: Json, person: Json | None = None, *, proofs: tuple[Proof, ...] = (), start: str = "") -> Sender:
    """The client: in a private chat the person, elsewhere the chat; `person` is who did it, if not the message's."""
    chat = part(found, "chat")
    profile = {"username": line(chat, "username"), "start": start, "topic": _topic(found)}
    writer = part(found, "from") if person is None else person
    if _is_private(found) and not is_ours(found):
        profile["language"] = line(writer, "language_code", 35)
    told = {key: value for key, value in profile.items() if value}
    return Sender(address_of(found), name(chat), proofs=proofs, profile=told or None)


def address_of(found: Json) -> str:
    """Where the message is answered."""
    thread = number(found, "message_thread_id") if found.get("is_topic_message") else None
    return addresses.address(number(part(found, "chat"), "id"), thread, connection(found))


def author(found: Json) -> str:
    """Who of several people wrote it; in the name of a chat that chat, with the signature if there is one."""
    writer = part(found, "sender_chat") or part(found, "from")
    signature = line(found, "author_signature")
    if number(writer, "id", 0) == number(part(found, "chat"), "id"):
        return signature or name(writer)
    return ", ".join(filter(None, (name(writer), signature)))


def is_ours(found: Json) -> bool:
    """Whether the owner of a business account wrote it, or another bot in his name."""
    if connection(found) is None:
        return False
    return number(part(found, "from"), "id") != number(part(found, "chat"), "id")


def _is_own(bot: str, found: Json) -> bool:
    """Whether it is a letter of ours that comes back."""
    return str(part(found, "sender_business_bot").get("id", "")) == bot


def _is_private(found: Json) -> bool:
    return words(part(found, "chat"), "type") == "private"


def _moved(found: Json) -> Move | None:
    here = number(part(found, "chat"), "id")
    if "migrate_to_chat_id" in found:
        return Move(str(here), str(number(found, "migrate_to_chat_id")))
    if "migrate_from_chat_id" in found:
        return Move(str(number(found, "migrate_from_chat_id")), str(here))
    return None


def _key(bot: str, update: int, found: Json) -> str:
    """The message's key; what Telegram gives no number of its own has that of its update."""
    item = number(found, "message_id")
    if item <= 0:
        return f"{bot}:update:{update}"
    return addresses.message_key(bot, number(part(found, "chat"), "id"), item, connection(found))


def _start(found: Json) -> str:
    """What the link said by which a client came."""
    command, _, parameter = words(found, "text").partition(" ")
    if not _is_private(found) or command.partition("@")[0] != "/start":
        return ""
    return line({"parameter": parameter}, "parameter", _PARAMETER)


def _topic(found: Json) -> str:
    """What the message's topic is called, where Telegram says so: in the reply that every message of a topic is."""
    return line(part(part(found, "reply_to_message"), "forum_topic_created"), "name")


def _reply_to(bot: str, found: Json) -> str | None:
    answered = part(found, "reply_to_message")
    if not answered or number(answered, "message_id") <= 0:
        return None
    item = number(answered, "message_id")
    # What answers nothing in a topic answers the topic's first message.
    if found.get("is_topic_message") and item == number(found, "message_thread_id"):
        return None
    return addresses.message_key(bot, number(part(found, "chat"), "id"), item, connection(found))


def _data(found: Json, what: Content) -> dict[str, Any]:
    data = dict(what.data or {})
    origin = part(found, "forward_origin")
    if origin:
        data["forwarded_from"] = _origin(origin)
    quote = words(part(found, "quote"), "text")
    elsewhere = _elsewhere(found)
    if quote or elsewhere:
        data["quote"] = ": ".join(filter(None, (elsewhere, quote)))[:_QUOTE]
    return data


def _elsewhere(found: Json) -> str:
    """What was answered, when it stands in another chat or in a story."""
    if found.get("reply_to_story"):
        return f"[История: {name(part(part(found, 'reply_to_story'), 'chat'))}]"
    outside = part(found, "external_reply")
    if not outside:
        return ""
    origin = _origin(part(outside, "origin"))
    if found.get("quote"):
        return origin
    about = ("origin", "chat", "message_id", "has_media_spoiler", "link_preview_options")
    said = content({key: value for key, value in outside.items() if key not in about}, bare=True).text
    return f"{origin}: {said}"


def _origin(origin: Json) -> str:
    """Who wrote what is passed on."""
    chat = part(origin, "chat") or part(origin, "sender_chat")
    names = (name(part(origin, "sender_user")), line(origin, "sender_user_name"), name(chat))
    said = ", ".join(filter(None, (*names, line(origin, "author_signature"))))
    return said or f"[Источник вида «{line(origin, 'type', 64)}»]"


def _respond(found: Json, what: Content) -> str:
    return files.sorry(what.too_large, line(part(found, "from"), "language_code", 35)) if what.too_large else ""


def _html(what: Content) -> str | None:
    return to_html(what.text, what.spans) if what.spans else None
