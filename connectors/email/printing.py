"""The normal form of mails in files, one JSON object a line: what `mail parse` prints."""

import hashlib
from pathlib import Path
from typing import Any

import orjson

from connectors.email.mime import Address
from connectors.email.reading import Reading
from connectors.email.sandbox.reader import Reader, Unreadable

_NOTHING: dict[str, Any] = {
    "from": {"name": "", "address": ""}, "to": [], "subject": "", "message_id": "", "in_reply_to": "", "references": [],
    "date": None, "text": "", "html": "", "reply_text": "", "attachments": [], "class": "client",
    "bounce_recipients": [],
}  # fmt: skip


def lines_of(paths: list[Path]) -> "list[bytes]":
    """A line for each file, in order; one that cannot be read has `ok` false and says why."""
    reader = Reader()
    try:
        return [orjson.dumps(_told(reader, path)) for path in paths]
    finally:
        reader.close()


def _told(reader: Reader, path: Path) -> dict[str, Any]:
    try:
        return {"file": str(path), "ok": True, **_shown(reader.read(path.read_bytes()))}
    except (Unreadable, OSError) as error:
        return {"file": str(path), "ok": False, "error": str(error), **_NOTHING}


def _shown(reading: Reading) -> dict[str, Any]:
    mail = reading.mail
    sender = mail.sender or Address("")
    return {
        "from": {"name": sender.name, "address": sender.address},
        "to": [each.address for each in mail.to],
        "subject": mail.subject,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": list(mail.references),
        "date": mail.date.isoformat().replace("+00:00", "Z") if mail.date else None,
        "text": reading.full,
        "html": reading.page,
        "reply_text": reading.own,
        "attachments": [
            {
                "name": each.name, "type": each.type, "size": len(each.data),
                "sha256": hashlib.sha256(each.data).hexdigest(), "inline": each.inline,
            }
            for each in mail.attachments
        ],
        "class": mail.kind,
        "bounce_recipients": list(mail.bounced),
    }  # fmt: skip
