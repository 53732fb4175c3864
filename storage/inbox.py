"""The inbox: raws as they came, the queue of those still to be processed, and those parked."""

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, case, delete, func, select, update

from storage import bulk
from storage.db import Tx, cursor, is_postgres, now
from storage.models import Inbox, InboxQueue, Parked, Tally

INBOX = Inbox.__table__  # type: ignore[attr-defined]
QUEUE = InboxQueue.__table__  # type: ignore[attr-defined]
PARKED = Parked.__table__  # type: ignore[attr-defined]
TALLIES = Tally.__table__  # type: ignore[attr-defined]

# Units of parallel work. Stored with each raw: to change it, let the queue run empty first.
SHARDS = 32
# What `attempts` says of a queued raw. 0: nothing against it. Below zero: it was in a batch that failed, and may run
# together with other such raws, so many in all. ALONE: from now on it runs alone, and each start alone adds one.
ALONE = 1
# How many groups a batch that failed is taken apart into. Two would do with the fewest runs, but a guilty raw may kill
# its worker in each of its groups: six hundred come down to one in three steps instead of ten.
_PARTS = 16
RECEIVED, DUPLICATE, PROCESSED = "received", "duplicate", "processed"
_TALLY = (TALLIES.c.channel, TALLIES.c.kind, TALLIES.c.count, TALLIES.c.at)
_COLUMNS = ("channel", "external_id", "address", "shard", "data", "received_at")


# `put` in one statement; ids are given out in the order of the arrays.
_PUT = """
WITH offered AS (
  SELECT channel, count(*) AS count FROM unnest(%(channel)b::text[]) o(channel) GROUP BY channel
), fresh AS (
  INSERT INTO inbox (channel, external_id, address, shard, data, received_at)
  SELECT x.*, %(received_at)b::timestamptz FROM unnest(
    %(channel)b::text[], %(external_id)b::text[], %(address)b::text[], %(shard)b::smallint[], %(data)b::bytea[]
  ) x ON CONFLICT DO NOTHING RETURNING shard, address, id, channel
), queued AS (
  INSERT INTO inbox_queue (shard, address, inbox_id, attempts) SELECT shard, address, id, 0 FROM fresh
), kept AS (
  SELECT channel, count(*) AS count FROM fresh GROUP BY channel
), counted AS (
  INSERT INTO tallies (channel, kind, count, at)
  SELECT channel, 'received', count, %(received_at)b::timestamptz FROM offered
  UNION ALL
  SELECT channel, 'duplicate', offered.count - coalesce(kept.count, 0), %(received_at)b::timestamptz
  FROM offered LEFT JOIN kept USING (channel) WHERE offered.count > coalesce(kept.count, 0)
)
SELECT count(*) FROM fresh
"""


# How many raws of an address a batch is made for: fewer dialogs are locked and written for more messages.
_EACH = 4
# Bytes of raws after which no more are taken into a batch.
_BYTES = 16 << 20
# From address to address in the key: the cost is that of the addresses, not of their raws.
_HEADS = """
WITH RECURSIVE turns AS (
  SELECT %(shards)b::smallint[] AS shards, %(starts)b::text[] AS starts
), walk(n, address, k) AS (
  SELECT 1, (SELECT min(q.address) FROM inbox_queue q WHERE q.shard = shards[1] AND q.address >= starts[1]), 1
  FROM turns
  UNION ALL
  SELECT next.n, (SELECT min(q.address) FROM inbox_queue q WHERE q.shard = shards[next.n] AND q.address >= next.start),
    walk.k + (walk.address IS NOT NULL)::int
  FROM walk, turns, LATERAL (
    SELECT CASE WHEN walk.address IS NULL THEN walk.n + 1 ELSE walk.n END AS n,
      CASE WHEN walk.address IS NULL THEN starts[walk.n + 1] ELSE walk.address || E'\\x01' END AS start
  ) next
  WHERE next.n <= cardinality(shards) AND walk.k + (walk.address IS NOT NULL)::int <= %(most)b
), found AS (
  SELECT n, shards[n] AS shard, address, greatest(1, %(limit)b / count(*) OVER ()) AS each
  FROM walk, turns WHERE address IS NOT NULL
)
SELECT id, channel, external_id, address, data, attempts, shard FROM (
  SELECT i.id, i.channel, i.external_id, i.address, i.data, q.attempts, found.shard, found.n,
    sum(length(i.data)) OVER (ORDER BY found.n, found.address, q.inbox_id) - length(i.data) AS before
  FROM found CROSS JOIN LATERAL (
    SELECT inbox_id, attempts FROM inbox_queue WHERE inbox_queue.shard = found.shard
    AND inbox_queue.address = found.address ORDER BY inbox_id LIMIT found.each
  ) q JOIN inbox i ON i.id = q.inbox_id
) i WHERE before < %(bytes)b ORDER BY n, address, id
"""
_WALK = """
WITH RECURSIVE walk(address, n) AS (
  SELECT (SELECT min(address) FROM inbox_queue WHERE shard = :shard AND address >= :start), 1
  UNION ALL
  SELECT (SELECT min(q.address) FROM inbox_queue q WHERE q.shard = :shard AND q.address > walk.address), n + 1
  FROM walk WHERE walk.address IS NOT NULL AND n < :most
)
SELECT address FROM walk WHERE address IS NOT NULL
"""
_FIRST = """
SELECT i.id, i.channel, i.external_id, i.address, i.data, q.attempts, q.shard
FROM inbox_queue q JOIN inbox i ON i.id = q.inbox_id
WHERE q.shard = :shard AND q.address = :address ORDER BY q.inbox_id LIMIT :each
"""


class Arrival(NamedTuple):
    """A raw about to be stored."""

    channel: str
    external_id: str
    address: str
    data: bytes


class Claim(NamedTuple):
    """A queued raw taken up for processing."""

    id: int
    channel: str
    external_id: str
    address: str
    data: bytes
    attempts: int
    shard: int


class Claims(NamedTuple):
    """What a claim found: raws to take up, in order of arrival, and shards in which raws are under suspicion.

    `rest` is the shard and the address where there were enough: what comes behind it was not looked at. `more` says
    that there may be more, there or behind the raws of an address.
    """

    rows: list[Claim]
    suspicious: set[int]
    rest: tuple[int, str] | None
    more: bool


def shard_of(channel: str, address: str) -> int:
    """The shard that keeps this address's raws in order."""
    return zlib.crc32(f"{channel}\0{address}".encode()) % SHARDS


def put(tx: Tx, arrivals: Sequence[Arrival]) -> int:
    """Store raws that are not known yet, in the order given, and give back how many; the others count as duplicates.

    One statement on PostgreSQL: who shares a commit with others waits for each turn to the server.
    """
    if is_postgres(tx):
        return _put_at_once(tx, arrivals)
    at = now()
    rows = [(a.channel, a.external_id, a.address, shard_of(a.channel, a.address), a.data, at) for a in arrivals]
    new = bulk.insert_new(tx, INBOX, _COLUMNS, rows, ("shard", "address", "id", "channel"))
    bulk.insert(tx, QUEUE, ("shard", "address", "inbox_id", "attempts"), [(*row[:3], 0) for row in new])
    offered = Counter(a.channel for a in arrivals)
    count(tx, RECEIVED, offered)
    count(tx, DUPLICATE, offered - Counter(row[3] for row in new))
    return len(new)


def claim(tx: Tx, starts: Mapping[int, str], limit: int) -> Claims:
    """Raws of many addresses, about as many of each, so that a hot one does not starve its neighbours.

    `starts` are shards in the order of their turn, and of each the address after which to begin; "" is the first. A
    raw under suspicion is left out, and so is all that came after it from its address.
    """
    most = max(1, limit // _EACH)
    rows: list[Claim] = []
    suspicious: set[tuple[int, str]] = set()
    walked = Counter[tuple[int, str]]()
    size = 0
    for row in _heads(tx, starts, most, limit):
        at = (row.shard, row.address)
        walked[at] += 1
        size += len(row.data)
        if row.attempts:
            suspicious.add(at)
        elif at not in suspicious:
            rows.append(row)
    # Heads come in the order of their turn, so the last of them is where it has come to.
    rest = next(reversed(walked)) if len(walked) == most or size >= _BYTES else None
    more = rest is not None or limit // max(1, len(walked)) in walked.values()
    return Claims(sorted(rows), {shard for shard, _ in suspicious}, rest, more)


def fetch(tx: Tx, shard: int, ids: Sequence[int]) -> list[Claim]:
    """The queued raws with these ids, in order of arrival."""
    same = (QUEUE.c.shard == shard) & (QUEUE.c.address == INBOX.c.address) & (QUEUE.c.inbox_id == INBOX.c.id)
    query = (
        select(*(INBOX.c[name] for name in Claim._fields[:-2]), QUEUE.c.attempts, QUEUE.c.shard)
        .join(QUEUE, same)
        .where(bulk.among(tx, INBOX.c.id, ids))
        .order_by(INBOX.c.id)
    )
    return [Claim._make(row) for row in tx.execute(query)]


def suspects(tx: Tx, shard: int) -> list[Claim]:
    """The raws under suspicion whose turn it is, the least suspicious: those that may run together, or one alone.

    Whatever stands before one of them in its address is among them.
    """
    earlier = QUEUE.alias()
    before = select(earlier.c.inbox_id).where(
        earlier.c.shard == shard, earlier.c.address == QUEUE.c.address, earlier.c.inbox_id < QUEUE.c.inbox_id
    )
    first = select(QUEUE.c.attempts).where(QUEUE.c.shard == shard, QUEUE.c.attempts != 0, ~before.exists())
    least = tx.execute(first.order_by(QUEUE.c.attempts).limit(1)).scalar()
    if least is None:
        return []
    alike = select(QUEUE.c.inbox_id).where(
        QUEUE.c.shard == shard,
        QUEUE.c.attempts == least,
        ~before.where(earlier.c.attempts != least).exists(),
    )
    ids = tx.execute(alike.order_by(QUEUE.c.inbox_id).limit(max(-least, 1))).scalars()
    return fetch(tx, shard, list(ids))


def narrowed(size: int) -> int:
    """The `attempts` of raws that ran together, so many in all, and failed."""
    part = math.ceil(size / _PARTS)
    return -part if part > 1 else ALONE


def suspect(tx: Tx, ids: Mapping[int, Sequence[int]], attempts: int) -> None:
    """These, by shard, were in a batch that failed; one that has gone alone already keeps its count.

    Who was suspected before comes down a step of his own at least: he may have died beside a larger batch.
    """
    for shard, of_shard in ids.items():
        these = (QUEUE.c.shard == shard, bulk.among(tx, QUEUE.c.inbox_id, of_shard), QUEUE.c.attempts <= 0)
        before = tx.execute(select(QUEUE.c.attempts).where(*these).distinct()).scalars()
        after = {state: max(attempts, narrowed(-state)) if state else attempts for state in before}
        if after:
            tx.execute(update(QUEUE).where(*these).values(attempts=case(after, value=QUEUE.c.attempts)))


def start_alone(tx: Tx, row: Claim) -> Claim:
    """Count a start alone before it happens: a raw that kills its worker cannot count itself."""
    after = started(row)
    tx.execute(update(QUEUE).where(*_key(row)).values(attempts=after.attempts))
    return after


def started(row: Claim) -> Claim:
    """The raw as it is after a start alone more."""
    return row._replace(attempts=max(row.attempts, ALONE) + 1)


def take_back(tx: Tx, row: Claim) -> None:
    """The start that gave the row its `attempts` does not count: it was not the raw that ended it."""
    tx.execute(update(QUEUE).where(*_key(row), QUEUE.c.attempts == row.attempts).values(attempts=row.attempts - 1))


def done(tx: Tx, rows: Sequence[Claim]) -> None:
    """These are processed: off the queue, and counted."""
    bulk.delete(tx, QUEUE, ("shard", "address", "inbox_id"), [(row.shard, row.address, row.id) for row in rows])
    count(tx, PROCESSED, Counter(row.channel for row in rows))


def park(tx: Tx, row: Claim, reason: str) -> None:
    """Set a raw aside with the reason; the others of its address go on."""
    tx.execute(delete(QUEUE).where(*_key(row)))
    tx.execute(PARKED.insert().values(inbox_id=row.id, channel=row.channel, reason=reason, parked_at=now()))


def replay_parked(tx: Tx, where: ColumnElement[bool], limit: int = 1000) -> Sequence[Row[Any]]:
    """Queue parked raws again, a clean slate each; gives back their rows. `where` speaks of PARKED and INBOX."""
    query = (
        select(INBOX.c.id, INBOX.c.channel, INBOX.c.shard, INBOX.c.address)
        .join(PARKED, PARKED.c.inbox_id == INBOX.c.id)
        .where(where)
        .order_by(INBOX.c.id)
        .limit(limit)
    )
    rows = tx.execute(query).all()
    gone = {
        row[0]
        for row in tx.execute(
            delete(PARKED).where(bulk.among(tx, PARKED.c.inbox_id, [r.id for r in rows])).returning(PARKED.c.inbox_id)
        )
    }
    rows = [row for row in rows if row.id in gone]
    _enqueue(tx, rows)
    return rows


def replay_processed(tx: Tx, where: ColumnElement[bool], after: int, limit: int = 1000) -> Sequence[Row[Any]]:
    """Queue processed raws with ids above `after` once more, to be read by better code; gives back their rows."""
    waiting = select(QUEUE.c.inbox_id).where(QUEUE.c.shard == INBOX.c.shard, QUEUE.c.inbox_id == INBOX.c.id)
    parked = select(PARKED.c.inbox_id).where(PARKED.c.inbox_id == INBOX.c.id)
    query = (
        select(INBOX.c.id, INBOX.c.channel, INBOX.c.shard, INBOX.c.address)
        .where(where, INBOX.c.id > after, func.length(INBOX.c.data) > 0, ~waiting.exists(), ~parked.exists())
        .order_by(INBOX.c.id)
        .limit(limit)
    )
    rows = tx.execute(query).all()
    count(tx, PROCESSED, Counter({c: -n for c, n in Counter(row.channel for row in rows).items()}))
    _enqueue(tx, rows)
    return rows


def count(tx: Tx, kind: str, per_channel: Counter[str]) -> None:
    """Append to the counts that must balance."""
    at = now()
    rows = [(channel, kind, number, at) for channel, number in per_channel.items() if number]
    bulk.insert(tx, TALLIES, ("channel", "kind", "count", "at"), rows)


def add_up(tx: Tx, limit: int = 10_000) -> int:
    """Replace old counts by their sum, as old as the newest of them; gives back how many rows went."""
    old = select(TALLIES.c.id).order_by(TALLIES.c.id).limit(limit).scalar_subquery()
    gone = tx.execute(delete(TALLIES).where(TALLIES.c.id.in_(old)).returning(*_TALLY)).all()
    sums: dict[tuple[str, str], tuple[int, datetime]] = {}
    for channel, kind, number, at in gone:
        before, newest = sums.get((channel, kind), (0, at))
        sums[channel, kind] = (before + number, max(newest, at))
    rows = [(*of, *added) for of, added in sums.items()]
    bulk.insert(tx, TALLIES, ("channel", "kind", "count", "at"), rows)
    return len(gone) - len(rows)


def forget(tx: Tx, before: datetime, limit: int = 1000) -> int:
    """Empty raws processed and received before then, keeping their keys; gives back how many."""
    waiting = select(QUEUE.c.inbox_id).where(QUEUE.c.shard == INBOX.c.shard, QUEUE.c.inbox_id == INBOX.c.id)
    parked = select(PARKED.c.inbox_id).where(PARKED.c.inbox_id == INBOX.c.id)
    # The oldest first, and only as far as the first that is too young: ids grow with time.
    old = (
        select(INBOX.c.id)
        .where(INBOX.c.received_at < before, func.length(INBOX.c.data) > 0, ~waiting.exists(), ~parked.exists())
        .order_by(INBOX.c.id)
        .limit(limit)
        .scalar_subquery()
    )
    return tx.execute(update(INBOX).where(INBOX.c.id.in_(old)).values(data=b"")).rowcount


def oldest_waiting(tx: Tx) -> datetime | None:
    """When the oldest queued or parked raw came; None when nothing waits."""
    waiting = select(QUEUE.c.inbox_id).union_all(select(PARKED.c.inbox_id)).subquery()
    oldest = select(func.min(waiting.c.inbox_id)).scalar_subquery()
    return tx.execute(select(INBOX.c.received_at).where(INBOX.c.id == oldest)).scalar_one_or_none()


def _put_at_once(tx: Tx, arrivals: Sequence[Arrival]) -> int:
    if not arrivals:
        return 0
    channel, external_id, address, data = map(list, zip(*arrivals, strict=True))
    shard = [shard_of(*of) for of in zip(channel, address, strict=True)]
    told = dict(zip(_COLUMNS, (channel, external_id, address, shard, data, now()), strict=True))
    new: int = cursor(tx).execute(_PUT, told).fetchone()[0]
    return new


def _heads(tx: Tx, starts: Mapping[int, str], most: int, limit: int) -> list[Claim]:
    """The first raws of at most `most` addresses, in order of arrival for each, `limit` in all."""
    if is_postgres(tx):
        told = {"shards": list(starts), "starts": [_after(start) for start in starts.values()]}
        # In binary form: as text, bytes would travel at twice their length.
        cur = cursor(tx).execute(_HEADS, told | {"most": most, "limit": limit, "bytes": _BYTES}, binary=True)
        return [Claim._make(row) for row in cur.fetchall()]
    addresses: list[tuple[int, str]] = []
    for shard, start in starts.items():
        walk = {"shard": shard, "start": _after(start), "most": most - len(addresses)}
        addresses += [(shard, address) for (address,) in cursor(tx).execute(_WALK, walk)] if walk["most"] else []
    each = max(1, limit // max(1, len(addresses)))
    found, size = [], 0
    for shard, address in addresses:
        for row in cursor(tx).execute(_FIRST, {"shard": shard, "address": address, "each": each}):
            if size < _BYTES:
                found.append(Claim._make(row))
            size += len(row[4])
    return found


def _after(start: str) -> str:
    """The first text that comes after `start`, byte by byte; before the first address is the empty one."""
    return f"{start}\x01" if start else ""


def _enqueue(tx: Tx, rows: Iterable[Row[Any]]) -> None:
    bulk.insert_new(
        tx, QUEUE, ("shard", "address", "inbox_id", "attempts"),
        [(row.shard, row.address, row.id, 0) for row in rows], ("inbox_id",),
    )  # fmt: skip


def _key(row: Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        QUEUE.c.shard == row.shard,
        QUEUE.c.address == row.address,
        QUEUE.c.inbox_id == row.id,
    )
