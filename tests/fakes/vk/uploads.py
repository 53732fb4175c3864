"""Files on their way in."""

import json
import time
from email import message_from_bytes
from email.policy import HTTP
from typing import Any
from urllib.parse import quote

from tests.fakes.vk.faults import ApiError
from tests.fakes.vk.params import Params, needed, whole
from tests.fakes.vk.world import World

Json = dict[str, Any]


def photo_server(world: World, params: Params) -> Json:
    """photos.getMessagesUploadServer."""
    whole(params, "peer_id")
    url = f"{world.url}/upload/photo/{world.number()}"
    return {"upload_url": url, "album_id": -64, "group_id": 0, "user_id": 0}


def doc_server(world: World, params: Params) -> Json:
    """docs.getMessagesUploadServer."""
    kind = params.get("type") or "doc"
    if kind not in {"doc", "audio_message", "graffiti"}:
        raise ApiError(100, "type is invalid")
    world.may_write(whole({"peer_id": needed(params, "peer_id")}, "peer_id"))
    return {"upload_url": f"{world.url}/upload/{kind}/{world.number()}"}


def take(world: World, kind: str, headers: str, body: bytes) -> Json:
    """What an upload server answers to a form with a file in it."""
    form = message_from_bytes(f"Content-Type: {headers}\r\n\r\n".encode() + body, policy=HTTP)
    # VK's servers of photos take "file0" too, as vk_api calls it.
    fields = ("photo", "file0", "file") if kind == "photo" else ("file",)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_param("name", header="content-disposition") in fields:
            content = part.get_payload(decode=True)
            name = part.get_filename() or "file"
            break
    else:
        return {"error": "no_file", "error_descr": f"field {fields[0]} is missing"}
    token = f"{kind}|{world.number()}"
    with world.lock:
        world.uploads[token] = {"kind": kind, "name": name, "content": content}
    if kind != "photo":
        return {"file": token}
    return {"server": 1, "photo": json.dumps([{"photo": token, "sizes": []}]), "hash": "00ff"}


def save_photo(world: World, params: Params) -> list[Json]:
    """photos.saveMessagesPhoto: once for each upload."""
    needed(params, "server"), needed(params, "hash")
    try:
        token = json.loads(needed(params, "photo"))[0]["photo"]
        upload = world.uploads.pop(token)
    except (ValueError, LookupError, TypeError):
        raise ApiError(129) from None
    number, url = _stored(world, upload)
    photo = {
        "id": number, "owner_id": -world.group_id, "album_id": -64, "date": int(time.time()), "access_key": "ab12",
        "text": "", "has_tags": False,
        "sizes": [{"type": size, "width": 100, "height": 75, "url": url} for size in ("m", "x")],
    }  # fmt: skip
    _keep(world, "photo", photo)
    return [photo]


def save_doc(world: World, params: Params) -> Json:
    """docs.save: once for each upload."""
    upload = world.uploads.pop(needed(params, "file"), None)
    if upload is None:
        raise ApiError(100, "file is invalid")
    number, url = _stored(world, upload)
    about: Json = {"id": number, "owner_id": -world.group_id, "access_key": "cd34"}
    if upload["kind"] == "audio_message":
        sound = about | {"duration": 3, "waveform": [0, 12, 31, 7], "link_mp3": url, "link_ogg": url}
        _keep(world, "audio_message", sound)
        return {"type": "audio_message", "audio_message": sound}
    title = params.get("title") or upload["name"]
    ending = title.rpartition(".")[2] if "." in title else ""
    size, now = len(upload["content"]), int(time.time())
    doc = about | {"title": title, "size": size, "ext": ending, "date": now, "type": 1, "url": url}
    _keep(world, "doc", doc)
    return {"type": "doc", "doc": doc}


def _stored(world: World, upload: Json) -> tuple[int, str]:
    number = world.number()
    path = f"{number}/{upload['name']}"
    world.files[path] = (upload["content"], "application/octet-stream", False)
    return number, f"{world.url}/files/{quote(path)}"


def _keep(world: World, kind: str, item: Json) -> None:
    """Known by the names a message may give it."""
    name = f"{'doc' if kind == 'audio_message' else kind}{item['owner_id']}_{item['id']}"
    for each in (name, f"{name}_{item['access_key']}"):
        world.objects[each] = {"type": kind, kind: item}
