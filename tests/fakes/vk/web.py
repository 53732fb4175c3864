"""The fake VK's door: HTTP, with everything that may go wrong there."""

import json
import socket
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.fakes.vk.faults import Fault, Faults
from tests.fakes.vk.world import World

Json = dict[str, Any]


class Behind(Protocol):
    """What the door opens to."""

    world: World
    faults: Faults

    def answer(self, method: str, params: dict[str, str], fault: Fault | None) -> bytes:
        """The answer of an API method."""

    def upload(self, kind: str, type: str, body: bytes) -> Json:
        """The answer of an upload server."""

    def command(self, name: str, arguments: Json) -> Any:
        """What a test in another process asks for."""


class Door(ThreadingHTTPServer):
    """A server that can cut every line it has."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, behind: Behind) -> None:
        super().__init__(("127.0.0.1", port), _handler(behind))
        self.lines: set[socket.socket] = set()

    def cut(self) -> None:
        """Hang up on everybody."""
        for line in list(self.lines):
            hang_up(line)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the line."""
        self.lines.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the line."""
        self.lines.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are nothing to tell; the fake's own faults are."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def hang_up(line: socket.socket) -> None:
    """Close both ways at once, whatever still waits there."""
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _handler(behind: Behind) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        house = behind

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes: without this the second waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    house: Behind

    def do_GET(self) -> None:
        """Long Poll, files, and methods, which VK lets be called so too."""
        self._route(b"")

    def do_POST(self) -> None:
        """Methods, uploads, commands."""
        self._route(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _route(self, body: bytes) -> None:
        address = urlsplit(self.path)
        place, _, rest = address.path.strip("/").partition("/")
        params = dict(parse_qsl(address.query, keep_blank_values=True))
        if place == "method":
            params |= dict(parse_qsl(body.decode(), keep_blank_values=True))
            self._act(rest, lambda fault: self.house.answer(rest, params, fault))
        elif place == "lp":
            self._act("a_check", lambda fault: self._check(params, fault))
        elif place == "upload":
            kind, form = rest.split("/")[0], self.headers.get("Content-Type", "")
            self._act("upload", lambda fault: _json(_given(fault) or self.house.upload(kind, form, body)))
        elif place == "files":
            self._file(unquote(rest))
        elif place == "fake":
            self._say(200, _json({"result": self.house.command(rest, json.loads(body or b"{}"))}))
        else:
            self._say(404, b"<html>404</html>", "text/html")

    def _check(self, params: Json, fault: Fault | None) -> bytes:
        return _json(_given(fault) or self.house.world.log.check(params["key"], params["ts"], float(params["wait"])))

    def _act(self, method: str, do: Callable[[Fault | None], bytes]) -> None:
        """Do it, with what goes wrong before, instead of or after it."""
        self.house.world.requests[method] += 1
        fault = self.house.faults.take(method)
        kind = fault.kind if fault else ""
        if fault and kind in {"before", "html", "unsent"}:
            self._refuse(fault)
            return
        content = do(fault)
        if fault and kind == "hang":
            time.sleep(fault.seconds)
        if fault and kind == "after":
            self._say(fault.status, b"<html>Bad gateway</html>", "text/html")
        elif kind in {"hang", "cut"}:
            self._cut()
        else:
            self._say(200, content)

    def _refuse(self, fault: Fault) -> None:
        if fault.kind == "unsent":
            self._cut()
        else:
            page = b"<html><body><h1>VK is on maintenance</h1></body></html>"
            self._say(200 if fault.kind == "html" else fault.status, page, "text/html; charset=utf-8")

    def _cut(self) -> None:
        self.close_connection = True
        hang_up(self.connection)

    def _file(self, path: str) -> None:
        world = self.house.world
        world.requests["file"] += 1
        fault = self.house.faults.take("file")
        moved = path.removeprefix("moved/")
        content, media, redirect = world.files.get(moved, (b"", "", False))
        if fault and fault.kind in {"before", "html", "unsent"}:
            self._refuse(fault)
        elif not media:
            self._say(404, b"<html>404</html>", "text/html")
        elif redirect and moved == path:
            self._say(302, b"", "text/html", Location=f"{world.url}/files/moved/{quote(path)}")
        else:
            self._say(200, content, media)

    def _say(self, status: int, content: bytes, type: str = "application/json; charset=utf-8", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": type, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _given(fault: Fault | None) -> Json | None:
    return fault.answer if fault and fault.kind in {"failed", "json"} else None


def _json(answer: Any) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()
