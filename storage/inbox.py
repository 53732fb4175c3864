"""The inbox: raws as they came, the queue of those still to be processed, and those parked."""

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Integer, Row, bindparam, case, delete, func, literal, select, update

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
_FEW = select(func.count()).select_from(
    select(literal(1)).select_from(QUEUE).limit(bindparam("few", type_=Integer())).subquery()
)

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
# The same on SQLite: the trigger `arrive` does the rest. All data in one piece, of which each takes its part.
_ARRIVE = """
INSERT INTO arrivals (channel, external_id, address, shard, data, offered, at)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3,
  coalesce(substr(?1, value ->> 4, value ->> 5), x''), value ->> 6, ?2
FROM json_each(?3)
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


def shard_of(channel: str, address: str) -> int:
    """The shard that keeps this address's raws in order."""
    return zlib.crc32(f"{channel}\0{address}".encode()) % SHARDS


def put(tx: Tx, arrivals: Sequence[Arrival]) -> int:
    """Store raws that are not known yet, in the order given, and give back how many; the others count as duplicates.

    One statement, whatever their number: who shares a commit with others waits for each turn to the server, and on
    SQLite for the interpreter, which a busy web process is slow to give back.
    """
    if not arrivals:
        return 0
    return _put_postgres(tx, arrivals) if is_postgres(tx) else _put_sqlite(tx, arrivals)


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


def replay_parked(tx: Tx, where: ColumnElement[bool], after: int = 0, limit: int = 1000) -> Sequence[Row[Any]]:
    """Queue parked raws with ids above `after` again, a clean slate each; gives back their rows.

    `where` speaks of PARKED and INBOX.
    """
    query = (
        select(INBOX.c.id, INBOX.c.channel, INBOX.c.shard, INBOX.c.address)
        .join(PARKED, PARKED.c.inbox_id == INBOX.c.id)
        .where(where, INBOX.c.id > after)
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


def waits_more_than(tx: Tx, count: int) -> bool:
    """Whether more raws than that are queued; no more of them are looked at."""
    return int(tx.execute(_FEW, {"few": count + 1}).scalar_one()) > count


def oldest_waiting(tx: Tx) -> datetime | None:
    """When the oldest queued or parked raw came; None when nothing waits."""
    waiting = select(QUEUE.c.inbox_id).union_all(select(PARKED.c.inbox_id)).subquery()
    oldest = select(func.min(waiting.c.inbox_id)).scalar_subquery()
    return tx.execute(select(INBOX.c.received_at).where(INBOX.c.id == oldest)).scalar_one_or_none()


def _put_postgres(tx: Tx, arrivals: Sequence[Arrival]) -> int:
    channel, external_id, address, data = map(list, zip(*arrivals, strict=True))
    shard = [shard_of(*of) for of in zip(channel, address, strict=True)]
    told = dict(zip(_COLUMNS, (channel, external_id, address, shard, data, now()), strict=True))
    new: int = cursor(tx).execute(_PUT, told).fetchone()[0]
    return new


def _put_sqlite(tx: Tx, arrivals: Sequence[Arrival]) -> int:
    told: list[tuple[str | int, ...]] = []
    offered = Counter(a.channel for a in arrivals)
    untold, place = dict(offered), 1
    for channel, external_id, address, data in arrivals:
        shard = shard_of(channel, address)
        told.append((channel, external_id, address, shard, place, len(data), untold.pop(channel, 0)))
        place += len(data)
    cur = cursor(tx)
    before = cur.connection.total_changes
    cur.execute(_ARRIVE, (b"".join(a.data for a in arrivals), now(), orjson.dumps(told).decode()))
    # One row for each channel's count; of each new raw two, of a duplicate one.
    new: int = cur.connection.total_changes - before - len(offered) - len(arrivals)
    return new


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
