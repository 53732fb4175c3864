"""The methods that change what was sent: edits and deletions."""

import time
from typing import Any

from tests.fakes.telegram import checks
from tests.fakes.telegram.faults import bad
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.sending import chat_id, connection
from tests.fakes.telegram.world import World

Json = dict[str, Any]
_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
# Seconds for which a message can be taken back.
_DELETABLE = 48 * 3600
# Messages one call may delete.
_MOST_DELETED = 100


def edit_text(world: World, params: Params) -> Json:
    """editMessageText."""
    found = _own(world, params)
    new = checks.text(params) | checks.markup(params)
    if "text" not in found:
        raise bad("there is no text in the message to edit")
    _change(found, new, ("text", "entities", "reply_markup"))
    _note(world, "editMessageText", found)
    return found


def edit_caption(world: World, params: Params) -> Json:
    """editMessageCaption."""
    found = _own(world, params)
    new = checks.caption(params) | checks.markup(params)
    if "text" in found:
        raise bad("there is no caption in the message to edit")
    _change(found, new, ("caption", "caption_entities", "reply_markup"))
    _note(world, "editMessageCaption", found)
    return found


def delete(world: World, params: Params) -> bool:
    """deleteMessage."""
    chat, number = world.chat(chat_id(params))["id"], params.number("message_id")
    found = world.messages.get((chat, number))
    if found is None:
        raise bad("message to delete not found")
    if found["date"] < time.time() - _DELETABLE:
        raise bad("message can't be deleted for everyone")
    del world.messages[chat, number]
    world.note("deleteMessage", chat, message_ids=[number])
    return True


def delete_several(world: World, params: Params) -> bool:
    """deleteMessages. Those that are not there are passed over."""
    chat, numbers = world.chat(chat_id(params))["id"], params.nested("message_ids") or []
    if not 1 <= len(numbers) <= _MOST_DELETED:
        raise bad("message identifiers are not specified" if not numbers else "too many message identifiers specified")
    there = [number for number in numbers if (chat, number) in world.messages]
    if any(world.messages[chat, number]["date"] < time.time() - _DELETABLE for number in there):
        raise bad("message can't be deleted for everyone")
    for number in there:
        del world.messages[chat, number]
    world.note("deleteMessages", chat, message_ids=numbers)
    return True


def delete_business(world: World, params: Params) -> bool:
    """deleteBusinessMessages."""
    name, numbers = connection(world, params), params.nested("message_ids") or []
    chats = {chat for chat, number in world.messages if number in numbers and _is_by(world, chat, number, name)}
    if not name or not chats:
        raise bad("message to delete not found")
    (chat,) = chats
    for number in numbers:
        world.messages.pop((chat, number), None)
    world.note("deleteBusinessMessages", chat, message_ids=numbers, business=name)
    return True


def read_business(world: World, params: Params) -> bool:
    """readBusinessMessage."""
    name, chat, number = connection(world, params), chat_id(params), params.number("message_id")
    if not name or not _is_by(world, chat, number, name):
        raise bad("message not found")
    world.note("readBusinessMessage", chat, message_ids=[number], business=name)
    return True


def _is_by(world: World, chat: int, number: int, name: str | None) -> bool:
    return world.messages.get((chat, number), {}).get("business_connection_id") == name


def _own(world: World, params: Params) -> Json:
    """The message to be edited, which the bot must have written."""
    name = connection(world, params)
    chat, number = world.chat(chat_id(params))["id"], params.number("message_id")
    found = world.messages.get((chat, number))
    if found is None or found.get("business_connection_id") != name:
        raise bad("message to edit not found")
    writers = [found.get(key, {}).get("id") for key in ("from", "sender_business_bot")]
    if world.bot["id"] not in writers and found["chat"]["type"] != "channel":
        raise bad("message can't be edited")
    return found


def _change(found: Json, new: Json, keys: tuple[str, ...]) -> None:
    if {key: found[key] for key in keys if key in found} == new:
        raise bad(_SAME)
    for key in keys:
        found.pop(key, None)
    found |= new | {"edit_date": int(time.time())}


def _note(world: World, method: str, found: Json) -> None:
    world.note(
        method,
        found["chat"]["id"],
        text=found.get("text") or found.get("caption") or "",
        message_ids=[found["message_id"]],
        entities=found.get("entities") or found.get("caption_entities"),
        markup=found.get("reply_markup"),
        business=found.get("business_connection_id"),
    )
