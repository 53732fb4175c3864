"""Digests: contents that were stored, for sources that bring them again under other keys."""

from collections.abc import Iterable

from sqlalchemy import select

from storage import bulk
from storage.db import Tx
from storage.models import Digest

DIGESTS = Digest.__table__  # type: ignore[attr-defined]


def known(tx: Tx, channel: str, digests: Iterable[str]) -> set[str]:
    """Those that were stored before."""
    query = select(DIGESTS.c.digest).where(DIGESTS.c.channel == channel, bulk.among(tx, DIGESTS.c.digest, digests))
    return set(tx.execute(query).scalars())


def put(tx: Tx, channel: str, digests: Iterable[str]) -> None:
    """These are stored."""
    bulk.insert_new(tx, DIGESTS, ("channel", "digest"), [(channel, each) for each in digests], ("digest",))
