"""Clients' identities: what channels tell of them after they were made."""

from sqlalchemy import update

from storage.db import Tx
from storage.models import Identity

IDENTITIES = Identity.__table__  # type: ignore[attr-defined]


def mark_unreachable(tx: Tx, channel: str, address: str) -> None:
    """The channel said that nobody can be written to at this address any more."""
    tx.execute(
        update(IDENTITIES)
        .where(IDENTITIES.c.channel == channel, IDENTITIES.c.address == address)
        .values(reachable=False)
    )
