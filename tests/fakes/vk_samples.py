"""One event of every kind a community may get; see vk_events for the parts."""

from itertools import count
from typing import Any

from tests.fakes import vk_events as e

Json = dict[str, Any]
# By name the type and the object of an event.
Samples = dict[str, tuple[str, Json]]
# Those whose type or attachment is of no API of today.
UNKNOWN = frozenset({"message_new hologram", "hologram_new"})
_CHAT = 2_000_000_001


def everything() -> Samples:
    """No two messages have the same number in the same conversation."""
    found = {**_messages(), **_about_messages(), **_comments(), **_rest()}
    numbers = count(1)
    for _, body in found.values():
        message = body.get("message", body)
        if "conversation_message_id" in message:
            message["conversation_message_id"] = next(numbers)
    return found


def _messages() -> Samples:
    inner = e.quoted(2, "inner", attachments=[e.photo()], fwd_messages=[e.quoted(3)])
    bold = e.formatted({"type": "bold", "offset": 0, "length": 4})
    found = {
        **{name: e.message_new(attachments=each) for name, each in _attachments().items()},
        "text": e.message_new(text="Hello"),
        "formatted": e.message_new(text="bold", format_data=bold),
        "nothing": e.message_new(),
        "geo": e.message_new(geo=e.geo()),
        "reply": e.message_new(text="yes", reply_message=e.quoted(text="Tea?")),
        "forwarded": e.message_new(fwd_messages=[e.quoted(1, "outer", fwd_messages=[inner]), e.quoted()]),
        "payload": e.message_new(text="Pay", payload=e.payload(data="pay")),
        "cropped": e.message_new(text="A long", is_cropped=True),
        "chat": e.message_new(text="Hi", peer_id=_CHAT),
        "ref": e.message_new(text="Hi", ref="shop", ref_source="site"),
    }
    actions = ("chat_title_update", "chat_invite_user", "chat_kick_user", "chat_create", "chat_photo_update")
    for kind in actions:
        happened = e.action(kind, text="Tea", member_id=1001)
        found[kind] = e.message_new(action=happened, peer_id=_CHAT)
    return {f"message_new {name}": ("message_new", body) for name, body in found.items()}


def _attachments() -> dict[str, list[Json]]:
    return {
        "photo": [e.photo(), e.photo()],
        "doc": [e.doc()],
        "voice": [e.audio_message(transcript="so", transcript_state="done")],
        "video": [e.video()],
        "audio": [e.audio()],
        "sticker": [e.sticker()],
        "wall": [e.wall(copy_history=[e.wall("older")["wall"]])],
        "wall_reply": [e.wall_reply()],
        "link": [e.link()],
        "market": [e.market()],
        "graffiti": [e.graffiti()],
        "poll": [e.poll()],
        "gift": [e.gift()],
        "story": [e.story()],
        "hologram": [e.unknown_attachment()],
    }


def _about_messages() -> Samples:
    return {
        "message_edit": ("message_edit", e.message_edit(text="Hullo")),
        "edited to nothing": ("message_edit", e.message_edit()),
        "edited by the program": ("message_edit", e.message_edit(-e.GROUP, "Hullo", peer_id=1001)),
        "message_reply": ("message_reply", e.message_reply(text="Hi", random_id=7)),
        "by hand": ("message_reply", e.message_reply(text="Hi", admin_author_id=7)),
        "message_allow": ("message_allow", e.message_allow(key="k")),
        "message_deny": ("message_deny", e.message_deny()),
        "message_event": ("message_event", e.message_event(text="Yes", data="y")),
        "message_event of nothing": ("message_event", e.message_event()),
        "message_reaction_event": ("message_reaction_event", e.message_reaction_event()),
        "reaction taken back": ("message_reaction_event", e.message_reaction_event(reaction_id=None)),
        "message_typing_state": ("message_typing_state", e.message_typing_state()),
        "message_read": ("message_read", e.message_read()),
    }


def _comments() -> Samples:
    places = {
        "wall_reply": e.wall_reply_new,
        "photo_comment": e.photo_comment_new,
        "video_comment": e.video_comment_new,
        "market_comment": e.market_comment_new,
        "board_post": e.board_post_new,
    }
    found: Samples = {}
    for kind, make in places.items():
        for verb in ("new", "edit", "restore"):
            found[f"{kind}_{verb}"] = (f"{kind}_{verb}", make())
    return found | {
        "comment with a photo": ("wall_reply_new", e.wall_reply_new(text="", attachments=[e.photo()])),
        "comment that answers": ("wall_reply_new", e.wall_reply_new(reply_to_user=2, reply_to_comment=3)),
        "comment of nothing": ("wall_reply_new", e.wall_reply_new(text="")),
        "our comment": ("wall_reply_new", e.wall_reply_new(-e.GROUP, reply_to_user=1001)),
        "our comment to nobody": ("wall_reply_new", e.wall_reply_new(-e.GROUP)),
        "wall_reply_delete": ("wall_reply_delete", e.wall_reply_delete(5)),
        "photo_comment_delete": ("photo_comment_delete", e.comment_deleted(5, photo_id=44)),
        "video_comment_delete": ("video_comment_delete", e.comment_deleted(5, video_id=55, deleter_id=1001)),
        "market_comment_delete": ("market_comment_delete", e.comment_deleted(5, item_id=66)),
        "board_post_delete": ("board_post_delete", e.board_post_deleted(5)),
    }


def _rest() -> Samples:
    return {
        "market_order_new": ("market_order_new", e.market_order_new()),
        "lead_forms_new": ("lead_forms_new", e.lead_forms_new(phone="1-23-45")),
        "group_join": ("group_join", e.group_join()),
        "hologram_new": ("hologram_new", e.unknown()),
    }
