"""Early: what was told of a message before that message was there, such as a reaction that overtook it."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, or_, select

from storage import bulk
from storage.db import Tx, now
from storage.models import EarlyChange

EARLY = EarlyChange.__table__  # type: ignore[attr-defined]

# What no message came for in this time is of none that will: an update pushed again and again is given up within a day.
_KEPT = timedelta(days=2)
# Between two looks for the message, at least and at most; in between as long as the change has waited by then.
_AGAIN, _SELDOM = timedelta(seconds=1), timedelta(hours=6)
# Rows that are forgotten in one commit.
_STEP = 5000

# A channel, and the key of a message in it.
Key = tuple[str, str]


class Kept(NamedTuple):
    """A change by its message's channel and key; `data` is the change as its keeper packed it."""

    channel: str
    external_id: str
    data: str


def keep(tx: Tx, changes: Sequence[Kept]) -> None:
    """Keep these, in order."""
    at = now()
    columns = ("channel", "external_id", "data", "kept_at", "next_at")
    bulk.insert(tx, EARLY, columns, [(*change, at, at + _AGAIN) for change in changes])


def take(tx: Tx, keys: Iterable[Key]) -> list[Kept]:
    """What is kept of these messages, in order; it is gone with this transaction.

    The messages' dialogs must be locked: who else would take it waits for them.
    """
    if (these := _of(tx, keys)) is None:
        return []
    rows = tx.execute(delete(EARLY).where(these).returning(EARLY)).all()
    return [Kept(row.channel, row.external_id, row.data) for row in sorted(rows, key=lambda row: row.id)]


def due(tx: Tx, limit: int) -> list[Key]:
    """The keys of messages that are to be looked for now."""
    key = (EARLY.c.channel, EARLY.c.external_id)
    query = select(*key).where(EARLY.c.next_at <= now()).group_by(*key).order_by(func.min(EARLY.c.next_at))
    return [(row.channel, row.external_id) for row in tx.execute(query.limit(limit))]


def put_off(tx: Tx, keys: Iterable[Key]) -> None:
    """These messages are not there yet: they are looked for again, ever more seldom."""
    if (these := _of(tx, keys)) is None:
        return
    at = now()
    query = select(EARLY.c.id, EARLY.c.kept_at).where(these, EARLY.c.next_at <= at)
    rows = [(row.id, at + min(max(at - row.kept_at, _AGAIN), _SELDOM)) for row in tx.execute(query)]
    bulk.update(tx, EARLY, "id", ("next_at",), rows)


def forget(tx: Tx) -> int:
    """Drop some of what no message came for; gives back how much that was."""
    # Ids grow with the time: the oldest are found at once.
    oldest = select(EARLY.c.id, EARLY.c.kept_at).order_by(EARLY.c.id).limit(_STEP)
    gone = [row.id for row in tx.execute(oldest) if row.kept_at < now() - _KEPT]
    tx.execute(delete(EARLY).where(bulk.among(tx, EARLY.c.id, gone)))
    return len(gone)


def _of(tx: Tx, keys: Iterable[Key]) -> ColumnElement[bool] | None:
    """The rows of these messages; None for no messages."""
    wanted: dict[str, list[str]] = {}
    for channel, key in keys:
        wanted.setdefault(channel, []).append(key)
    if not wanted:
        return None
    return or_(
        *((EARLY.c.channel == channel) & bulk.among(tx, EARLY.c.external_id, own) for channel, own in wanted.items())
    )
