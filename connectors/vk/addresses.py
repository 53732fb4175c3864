"""Addresses and keys in VK: peers, messages by their number in the conversation, comments by their place."""

import re

# Peers from here on are conversations of several.
FIRST_CHAT = 2_000_000_000
_PEER = re.compile(r"-?[1-9][0-9]{0,18}")
_COMMENT = re.compile(r"comment:wall:(-?[0-9]{1,19})_([0-9]{1,19})_([0-9]{1,19})(?::.*)?")
_MESSAGE = re.compile(r"(-?[1-9][0-9]{0,18}):([1-9][0-9]{0,18})")


def address(peer_id: int) -> str:
    """The address of a peer: a person, a community (negative) or a conversation of several."""
    return str(peer_id)


def peer_of(text: str) -> int | None:
    """The peer behind an address; None for what is none."""
    return int(text) if _PEER.fullmatch(text) else None


def is_chat(peer_id: int) -> bool:
    """Whether several people talk there."""
    return peer_id >= FIRST_CHAT


def message_key(peer_id: int, cmid: int) -> str:
    """The key of a message: `cmid`, its conversation_message_id, counts within the peer's conversation."""
    return f"{peer_id}:{cmid}"


def message_of(external_id: str) -> tuple[int, int] | None:
    """Peer and conversation_message_id behind a message's key; None for comments, presses and what is no key."""
    found = _MESSAGE.fullmatch(external_id)
    return (int(found[1]), int(found[2])) if found else None


def event_key(event_id: str) -> str:
    """The key of an event that is no new message."""
    return f"event:{event_id}"


def press_key(peer_id: int, event_id: str) -> str:
    """The key of a pressed button."""
    return f"{peer_id}:press:{event_id}"


def place_key(kind: str, owner_id: int, object_id: int) -> str:
    """What is commented on; the lane of its comments."""
    return f"comment:{kind}:{owner_id}_{object_id}"


def comment_key(kind: str, owner_id: int, object_id: int, comment_id: int) -> str:
    """The key of a comment on an object of the kind `wall`, `photo`, `video`, `market` or `board`."""
    return f"{place_key(kind, owner_id, object_id)}_{comment_id}"


def comment_of(external_id: str) -> tuple[int, int, int] | None:
    """Owner, post and number of a comment below a post by its key, restored or not; None for everything else."""
    found = _COMMENT.fullmatch(external_id)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def page(peer_id: int) -> str:
    """The peer's page; nothing for a conversation of several."""
    if is_chat(peer_id):
        return ""
    return f"https://vk.com/id{peer_id}" if peer_id > 0 else f"https://vk.com/club{-peer_id}"


def conversation(group_id: int, peer_id: int) -> str:
    """The page on which the community's people see the conversation with the peer; nothing without a community."""
    talk = f"c{peer_id - FIRST_CHAT}" if is_chat(peer_id) else str(peer_id)
    return f"https://vk.com/gim{group_id}?sel={talk}" if group_id > 0 else ""


def order_key(user_id: int, order_id: int) -> str:
    """The key of an order in the community's shop."""
    return f"order:{user_id}_{order_id}"


def lead_key(user_id: int, lead_id: int) -> str:
    """The key of a filled-in form."""
    return f"lead:{user_id}_{lead_id}"
