"""Letters as calls of the Bot API: texts with their looks, files by type, albums, buttons. Pure."""

from typing import Any, NamedTuple

from connectors.base import Button, Letter, Outgoing, Rejected
from connectors.markup import to_utf16
from connectors.telegram.addresses import Place, message_key, message_of

# What goes as what, by media type; all else is a document. A photo over the limit is one too.
_KINDS = {
    "image/jpeg": "photo",
    "image/png": "photo",
    "image/webp": "photo",
    "image/gif": "animation",
    "video/mp4": "video",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/x-m4a": "audio",
    "audio/ogg": "voice",
}
# The looks that Telegram has another name for.
_LOOKS = {"strike": "strikethrough", "quote": "blockquote", "link": "text_link"}
_MOST_PHOTO = 10 * 1024 * 1024
# Kinds that go together in one album, and how a letter that mixes them goes: as documents.
_ALBUMS = (frozenset({"photo", "video"}), frozenset({"audio"}), frozenset({"document"}))
_MOST_DATA = 64


class Call(NamedTuple):
    """A method of the Bot API, by aiogram's name for it, and its parameters."""

    method: str
    params: dict[str, Any]


def new(letter: Letter, place: Place, *, as_documents: bool = False) -> Call:
    """The call that sends the letter, its files as documents if asked."""
    common = _where(place) | _reply(letter, place)
    if len(letter.files) > 1:
        if letter.buttons:
            raise Rejected("Telegram shows no buttons below several files")
        return Call("SendMediaGroup", common | {"media": _album(letter, as_documents)})
    common |= _keyboard(letter)
    if not letter.files:
        return Call("SendMessage", common | _text(letter))
    kind = "document" if as_documents else _kinds(letter.files)[0]
    return Call(f"Send{kind.capitalize()}", common | {kind: letter.files[0]} | _caption(letter))


def text_edit(letter: Letter, place: Place, message: int) -> Call:
    """The call that rewrites the text of a message."""
    return Call("EditMessageText", _which(place, message) | _text(letter) | _keyboard(letter))


def caption_edit(letter: Letter, place: Place, message: int) -> Call:
    """The call that rewrites what is written below a file."""
    return Call("EditMessageCaption", _which(place, message) | _caption(letter) | _keyboard(letter))


def deletion(place: Place, messages: list[int]) -> Call:
    """The call that takes messages back."""
    if place.business is not None:
        return Call("DeleteBusinessMessages", {"business_connection_id": place.business, "message_ids": messages})
    if len(messages) > 1:
        return Call("DeleteMessages", {"chat_id": place.chat, "message_ids": messages})
    return Call("DeleteMessage", {"chat_id": place.chat, "message_id": messages[0]})


def typing(place: Place) -> Call:
    """The call that shows that we type."""
    return Call("SendChatAction", _where(place) | {"action": "typing"})


def message_in(place: Place, key: str | None) -> int | None:
    """The id of the message with this key, if it stands in the place: elsewhere its number is another message's."""
    try:
        message = message_of(key or "")
    except ValueError:
        return None
    bot = str(key).partition(":")[0]
    return message if key == message_key(bot, place.chat, message, place.business) else None


def _where(place: Place) -> dict[str, Any]:
    where: dict[str, Any] = {"chat_id": place.chat}
    if place.thread is not None:
        where["message_thread_id"] = place.thread
    if place.business is not None:
        where["business_connection_id"] = place.business
    return where


def _which(place: Place, message: int) -> dict[str, Any]:
    which: dict[str, Any] = {"chat_id": place.chat, "message_id": message}
    return which if place.business is None else which | {"business_connection_id": place.business}


def _reply(letter: Letter, place: Place) -> dict[str, Any]:
    message = message_in(place, letter.reply_to)
    # Who took his message back is answered all the same.
    return {} if message is None else {"reply_parameters": {"message_id": message, "allow_sending_without_reply": True}}


def _text(letter: Letter) -> dict[str, Any]:
    return {"text": letter.text, "entities": _entities(letter)}


def _caption(letter: Letter) -> dict[str, Any]:
    return {"caption": letter.text, "caption_entities": _entities(letter)}


def _entities(letter: Letter) -> list[dict[str, Any]]:
    entities = []
    for span in letter.spans:
        offset, length = to_utf16(letter.text, span.start, span.end)
        url = {"url": span.url} if span.kind == "link" else {}
        entities.append({"type": _LOOKS.get(span.kind, span.kind), "offset": offset, "length": length, **url})
    return entities


def _album(letter: Letter, as_documents: bool) -> list[dict[str, Any]]:
    kinds = _kinds(letter.files)
    if as_documents or not any(set(kinds) <= album for album in _ALBUMS):
        kinds = ["document"] * len(kinds)
    media = [{"type": kind, "media": file} for kind, file in zip(kinds, letter.files, strict=True)]
    # Apps show the text of an album where one file alone has one; the first is also the one that is edited later.
    media[0] |= _caption(letter)
    return media


def _kinds(files: tuple[Outgoing, ...]) -> list[str]:
    kinds = [_KINDS.get(file.type.partition(";")[0].strip().lower(), "document") for file in files]
    large = any(kind == "photo" and file.size > _MOST_PHOTO for kind, file in zip(kinds, files, strict=True))
    return ["document"] * len(kinds) if large else kinds


def _keyboard(letter: Letter) -> dict[str, Any]:
    if not letter.buttons:
        return {}
    return {"reply_markup": {"inline_keyboard": [[_button(button) for button in row] for row in letter.buttons]}}


def _button(button: Button) -> dict[str, str]:
    if button.url:
        return {"text": button.text, "url": button.url}
    data = button.data or button.text.encode()[:_MOST_DATA].decode(errors="ignore")
    if len(data.encode()) > _MOST_DATA:
        raise Rejected(f"the data of a button has more than {_MOST_DATA} bytes")
    return {"text": button.text, "callback_data": data}
