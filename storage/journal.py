"""The journal: numbered events of everything that happened, readable in order without a gap."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import delete, func, select

from storage import bulk
from storage.db import Tx, now
from storage.models import Event

EVENTS = Event.__table__  # type: ignore[attr-defined]
SYSTEM = "system"
_COLUMNS = ("at", "type", "actor", "dialog_id", "data")
_LOCK = 0x6F6B6E6F_02


class Entry(NamedTuple):
    """An event to be: `actor` is "operator:ID", "client:ID" or "system"; `data` must be JSON."""

    type: str
    actor: str
    dialog_id: int | None
    data: dict[str, Any]


class Line(NamedTuple):
    """An event as the journal holds it."""

    id: int
    at: datetime
    type: str
    actor: str
    dialog_id: int | None
    data: dict[str, Any]


def append(tx: Tx, entries: Iterable[Entry]) -> None:
    """Write the entries. Must be the last thing a transaction does.

    Ids are given out under a lock that is held until the commit, so they become visible in order and a reader who
    goes on from the last id he saw misses none. Whatever comes after it in the transaction keeps all others waiting.
    """
    at = now()
    rows = [(at, e.type, e.actor, e.dialog_id, orjson.dumps(e.data).decode()) for e in entries]
    if not rows:
        return
    bulk.insert_under_lock(tx, EVENTS, _COLUMNS, rows, _LOCK)


def read(tx: Tx, after: int, limit: int, dialog_id: int | None = None) -> Sequence[Line]:
    """Up to `limit` events with ids above `after`, oldest first; of one dialog if asked."""
    query = select(EVENTS).where(EVENTS.c.id > after).order_by(EVENTS.c.id).limit(limit)
    if dialog_id is not None:
        query = query.where(EVENTS.c.dialog_id == dialog_id)
    columns = [EVENTS.c[name] for name in Line._fields]
    return [Line(*row) for row in tx.execute(query.with_only_columns(*columns))]


def last_id(tx: Tx) -> int:
    """The newest event's id; 0 while there is none."""
    newest: int = tx.execute(select(func.coalesce(func.max(EVENTS.c.id), 0))).scalar_one()
    return newest


def forget(tx: Tx, before: datetime, limit: int = 5000) -> int:
    """Delete events from before then; gives back how many."""
    old = select(EVENTS.c.id).where(EVENTS.c.at < before).order_by(EVENTS.c.id).limit(limit).scalar_subquery()
    return tx.execute(delete(EVENTS).where(EVENTS.c.id.in_(old))).rowcount
