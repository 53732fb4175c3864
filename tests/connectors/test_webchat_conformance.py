"""The webchat keeps the contract: through its webhook both ways, and through the widget where that is its own."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from connectors import signing
from connectors.abilities import Chat, Hook, Request
from connectors.base import Letter, Raw
from connectors.registry import Channels
from connectors.webchat import replies
from tests.connectors.conformance import AT, Conformance, Fault, Inbound, Kit
from tests.fakes.webhook_consumer import Consumer

SECRET = "whsec_" + "c2VjcmV0" * 6
KEY = b"k" * 32
MAX_TEXT = 1000


class HookKit:
    """The site's server: signed webhooks in, signed replies out."""

    channel = "site"

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._gone = False
        section: dict[str, Any] = {"kind": "webchat", "secret": SECRET, "reply_url": consumer.url}
        self.channels = Channels({"site": section | {"allow_private": ["127.0.0.1"], "max_text": MAX_TEXT}})

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        return self._post({"id": item, "visitor": sender, "text": text, "sent_at": at.isoformat()}, at)

    def edit(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        body = {"id": f"e{at.timestamp()}", "visitor": sender, "edit_of": item, "text": text, "sent_at": at.isoformat()}
        return self._post(body, at)

    def deletion(self, sender: str, item: str, at: datetime) -> Raw:
        body = {"id": f"d{at.timestamp()}", "visitor": sender, "delete_of": item, "sent_at": at.isoformat()}
        return self._post(body, at)

    def oversized(self, sender: str, item: str) -> Raw:
        return self.text(sender, item, "x" * (MAX_TEXT + 1), AT)

    def unsupported(self, sender: str, item: str) -> Raw:
        return self._post({"id": item, "visitor": sender, "location": {"lat": 1.5, "lon": 2.5}}, AT)

    def letter(self, sender: str, key: str, text: str) -> Letter:
        return Letter(1, key, f"hook:{sender}", "send", text, "Olga", AT)

    def nobody(self, key: str) -> Letter:
        return Letter(1, key, "anna@example.org", "send", "hello", "Olga", AT)

    def fault(self, kind: Fault, retry_after: float | None = None) -> None:
        if kind == "away":
            self._gone = True
            self._consumer.stop()
            return
        status = {"throttled": "429", "lost": "cut", "failed": "500", "denied": "401"}[kind]
        self._consumer.fault(status, retry_after=retry_after)

    def effects(self, key: str) -> int:
        return self._consumer.effects(key)

    def close(self) -> None:
        if not self._gone:
            self._consumer.stop()

    def _post(self, body: dict[str, Any], at: datetime) -> Raw:
        data = _json(body)
        connector = self.channels["site"]
        assert isinstance(connector, Hook)
        headers = signing.sign(signing.key_of(SECRET), "msg", at, data)
        answer = connector.accept(Request(headers, data, at))
        assert answer.status == 202
        assert answer.batch is not None
        (raw,) = answer.batch.raws
        return raw


class WidgetKit(HookKit):
    """Visitors in their browsers."""

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        return self._write(sender, {"id": item, "text": text}, at)

    def unsupported(self, sender: str, item: str) -> Raw:
        return self._write(sender, {"id": item, "location": {"lat": 1.5, "lon": 2.5}}, AT)

    def _write(self, sender: str, body: dict[str, Any], at: datetime) -> Raw:
        chat = self.channels["site"]
        assert isinstance(chat, Chat)
        visitor = chat.open_session(_json({"name": sender}), None, KEY, at).visitor
        # Everybody's address is random: one per name, as if each kept his token.
        visitor = msgspec.structs.replace(visitor, address=f"anon:{sender}")
        return chat.message(visitor, _json(body), at)


def _json(body: dict[str, Any]) -> bytes:
    """JSON as a browser writes it: half a UTF-16 pair becomes an escape."""
    return json.dumps(body).encode()


class TestWebhook(Conformance):
    """The site's server."""

    @pytest.fixture
    def kit(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
        monkeypatch.setattr(replies, "_PATIENCE", 5.0)
        consumer = Consumer(SECRET)
        consumer.start()
        kit = HookKit(consumer)
        yield kit
        kit.close()


class TestWidget(Inbound):
    """Browsers, where nothing is edited and replies are read from the event feed."""

    @pytest.fixture
    def kit(self) -> Iterator[Kit]:
        with Consumer(SECRET) as consumer:
            yield WidgetKit(consumer)
