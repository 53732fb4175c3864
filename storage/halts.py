"""Halts: what of a channel stands still because it takes nothing from us, sending or reading."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.db import Tx, is_postgres
from storage.leases import database_now
from storage.models import Halt

HALTS = Halt.__table__  # type: ignore[attr-defined]

# A channel that cannot be read may send all the same.
SENDING, READING = "sending", "reading"


def put(tx: Tx, channel: str, what: str, reason: str, until: datetime) -> bool:
    """Let this of the channel stand until then; True when it was not standing yet, so that its alarm rings once."""
    insert = (postgresql if is_postgres(tx) else sqlite).insert(HALTS)
    values = {"reason": reason, "until": until}
    row = insert.values(channel=channel, what=what, since=database_now(tx), **values).on_conflict_do_nothing()
    # In one statement: of two calls that are refused at the same moment one rings.
    fresh = tx.execute(row.returning(HALTS.c.channel)).one_or_none() is not None
    if not fresh:
        tx.execute(update(HALTS).where(*_of(channel, what)).values(**values))
    return fresh


def until(tx: Tx, channel: str, what: str) -> datetime | None:
    """Until when it stands; None when it may be tried."""
    query = select(HALTS.c.until).where(*_of(channel, what), HALTS.c.until > database_now(tx))
    return tx.execute(query).scalar_one_or_none()


def known(tx: Tx, channel: str, what: str) -> bool:
    """Whether it was stopped and has not been heard to work since."""
    return tx.execute(select(HALTS.c.channel).where(*_of(channel, what))).first() is not None


def lift(tx: Tx, channel: str, what: str) -> bool:
    """It works again; True when it had been standing."""
    return tx.execute(delete(HALTS).where(*_of(channel, what))).rowcount > 0


def all_of(tx: Tx) -> Sequence[Row[Any]]:
    """Everything that stands, with the reason; of each channel first that nothing is sent."""
    return tx.execute(select(HALTS).order_by(HALTS.c.channel, HALTS.c.what.desc())).all()


def in_words(halt: Row[Any]) -> str:
    """The same as a line for people, without channel and kind."""
    return f"has told since {halt.since:%Y-%m-%d %H:%M} UTC: {halt.reason}"


def by_channel(tx: Tx) -> dict[str, dict[str, Any]]:
    """What is told of each channel of which something stands: {reason, since, until}."""
    found: dict[str, dict[str, Any]] = {}
    for row in all_of(tx):
        found.setdefault(row.channel, {"reason": row.reason, "since": row.since, "until": row.until})
    return found


def _of(channel: str, what: str) -> tuple[Any, Any]:
    return HALTS.c.channel == channel, HALTS.c.what == what
