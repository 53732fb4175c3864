"""Paces: when the next letter may go, of a channel and to each recipient, kept for whichever process sends next.

Each row holds the moment from which the next letter is free (the generic cell rate algorithm). It is written in the
transaction that takes the channel, so two processes never spend the same room.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage import bulk
from storage.db import Tx, is_postgres
from storage.models import Pace

PACES = Pace.__table__  # type: ignore[attr-defined]
# The row of the channel as a whole.
EVERYBODY = ""


def get(tx: Tx, channel: str, recipients: Iterable[str]) -> dict[str, datetime]:
    """From when each of these is free; who is missing is free now."""
    query = select(PACES.c.recipient, PACES.c.free_at).where(
        PACES.c.channel == channel, bulk.among(tx, PACES.c.recipient, recipients)
    )
    return {recipient: free_at for recipient, free_at in tx.execute(query)}


def put(tx: Tx, channel: str, free: Mapping[str, datetime]) -> None:
    """Each of these is free from then on; never sooner than it was."""
    if not free:
        return
    insert = (postgresql if is_postgres(tx) else sqlite).insert(PACES)
    later = {"free_at": insert.excluded.free_at}
    rows = [{"channel": channel, "recipient": recipient, "free_at": at} for recipient, at in sorted(free.items())]
    statement = insert.on_conflict_do_update(
        index_elements=["channel", "recipient"], set_=later, where=PACES.c.free_at < insert.excluded.free_at
    )
    tx.execute(statement, rows)


def forget(tx: Tx, before: datetime) -> int:
    """Drop what has been free since then; gives back how many rows went."""
    return tx.execute(delete(PACES).where(PACES.c.free_at < before)).rowcount
