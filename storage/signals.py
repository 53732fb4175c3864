"""Signals: small fleeting things for a client, each given once and soon, or never."""

from collections.abc import Collection, Sequence
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
# How many are looked at at once.
_LOOK = 500


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


def waiting(tx: Tx, channel: str, kinds: Collection[str]) -> list[Row[Any]]:
    """Those of these kinds that wait in the channel, oldest first; of what is said again to somebody the newest."""
    first = select(SIGNALS).where(SIGNALS.c.channel == channel, SIGNALS.c.kind.in_(kinds)).order_by(SIGNALS.c.id)
    stale = _stale(tx)
    newest: dict[tuple[str, ...], Row[Any]] = {}
    for row in tx.execute(first.limit(_LOOK)):
        if row.created_at >= stale:
            # Each press is one of its own.
            newest[row.recipient, row.kind, row.data if row.kind == "press" else ""] = row
    return sorted(newest.values(), key=lambda row: row.id)


def take(tx: Tx, given: Sequence[Row[Any]]) -> None:
    """These are given, so they go, and with them what was said to the same people before."""
    for row in given:
        same = SIGNALS.c.channel == row.channel, SIGNALS.c.recipient == row.recipient, SIGNALS.c.kind == row.kind
        older = SIGNALS.c.data == row.data if row.kind == "press" else SIGNALS.c.id <= row.id
        tx.execute(delete(SIGNALS).where(*same, older))


def _stale(tx: Tx) -> datetime:
    return database_now(tx) - timedelta(seconds=_FRESH)
