"""Strangers: what a channel tells of people before they write for the first time."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage import bulk
from storage.db import Tx, is_postgres, now
from storage.models import Stranger

STRANGERS = Stranger.__table__  # type: ignore[attr-defined]

# Who has not written by then is forgotten: nobody waits for him.
_KEPT = timedelta(days=90)


def keep(tx: Tx, channel: str, address: str, profile: Mapping[str, str]) -> None:
    """Keep what is told of somebody; what was told before stays where it is not told anew."""
    own = (STRANGERS.c.channel == channel, STRANGERS.c.address == address)
    before = tx.execute(select(STRANGERS.c.profile).where(*own)).scalar_one_or_none()
    values = {"profile": {**(before or {}), **profile}, "told_at": now()}
    insert = (postgresql if is_postgres(tx) else sqlite).insert(STRANGERS)
    row = insert.values(channel=channel, address=address, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["channel", "address"], set_=values))


def take(tx: Tx, addresses: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    """What is kept of these (channel, address); it is gone with this transaction."""
    wanted: dict[str, list[str]] = {}
    for channel, address in addresses:
        wanted.setdefault(channel, []).append(address)
    found: dict[tuple[str, str], dict[str, str]] = {}
    for channel, own in wanted.items():
        these = (STRANGERS.c.channel == channel, bulk.among(tx, STRANGERS.c.address, own))
        for row in tx.execute(delete(STRANGERS).where(*these).returning(STRANGERS)):
            found[channel, row.address] = row.profile
    return found


def forget(tx: Tx) -> int:
    """Drop those who never wrote; gives back how many they were."""
    return tx.execute(delete(STRANGERS).where(STRANGERS.c.told_at < now() - _KEPT)).rowcount
