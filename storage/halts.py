"""Halts: channels that stand still because their credentials were refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.db import Tx, is_postgres
from storage.leases import database_now
from storage.models import Halt

HALTS = Halt.__table__  # type: ignore[attr-defined]


def reading(channel: str) -> str:
    """The name of a halt that keeps a channel from being read alone: replies may go out all the same."""
    return f"{channel} (reading)"


def hook(channel: str) -> str:
    """The name of a row that is no halt, about who is turned away at the channel's hook; see refusals."""
    return f"{channel} (hook)"


def put(tx: Tx, channel: str, reason: str, until: datetime) -> bool:
    """Let the channel stand until then; True when it was not standing yet, so that its alarm rings once."""
    insert = (postgresql if is_postgres(tx) else sqlite).insert(HALTS)
    values = {"reason": reason, "until": until}
    row = insert.values(channel=channel, since=database_now(tx), **values).on_conflict_do_nothing()
    # In one statement: of two calls that are refused at the same moment one rings.
    fresh = tx.execute(row.returning(HALTS.c.channel)).one_or_none() is not None
    if not fresh:
        tx.execute(update(HALTS).where(HALTS.c.channel == channel).values(**values))
    return fresh


def until(tx: Tx, channel: str) -> datetime | None:
    """Until when the channel stands; None when it may be tried."""
    query = select(HALTS.c.until).where(HALTS.c.channel == channel, HALTS.c.until > database_now(tx))
    return tx.execute(query).scalar_one_or_none()


def known(tx: Tx, channel: str) -> bool:
    """Whether the channel was stopped and has not been heard to work since."""
    return tx.execute(select(HALTS.c.channel).where(HALTS.c.channel == channel)).first() is not None


def lift(tx: Tx, channel: str) -> bool:
    """The channel works again; True when it had been standing."""
    return tx.execute(delete(HALTS).where(HALTS.c.channel == channel)).rowcount > 0


def all_of(tx: Tx) -> Sequence[Row[Any]]:
    """Every channel that stands, with the reason."""
    stands = ~HALTS.c.channel.endswith(hook(""), autoescape=True)
    return tx.execute(select(HALTS).where(stands).order_by(HALTS.c.channel)).all()


def by_channel(tx: Tx) -> dict[str, dict[str, Any]]:
    """What is told of each channel that stands: {reason, since, until}."""
    found: dict[str, dict[str, Any]] = {}
    for row in all_of(tx):
        told = {"reason": row.reason, "since": row.since, "until": row.until}
        found.setdefault(row.channel.removesuffix(reading("")), told)
    return found
