"""What the tests of composed mails share."""

import email
import email.policy
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec

from connectors.base import Letter, Outgoing
from connectors.email.compose import mail_of
from connectors.email.settings import EmailSettings

AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
SMTP = {"host": "mail.example.org", "password": "p"}
SETTINGS = EmailSettings(kind="email", address="support@example.org", name="Магазин «Ёлка»", smtp=SMTP)
LETTER = Letter(1, "okno-1-2", "anna@example.org", "send", "Здравствуйте!\n\nЗаказ готов.", "Ольга", AT)
NAMES = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "X-Loop",
    "Content-Type", "Auto-Submitted", "X-Auto-Response-Suppress",
}  # fmt: skip


def settings(**values: Any) -> EmailSettings:
    return EmailSettings.model_validate(SETTINGS.model_dump() | {"smtp": SMTP} | values)


def letter(**fields: Any) -> Letter:
    return msgspec.structs.replace(LETTER, **fields)


def read(written: Letter, with_settings: EmailSettings = SETTINGS) -> EmailMessage:
    """The mail as the standard library reads it, once it is one that any server takes."""
    mail = mail_of(written, with_settings)[1]
    assert mail.isascii()
    assert mail.endswith(b"\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", mail)
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(mail, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert set(message.keys()) <= NAMES
    assert len(message.keys()) == len(set(message.keys()))
    assert not any(part.defects for part in message.walk())
    return message


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content.replace("\r\n", "\n")


def file(path: Path, name: str = "счёт.pdf", content: bytes = b"content", kind: str = "application/pdf") -> Outgoing:
    path.write_bytes(content)
    return Outgoing("f", name, kind, len(content), str(path))
