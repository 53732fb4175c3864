"""E-mail keeps the contract."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from connectors.base import Letter, Raw, Receipt
from connectors.email.compose import message_id
from connectors.email.raws import Known, raw_of
from connectors.email.settings import EmailSettings
from connectors.registry import Channels
from tests.connectors.conformance import AT, Fault, Inbound, Kit, Outbound
from tests.fakes import smtp
from tests.fakes.smtp import SmtpServer

FAULTS: dict[str, tuple[smtp.Stage, str]] = {
    "throttled": ("rcpt", "450 4.2.0 grey"),
    "lost": ("end", smtp.TAKEN_CUT),
    "failed": ("end", smtp.TAKEN_CUT),
}


class MailKit:
    """A mailbox, the mails of which come by no server, and a server that takes replies."""

    channel = "mail"

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        where = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        account = {"user": smtp.USER, "password": smtp.PASSWORD}
        section = {"kind": "email", "address": "support@example.org", "smtp": {**where, **account}}
        self._settings = EmailSettings.model_validate(section)
        self.channels = Channels({"mail": section})
        self._uids: dict[tuple[str, str], int] = {}

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        return self._raw(sender, item, text.encode(errors="surrogatepass"), at)

    def edit(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        raise AssertionError("a mail that was sent stays as it is")

    def deletion(self, sender: str, item: str, at: datetime) -> Raw:
        raise AssertionError("a mail that was sent stays as it is")

    def oversized(self, sender: str, item: str) -> Raw:
        return self._raw(sender, item, b"line\n" * 200_000, AT)

    def unsupported(self, sender: str, item: str) -> Raw:
        return self._raw(sender, item, b"\0\1\2", AT, kind="application/x-hologram")

    def letter(self, sender: str, key: str, text: str) -> Letter:
        return Letter(1, key, f"{sender}@example.com", "send", text, "Olga", AT)

    def nobody(self, key: str) -> Letter:
        return Letter(1, key, "anna", "send", "hello", "Olga", AT)

    def fault(self, kind: Fault, retry_after: float | None = None) -> None:
        if kind == "away":
            self._server.stop_listening()
        elif kind == "denied":
            self._server.fault("auth", "535 5.7.8 no", "535 5.7.8 no", "535 5.7.8 no")
        else:
            self._server.fault(*FAULTS[kind])

    def effects(self, key: str) -> int:
        return self._server.effects(message_id(key, self._settings))

    def _raw(self, sender: str, item: str, body: bytes, at: datetime, kind: str = "text/plain") -> Raw:
        mail = EmailMessage(SMTP)
        mail["From"] = Address(sender.capitalize(), sender, "example.com")
        mail["Date"] = at
        mail["Message-ID"] = f"<{sender}-{item}@example.com>"
        main, _, sub = kind.partition("/")
        mail.set_content(body, main, sub)
        if main == "text":
            mail.set_param("charset", "utf-8")
        del mail["Content-Disposition"]
        uid = self._uids.setdefault((sender, item), len(self._uids) + 1)
        return raw_of(f"INBOX:7:{uid}", Known(at=int(at.timestamp())), mail.as_bytes())


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server
    assert server.complaints == []


class TestEmail(Inbound, Outbound):
    """Mails, which nobody can change or take back."""

    @pytest.fixture
    def kit(self, server: SmtpServer) -> Iterator[Kit]:
        kit = MailKit(server)
        yield kit
        asyncio.run(kit.channels.close())

    @pytest.mark.parametrize("seconds", [None])
    def test_a_throttled_call_says_when_to_come_again(
        self, kit: Kit, post: Callable[[Letter], Receipt], seconds: float | None
    ) -> None:
        # Mail servers say that it is too early, and never until when.
        super().test_a_throttled_call_says_when_to_come_again(kit, post, seconds)
