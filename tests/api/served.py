"""The real application behind a real server, and a caller that speaks HTTP with it."""

import asyncio
import contextlib
import http.client
import json
import socket
import string
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import uvicorn

from api.app import Server, Web
from settings import Settings

_START = 20.0
# Tests write paths as people do; what is escaped already stays so.
_AS_IS = string.punctuation


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Okno:
    """One web process's application, served from a thread of the test."""

    def __init__(self, settings: Settings) -> None:
        self.web = Web(settings)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        # Else the kernel would take in megabytes for a reader who does not read, and a test would have to write them.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self.web.app, log_config=None, access_log=False, timeout_graceful_shutdown=12, lifespan="on"
        )
        self._server = Server(config, self.web.feed)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def __enter__(self) -> "Okno":
        """Serve."""
        self._thread.start()
        deadline = time.monotonic() + _START
        while not self._server.started:
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop as on SIGTERM."""
        self.stop()
        self.web.close()

    def stop(self) -> None:
        """Stop as on SIGTERM, and wait for it."""
        self._server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()

    def ask(
        self, method: str, path: str, body: Any = None, *, token: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        """One request on a connection of its own; `body` is bytes, or is sent as JSON."""
        sent = dict(headers or {})
        if token:
            sent["authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            # A body that is too large is answered, and the line shut, while we still send it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, quote(path, safe=_AS_IS), body, sent)
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())

    def knock(self, request: bytes) -> Answer:
        """The answer to these bytes, after which nothing more is sent, whatever they promised."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as line:
            line.sendall(request)
            response = http.client.HTTPResponse(line)
            response.begin()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, received, response.read())

    def visitor(self) -> str:
        """The token of a new visitor of the chat, which opens once its key has come from the database."""
        deadline = time.monotonic() + _START
        while (session := self.ask("POST", "/chat/site/sessions", {})).status != 201:
            assert time.monotonic() < deadline, session
            time.sleep(0.05)
        return str(session.json["token"])

    def stream(self, path: str, *, token: str = "", headers: dict[str, str] | None = None) -> "Stream":
        """A stream of events."""
        return Stream(self.port, path, token, headers or {})

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))


class Told(NamedTuple):
    """One event of a stream; `type` is empty for a block that only moves the position."""

    id: int | None
    type: str
    data: Any


class Stream:
    """A reader of server-sent events."""

    def __init__(self, port: int, path: str, token: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        sent = {"accept": "text/event-stream", **headers}
        if token:
            sent["authorization"] = f"Bearer {token}"
        self._connection.request("GET", path, headers=sent)
        self._response = self._connection.getresponse()
        self.status = self._response.status
        self.headers = {name.lower(): value for name, value in self._response.getheaders()}

    def blocks(self) -> Iterator[Told]:
        """All blocks until the stream ends."""
        number, kind, data = None, "", ""
        for line in self._response:
            text = line.decode().rstrip("\n")
            name, _, value = text.partition(": ")
            if name == "id":
                number = int(value)
            elif name == "event":
                kind = value
            elif name == "data":
                data = value
            elif not text and (number is not None or data):
                yield Told(number, kind, json.loads(data) if data else None)
                number, kind, data = None, "", ""

    def lines(self) -> Iterator[bytes]:
        """The lines as they come."""
        return iter(self._response)

    def events(self, count: int) -> list[Told]:
        """The next `count` blocks that carry data."""
        found = []
        for told in self.blocks():
            if told.type:
                found.append(told)
            if len(found) == count:
                break
        return found

    def close(self) -> None:
        """Hang up."""
        self._response.close()
        self._connection.close()
