"""How the outside world speaks to the system: requests repeated until answered, event streams, signatures."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Container, Mapping
from typing import Any, NamedTuple

import aiohttp
import orjson

CREATED, ACCEPTED = (201,), (202,)
# What a stream tells first: that it is there.
OPEN = "open"
# An id without an event: nothing happened for this reader, but he has come so far.
MOVED_ON = ""
_PATIENCE = aiohttp.ClientTimeout(total=8)
# A stream is alive as long as something comes, and the system promises a comment each 15 s.
_STREAM = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=25)
_AGAIN = 0.3

Headers = Mapping[str, str]


class Refused(Exception):
    """An answer that no repetition mends."""


class Happening(NamedTuple):
    """One event of a stream."""

    id: str
    type: str
    data: Any


class Door:
    """The system's HTTP door at `base`, as the world finds it: sometimes shut, sometimes deaf."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session, self._base = session, base
        # How often each status was seen; 0 is no answer at all.
        self.answers: Counter[int] = Counter()

    async def ask(
        self, method: str, path: str, headers: Callable[[], Headers], wanted: Container[int], body: bytes | None = None
    ) -> Any:
        """The JSON of the first answer with a status that is `wanted`; the same request again until there is one.

        Raises Refused on an answer that says no for good. `headers` are made for each try anew.
        """
        while True:
            status, content, wait = await self._once(method, path, headers(), body)
            self.answers[status] += 1
            if status in wanted:
                return orjson.loads(content) if content else None
            if 400 <= status < 500 and wait is None:
                raise Refused(f"{status} to {method} {path}: {content[:300]!r}")
            await asyncio.sleep(_AGAIN if wait is None else wait)

    async def tell(self, url: str, body: bytes) -> None:
        """Something that happens elsewhere in the outside world, where nothing fails."""
        async with self._session.post(url, data=body, timeout=_PATIENCE) as answer:
            answer.raise_for_status()

    async def stream(self, path: str, headers: Headers) -> AsyncIterator[Happening]:
        """OPEN and the events of one connection, until it breaks; never raises for that."""
        try:
            async with self._session.get(self._base + path, headers=headers, timeout=_STREAM) as answer:
                self.answers[answer.status] += 1
                if answer.status == 200:
                    yield Happening("", OPEN, None)
                    async for happening in _events(answer.content):
                        yield happening
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            self.answers[0] += 1

    async def _once(
        self, method: str, path: str, headers: Headers, body: bytes | None
    ) -> tuple[int, bytes, float | None]:
        """Status, content, and in how many seconds to come again, if the answer says so; 0 is no answer."""
        try:
            async with self._session.request(
                method, self._base + path, headers=headers, data=body, timeout=_PATIENCE
            ) as answer:
                content = await answer.read()
                wait = answer.headers.get("Retry-After", "")
                # Everybody who is told to wait does, but a test has no minutes.
                return answer.status, content, min(float(wait), 1.0) if wait.isdigit() else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, b"", None


async def _events(content: aiohttp.StreamReader) -> AsyncIterator[Happening]:
    fields: dict[str, str] = {}
    async for line in content:
        text = line.decode().rstrip("\r\n")
        if not text:
            if "data" in fields:
                yield Happening(fields.get("id", ""), fields.get("event", ""), orjson.loads(fields["data"]))
            elif "id" in fields:
                yield Happening(fields["id"], MOVED_ON, None)
            fields = {}
        elif not text.startswith(":"):
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")


def sign(secret: str, message_id: str, at: int, body: bytes) -> str:
    """The `webhook-signature` of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def signed(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """The headers of a webhook that is sent now."""
    at = int(time.time())
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(secret, message_id, at, body),
    }


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the signatures is right."""
    try:
        right = sign(secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    except (KeyError, ValueError):
        return False
    return right in headers.get("webhook-signature", "").split(" ")
