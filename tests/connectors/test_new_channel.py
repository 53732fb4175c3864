"""The channel that docs/new-channel.md builds works: its code is taken from the page and held to the contract."""

import json
import re
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors import abilities, base, registry
from connectors.abilities import Receive
from connectors.base import Letter, Raw
from connectors.registry import Channels
from pipeline.loop import LoopThread
from tests.connectors.conformance import AT, Fault, Inbound, Kit, Outbound

PAGE = Path(__file__).parents[2] / "docs" / "new-channel.md"
TOKEN = "a token"


class Gateway:
    """The gateway: lists `messages`, and takes letters unless one of `faults` says otherwise."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.faults: deque[tuple[Fault, float | None]] = deque()
        self.effects: Counter[str] = Counter()
        self.ids: dict[str, int] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, letter: dict[str, Any]) -> int:
        """A letter takes effect; the same key again does not."""
        key = letter["key"]
        if key not in self.ids:
            self.ids[key] = len(self.ids) + 1
            self.effects[key] += 1
        return self.ids[key]


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            after = int(parse_qs(urlsplit(self.path).query)["after"][0])
            self._answer(200, [item for item in gateway.messages if item["id"] > after])

        def do_POST(self) -> None:
            letter = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fault, seconds = gateway.faults.popleft() if gateway.faults else (None, None)
            if fault == "throttled":
                self._answer(429, {}, seconds)
            elif fault == "denied" or self.headers["Authorization"] != f"Bearer {TOKEN}":
                self._answer(401, {})
            elif not letter["to"].startswith("+"):
                self._answer(422, {})
            else:
                number = gateway.take(letter)
                if fault != "lost":
                    self._answer(500 if fault == "failed" else 200, {"id": number})

        def _answer(self, status: int, body: Any, seconds: float | None = None) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if seconds is not None:
                self.send_header("Retry-After", str(seconds))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


class SmsKit:
    """Phones that write and are answered."""

    channel = "sms"

    def __init__(self, gateway: Gateway, sms: ModuleType) -> None:
        self._gateway, self._sms = gateway, sms
        self._numbers: dict[tuple[str, str], int] = {}
        self.channels = Channels({"sms": {"kind": "sms", "token": TOKEN, "api_base": gateway.url, "poll": 0.05}})

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        return self._raw(sender, item, {"text": text, "sent_at": at.isoformat()})

    def edit(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        raise AssertionError("nobody edits a text message on its way")

    def deletion(self, sender: str, item: str, at: datetime) -> Raw:
        raise AssertionError("nobody takes a text message back")

    def oversized(self, sender: str, item: str) -> Raw:
        return self.text(sender, item, "x" * 100_000, AT)

    def unsupported(self, sender: str, item: str) -> Raw:
        return self._raw(sender, item, {"kind": "MMS", "sent_at": AT.isoformat()})

    def letter(self, sender: str, key: str, text: str) -> Letter:
        return Letter(1, key, f"+{sender}", "send", text, "Olga", AT)

    def nobody(self, key: str) -> Letter:
        return Letter(1, key, "nobody", "send", "hello", "Olga", AT)

    def fault(self, kind: Fault, retry_after: float | None = None) -> None:
        if kind == "away":
            self._gateway.__exit__()
        else:
            self._gateway.faults.append((kind, retry_after))

    def effects(self, key: str) -> int:
        return self._gateway.effects[key]

    def _raw(self, sender: str, item: str, what: dict[str, Any]) -> Raw:
        number = self._numbers.setdefault((sender, item), len(self._numbers) + 1)
        raw: Raw = self._sms.raw_of({"id": number, "phone": f"+{sender}", **what})
        return raw


@pytest.fixture
def sms(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's first block of Python, as the module the registry will look for."""
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    module = ModuleType("connectors.sms")
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "connectors.sms", module)
    monkeypatch.setitem(registry._KINDS, "sms", "connectors.sms:Sms")
    return module


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as gateway:
        yield gateway


class TestSms(Inbound, Outbound):
    """What the page builds keeps the contract."""

    @pytest.fixture
    def kit(self, gateway: Gateway, sms: ModuleType) -> Kit:
        return SmsKit(gateway, sms)

    def test_it_reads_on_from_its_cursor(self, gateway: Gateway, sms: ModuleType, loop: LoopThread) -> None:
        gateway.messages = [
            {"id": number, "phone": "+1", "text": str(number), "sent_at": AT.isoformat()} for number in range(1, 6)
        ]
        channels = SmsKit(gateway, sms).channels
        connector = channels["sms"]
        assert isinstance(connector, Receive)

        async def first() -> tuple[list[str], str | None]:
            batch = await anext(connector.receive("3"))
            return [raw.external_id for raw in batch.raws], batch.cursor

        assert loop.run(first(), 10) == (["in:4", "in:5"], "5")
        loop.run(channels.close(), 5)


def test_the_page_names_every_ability_of_the_contract() -> None:
    page = PAGE.read_text()
    protocols = [name for name, found in vars(abilities).items() if getattr(found, "_is_runtime_protocol", False)]
    errors = [name for name, found in vars(base).items() if isinstance(found, type) and issubclass(found, Exception)]
    assert [name for name in [*protocols, *errors] if f"`{name}" not in page] == ["ConnectorError", "Refused"]
