"""Spools: raws too large for their rows. The row holds a mark with a hash, and the data lies among the files."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, exists, select

from storage import bulk
from storage.db import Tx, now
from storage.inbox import INBOX, PARKED, QUEUE
from storage.models import Spool

SPOOLS = Spool.__table__  # type: ignore[attr-defined]

# No raw begins with it: sources send text.
_MARK = b"\0spooled:"


def mark(sha256: str) -> bytes:
    """What stands in the row in place of the data with this hash."""
    return _MARK + sha256.encode()


def sha256_of(data: bytes) -> str | None:
    """The hash of the data a row's mark stands for; None where the row has the data itself."""
    return data.removeprefix(_MARK).decode() if data.startswith(_MARK) else None


def put(tx: Tx, channel: str, raws: Iterable[tuple[str, str]]) -> None:
    """Keep the files of these raws, by (external id, hash)."""
    at = now()
    rows = [(channel, key, sha256, at) for key, sha256 in raws]
    bulk.insert_new(tx, SPOOLS, ("channel", "external_id", "sha256", "stored_at"), rows, ("sha256",))


def forget(tx: Tx, before: datetime) -> int:
    """Let go of those stored before then and processed; gives back how many."""
    waiting = exists(
        select(INBOX.c.id)
        .outerjoin(QUEUE, (QUEUE.c.shard == INBOX.c.shard) & (QUEUE.c.inbox_id == INBOX.c.id))
        .outerjoin(PARKED, PARKED.c.inbox_id == INBOX.c.id)
        .where(
            INBOX.c.channel == SPOOLS.c.channel,
            INBOX.c.external_id == SPOOLS.c.external_id,
            QUEUE.c.inbox_id.is_not(None) | PARKED.c.inbox_id.is_not(None),
        )
    )
    return tx.execute(delete(SPOOLS).where(SPOOLS.c.stored_at < before, ~waiting)).rowcount
