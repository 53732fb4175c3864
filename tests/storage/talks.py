"""Dialogs and messages for the tests of what looks at them."""

from typing import Any

from sqlalchemy import Table

from storage.db import Tx, now
from storage.models import Client
from storage.talk import DIALOGS, MESSAGES

CLIENTS: Table = Client.__table__  # type: ignore[attr-defined]
FIRST = 1_000_000_001


def dialog(tx: Tx, number: int, **values: Any) -> None:
    """A dialog of a client with the same number."""
    at = now()
    tx.execute(CLIENTS.insert().values(id=number, name="", email="", phone="", note="", created_at=at, updated_at=at))
    row = {"last_seq": 0, "last_in_seq": 0, "read_seq": 0, "unread": 0, "last_at": at, "created_at": at, **values}
    tx.execute(DIALOGS.insert().values(id=number, client_id=number, **row))


def message(tx: Tx, number: int, dialog_id: int, seq: int, text: str = "", **values: Any) -> None:
    """A message, from the client unless `values` say otherwise."""
    row = {"direction": "in", "episode_id": 1, "sent_at": now(), "source_key": "", "text": text, **values}
    tx.execute(MESSAGES.insert().values(id=number, dialog_id=dialog_id, seq=seq, **row))
