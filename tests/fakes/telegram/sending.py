"""The methods that send: what they check, which messages they make, and what the ledger says of them."""

import time
from typing import Any, NamedTuple

from tests.fakes.telegram import checks
from tests.fakes.telegram.faults import BotError, bad
from tests.fakes.telegram.params import Params, Upload
from tests.fakes.telegram.world import MOST_PHOTO, MOST_UP, Stored, World

Json = dict[str, Any]
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"BM")
# What may stand together in an album.
_ALBUMS = {"photo": "picture", "video": "picture", "live_photo": "picture", "audio": "audio", "document": "document"}


class Place(NamedTuple):
    """Where a message goes, and what it has of that."""

    chat: Json
    fields: Json


def message(world: World, params: Params) -> Json:
    """sendMessage."""
    place = _answering(world, params)
    fields = checks.text(params) | checks.markup(params)
    sent = _send(world, place, fields)
    _note(world, "sendMessage", [sent], [])
    return sent


def photo(world: World, params: Params) -> Json:
    """sendPhoto."""
    return _one(world, params, "photo")


def document(world: World, params: Params) -> Json:
    """sendDocument."""
    return _one(world, params, "document")


def audio(world: World, params: Params) -> Json:
    """sendAudio."""
    return _one(world, params, "audio")


def video(world: World, params: Params) -> Json:
    """sendVideo."""
    return _one(world, params, "video")


def voice(world: World, params: Params) -> Json:
    """sendVoice."""
    return _one(world, params, "voice")


def animation(world: World, params: Params) -> Json:
    """sendAnimation."""
    return _one(world, params, "animation")


def album(world: World, params: Params) -> list[Json]:
    """sendMediaGroup."""
    place = _answering(world, params)
    media = params.nested("media") or []
    if len(media) < 2:
        raise bad("too few messages to send as an album")
    if len(media) > 10:
        raise bad("too many messages to send as an album")
    _check_mix([item.get("type", "") for item in media])
    found = [_file(world, params, item["type"], item.get("media", "")) for item in media]
    captions = [checks.checked_caption(item.get("caption", ""), item.get("caption_entities") or []) for item in media]
    group = {"media_group_id": str(13_000_000_000_000_000 + world.number(0))}
    contents = [_content(item["type"], *file) for item, file in zip(media, found, strict=True)]
    sent = [_send(world, place, group | content | said) for content, said in zip(contents, captions, strict=True)]
    _note(world, "sendMediaGroup", sent, [stored for _, stored in found])
    return sent


def chat_action(world: World, params: Params) -> bool:
    """sendChatAction."""
    place = _place(world, params)
    world.note("sendChatAction", place.chat["id"], action=checks.action(params), **_where(place.fields))
    return True


def chat_id(params: Params) -> int:
    """The chat a call is about."""
    said = params.text("chat_id")
    if not said:
        raise bad("chat_id is empty")
    try:
        return int(said)
    except ValueError:
        raise bad("chat not found") from None


def connection(world: World, params: Params) -> str | None:
    """The business connection a call goes by."""
    name = params.text("business_connection_id")
    if not name:
        return None
    if name not in world.connections:
        raise bad("business connection not found")
    if not world.connections[name]["is_enabled"]:
        raise BotError(403, "Forbidden: business connection was disabled")
    return name


# ---- inside ----


def _place(world: World, params: Params) -> Place:
    business = connection(world, params)
    chat = world.chat(chat_id(params))
    fields: Json = {"business_connection_id": business} if business else {}
    thread = params.number("message_thread_id")
    if thread:
        if (chat["id"], thread) not in world.topics and not world.any_chat:
            raise bad("message thread not found")
        fields |= {"message_thread_id": thread, "is_topic_message": True}
    return Place(chat, fields)


def _answering(world: World, params: Params) -> Place:
    """The same with the message that is answered."""
    chat, fields = _place(world, params)
    return Place(chat, fields | _reply(world, params, chat["id"]))


def _reply(world: World, params: Params, chat: int) -> Json:
    told = params.nested("reply_parameters") or {}
    number = told.get("message_id")
    if not number:
        return {}
    found = world.messages.get((chat, number))
    if found is not None:
        return {"reply_to_message": {key: value for key, value in found.items() if key != "reply_to_message"}}
    if told.get("allow_sending_without_reply"):
        return {}
    raise bad("message to be replied not found")


def _send(world: World, place: Place, fields: Json) -> Json:
    chat = place.chat
    sent: Json = {"message_id": world.number(chat["id"]), "date": int(time.time()), "chat": dict(chat)}
    business = place.fields.get("business_connection_id")
    if business:
        sent |= {"from": world.connections[business]["user"], "sender_business_bot": world.bot}
    elif chat["type"] == "channel":
        sent["sender_chat"] = dict(chat)
    else:
        sent["from"] = world.bot
    sent |= place.fields | fields
    world.keep(sent)
    return sent


def _one(world: World, params: Params, kind: str) -> Json:
    place = _answering(world, params)
    file_id, stored = _file(world, params, kind, params.text(kind))
    fields = _content(kind, file_id, stored) | checks.caption(params) | checks.markup(params)
    sent = _send(world, place, fields)
    _note(world, f"send{kind.capitalize()}", [sent], [stored])
    return sent


def _file(world: World, params: Params, kind: str, said: str) -> tuple[str, Stored]:
    """The file meant: one that came along, or one Telegram has."""
    upload = params.files.get(said.removeprefix("attach://")) if said.startswith("attach://") else None
    upload = upload or (params.files.get(kind) if not said else None)
    if upload is None:
        if said in world.files:
            return said, world.files[said]
        raise bad("wrong file identifier/HTTP URL specified" if said else f"there is no {kind} in the request")
    _check_upload(kind, upload)
    file_id = world.store(upload.name, upload.content, upload.type)
    return file_id, world.files[file_id]


def _check_upload(kind: str, upload: Upload) -> None:
    if not upload.content:
        raise bad("file must be non-empty")
    if len(upload.content) > MOST_UP:
        raise BotError(413, "Request Entity Too Large")
    if kind != "photo":
        return
    if len(upload.content) > MOST_PHOTO:
        raise bad(
            f"file of size {len(upload.content)} bytes is too big for a photo; the maximum size is {MOST_PHOTO} bytes"
        )
    if not upload.content.startswith(_IMAGES):
        raise bad("IMAGE_PROCESS_FAILED")


def _check_mix(kinds: list[str]) -> None:
    for kind in kinds:
        if kind not in _ALBUMS:
            raise bad(f"can't parse InputMedia: type {kind} can't be sent in an album")
    if len({_ALBUMS[kind] for kind in kinds}) > 1:
        odd = "document" if "document" in kinds else "audio"
        raise bad(f"{odd} can't be mixed with other media types")


def _content(kind: str, file_id: str, stored: Stored) -> Json:
    """The field of a message that holds the file."""
    base: Json = {"file_id": file_id, "file_unique_id": f"AgAD{file_id[-6:]}", "file_size": stored.size}
    picture = {"width": 640, "height": 480}
    if kind == "photo":
        small = base | {"file_id": f"{file_id}s", "file_unique_id": f"AgADs{file_id[-5:]}", "width": 90, "height": 67}
        return {"photo": [small | {"file_size": min(stored.size, 1500)}, base | picture]}
    named = base | {"file_name": stored.name, "mime_type": stored.type}
    if kind == "voice":
        return {"voice": base | {"duration": 1, "mime_type": stored.type}}
    if kind == "animation":
        # Old apps know it as a document.
        return {"animation": named | picture | {"duration": 1}, "document": named}
    more: dict[str, Json] = {"video": picture | {"duration": 1}, "audio": {"duration": 1}}
    return {kind: named | more.get(kind, {})}


def _where(fields: Json) -> Json:
    return {"thread": fields.get("message_thread_id"), "business": fields.get("business_connection_id")}


def _note(world: World, method: str, sent: list[Json], files: list[Stored]) -> None:
    first = sent[0]
    said = next((each for each in sent if each.get("text") or each.get("caption")), first)
    world.note(
        method,
        first["chat"]["id"],
        text=said.get("text") or said.get("caption") or "",
        message_ids=[each["message_id"] for each in sent],
        files=[{"name": stored.name, "size": stored.size, "type": stored.type} for stored in files],
        reply_to=first.get("reply_to_message", {}).get("message_id"),
        entities=said.get("entities") or said.get("caption_entities"),
        markup=first.get("reply_markup"),
        **_where(first),
    )
