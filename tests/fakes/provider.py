"""Who gives access tokens for refresh tokens (OAuth 2), or does not."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self
from urllib.parse import parse_qs


class Provider(ThreadingHTTPServer):
    """Gives what `answers` say, (status, body); `asked` holds the forms."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[dict[str, list[str]]] = []

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def section(self) -> dict[str, str]:
        """The settings `oauth` of who asks here."""
        url = f"http://127.0.0.1:{self.server_port}/token"
        return {"token_url": url, "client_id": "okno", "refresh_token": "r-1"}


class _Door(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.asked.append(parse_qs(form))
        status, body = self.server.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass
