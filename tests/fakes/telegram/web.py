"""The fake's door: HTTP, with everything that may go wrong there."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from aiohttp import web

from tests.fakes.telegram import params as parameters
from tests.fakes.telegram.faults import WITHOUT_EFFECT, BotError, Fault, Faults, server_error
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.world import World

Json = dict[str, Any]
_PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center>nginx</center></body>\r\n</html>\r\n"
_MOST_BODY = 64 << 20


class Behind(Protocol):
    """What the door opens to."""

    world: World
    faults: Faults

    def admit(self, token: str) -> None:
        """Raises BotError for a token that is none."""

    async def call(self, method: str, params: Params, fault: Fault | None) -> Any:
        """The result of a method; raises BotError."""

    def command(self, name: str, arguments: Json) -> Any:
        """What a test in another process asks for."""


class Door:
    """Listens on 127.0.0.1; closing it cuts every line it has."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind
        self._runner: web.AppRunner | None = None

    async def open(self, port: int) -> int:
        """Listen; gives back the port."""
        app = web.Application(client_max_size=_MOST_BODY)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        app.router.add_route("*", "/fake/{name}", self._command)
        runner = self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=512).start()
        found: int = runner.addresses[0][1]
        return found

    async def close(self) -> None:
        """From now on connections are refused."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            if runner.server is not None:
                for line in runner.server.connections:
                    if line.transport is not None:
                        line.transport.abort()
            await runner.cleanup()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self._behind.world.requests[method] += 1
        fault = self._behind.faults.take(method)
        return await _spoiled(request, fault, lambda: self._answer(request, method, fault))

    async def _answer(self, request: web.Request, method: str, fault: Fault | None) -> web.Response:
        try:
            self._behind.admit(request.match_info["token"])
            params = await parameters.read(request)
            return _json({"ok": True, "result": await self._behind.call(method, params, fault)})
        except BotError as error:
            return _json(error.body(), error.code)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        world = self._behind.world
        world.requests["file"] += 1
        fault = self._behind.faults.take("file")
        return await _spoiled(request, fault, lambda: self._content(request))

    async def _content(self, request: web.Request) -> web.Response:
        try:
            self._behind.admit(request.match_info["token"])
        except BotError as error:
            return _json(error.body(), error.code)
        world = self._behind.world
        with world.lock:
            found = [stored for stored in world.files.values() if stored.path == request.match_info["path"]]
        if not found:
            return _json(BotError(404, "Not Found").body(), 404)
        return web.Response(body=found[0].content, content_type="application/octet-stream")

    async def _command(self, request: web.Request) -> web.Response:
        arguments = json.loads(await request.read() or b"{}")
        # Some of them wait for this loop.
        result = await asyncio.to_thread(self._behind.command, request.match_info["name"], arguments)
        return _json({"result": result})


Answer = Callable[[], Coroutine[Any, Any, web.Response]]


async def _spoiled(request: web.Request, fault: Fault | None, answer: Answer) -> web.StreamResponse:
    """The answer, with what goes wrong before, instead of or after it."""
    if fault is None or (fault.kind == "throttle" and "method" in request.match_info):
        return await answer()
    if fault.kind in WITHOUT_EFFECT:
        return _instead(request, fault)
    right = await answer()
    if right.status != 200:
        return right
    return await _after[fault.kind](request, fault, right)


def _instead(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.kind == "unsent":
        return _cut(request)
    if fault.kind == "html":
        return web.Response(status=fault.status, body=_PAGE, content_type="text/html")
    if fault.kind == "json":
        return _json(fault.answer, fault.status)
    return _json(server_error(fault.status).body(), fault.status)


async def _fail(_: web.Request, fault: Fault, right: web.Response) -> web.StreamResponse:
    return _json(server_error(fault.status).body(), fault.status)


async def _hang(request: web.Request, fault: Fault, _: web.Response) -> web.StreamResponse:
    await asyncio.sleep(fault.seconds)
    return _cut(request)


async def _break(request: web.Request, _: Fault, right: web.Response) -> web.StreamResponse:
    """Cut; a file in the middle of it."""
    if "path" not in request.match_info:
        return _cut(request)
    assert isinstance(right.body, bytes)
    response = web.StreamResponse(headers={"Content-Length": str(len(right.body))})
    await response.prepare(request)
    await response.write(right.body[: len(right.body) // 2])
    return _cut(request, response)


_after: dict[str, Callable[[web.Request, Fault, web.Response], Awaitable[web.StreamResponse]]] = {
    "after": _fail,
    "hang": _hang,
    "cut": _break,
}


def _cut(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return response or web.Response()


def _json(answer: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.dumps(answer).encode(), content_type="application/json")
