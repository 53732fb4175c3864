"""Comments on posts, photos, videos and goods, and messages in discussions: messages with a link to their place."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from connectors.base import Deletion, Edit, Envelope, Message
from connectors.text import clean_name, clean_text
from connectors.vk import addresses
from connectors.vk.content import content_of
from connectors.vk.fields import Json, needed, number, string
from connectors.vk.messages import moment, sender
from connectors.vk.wording import readable


class Place(NamedTuple):
    """What can be commented on: how its kind is called, and which fields of an event name it."""

    kind: str
    owner: tuple[str, ...]
    item: tuple[str, ...]
    head: str


_PLACES = {
    "wall_reply": Place("wall", ("post_owner_id", "owner_id"), ("post_id",), "Комментарий к записи"),
    "photo_comment": Place("photo", ("photo_owner_id", "owner_id"), ("photo_id", "pid"), "Комментарий к фото"),
    "video_comment": Place("video", ("video_owner_id", "owner_id"), ("video_id",), "Комментарий к видео"),
    # VK's own schema calls the item a photo.
    "market_comment": Place("market", ("market_owner_id", "owner_id"), ("item_id", "photo_id"), "Комментарий к товару"),
    "board_post": Place("board", ("topic_owner_id", "owner_id"), ("topic_id",), "Сообщение в обсуждении"),
}
_VERBS = {"new", "edit", "restore", "delete"}


def place_of(kind: str) -> Place | None:
    """Which place an event is about; None for an event that is about no comment."""
    about, _, verb = kind.rpartition("_")
    return _PLACES.get(about) if verb in _VERBS else None


def lane(place: Place, comment: Json) -> str:
    """What stays in order: a deletion does not say whose comment it was, so the place it is."""
    return addresses.place_key(place.kind, number(comment, *place.owner), number(comment, *place.item))


def parse(kind: str, comment: Json, event: Json, at: datetime) -> list[Envelope]:
    """What became of a comment."""
    about, _, verb = kind.rpartition("_")
    place = _PLACES[about]
    owner, item = number(comment, *place.owner), number(comment, *place.item)
    key = addresses.comment_key(place.kind, owner, item, needed(comment, "id"))
    if verb == "delete":
        return [Deletion(key, at)]
    ours = needed(comment, "from_id") == -number(event, "group_id")
    if ours and verb == "edit" and place.kind == "wall":
        # Below posts Okno writes too, and VK does not tell its changes from those made on the page.
        return []
    link = _link(place.kind, owner, item, comment)
    head = f"[{place.head} {link}]"
    if verb == "edit":
        return [_edit(key, head, comment, at, ours=ours)]
    # The community's comment belongs to the client it answers; without one it is nobody's.
    person = number(comment, "reply_to_user" if ours else "from_id")
    if ours and person <= 0:
        return []
    answered = number(comment, "reply_to_comment")
    content = content_of(comment)
    message = Message(
        key,
        sender(person, {}),
        f"{head}\n{content.text_after(readable(string(comment, 'text')))}".rstrip("\n"),
        moment(needed(comment, "date")),
        source_key=f"{needed(comment, 'id'):020}",
        files=tuple(content.files),
        reply_to=addresses.comment_key(place.kind, owner, item, answered) if answered else None,
        data={"link": link},
        direction="out" if ours else "in",
        # VK tells of no `guid`: our own comment may come before the answer to the call that made it.
        echo=clean_text(string(comment, "text")) if ours and verb == "new" else None,
    )
    return [message if verb == "new" else _again(message, clean_name(string(event, "event_id")), at)]


def _edit(key: str, head: str, comment: Json, at: datetime, *, ours: bool) -> Edit:
    content = content_of(comment)
    text = f"{head}\n{content.text_after(readable(string(comment, 'text')))}"
    # What stands in for a comment that was not seen stands there as the client's.
    client = None if ours else sender(needed(comment, "from_id"), {})
    return Edit(key, text, at, sender=client, files=tuple(content.files))


def _again(message: Message, event_id: str, at: datetime) -> Message:
    """A comment restored: what was taken back stays so, and is said anew."""
    return msgspec.structs.replace(
        message,
        external_id=f"{message.external_id}:{event_id}",
        text=f"[Комментарий восстановлен]\n{message.text}",
        sent_at=at,
    )


def _link(kind: str, owner: int, item: int, comment: Json) -> str:
    if kind == "wall":
        stack = comment.get("parents_stack")
        above = number({"id": stack[0]}, "id") if isinstance(stack, list) and stack else 0
        thread = f"&thread={above}" if above else ""
        return f"https://vk.com/wall{owner}_{item}?reply={number(comment, 'id')}{thread}"
    if kind == "market":
        return f"https://vk.com/market{owner}?w=product{owner}_{item}"
    if kind == "board":
        return f"https://vk.com/topic{owner}_{item}?post={number(comment, 'id')}"
    return f"https://vk.com/{kind}{owner}_{item}"
