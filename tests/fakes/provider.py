"""Who gives access tokens for refresh tokens (OAuth 2), or does not."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Self
from urllib.parse import parse_qs


class Provider(ThreadingHTTPServer):
    """Gives what `answers` say, (status, body); `asked` holds the forms.

    One whose refresh tokens are `single_use` gives r-2 for r-1 and so on, each once, with the access tokens a-1, a-2.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[dict[str, list[str]]] = []
        self.single_use = False
        # Set once somebody asked; and what an answer waits for.
        self.was_asked, self.gate = Event(), Event()
        self.gate.set()
        self._given, self._turn = 0, Lock()

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def answer(self, form: dict[str, list[str]]) -> tuple[int, Any]:
        """What is said to this form: status and body."""
        with self._turn:
            self.asked.append(form)
            self.was_asked.set()
            if not self.single_use:
                return self.answers.pop(0)
            if form["refresh_token"] != [f"r-{self._given + 1}"]:
                return 400, {"error": "invalid_grant"}
            self._given += 1
            return 200, {"access_token": f"a-{self._given}", "refresh_token": f"r-{self._given + 1}"}

    @property
    def section(self) -> dict[str, str]:
        """The settings `oauth` of who asks here."""
        url = f"http://127.0.0.1:{self.server_port}/token"
        return {"token_url": url, "client_id": "okno", "refresh_token": "r-1"}


class _Door(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        status, body = self.server.answer(parse_qs(form))
        self.server.gate.wait(20)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass
