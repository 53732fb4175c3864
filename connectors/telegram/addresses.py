"""Addresses and keys of Telegram: chats, topics, business connections, and the messages in them."""

import re
from typing import NamedTuple

# Telegram's ids are numbers of at most 64 bits.
_ID = r"-?[0-9]{1,19}"
_CHAT = re.compile(rf"({_ID})(?:/([0-9]{{1,19}}))?")
_CONNECTION = r"[\x21-\x7e]{1,128}"
_BUSINESS = re.compile(rf"b:({_CONNECTION}):({_ID})")
_KEY = re.compile(rf"[0-9]{{1,20}}:(?:b:{_CONNECTION}:)?{_ID}:([0-9]{{1,19}})")


class Place(NamedTuple):
    """Where a message goes: a chat, a topic of it, or a chat of the business account behind the connection."""

    chat: int
    thread: int | None = None
    business: str | None = None


def address(chat: int, thread: int | None = None, business: str | None = None) -> str:
    """The address of a place; of a business account there are no topics."""
    if business is not None:
        return f"b:{business}:{chat}"
    return str(chat) if thread is None else f"{chat}/{thread}"


def is_connection(text: str) -> bool:
    """Whether the text can be the id of a business connection."""
    return re.fullmatch(_CONNECTION, text) is not None


def parse(address: str) -> Place:
    """The place behind the address; ValueError for one that is none."""
    if found := _CHAT.fullmatch(address):
        chat, thread = found.groups()
        return Place(int(chat), None if thread is None else int(thread))
    if found := _BUSINESS.fullmatch(address):
        return Place(int(found[2]), business=found[1])
    raise ValueError("this is not the address of a Telegram chat")


def message_key(bot: str, chat: int, message: int, business: str | None = None) -> str:
    """What makes a message unique in the channel.

    A business account counts its messages by itself: its chat with a customer and the bot's own have the same number,
    so the connection is part of the key.
    """
    return f"{bot}:{address(chat, business=business)}:{message}"


def message_of(key: str) -> int:
    """The id in its chat of the message with this key; ValueError for the key of anything else."""
    found = _KEY.fullmatch(key)
    if not found:
        raise ValueError("this is not the key of a Telegram message")
    return int(found[1])
