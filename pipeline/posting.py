"""Posting: from a letter's row to what its connector is given."""

from typing import Any

import msgspec
from sqlalchemy import Row

from connectors.base import Button, Letter, Outgoing, Quoted, Span
from storage import attachments, outbox
from storage.db import Tx
from storage.files import FileStore


def letter_of(tx: Tx, row: Row[Any], store: FileStore) -> Letter | None:
    """The letter as its connector gets it; None for one that changes what never went out."""
    letter = _letter(tx, row, store)
    if row.action == "send":
        return letter
    sent = outbox.receipt(tx, row.message_id, row.part)
    return msgspec.structs.replace(letter, external_id=sent[0], others=tuple(sent[1:])) if sent else None


def _letter(tx: Tx, row: Row[Any], store: FileStore) -> Letter:
    payload, key = row.payload, outbox.key_of(row)
    files = attachments.by_ids(tx, payload.get("files", []))
    return Letter(
        id=row.id,
        key=key,
        number=outbox.number_of(key),
        recipient=row.recipient,
        action=row.action,
        text=payload["text"],
        author=payload.get("author", ""),
        signature=payload.get("signature", ""),
        sent_at=row.created_at,
        files=tuple(Outgoing(f.id, f.name, f.type, f.size, str(store.path(f.sha256))) for f in files),
        reply_to=payload.get("reply_to"),
        below=payload.get("below"),
        thread=payload.get("thread"),
        quoted=msgspec.convert(payload.get("quoted"), Quoted | None),
        automatic=row.automatic,
        spans=msgspec.convert(payload.get("spans", ()), tuple[Span, ...]),
        buttons=msgspec.convert(payload.get("buttons", ()), tuple[tuple[Button, ...], ...]),
    )
