"""Shards: which of them have something queued, in whose hands they are, and how several are taken at once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from storage import bulk
from storage.db import Tx, cursor, is_postgres, now
from storage.leases import LEASES, Held, is_dead, me
from storage.types import sqlite_text

# A step from shard to shard in the queue's key, whatever the queue's length.
_BUSY = """
WITH RECURSIVE s(n) AS (
  SELECT min(shard) FROM {table}
  UNION ALL
  SELECT (SELECT min(q.shard) FROM {table} q WHERE q.shard > s.n) FROM s WHERE s.n IS NOT NULL
)
SELECT s.n, coalesce(l.holder, ''), coalesce(l.token, -1), coalesce(l.expires_at <= {at}, false), l.claims IS NOT NULL
FROM s LEFT JOIN leases l ON l.name = '{lease}:' || s.n WHERE s.n IS NOT NULL
"""
# Whoever is at one of the rows is faster, and is not waited for: two that wait for each other would never end.
_TAKE = """
WITH seen AS (
  SELECT l.name, x.claims FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[]) x(name, holder, token, claims)
  JOIN leases l ON l.name = x.name AND l.holder = x.holder AND l.token = x.token FOR UPDATE OF l SKIP LOCKED
)
UPDATE leases l SET holder = %b, token = l.token + 1, expires_at = clock_timestamp() + %b, claims = seen.claims::jsonb
FROM seen WHERE l.name = seen.name RETURNING l.name, l.token
"""
# The same where nobody else writes meanwhile.
_TAKE_SQLITE = """
UPDATE leases SET holder = ?1, token = leases.token + 1, expires_at = ?2, claims = x.claims
FROM (
  SELECT value ->> 0 AS name, value ->> 1 AS holder, value ->> 2 AS token, value ->> 3 AS claims FROM json_each(?3)
) x
WHERE leases.name = x.name AND leases.holder = x.holder AND leases.token = x.token RETURNING leases.name, leases.token
"""


class Queue(NamedTuple):
    """A table whose rows lie in shards, and what the shards' leases are called."""

    table: str
    lease: str

    def name_of(self, shard: int) -> str:
        """The name of the shard's lease."""
        return f"{self.lease}:{shard}"


# Raws, and messages that are still to be read for tasks.
INBOX, TRIAGE = Queue("inbox_queue", "shard"), Queue("triage", "triage")


class Seen(NamedTuple):
    """A shard with work, and its lease as it was at the time of the look.

    `token` is below zero where there is no lease yet; `marked` says that rows are noted as under work.
    """

    shard: int
    holder: str
    token: int
    over: bool
    marked: bool


def look(tx: Tx, queue: Queue) -> list[Seen]:
    """The shards with something queued, in order."""
    at = "clock_timestamp()" if is_postgres(tx) else f"'{sqlite_text(now())}'"
    found = cursor(tx).execute(_BUSY.format(table=queue.table, lease=queue.lease, at=at))
    return sorted(Seen(shard, holder, token, bool(over), bool(marked)) for shard, holder, token, over, marked in found)


def free(seen: Iterable[Seen]) -> list[Seen]:
    """Those nobody is at: theirs who let go, whose time is over, or who surely live no more, and our own."""
    seen = list(seen)
    holders = {one.holder for one in seen}
    dead = {holder for holder in holders if holder != me() and is_dead(holder)}
    return [one for one in seen if one.over or one.holder in {"", me(), *dead}]


def create(tx: Tx, queue: Queue, seen: Sequence[Seen]) -> None:
    """Make the leases of shards nobody ever took."""
    rows = [(queue.name_of(one.shard), "", 0, now()) for one in seen]
    bulk.insert_new(tx, LEASES, ("name", "holder", "token", "expires_at"), rows, ("name",))


def take(tx: Tx, queue: Queue, chosen: Mapping[Seen, Sequence[int]], seconds: float) -> list[Held]:
    """Take the leases that still are as they were seen, and note the rows under work in each; gives back those.

    What was read of a shard's queue since the look is true for whoever gets its lease: nobody else had it in between.
    """
    rows = [(queue.name_of(seen.shard), seen.holder, seen.token, json.dumps(ids)) for seen, ids in chosen.items()]
    if is_postgres(tx):
        columns = [list(values) for values in zip(*rows, strict=True)]
        cur = cursor(tx).execute(_TAKE, (*columns, me(), timedelta(seconds=seconds)), binary=True)
        return [Held(*row) for row in cur.fetchall()]
    told = (me(), now() + timedelta(seconds=seconds), json.dumps(rows))
    return [Held(*row) for row in cursor(tx).execute(_TAKE_SQLITE, told).fetchall()]
