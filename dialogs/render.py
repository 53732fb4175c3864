"""Rendering: rows of messages as operators see them, a whole page at a time."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from dialogs.access import IDENTITIES
from storage import attachments, outbox, participants
from storage.attachments import STORED
from storage.db import Tx
from storage.models import Client
from storage.operators import OPERATORS
from storage.outbox import CANCELLED, FAILED, HELD, QUEUED, SENDING, SENT, UNCONFIRMED
from storage.talk import MESSAGES

CLIENTS = Client.__table__  # type: ignore[attr-defined]

# What of a message's data is shown: the rest is for the house alone.
_TOLD = (
    "author", "forwarded_from", "quote", "location", "link", "payload", "button", "reactions", "admin", "subject",
    "to", "cc", "mail", "notes", "whole", "claims", "held",
)  # fmt: skip
# Of a message that left as several letters, the state its author has to know of first.
_GRAVEST = (FAILED, UNCONFIRMED, HELD, SENDING, QUEUED, CANCELLED, SENT)


def query(where: ColumnElement[bool]) -> Select[Any]:
    """Messages with what is needed to say who wrote them."""
    return (
        select(
            MESSAGES,
            OPERATORS.c.name.label("operator"),
            IDENTITIES.c.client_id,
            IDENTITIES.c.address,
            func.coalesce(func.nullif(CLIENTS.c.name, ""), IDENTITIES.c.name).label("client"),
        )
        .outerjoin(OPERATORS, OPERATORS.c.id == MESSAGES.c.operator_id)
        .outerjoin(IDENTITIES, IDENTITIES.c.id == MESSAGES.c.identity_id)
        .outerjoin(CLIENTS, CLIENTS.c.id == IDENTITIES.c.client_id)
        .where(where)
    )


def messages(tx: Tx, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """The rows of `query` in the form of the API, in the order given."""
    files = attachments.of_messages(tx, [row.id for row in rows]) if rows else {}
    letters = outbox.of_messages(tx, [row.id for row in rows if row.direction == "out"])
    admitted = _admitted(tx, rows)
    shown = [_message(row, files.get(row.id, []), letters.get(row.id, [])) for row in rows]
    for message in shown:
        if message["id"] in admitted:
            message["data"]["admitted"] = True
    return shown


def _admitted(tx: Tx, rows: Sequence[Row[Any]]) -> set[int]:
    """Messages whose sender was doubted, or named a dialog not his, and was admitted since."""
    doubted = {
        row.id: (row.data.get("claims") or row.dialog_id, row.channel, row.address)
        for row in rows
        if row.data and (row.data.get("claims") or row.data.get("held"))
    }
    if not doubted:
        return set()
    admitted = participants.admitted(tx, {dialog_id for dialog_id, *_ in doubted.values()})
    return {message_id for message_id, who in doubted.items() if who in admitted}


def file(row: Row[Any]) -> dict[str, Any]:
    """A file as lists of files show it; `key` only where its source has one, `state` while its content is not there."""
    shown = {"id": row.id, "name": row.name, "type": row.type, "size": row.size}
    if row.key:
        shown["key"] = row.key
    return shown if row.state == STORED else {**shown, "state": row.state}


def client_name(client: str, identities: Iterable[Row[Any]]) -> str:
    """What to call a client: the name he has here, else the first his channels know."""
    return client or next((identity.name for identity in identities if identity.name), "")


def _message(row: Row[Any], files: Sequence[Row[Any]], letters: Sequence[Row[Any]]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row.id,
        "seq": row.seq,
        "direction": row.direction,
        "channel": row.channel,
        "author": _author(row),
        "text": row.text,
        "files": [file(one) for one in files],
        "sent_at": row.sent_at,
    }
    for name in ("html", "reply_to", "edited_at", "deleted_at"):
        value = getattr(row, name)
        if value is not None:
            shown[name] = value
    if row.data and row.data.get("original"):
        shown["original"] = f"/v1/dialogs/{row.dialog_id}/messages/{row.id}/original"
    data = {name: row.data[name] for name in _TOLD if row.data.get(name)} if row.data else {}
    if data:
        shown["data"] = data
    if letters:
        shown["delivery"] = _delivery(letters) | _reported(row)
    return shown


def _author(row: Row[Any]) -> dict[str, Any]:
    if row.direction == "in":
        return {"kind": "client", "id": row.client_id, "name": row.client or ""}
    if row.operator_id is not None:
        return {"kind": "operator", "id": row.operator_id, "name": row.operator or ""}
    return {"kind": "system", "id": None, "name": ""}


def _reported(row: Row[Any]) -> dict[str, Any]:
    """What the channel said later of what it had taken: that it came back after all."""
    told = (row.data or {}).get("delivery", {})
    return {"state": FAILED, "error": told.get("error", "")} if "failed" in told else {}


def _delivery(letters: Sequence[Row[Any]]) -> dict[str, Any]:
    states = {letter.state for letter in letters}
    shown: dict[str, Any] = {
        "state": next(state for state in _GRAVEST if state in states),
        "attempts": max(letter.attempts for letter in letters),
        "letters": [letter.id for letter in letters],
    }
    errors = [letter.error for letter in letters if letter.error]
    if errors:
        shown["error"] = errors[0]
    if any(letter.maybe_twice for letter in letters):
        shown["maybe_twice"] = True
    return shown
