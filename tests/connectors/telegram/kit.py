"""A Bot API server that answers what a test tells it to, and remembers how it was called."""

import asyncio
import json
import threading
from collections import deque
from typing import Any, NamedTuple, Self

from aiohttp import web

from connectors.base import Letter, Outgoing
from connectors.telegram import Telegram
from connectors.telegram.settings import TelegramSettings
from tests.connectors.conformance import AT

TOKEN = "123:AAH-not-for-anybodys-eyes"
SECRET = "what-telegram-repeats"


class Says(NamedTuple):
    """An answer word for word."""

    status: int
    body: Any
    type: str = "application/json"


class Called(NamedTuple):
    """A call: its method, its fields, from JSON where they are some, and its files' names and contents."""

    method: str
    fields: dict[str, Any]
    files: dict[str, tuple[str, bytes]]


# Instead of an answer: the connection ends, or nothing comes.
CUT, HANG = "cut", "hang"


def refused(description: str, status: int = 400, **parameters: Any) -> Says:
    """A refusal as Telegram words it."""
    body = {"ok": False, "error_code": status, "description": description}
    return Says(status, body | ({"parameters": parameters} if parameters else {}))


class Server:
    """The server, on a thread of its own. What it was not told it answers with a plausible result."""

    def __init__(self) -> None:
        self.calls: list[Called] = []
        self.files: dict[str, Says] = {}
        self._answers: dict[str, deque[Any]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._port = 0

    @property
    def url(self) -> str:
        """Its api_base."""
        return f"http://127.0.0.1:{self._port}"

    def answer(self, method: str, *answers: Any) -> None:
        """What the next calls of a method get: results, Says, CUT or HANG."""
        self._answers.setdefault(method, deque()).extend(answers)

    def called(self, method: str) -> list[dict[str, Any]]:
        """The fields of all calls of a method."""
        return [call.fields for call in self.calls if call.method == method]

    def bot(self, **section: Any) -> Telegram:
        """A connector that speaks to this server."""
        told = {"kind": "telegram", "token": TOKEN, "api_base": self.url, **section}
        return Telegram("tg", TelegramSettings.model_validate(told))

    def stop(self) -> None:
        """Stop listening, whatever hangs."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        self._port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> int:
        app = web.Application(client_max_size=64 << 20)
        app.add_routes(
            [web.post("/bot{token}/{method}", self._call), web.get("/file/bot{token}/{path:.+}", self._file)]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        fields, files = {}, {}
        for name, value in (await request.post()).items():
            if isinstance(value, str):
                fields[name] = _plain(value)
            elif isinstance(value, web.FileField):
                files[name] = (value.filename, value.file.read())
        answer = self._answer_to(method, fields, request.match_info["token"])
        self.calls.append(Called(method, fields, files))
        if answer == HANG:
            await asyncio.Event().wait()
        if answer == CUT and request.transport is not None:
            request.transport.abort()
        return _response(answer if isinstance(answer, Says) else Says(200, {"ok": True, "result": answer}))

    def _answer_to(self, method: str, fields: dict[str, Any], token: str) -> Any:
        if token != TOKEN:
            return refused("Unauthorized", 401)
        told = self._answers.get(method)
        return told.popleft() if told else _plausible(method, len(self.calls) + 1, fields)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        found = self.files.get(request.match_info["path"])
        if found is None or request.match_info["token"] != TOKEN:
            return web.Response(status=404)
        if found.type != CUT:
            return _response(found)
        response = web.StreamResponse(headers={"Content-Length": "1000000"})
        await response.prepare(request)
        await response.write(found.body)
        if request.transport is not None:
            request.transport.abort()
        return response


def letter(text: str = "hello", recipient: str = "42", **fields: Any) -> Letter:
    """A letter; a reply unless `fields` say otherwise."""
    told: dict[str, Any] = {"action": "send", "key": "k1", **fields}
    return Letter(id=1, recipient=recipient, text=text, author="Olga", sent_at=AT, **told)


def file(path: Any, type: str, name: str = "file.bin") -> Outgoing:
    """A stored file on its way out."""
    return Outgoing("f", name, type, path.stat().st_size, str(path))


def _plausible(method: str, number: int, fields: dict[str, Any]) -> Any:
    if method == "getUpdates":
        return []
    if method == "getWebhookInfo":
        return {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
    if method == "getMe":
        return {
            "id": 123,
            "is_bot": True,
            "first_name": "Shop",
            "username": "shop_bot",
            "can_read_all_group_messages": 1,
        }
    if method == "sendMediaGroup":
        return [{"message_id": number * 100 + each} for each in range(len(fields["media"]))]
    return {"message_id": number} if method.startswith("send") and method != "sendChatAction" else True


def _plain(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _response(says: Says) -> web.Response:
    body = says.body if isinstance(says.body, bytes) else json.dumps(says.body).encode()
    return web.Response(status=says.status, body=body, content_type=says.type)
