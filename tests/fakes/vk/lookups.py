"""The methods that read: history, conversations, people, the community."""

from typing import Any

from tests.fakes.vk.faults import ApiError
from tests.fakes.vk.params import Params, flag, needed, whole, wholes
from tests.fakes.vk.world import FIRST_CHAT, World

Json = dict[str, Any]


def history(world: World, params: Params) -> Json:
    """messages.getHistory: newest first, or oldest first with rev."""
    peer_id = whole(params, "peer_id") or whole({"user_id": needed(params, "user_id")}, "user_id")
    count = _count(params, 20)
    messages = world.conversations.get(peer_id, [])
    ordered = messages if flag(params, "rev") else messages[::-1]
    start = max(_start(params, ordered) + whole(params, "offset"), 0)
    page = ordered[start : start + count]
    answer = {"count": len(messages), "items": page}
    if flag(params, "extended"):
        answer |= _people(world, page) | {"conversations": [_conversation(world, peer_id)] if messages else []}
    return answer


def conversations(world: World, params: Params) -> Json:
    """messages.getConversations: the one with the newest message first."""
    count, offset = _count(params, 20), whole(params, "offset")
    talks = [peer for peer, messages in world.conversations.items() if messages]
    talks.sort(key=lambda peer: (world.conversations[peer][-1]["date"], world.conversations[peer][-1]["version"]))
    unread = [peer for peer in talks if _unread(world, peer)]
    chosen = (unread if params.get("filter") == "unread" else talks)[::-1]
    page = chosen[offset : offset + count]
    last = [world.conversations[peer][-1] for peer in page]
    pairs = zip(page, last, strict=True)
    items = [{"conversation": _conversation(world, peer), "last_message": each} for peer, each in pairs]
    answer: Json = {"count": len(chosen), "items": items}
    if unread:
        answer["unread_count"] = len(unread)
    return answer | (_people(world, last) if flag(params, "extended") else {})


def by_cmid(world: World, params: Params) -> Json:
    """messages.getByConversationMessageId."""
    peer_id = whole({"peer_id": needed(params, "peer_id")}, "peer_id")
    needed(params, "conversation_message_ids")
    wanted = wholes(params, "conversation_message_ids", 100)
    found = [each for each in world.conversations.get(peer_id, []) if each["conversation_message_id"] in wanted]
    answer: Json = {"count": len(found), "items": found}
    return answer | (_people(world, found) if flag(params, "extended") else {})


def by_id(world: World, params: Params) -> Json:
    """messages.getById, by message_ids or by peer_id and cmids."""
    ids, cmids, peer_id = wholes(params, "message_ids", 100), wholes(params, "cmids", 100), whole(params, "peer_id")
    if not ids and not (cmids and peer_id):
        raise ApiError(100, "message_ids is undefined")
    every = [message for messages in list(world.conversations.values()) for message in messages]
    found = [
        each
        for each in every
        if each["id"] in ids or (each["peer_id"] == peer_id and each["conversation_message_id"] in cmids)
    ]
    answer: Json = {"count": len(found), "items": found}
    return answer | (_people(world, found) if flag(params, "extended") else {})


def users(world: World, params: Params) -> list[Json]:
    """users.get; whom nobody knows is left out."""
    fields = set(params.get("fields", "").split(","))
    wanted = [part for part in needed(params, "user_ids").split(",") if part]
    if len(wanted) > 1000:
        raise ApiError(100, "user_ids has more than 1000 items")
    by_name = {user.get("screen_name"): user for user in world.users.values()}
    found = [world.users.get(int(part)) if part.isdigit() else by_name.get(part) for part in wanted]
    return [_user(user, fields) for user in found if user is not None]


def group(world: World, params: Params) -> Json:
    """groups.getById."""
    wanted = params.get("group_ids") or params.get("group_id") or str(world.group_id)
    if str(world.group_id) not in wanted.split(","):
        raise ApiError(100, "group_ids is undefined")
    return {"groups": [_group(world)], "profiles": []}


def permissions(world: World, _params: Params) -> Json:
    """groups.getTokenPermissions."""
    settings = [{"name": name, "setting": bit} for name, bit in world.permissions.items()]
    return {"mask": sum(world.permissions.values()), "permissions": settings}


def long_poll_server(world: World, params: Params) -> Json:
    """groups.getLongPollServer."""
    _own_group(world, params)
    if not world.long_poll_enabled:
        raise ApiError(100, "longpoll for this group is not enabled")
    key, ts = world.log.open()
    return {"key": key, "server": f"{world.url}/lp/wh{world.group_id}", "ts": ts}


def long_poll_settings(world: World, params: Params) -> Json:
    """groups.getLongPollSettings."""
    _own_group(world, params)
    events = dict.fromkeys(_EVENTS, 1) | world.long_poll_events
    return {"is_enabled": world.long_poll_enabled, "api_version": "5.199", "events": events}


def _own_group(world: World, params: Params) -> None:
    if whole({"group_id": needed(params, "group_id")}, "group_id") != world.group_id:
        raise ApiError(15, "group_id is not the token's")


def _count(params: Params, default: int) -> int:
    count = whole(params, "count", default)
    if not 0 <= count <= 200:
        raise ApiError(100, "count should be less or equal to 200")
    return count


def _start(params: Params, ordered: list[Json]) -> int:
    """Where the page begins: at the start message, or at the one that would follow it."""
    for param, name in (("start_cmid", "conversation_message_id"), ("start_message_id", "id")):
        start = whole(params, param)
        if start > 0:
            later = flag(params, "rev")
            reached = (
                place for place, each in enumerate(ordered) if (each[name] >= start) == later or each[name] == start
            )
            return next(reached, len(ordered))
    return 0


def _unread(world: World, peer_id: int) -> int:
    read = world.read.get(peer_id, 0)
    return sum(each["conversation_message_id"] > read and not each["out"] for each in world.conversations[peer_id])


def _conversation(world: World, peer_id: int) -> Json:
    last = world.conversations[peer_id][-1]
    kind, local = ("chat", peer_id - FIRST_CHAT) if peer_id >= FIRST_CHAT else ("user", peer_id)
    if peer_id < 0:
        kind, local = "group", -peer_id
    told: Json = {
        "peer": {"id": peer_id, "type": kind, "local_id": local},
        "last_message_id": last["id"],
        "last_conversation_message_id": last["conversation_message_id"],
        "in_read": world.read.get(peer_id, 0),
        "out_read": 0,
        "version": last["version"],
        "sort_id": {"major_id": 0, "minor_id": last["id"]},
        "important": False,
        "unanswered": not last["out"],
        "can_write": {"allowed": peer_id not in world.denied},
    }
    unread = _unread(world, peer_id)
    return told | ({"unread_count": unread} if unread else {})


def _people(world: World, messages: list[Json]) -> Json:
    ids = {each["from_id"] for each in messages}
    profiles = [_user(world.users[number], set()) for number in ids if number in world.users]
    return {"profiles": profiles, "groups": [_group(world)]}


def _user(user: Json, fields: set[str]) -> Json:
    always = {"id", "first_name", "last_name", "deactivated", "can_access_closed", "is_closed"}
    return {name: value for name, value in user.items() if name in always | fields}


def _group(world: World) -> Json:
    picture = {f"photo_{size}": f"{world.url}/files/group_{size}.jpg" for size in (50, 100, 200)}
    name = f"club{world.group_id}"
    return {
        "id": world.group_id, "name": world.name, "screen_name": name, "is_closed": 0, "type": "group", **picture
    }  # fmt: skip


_EVENTS = (
    "audio_new", "board_post_delete", "board_post_edit", "board_post_new", "board_post_restore", "group_change_photo",
    "group_change_settings", "group_join", "group_leave", "group_officers_edit", "lead_forms_new",
    "market_comment_delete", "market_comment_edit", "market_comment_new", "market_comment_restore", "market_order_new",
    "market_order_edit", "message_allow", "message_deny", "message_edit", "message_new", "message_read",
    "message_reaction_event", "message_reply", "message_typing_state", "photo_comment_delete", "photo_comment_edit",
    "photo_comment_new", "photo_comment_restore", "photo_new", "poll_vote_new", "user_block", "user_unblock",
    "video_comment_delete", "video_comment_edit", "video_comment_new", "video_comment_restore", "video_new",
    "wall_post_new", "wall_reply_delete", "wall_reply_edit", "wall_reply_new", "wall_reply_restore", "wall_repost",
    "wall_schedule_post_new", "wall_schedule_post_delete", "donut_subscription_create",
    "donut_subscription_prolonged", "donut_subscription_cancelled", "donut_subscription_expired",
    "donut_subscription_price_changed", "donut_money_withdraw", "donut_money_withdraw_error",
)  # fmt: skip
