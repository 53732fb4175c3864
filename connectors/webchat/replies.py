"""Replies to the site's server: signed, at least once, and told apart by their keys."""

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from aiohttp import ClientResponse

from connectors.base import Denied, Letter, Outgoing, Receipt, Rejected, Unavailable
from connectors.net import Outside, retry_after
from connectors.signing import sign
from connectors.webchat import addresses

# Bytes of files one reply can carry, before base64 makes a third more of them.
INLINE_LIMIT = 10 << 20
# Seconds until the site must have answered: less than until the letter counts as lost.
_PATIENCE = 25.0


class Unclear(Exception):
    """The site got the reply, but nobody can know what became of it."""


class Replies:
    """Posts letters to `url`."""

    def __init__(self, outside: Outside, url: str, key: bytes) -> None:
        self._outside, self._url, self._key = outside, url, key

    async def post(self, letter: Letter) -> Receipt:
        """Raises Rejected, Denied, Unavailable, and Unclear or what aiohttp raises once the outcome is unknown."""
        if not self._url:
            raise Rejected("the channel has no reply_url to post replies to")
        body = orjson.dumps(await _body(letter))
        headers = {
            "content-type": "application/json",
            **sign(self._key, letter.key, datetime.now(UTC), body),
        }
        async with await self._outside.open("POST", self._url, _PATIENCE, data=body, headers=headers) as response:
            _judge(response)
        return Receipt((letter.key,) if letter.action == "send" else ())


def _judge(response: ClientResponse) -> None:
    status = response.status
    if 200 <= status < 300:
        return
    told = f"reply_url answered HTTP {status}"
    if status in {401, 403}:
        raise Denied(f"{told}: the site does not take our signature; compare the secret on both sides")
    if status in {408, 425, 429, 503}:
        raise Unavailable(told, retry_after(response, datetime.now(UTC)))
    if 300 <= status < 400:
        raise Rejected(f"{told}; redirects are not followed, name the final address")
    if 400 <= status < 500:
        raise Rejected(told)
    raise Unclear(told)


async def _body(letter: Letter) -> dict[str, Any]:
    _, visitor = addresses.kind_and_name(letter.recipient)
    common = {"id": letter.key, "visitor": visitor, "sent_at": _stamp(letter.sent_at)}
    if letter.action == "delete":
        return common | {"delete_of": letter.external_id}
    written = common | {"text": letter.text, "author": letter.author}
    if letter.action == "edit":
        return written | {"edit_of": letter.external_id}
    if letter.reply_to:
        # The site knows its own messages by the ids it gave them, ours by the keys it was told.
        written["reply_to"] = addresses.item(letter.recipient, letter.reply_to) or letter.reply_to
    return written | {"files": await _files(letter.files)}


async def _files(files: tuple[Outgoing, ...]) -> list[dict[str, Any]]:
    if sum(file.size for file in files) > INLINE_LIMIT:
        raise Rejected(f"files of more than {INLINE_LIMIT >> 20} MB cannot be posted to reply_url")
    return [
        {
            "name": file.name,
            "type": file.type,
            "size": file.size,
            "base64": base64.b64encode(await _content(file)).decode(),
        }
        for file in files
    ]


async def _content(file: Outgoing) -> bytes:
    try:
        return await asyncio.to_thread(Path(file.path).read_bytes)
    except OSError as error:
        # Raised as it is, it would look as if something had been sent.
        raise Unavailable(f"the file {file.name} cannot be read: {error.strerror}") from error


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
