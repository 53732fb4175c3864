"""Refusals: channels whose hook turns calls away for a wrong secret. Nothing else of the channel stands still.

They are kept beside the halts, as they are told the same way: a reason, since when, and until when it is no news.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import halts
from storage.db import Tx, is_postgres
from storage.halts import HALTS
from storage.leases import database_now

# How long nobody was turned away before it is news again, and how long the last one is shown.
QUIET, _SHOWN = timedelta(hours=1), timedelta(days=1)


def note(tx: Tx, channel: str, reason: str) -> bool:
    """Somebody was turned away; True when that is news, for one process of those that see it at the same moment."""
    insert = (postgresql if is_postgres(tx) else sqlite).insert(HALTS)
    name, at = halts.hook(channel), database_now(tx)
    values = {"reason": reason, "since": at, "until": at + QUIET}
    row = insert.values(channel=name, **values).on_conflict_do_update(
        index_elements=[HALTS.c.channel], set_=values, where=HALTS.c.until <= at
    )
    news = tx.execute(row.returning(HALTS.c.channel)).one_or_none() is not None
    if not news:
        tx.execute(update(HALTS).where(HALTS.c.channel == name).values(reason=reason, until=at + QUIET))
    return news


def by_channel(tx: Tx) -> dict[str, dict[str, Any]]:
    """What is told of each channel that turned somebody away within a day: {reason, since, last}."""
    recent = HALTS.c.until > database_now(tx) + QUIET - _SHOWN
    query = select(HALTS).where(HALTS.c.channel.endswith(halts.hook(""), autoescape=True), recent)
    return {
        row.channel.removesuffix(halts.hook("")): {"reason": row.reason, "since": row.since, "last": row.until - QUIET}
        for row in tx.execute(query.order_by(HALTS.c.channel))
    }


def in_words(told: dict[str, Any]) -> str:
    """The same as a line for people, without the channel."""
    since, last = (f"{told[name]:%Y-%m-%d %H:%M} UTC" for name in ("since", "last"))
    return f"turns calls to its hook away since {since}, the last one at {last}: {told['reason']}"
