"""Raws for the tests of what stores and takes them up."""

from collections.abc import Sequence

from storage import claims, inbox, ledger
from storage.db import Database
from storage.inbox import Arrival, Claim

CHANNEL = "shop"


def together(count: int, shard: int = 5) -> list[str]:
    """So many addresses of one shard."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        if inbox.shard_of(CHANNEL, address := f"a{number:05}") == shard:
            found.append(address)
        number += 1
    return sorted(found)


def arrival(address: str, number: int = 0) -> Arrival:
    return Arrival(CHANNEL, f"{address}:{number}", address, f"{address} {number}".encode())


def put(db: Database, *arrivals: Arrival) -> int:
    with db.begin() as tx:
        return inbox.put(tx, arrivals)


def claim(db: Database, limit: int = 100, start: str = "", shard: int = 5) -> list[Claim]:
    with db.begin() as tx:
        return claims.claim(tx, {shard: start}, limit).rows


def keys(rows: Sequence[Claim]) -> list[str]:
    return [row.external_id for row in rows]


def flow(db: Database) -> dict[str, int]:
    with db.read() as tx:
        return ledger.flows(tx)[CHANNEL]
