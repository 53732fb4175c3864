"""Refusals: channels whose hook turns calls away for a wrong secret. Nothing of them stands still."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.db import Tx, is_postgres
from storage.leases import database_now
from storage.models import Refusal

REFUSALS = Refusal.__table__  # type: ignore[attr-defined]

# How long nobody was turned away before it is news again, and how long the last one is shown.
QUIET, _SHOWN = timedelta(hours=1), timedelta(days=1)


def note(tx: Tx, channel: str, reason: str) -> bool:
    """Somebody was turned away; True when that is news, for one process of those that see it at the same moment."""
    insert = (postgresql if is_postgres(tx) else sqlite).insert(REFUSALS)
    at = database_now(tx)
    values = {"reason": reason, "since": at, "last": at}
    row = insert.values(channel=channel, **values).on_conflict_do_update(
        index_elements=[REFUSALS.c.channel], set_=values, where=REFUSALS.c.last <= at - QUIET
    )
    news = tx.execute(row.returning(REFUSALS.c.channel)).one_or_none() is not None
    if not news:
        tx.execute(update(REFUSALS).where(REFUSALS.c.channel == channel).values(reason=reason, last=at))
    return news


def by_channel(tx: Tx) -> dict[str, dict[str, Any]]:
    """What is told of each channel that turned somebody away within a day: {reason, since, last}."""
    query = select(REFUSALS).where(REFUSALS.c.last > database_now(tx) - _SHOWN).order_by(REFUSALS.c.channel)
    return {
        row.channel: {"reason": row.reason, "since": row.since, "last": row.last} for row in tx.execute(query).all()
    }


def in_words(told: dict[str, Any]) -> str:
    """The same as a line for people, without the channel."""
    since, last = (f"{told[name]:%Y-%m-%d %H:%M} UTC" for name in ("since", "last"))
    return f"turns calls to its hook away since {since}, the last one at {last}: {told['reason']}"
