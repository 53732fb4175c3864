"""The public door's busy part: visitors' messages and webhooks, straight from ASGI to the shared commit.

These two routes carry the traffic, so nothing stands between the server and them: no router, no models. Everything
else goes to the application behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from api.callers import caller_of, own_origins
from api.house import House
from api.problems import bind, problem, unexpected
from api.rates import Rates
from connectors.abilities import Chat, Hook, Request
from connectors.base import Refused
from pipeline.intake import Busy, SharedIntake, Unfit
from pipeline.refusals import Refusals
from storage.db import now

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[bytes, bytes]

# Seconds a caller has to send his whole body.
_BODY_TIME = 10.0
# What a hook answers to who does not prove that he may push.
_NOT_PROVED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class Trouble(Exception):
    """A request that is answered with a problem."""

    def __init__(self, status: int, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.retry_after = status, retry_after


class Door:
    """An ASGI application: answers POST /chat/{channel}/messages and /hooks/{channel}, hands on what is not that.

    `key` signs the sessions of the chat.
    """

    def __init__(self, app: App, house: House, intake: SharedIntake, key: Callable[[], bytes]) -> None:
        self._app, self._web, self._intake, self.key = app, house.settings.web, intake, key
        connectors = house.channels.connectors
        self._chats: dict[str, Chat] = {name: found for name, found in connectors.items() if isinstance(found, Chat)}
        self._hooks: dict[str, Hook] = {name: found for name, found in connectors.items() if isinstance(found, Hook)}
        self._rates = Rates()
        self._refusals = Refusals(house.db)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        parts = scope["path"].split("/")
        if len(parts) == 4 and parts[1] == "chat" and parts[3] == "messages":
            work: Callable[[str, Headers, Scope, Receive], Awaitable[Response]] = self._message
        elif len(parts) == 3 and parts[1] == "hooks":
            work = self._hook
        else:
            await self._app(scope, receive, send)
            return
        headers: Headers = dict(scope["headers"])
        try:
            response = await work(parts[2], headers, scope, receive)
        except (Trouble, Refused, Unfit, Busy) as error:
            response = explained(error)
        except Exception as error:  # noqa: BLE001 - the edge of the request
            # Only now: for what goes well nothing is logged, and this route is the busiest.
            bind(scope)
            response = unexpected(error)
        response.raw_headers += cors(headers)
        await response(scope, receive, send)

    async def _message(self, name: str, headers: Headers, scope: Scope, receive: Receive) -> Response:
        chat = self.chat(name)
        self.check_origin(chat, headers)
        visitor = chat.visitor(bearer(headers), self.key())
        self.brake("messages", scope, headers, chat.allowance.messages)
        raw = chat.message(visitor, await self.body(headers, receive), now())
        await self._intake.store(name, [raw], self._web.patience)
        return _Accepted(orjson.dumps({"id": chat.own_id(visitor, raw.external_id)}))

    async def _hook(self, name: str, headers: Headers, _: Scope, receive: Receive) -> Response:
        connector = self._hooks.get(name)
        if connector is None:
            raise Trouble(404, f"There is no channel {name!r} that takes webhooks.")
        body = await self.body(headers, receive)
        readable = {key.decode("latin-1"): value.decode("latin-1") for key, value in headers.items()}
        try:
            answer = connector.accept(Request(readable, body, now()))
        except Refused as error:
            if error.status in _NOT_PROVED:
                self._refusals.note(name, str(error))
            raise
        if answer.batch is not None and answer.batch.raws:
            await self._intake.store(name, answer.batch.raws, self._web.patience)
        return Response(answer.body, answer.status, media_type=answer.type)

    def chat(self, name: str) -> Chat:
        """The channel's website chat; raises Trouble."""
        connector = self._chats.get(name)
        if connector is None:
            raise Trouble(404, f"There is no website chat {name!r}.")
        return connector

    def check_origin(self, chat: Chat, headers: Headers) -> None:
        """Raises Trouble for a page that may not use the chat."""
        origin = headers.get(b"origin")
        if origin is not None and not chat.origin_allowed(origin.decode("latin-1"), own_origins(self._web, headers)):
            raise Trouble(403, "Pages of this site may not use this chat; see allowed_origins of the channel.")

    def brake(self, what: str, scope: Scope, headers: Headers, limit: int) -> None:
        """Raises Trouble for a caller who asks too often; `limit` a minute, 0 is none."""
        if limit and (wait := self._rates.wait(what, caller_of(self._web, scope, headers), limit)):
            raise Trouble(429, "Too many requests from this address.", wait)

    async def body(self, headers: Headers, receive: Receive) -> bytes:
        """The request's whole body; raises Trouble for one that is too large or too slow."""
        if int(headers.get(b"content-length", b"0") or 0) > self._web.max_body:
            raise Trouble(413, f"At most {self._web.max_body} bytes.")
        try:
            async with asyncio.timeout(_BODY_TIME):
                return await self._read(receive)
        except TimeoutError:
            raise Trouble(408, "The request's body did not arrive in time.") from None

    async def _read(self, receive: Receive) -> bytes:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Trouble(400, "The request ended early.")
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._web.max_body:
                raise Trouble(413, f"At most {self._web.max_body} bytes.")
        return body


class _Accepted(Response):
    """202, told for every message: without the look at headers and encodings that other answers get."""

    def __init__(self, body: bytes) -> None:
        self.status_code, self.body, self.background = 202, body, None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


def bearer(headers: Headers) -> str:
    """The token of an Authorization header; empty without one."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""


def cors(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Lets the asking page read the answer; whether it may use the chat is checked before anything is done."""
    origin = headers.get(b"origin")
    if origin is None:
        return []
    told = (b"access-control-expose-headers", b"retry-after")
    return [(b"access-control-allow-origin", origin), (b"vary", b"origin"), told]


def explained(error: Exception) -> Response:
    """The answer to what the public doors refuse."""
    if isinstance(error, Busy):
        error = Trouble(503, "The message could not be stored yet; send the same one again.", 2)
    status = error.status if isinstance(error, Trouble | Refused) else 422
    headers: dict[str, str] = {}
    if isinstance(error, Trouble) and error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return problem(status, str(error), headers=headers)
