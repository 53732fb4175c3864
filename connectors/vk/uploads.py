"""Files on their way to VK: to the server it names, then saved, then named in a message. None of it shows."""

import json
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from connectors.base import Outgoing, Rejected, Unavailable
from connectors.vk.calls import Calls, Unclear
from connectors.vk.fields import Json, number, record, string

_PHOTOS, _VOICES = {"image/jpeg", "image/png"}, {"audio/ogg", "audio/opus"}
# Bytes; larger ones, and those the photo server does not take, go as documents.
_LARGEST_PHOTO = 50 << 20
# Seconds until a connection stands, and between two pieces of the answer.
_CONNECT, _READ = 10.0, 20.0
# What can be named in a message again; the rest hangs on by itself.
_AGAIN = {"photo", "doc", "video", "audio", "wall", "market", "poll", "audio_message", "graffiti"}


class Uploads:
    """Brings files to VK."""

    def __init__(self, calls: Calls, http: Callable[[], aiohttp.ClientSession]) -> None:
        self._calls, self._http = calls, http

    async def attachment(self, peer: int, file: Outgoing) -> str:
        """How a message names the file. Raises ConnectorError alone: nothing of it can be seen by anybody."""
        try:
            if file.type in _PHOTOS and file.size <= _LARGEST_PHOTO:
                photo = await self._photo(peer, file)
                if photo is not None:
                    return photo
            return await self._document(peer, file)
        except Unclear as error:
            raise Unavailable(f"the file {file.name} was not taken: {error}") from None

    async def _photo(self, peer: int, file: Outgoing) -> str | None:
        """None for a picture VK's photos do not take."""
        server = await self._calls.call("photos.getMessagesUploadServer", peer_id=peer)
        taken = await self._post(server, "photo", file)
        if string(taken, "photo") in {"", "[]"}:
            return None
        fields = {name: taken.get(name) for name in ("server", "photo", "hash")}
        saved = await self._calls.call("photos.saveMessagesPhoto", **fields)
        return _name("photo", saved[0] if isinstance(saved, list) and saved else {})

    async def _document(self, peer: int, file: Outgoing) -> str:
        kind = "audio_message" if file.type in _VOICES else "doc"
        server = await self._calls.call("docs.getMessagesUploadServer", peer_id=peer, type=kind)
        taken = await self._post(server, "file", file)
        if not string(taken, "file"):
            raise Rejected(
                f"VK does not take the file {file.name}: {string(taken, 'error')[:100] or 'no reason given'}"
            )
        saved = await self._calls.call("docs.save", file=taken["file"], title=file.name)
        return _name("doc", record(saved, string(saved, "type")) if isinstance(saved, dict) else {})

    async def _post(self, server: Any, field: str, file: Outgoing) -> Json:
        url = string(server, "upload_url") if isinstance(server, dict) else ""
        try:
            # Opened only: aiohttp reads it piece by piece, in threads.
            with Path(file.path).open("rb") as content:  # noqa: ASYNC230
                form = aiohttp.FormData()
                form.add_field(field, content, filename=_file_name(file), content_type=file.type or None)
                patience = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_READ)
                async with self._http().post(url, data=form, timeout=patience, allow_redirects=False) as response:
                    return _taken(response.status, await response.read())
        except OSError as error:
            if isinstance(error, aiohttp.ClientError | TimeoutError):
                raise Unclear(f"no answer: {type(error).__name__}") from None
            raise Unavailable(f"the file {file.name} cannot be read: {error.strerror}") from error
        except aiohttp.ClientError as error:
            raise Unclear(f"no answer: {type(error).__name__}") from None


def attachment_of(item: Json) -> str:
    """How a message names what hangs on another one already; nothing where that cannot be."""
    kind = string(item, "type")
    named = "doc" if kind in {"audio_message", "graffiti"} else kind
    return _named(named, record(item, kind)) if kind in _AGAIN else ""


def _name(kind: str, body: Json) -> str:
    found = _named(kind, body)
    if not found:
        raise Unclear("VK saved it and gave no number")
    return found


def _named(kind: str, body: Json) -> str:
    owner, item, key = number(body, "owner_id", "from_id"), number(body, "id"), string(body, "access_key")
    if not owner or not item:
        return ""
    return f"{kind}{owner}_{item}" + (f"_{key}" if key else "")


def _file_name(file: Outgoing) -> str:
    """Photos are told by their names' endings."""
    if file.type in _PHOTOS and not file.name.lower().endswith((".jpg", ".jpeg", ".png")):
        return file.name + (mimetypes.guess_extension(file.type) or "")
    return file.name or "file"


def _taken(status: int, body: bytes) -> Json:
    if status != 200:
        raise Unclear(f"HTTP {status}")
    try:
        answer = json.loads(body)
    except ValueError:
        raise Unclear("no JSON") from None
    if not isinstance(answer, dict):
        raise Unclear("no object")
    return answer
