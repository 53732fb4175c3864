"""Signals: small fleeting things for a client, each given once and soon, or never."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, delete, select

from storage import bulk
from storage.db import Tx
from storage.leases import database_now
from storage.models import Signal

SIGNALS = Signal.__table__  # type: ignore[attr-defined]
# Seconds after which nobody cares any more.
_FRESH = 10.0


class NewSignal(NamedTuple):
    """A signal to be given. `kind`: typing, read or press."""

    channel: str
    recipient: str
    kind: str
    data: str = ""


def put(tx: Tx, signals: Sequence[NewSignal]) -> None:
    """Have them given."""
    at = database_now(tx) if signals else None
    columns = (*NewSignal._fields, "created_at")
    bulk.insert(tx, SIGNALS, columns, [(*signal, at) for signal in signals])


def forget(tx: Tx) -> None:
    """Drop what is stale: a channel that is gone, or has no signals, takes none."""
    tx.execute(delete(SIGNALS).where(SIGNALS.c.created_at < _stale(tx)))


def channels(tx: Tx) -> list[str]:
    """Channels in which a signal waits."""
    return list(tx.execute(select(SIGNALS.c.channel).distinct()).scalars())


def take(tx: Tx, channel: str, limit: int) -> Sequence[Row[Any]]:
    """Those that wait in the channel, gone with this transaction; what is stale goes without being given."""
    first = select(SIGNALS.c.id).where(SIGNALS.c.channel == channel).order_by(SIGNALS.c.id).limit(limit)
    gone = delete(SIGNALS).where(SIGNALS.c.id.in_(first.scalar_subquery())).returning(SIGNALS)
    stale = _stale(tx)
    return [row for row in tx.execute(gone).all() if row.created_at >= stale]


def _stale(tx: Tx) -> datetime:
    return database_now(tx) - timedelta(seconds=_FRESH)
