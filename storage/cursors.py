"""Cursors: how far each channel has been read."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from storage.db import Tx, is_postgres, now
from storage.models import Cursor

CURSORS = Cursor.__table__  # type: ignore[attr-defined]


def get(tx: Tx, channel: str) -> str | None:
    """The channel's cursor; None before its first batch."""
    return tx.execute(select(CURSORS.c.value).where(CURSORS.c.channel == channel)).scalar_one_or_none()


def move(tx: Tx, channel: str, value: str) -> None:
    """Move the cursor, in the transaction that stores what was read up to it."""
    insert = (postgresql if is_postgres(tx) else sqlite).insert(CURSORS)
    values = {"value": value, "updated_at": now()}
    tx.execute(
        insert.values(channel=channel, **values).on_conflict_do_update(index_elements=[CURSORS.c.channel], set_=values)
    )
