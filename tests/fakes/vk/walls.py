"""Comments below the community's posts: written, changed, taken back, read."""

import time
from typing import Any

from tests.fakes.vk.faults import ApiError
from tests.fakes.vk.params import Params, needed, whole
from tests.fakes.vk.world import World

Json = dict[str, Any]


def create(world: World, params: Params) -> Json:
    """wall.createComment; the same guid again gives the same comment."""
    post_id, owner_id = whole({"post_id": needed(params, "post_id")}, "post_id"), _owner(world, params)
    text, guid = params.get("message", ""), params.get("guid", "")
    if not text and not params.get("attachments"):
        raise ApiError(100, "message is undefined")
    known = f"{owner_id}_{post_id}:{guid}"
    before, at = world.guids.get(known, (0, 0.0))
    if guid and before and time.time() - at < world.guid_for:
        world.repeats += 1
        return {"comment_id": before, "parents_stack": []}
    written = add(world, -world.group_id, text, post_id, whole(params, "reply_to_comment"))
    world.guids[known] = written["id"], time.time()
    ids = {"post_id": post_id, "comment_id": written["id"], "reply_to": written.get("reply_to_comment", 0)}
    world.note("wall.createComment", owner_id, text=text, **ids)
    world.log.add(world.log.event("wall_reply_new", written | {"post_owner_id": owner_id}))
    return {"comment_id": written["id"], "parents_stack": written["parents_stack"]}


def edit(world: World, params: Params) -> int:
    """wall.editComment, of the community's own comment within a day."""
    comment = _ours(world, params)
    if not params.get("message"):
        raise ApiError(100, "message is undefined")
    comment["text"] = params["message"]
    owner_id = comment["owner_id"]
    world.note("wall.editComment", owner_id, text=comment["text"], comment_id=comment["id"])
    world.log.add(world.log.event("wall_reply_edit", comment | {"post_owner_id": owner_id}))
    return 1


def delete(world: World, params: Params) -> int:
    """wall.deleteComment."""
    comment = _ours(world, params)
    world.comments.remove(comment)
    about = {"owner_id": comment["owner_id"], "id": comment["id"], "post_id": comment["post_id"]}
    world.note("wall.deleteComment", comment["owner_id"], text=comment["text"], comment_id=comment["id"])
    world.log.add(world.log.event("wall_reply_delete", about | {"deleter_id": world.group_id}))
    return 1


def one(world: World, params: Params) -> Json:
    """wall.getComment."""
    number, owner_id = whole({"comment_id": needed(params, "comment_id")}, "comment_id"), _owner(world, params)
    found = [each for each in world.comments if each["id"] == number and each["owner_id"] == owner_id]
    if not found:
        raise ApiError(100, "comment_id is incorrect")
    return {"items": found}


def several(world: World, params: Params) -> Json:
    """wall.getComments: those of a post that begin a thread, or all of the thread below one of them."""
    post_id, above = whole(params, "post_id"), whole(params, "comment_id")
    count, offset = whole(params, "count", 10), whole(params, "offset")
    if not 0 <= count <= 100:
        raise ApiError(100, "count should be less or equal to 100")
    place = (_owner(world, params), post_id, [above] if above else [])
    level = [each for each in world.comments if (each["owner_id"], each["post_id"], each["parents_stack"]) == place]
    ordered = level[::-1] if params.get("sort") == "desc" else level
    longest = whole(params, "preview_length")
    page = [each | {"text": each["text"][: longest or None]} for each in ordered[offset : offset + count]]
    return {"count": len(world.comments), "items": page, "current_level_count": len(level)}


def add(world: World, from_id: int, text: str, post_id: int, reply_to: int = 0) -> Json:
    """A new comment; one that answers another hangs below the first of its thread."""
    comment: Json = {
        "id": world.number(), "from_id": from_id, "date": int(time.time()), "text": text, "post_id": post_id,
        "owner_id": -world.group_id, "parents_stack": [],
    }  # fmt: skip
    if reply_to:
        above = next((each for each in world.comments if each["id"] == reply_to), None)
        comment |= {"reply_to_comment": reply_to, "parents_stack": [reply_to]}
        if above is not None:
            comment |= {"reply_to_user": above["from_id"], "parents_stack": above["parents_stack"] or [reply_to]}
    world.comments.append(comment)
    return comment


def _ours(world: World, params: Params) -> Json:
    number, owner_id = whole({"comment_id": needed(params, "comment_id")}, "comment_id"), _owner(world, params)
    found = [each for each in world.comments if each["id"] == number and each["owner_id"] == owner_id]
    if not found or found[0]["from_id"] != -world.group_id:
        raise ApiError(211)
    if time.time() - found[0]["date"] > world.edit_window:
        raise ApiError(15, "too late")
    return found[0]


def _owner(world: World, params: Params) -> int:
    return whole(params, "owner_id", -world.group_id)
