"""Claims: which queued raws are to be taken up, many addresses at a time, and the suspects among them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import select

from storage import bulk, spools
from storage.db import Tx, cursor, is_postgres
from storage.inbox import INBOX, QUEUE, Claim

# The fewest raws of an address a batch is made for.
_EACH = 4
# No address gets more than one part in _FEWEST of a batch, however few wait beside it: that long does somebody wait who
# has just come. And none less than one in _MANY where it has them: the fewer dialogs a batch is about, the fewer are
# locked and the fewer pages written.
_FEWEST, _MANY = 4, 40
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
  SELECT n, shards[n] AS shard, address,
    greatest(1, %(limit)b / least(greatest(count(*) OVER (), %(fewest)b), %(many)b)) AS each
  FROM walk, turns WHERE address IS NOT NULL
), heads AS (
  SELECT found.n, found.shard, q.inbox_id, q.attempts FROM found CROSS JOIN LATERAL (
    SELECT inbox_id, attempts FROM inbox_queue WHERE inbox_queue.shard = found.shard
    AND inbox_queue.address = found.address ORDER BY inbox_id LIMIT found.each
  ) q ORDER BY found.n, found.address, q.inbox_id LIMIT %(limit)b
)
SELECT id, channel, external_id, address, data, attempts, shard FROM (
  SELECT i.id, i.channel, i.external_id, i.address, i.data, heads.attempts, heads.shard, heads.n,
    sum(length(i.data)) OVER (ORDER BY heads.n, i.address, i.id) - length(i.data) AS before
  FROM heads JOIN inbox i ON i.id = heads.inbox_id
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


class Claims(NamedTuple):
    """What a claim found: raws to take up, in order of arrival, and shards in which raws are under suspicion.

    `rest` is the shard and the address where there were enough: what comes behind it was not looked at. `more` says
    that there may be more, there or behind the raws of an address.
    """

    rows: list[Claim]
    suspicious: set[int]
    rest: tuple[int, str] | None
    more: bool


def claim(tx: Tx, starts: Mapping[int, str], limit: int) -> Claims:
    """Raws of many addresses, of each as many as of the others, so that a hot one does not starve its neighbours.

    `starts` are shards in the order of their turn, and of each the address after which to begin; "" is the first. A
    raw under suspicion is left out, and so is all that came after it from its address. Of those whose data lies in a
    file there is one in a batch: they are large.
    """
    most = max(1, limit // _EACH)
    rows: list[Claim] = []
    suspicious: set[tuple[int, str]] = set()
    # Addresses that wait with a large raw until the next batch.
    behind: set[tuple[int, str]] = set()
    large = False
    walked = Counter[tuple[int, str]]()
    size = 0
    for row in _heads(tx, starts, most, limit):
        at = (row.shard, row.address)
        walked[at] += 1
        size += len(row.data)
        if row.attempts:
            suspicious.add(at)
        elif large and spools.sha256_of(row.data) is not None:
            behind.add(at)
        elif at not in suspicious | behind:
            rows.append(row)
            large |= spools.sha256_of(row.data) is not None
    # Heads come in the order of their turn, so the last of them is where it has come to.
    full = len(walked) == most or size >= _BYTES or (walked.total() >= limit and len(walked) >= _MANY)
    rest = next(reversed(walked)) if full else None
    more = full or bool(behind) or _each(limit, len(walked)) in walked.values()
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


def _heads(tx: Tx, starts: Mapping[int, str], most: int, limit: int) -> list[Claim]:
    """The first raws of at most `most` addresses, in order of arrival for each, `limit` in all."""
    if is_postgres(tx):
        told = {"shards": list(starts), "starts": [_after(start) for start in starts.values()]}
        # In binary form: as text, bytes would travel at twice their length.
        told |= {"most": most, "fewest": _FEWEST, "many": _MANY, "limit": limit, "bytes": _BYTES}
        return [Claim._make(row) for row in cursor(tx).execute(_HEADS, told, binary=True).fetchall()]
    addresses: list[tuple[int, str]] = []
    for shard, start in starts.items():
        walk = {"shard": shard, "start": _after(start), "most": most - len(addresses)}
        addresses += [(shard, address) for (address,) in cursor(tx).execute(_WALK, walk)] if walk["most"] else []
    found: list[Claim] = []
    each, size = _each(limit, len(addresses)), 0
    for shard, address in addresses:
        first = {"shard": shard, "address": address, "each": min(each, limit - len(found))}
        if not first["each"]:
            break
        for row in cursor(tx).execute(_FIRST, first):
            found.append(Claim._make(row))
            size += len(row[4])
            if size >= _BYTES:
                return found
    return found


def _each(limit: int, addresses: int) -> int:
    """How many raws of each of so many addresses make a batch."""
    return max(1, limit // min(max(addresses, _FEWEST), _MANY))


def _after(start: str) -> str:
    """The first text that comes after `start`, byte by byte; before the first address is the empty one."""
    return f"{start}\x01" if start else ""
