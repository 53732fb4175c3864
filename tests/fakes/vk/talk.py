"""The methods messages.* that change something."""

import time
from typing import Any

from tests.fakes.vk.faults import TEXTS, ApiError
from tests.fakes.vk.params import Params, flag, needed, parsed, whole, wholes
from tests.fakes.vk.world import World

Json = dict[str, Any]
_KEPT = ("attachment", "reply_to", "forward", "keyboard", "format_data", "payload", "dont_parse_links")
_QUOTED = ("conversation_message_id", "date", "from_id", "text", "attachments", "id", "peer_id")


def send(world: World, params: Params) -> Any:
    """messages.send: an id for a peer_id, a list of what became of each for peer_ids."""
    random_id = whole({"random_id": needed(params, "random_id")}, "random_id")
    if not -(2**31) <= random_id < 2**31:
        raise ApiError(100, "random_id is out of range")
    _judge(world, params)
    if not params.get("peer_ids"):
        peer_id = whole(params, "peer_id") or whole(params, "user_id")
        if not peer_id:
            raise ApiError(100, "you should specify peer_id, user_id, domain, chat_id or user_ids param")
        return _send(world, peer_id, random_id, params)["id"]
    answers: list[Json] = []
    for peer_id in wholes(params, "peer_ids", 100):
        try:
            sent = _send(world, peer_id, random_id, params)
            ids = {"message_id": sent["id"], "conversation_message_id": sent["conversation_message_id"]}
            answers.append({"peer_id": peer_id, **ids})
        except ApiError as error:
            told = {"code": error.code, "description": error.text}
            answers.append({"peer_id": peer_id, "message_id": 0, "conversation_message_id": 0, "error": told})
    return answers


def edit(world: World, params: Params) -> int:
    """messages.edit, of the community's own message within a day."""
    peer_id = whole({"peer_id": needed(params, "peer_id")}, "peer_id")
    message = world.find(peer_id, cmid=whole(params, "cmid"), message_id=whole(params, "message_id"))
    _judge(world, params)
    if message["from_id"] != -world.group_id:
        raise ApiError(920)
    if time.time() - message["date"] > world.edit_window:
        raise ApiError(909)
    message |= {"text": params.get("message", ""), "update_time": int(time.time())} | _looks(world, params)
    world.note("messages.edit", peer_id, text=message["text"], cmid=message["conversation_message_id"])
    world.log.add(world.log.event("message_edit", world.told(message)))
    return 1


def delete(world: World, params: Params) -> list[Json]:
    """messages.delete: what became of each."""
    peer_id = whole(params, "peer_id")
    cmids, ids = wholes(params, "cmids", 1000), wholes(params, "message_ids", 1000)
    if cmids and not peer_id:
        raise ApiError(100, "peer_id is undefined")
    if not cmids and not ids:
        raise ApiError(100, "message_ids or cmids is undefined")
    found = [world.find(peer_id, cmid=cmid) for cmid in cmids]
    found += [world.find(peer, message_id=number) for number in ids for peer in [_peer_of(world, number)]]
    return [_delete(world, message, everywhere=flag(params, "delete_for_all")) for message in found]


def mark_as_read(world: World, params: Params) -> int:
    """messages.markAsRead."""
    peer_id = whole({"peer_id": needed(params, "peer_id")}, "peer_id")
    messages = world.conversations.get(peer_id, [])
    upto = whole(params, "up_to_cmid") or (messages[-1]["conversation_message_id"] if messages else 0)
    world.read[peer_id] = max(world.read.get(peer_id, 0), upto)
    world.note("messages.markAsRead", peer_id, cmid=upto)
    return 1


def set_activity(world: World, params: Params) -> int:
    """messages.setActivity."""
    peer_id = whole(params, "peer_id") or whole({"user_id": needed(params, "user_id")}, "user_id")
    kind = needed(params, "type")
    if kind not in {"typing", "audiomessage"}:
        raise ApiError(100, "type is not one of typing, audiomessage")
    world.may_write(peer_id)
    world.note("messages.setActivity", peer_id, type=kind)
    return 1


def answer_event(world: World, params: Params) -> int:
    """messages.sendMessageEventAnswer."""
    event_id, user_id = needed(params, "event_id"), whole({"user_id": needed(params, "user_id")}, "user_id")
    peer_id = whole({"peer_id": needed(params, "peer_id")}, "peer_id")
    data = parsed(params, "event_data")
    if data is not None and data.get("type") not in {"show_snackbar", "open_link", "open_app"}:
        raise ApiError(100, "event_data is invalid")
    world.note("messages.sendMessageEventAnswer", peer_id, event_id=event_id, user_id=user_id, data=data)
    return 1


def _send(world: World, peer_id: int, random_id: int, params: Params) -> Json:
    world.may_write(peer_id)
    before = _same(world, peer_id, random_id)
    if before is not None:
        world.repeats += 1
        return before
    looks = _looks(world, params) | _quote(world, peer_id, params)
    text = params.get("message", "")
    message = world.message(peer_id, -world.group_id, text, random_id=random_id, **looks)
    kept = {name: params[name] for name in _KEPT if name in params}
    ids = {"message_id": message["id"], "cmid": message["conversation_message_id"]}
    world.note("messages.send", peer_id, text=text, random_id=random_id, **ids, **kept)
    world.log.add(world.log.event("message_reply", world.told(message)))
    return message


def _same(world: World, peer_id: int, random_id: int) -> Json | None:
    """The message this one would repeat."""
    if not random_id:
        return None
    since = time.time() - world.dedupe_for
    recent = world.conversations.get(peer_id, [])[-world.dedupe_last :]
    ours = (each for each in recent if each["out"] and each["random_id"] == random_id and each["date"] >= since)
    return next(ours, None)


def _judge(world: World, params: Params) -> None:
    text = params.get("message", "")
    if len(text) > 4096:
        raise ApiError(914)
    if not text.strip() and not any(params.get(name) for name in ("attachment", "sticker_id", "forward", "lat")):
        raise ApiError(100, "message is empty or invalid")
    keyboard = parsed(params, "keyboard", 911)
    if keyboard is not None:
        if not world.bots_enabled:
            raise ApiError(912)
        _judge_keyboard(keyboard)
    formats = parsed(params, "format_data")
    if formats is not None and not (formats.get("version") and isinstance(formats.get("items"), list)):
        raise ApiError(100, "format_data contains incorrect JSON")


def _judge_keyboard(keyboard: Json) -> None:
    rows = keyboard.get("buttons")
    if not isinstance(rows, list) or not all(isinstance(row, list) and 0 < len(row) <= 5 for row in rows):
        raise ApiError(911)
    buttons = [button for row in rows for button in row]
    if len(rows) > (6 if keyboard.get("inline") else 10) or len(buttons) > (10 if keyboard.get("inline") else 40):
        raise ApiError(911, "buttons count exceeded")
    for button in buttons:
        action = button.get("action") if isinstance(button, dict) else None
        if not isinstance(action, dict) or action.get("type") not in {"text", "callback", "open_link", "location"}:
            raise ApiError(911, "unsupported action")
        if len(action.get("label", "")) > 40 or len(action.get("payload", "")) > 255:
            raise ApiError(911, "label or payload is too long")


def _looks(world: World, params: Params) -> Json:
    """What hangs on the message."""
    names = [name for name in params.get("attachment", "").split(",") if name]
    if len(names) > 10:
        raise ApiError(100, "too many attachments")
    looks: Json = {"attachments": [world.objects[name] for name in names if name in world.objects]}
    keyboard = parsed(params, "keyboard")
    if keyboard is not None and keyboard.get("inline"):
        looks["keyboard"] = {"one_time": False, "author_id": -world.group_id, **keyboard}
    formats = parsed(params, "format_data")
    return looks | ({"format_data": formats} if formats is not None else {})


def _quote(world: World, peer_id: int, params: Params) -> Json:
    """The message this one answers."""
    forward = parsed(params, "forward") or {}
    if params.get("reply_to"):
        found = world.find(peer_id, message_id=whole(params, "reply_to"))
    elif forward.get("is_reply"):
        found = world.find(forward.get("peer_id", peer_id), cmid=forward["conversation_message_ids"][0])
    else:
        return {}
    return {"reply_message": {name: found[name] for name in _QUOTED}}


def _peer_of(world: World, message_id: int) -> int:
    peers = (peer for peer, messages in world.conversations.items() for each in messages if each["id"] == message_id)
    return next(peers, 0)


def _delete(world: World, message: Json, *, everywhere: bool) -> Json:
    peer_id, cmid = message["peer_id"], message["conversation_message_id"]
    about = {"peer_id": peer_id, "message_id": message["id"], "conversation_message_id": cmid}
    if everywhere and (time.time() - message["date"] > world.edit_window or message["from_id"] != -world.group_id):
        return {**about, "response": 0, "error": {"code": 924, "description": TEXTS[924]}}
    world.conversations[peer_id].remove(message)
    world.note("messages.delete", peer_id, cmid=cmid, text=message["text"], everywhere=everywhere)
    return {**about, "response": 1}
