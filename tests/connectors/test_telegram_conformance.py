"""Telegram keeps the contract: polled and pushed, with the bot's own chats and with those of a business account."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from connectors.abilities import Hook, Receive, Request
from connectors.base import Batch, Letter, Raw
from connectors.registry import Channels
from pipeline.loop import LoopThread
from tests.connectors.conformance import AT, Conformance, Edits, Fault, Inbound, Kit, Outbound
from tests.connectors.telegram.kit import SECRET, letter
from tests.fakes.telegram import Telegram

_THROTTLED = {"ok": False, "error_code": 429, "description": "Too Many Requests"}


class BotKit:
    """A bot that is written to in private; what its server hears of a letter is told apart by the key in its text."""

    channel = "tg"
    prefix = ""

    def __init__(self, server: Telegram, mode: str) -> None:
        self._server, self._mode = server, mode
        self._loop = LoopThread()
        self._numbers: dict[str, int] = {}
        section = {"kind": "telegram", "token": server.token, "api_base": server.url, "mode": mode}
        self.channels = Channels({"tg": section | {"webhook_secret": SECRET}})

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        return self._raw("message", self._message(sender, item, at, text=text), at)

    def edit(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        edited = self._message(sender, item, AT, text=text, edit_date=int(at.timestamp()))
        return self._raw("edited_message", edited, at)

    def deletion(self, sender: str, item: str, at: datetime) -> Raw:
        raise AssertionError("Telegram tells a bot of no deletion in its own chats")

    def oversized(self, sender: str, item: str) -> Raw:
        document = {"file_id": "f", "file_unique_id": "u", "file_name": "disk.iso", "file_size": 5_000_000_000}
        return self._raw("message", self._message(sender, item, AT, document=document), AT)

    def unsupported(self, sender: str, item: str) -> Raw:
        return self._raw("message", self._message(sender, item, AT, telepathy={"thoughts": 3}), AT)

    def letter(self, sender: str, key: str, text: str) -> Letter:
        number = self._number(sender)
        self._server.join(number, first_name=sender)
        return letter(f"{text} #{key}", f"{self.prefix}{number}", key=key)

    def nobody(self, key: str) -> Letter:
        return letter(recipient="99", key=key)

    def fault(self, kind: Fault, retry_after: float | None = None) -> None:
        if kind == "throttled":
            # Said, but not held against who comes too early, as the suite does.
            wait = {} if retry_after is None else {"parameters": {"retry_after": retry_after}}
            self._server.fault("json", "sendMessage", answer=_THROTTLED | wait, status=429)
        elif kind == "away":
            self._server.refuse()
        elif kind == "denied":
            self._server.revoke()
        else:
            self._server.fault("cut" if kind == "lost" else "after", "sendMessage")

    def effects(self, key: str) -> int:
        # A deletion has no text; the suite makes one, and asks for its key next.
        texts = (f"#{key}" if "delete" in entry["method"] else entry["text"] for entry in self._server.ledger)
        return sum(text.endswith(f"#{key}") for text in texts)

    def close(self) -> None:
        self._loop.close()

    def _message(self, sender: str, item: str, at: datetime, **fields: Any) -> dict[str, Any]:
        number = self._number(sender)
        person = {"id": number, "first_name": sender}
        return {
            "message_id": int(item) + 1,
            "date": int(at.timestamp()),
            "chat": {**person, "type": "private"},
            "from": {**person, "is_bot": False},
            **fields,
        }

    def _number(self, sender: str) -> int:
        return self._numbers.setdefault(sender, len(self._numbers) + 1000)

    def _raw(self, kind: str, found: dict[str, Any], at: datetime) -> Raw:
        update = self._server.emit(kind, found)
        batch = self._push(update, at) if self._mode == "webhook" else self._loop.run(self._poll(), 20)
        assert batch is not None
        key = f"{self._server.token.partition(':')[0]}:{update['update_id']}"
        return next(raw for raw in batch.raws if raw.external_id == key)

    def _push(self, update: dict[str, Any], at: datetime) -> Batch | None:
        connector = self.channels["tg"]
        assert isinstance(connector, Hook)
        headers = {"x-telegram-bot-api-secret-token": SECRET}
        return connector.accept(Request(headers, json.dumps(update, indent=1).encode(), at)).batch

    async def _poll(self) -> Batch:
        connector = self.channels["tg"]
        assert isinstance(connector, Receive)
        source = connector.receive(None)
        try:
            return await anext(source)
        finally:
            await source.aclose()  # type: ignore[attr-defined]


class BusinessKit(BotKit):
    """A business account whose chats the bot was lent."""

    prefix = "b:conn:"

    def __init__(self, server: Telegram, mode: str) -> None:
        super().__init__(server, mode)
        owner = {"id": 9, "is_bot": False, "first_name": "Olga"}
        rights = {"can_reply": True, "can_delete_sent_messages": True}
        server.emit(
            "business_connection",
            {"id": "conn", "user": owner, "user_chat_id": 9, "date": 0, "is_enabled": True, "rights": rights},
        )

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        return self._raw("business_message", self._message(sender, item, at, text=text), at)

    def edit(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        edited = self._message(sender, item, AT, text=text, edit_date=int(at.timestamp()))
        return self._raw("edited_business_message", edited, at)

    def deletion(self, sender: str, item: str, at: datetime) -> Raw:
        chat = {"id": self._number(sender), "type": "private", "first_name": sender}
        gone = {"business_connection_id": "conn", "chat": chat, "message_ids": [int(item) + 1]}
        return self._raw("deleted_business_messages", gone, at)

    def _message(self, sender: str, item: str, at: datetime, **fields: Any) -> dict[str, Any]:
        return super()._message(sender, item, at, business_connection_id="conn", **fields)


class TestPolling(Inbound, Edits, Outbound):
    """A bot that asks."""

    @pytest.fixture
    def kit(self) -> Iterator[Kit]:
        with Telegram() as server:
            kit = BotKit(server, "polling")
            yield kit
            kit.close()


class TestWebhook(Inbound, Edits, Outbound):
    """A bot that is told."""

    @pytest.fixture
    def kit(self) -> Iterator[Kit]:
        with Telegram() as server:
            kit = BotKit(server, "webhook")
            yield kit
            kit.close()


class TestBusiness(Conformance):
    """A business account, where deletions are told: by webhook, for they have no time but that of their arrival."""

    @pytest.fixture
    def kit(self) -> Iterator[Kit]:
        with Telegram() as server:
            kit = BusinessKit(server, "webhook")
            yield kit
            kit.close()
