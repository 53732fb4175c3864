"""The methods that ask: who the bot is, chats, files; and the answer to a press."""

import time
from typing import Any

from tests.fakes.telegram.faults import bad
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.sending import chat_id
from tests.fakes.telegram.world import MOST_DOWN, World

Json = dict[str, Any]


def me(world: World, _: Params) -> Json:
    """getMe."""
    return world.bot | {
        "can_join_groups": True,
        "can_read_all_group_messages": world.reads_groups,
        "supports_inline_queries": False,
        "can_connect_to_business": True,
        "has_main_web_app": False,
    }


def chat(world: World, params: Params) -> Json:
    """getChat."""
    found = world.chat(chat_id(params))
    gifts = dict.fromkeys(
        ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
    )
    return found | {"accent_color_id": 3, "max_reaction_count": 11, "accepted_gift_types": gifts}


def file(world: World, params: Params) -> Json:
    """getFile."""
    file_id = params.text("file_id")
    if not file_id:
        raise bad("file_id not specified")
    stored = world.files.get(file_id)
    if stored is None:
        raise bad("invalid file_id")
    if stored.size > MOST_DOWN:
        raise bad("file is too big")
    found: Json = {"file_id": file_id, "file_unique_id": f"AgAD{file_id[-6:]}", "file_size": stored.size}
    return found | {"file_path": stored.path}


def business(world: World, params: Params) -> Json:
    """getBusinessConnection."""
    name = params.text("business_connection_id")
    if name not in world.connections:
        raise bad("business connection not found")
    return world.connections[name]


def answer_press(world: World, params: Params) -> bool:
    """answerCallbackQuery."""
    name = params.text("callback_query_id")
    pressed = world.presses.get(name)
    if pressed is None or pressed < time.time() - world.press_lifetime:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    world.note("answerCallbackQuery", None, text=params.text("text"), press=name, alert=params.flag("show_alert"))
    return True
