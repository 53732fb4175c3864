"""Access tokens: got once, kept until shortly before their end, and what is wrong is told."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from connectors.base import Denied, Unavailable
from connectors.email import oauth
from connectors.email.oauth import Tokens
from connectors.email.settings import OauthSettings
from pipeline.loop import LoopThread


class Provider(ThreadingHTTPServer):
    """Gives what `answers` say, (status, body); `asked` holds the forms."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[dict[str, list[str]]] = []


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


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        Thread(target=provider.serve_forever, args=(0.02,), daemon=True).start()
        yield provider
        provider.shutdown()


def tokens(provider: Provider) -> Tokens:
    url = f"http://127.0.0.1:{provider.server_port}/token"
    return Tokens(OauthSettings.model_validate({"token_url": url, "client_id": "okno", "refresh_token": "r-1"}))


def test_a_token_is_got_once_and_again_before_its_end(
    provider: Provider, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.answers = [(200, {"access_token": "one", "expires_in": "3600"}), (200, {"access_token": "two"})]
    own = tokens(provider)
    assert [loop.run(own(), 5) for _ in range(3)] == ["one"] * 3
    assert provider.asked == [{"grant_type": ["refresh_token"], "client_id": ["okno"], "refresh_token": ["r-1"]}]
    monkeypatch.setattr(oauth, "_EARLY", 4000.0)
    assert loop.run(own(), 5) == "two"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "Token has been revoked."}, Denied),
        (401, {"error": "invalid_client"}, Denied),
        (429, b"", Unavailable),
        (503, b"<html>", Unavailable),
        (200, b"<html>", Unavailable),
        (200, {}, Unavailable),
    ],
)
def test_a_token_that_is_not_given_is_told(
    provider: Provider, loop: LoopThread, status: int, body: Any, kind: type[Exception]
) -> None:
    provider.answers = [(status, body)]
    with pytest.raises(kind) as caught:
        loop.run(tokens(provider)(), 5)
    assert "r-1" not in str(caught.value)


def test_a_provider_that_is_away_is_told(provider: Provider, loop: LoopThread) -> None:
    own = tokens(provider)
    provider.server_close()
    with pytest.raises(Unavailable):
        loop.run(own(), 5)
