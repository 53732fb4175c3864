"""Triage: the queue of messages that are still to be read for tasks."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, Select, func, select, update

from storage import bulk
from storage.db import Tx, cursor, is_postgres, now
from storage.models import Triage
from storage.talk import DIALOGS
from storage.tasks import CHANGES
from storage.types import utc_time

TRIAGE = Triage.__table__  # type: ignore[attr-defined]

# Dialogs are spread over so many shards; all of a dialog's messages are in one.
SHARDS = 16
# What was said longer ago opens no task: history that is brought in would flood the board with what is over long since.
LATELY = timedelta(days=14)

Kind = Literal["new", "edited", "deleted"]

_COLUMNS = ("message_id", "dialog_id", "shard", "kind", "round", "attempts", "created_at")
# Nobody has read it yet: it is new, and will be read as it is by then, whatever became of it meanwhile.
_AGAIN = (
    "(message_id) DO UPDATE SET kind = CASE triage.kind WHEN 'new' THEN 'new' ELSE excluded.kind END, "
    "round = triage.round + 1, attempts = 0, created_at = excluded.created_at"
)
_WAITING = """
SELECT t.message_id, t.dialog_id, t.shard, t.kind, t.round, t.attempts, t.created_at, m.sent_at, coalesce(m.seq, 0),
  coalesce(d.task_rev, 0), coalesce(d.triaged_seq, 0)
FROM {rows} LEFT JOIN messages m ON m.id = t.message_id LEFT JOIN dialogs d ON d.id = t.dialog_id
"""
_FIRST = _WAITING.format(
    rows="unnest(%b::smallint[]) s(shard) CROSS JOIN LATERAL "
    "(SELECT * FROM triage WHERE triage.shard = s.shard ORDER BY message_id LIMIT %b) t"
)
_FIRST_SQLITE = _WAITING.format(rows="(SELECT * FROM triage WHERE shard = ? ORDER BY message_id LIMIT ?) t")


class ToRead(NamedTuple):
    """A message to be read for tasks, and why."""

    message_id: int
    dialog_id: int
    kind: Kind


class Waiting(NamedTuple):
    """A message that waits to be read, and its dialog as it was at the time of the look.

    `seq` is its arrival number, 0 if it is there no more; `old` says that it was said so long before it was put in that
    it opens no task. `rev` and `read` are the dialog's `task_rev` and `triaged_seq`.
    """

    message_id: int
    dialog_id: int
    shard: int
    kind: Kind
    round: int
    attempts: int
    old: bool
    seq: int
    rev: int
    read: int


def put(tx: Tx, messages: Iterable[ToRead]) -> None:
    """Put the messages in, in order; the dialogs must be locked.

    One that waits already stays where it is with its `round` grown. Who has read it meanwhile takes it off only at the
    round he saw, under the dialog's lock: what changed since is then read again.
    """
    merged: dict[int, ToRead] = {}
    for new in messages:
        before = merged.get(new.message_id)
        merged[new.message_id] = before if before is not None and before.kind == "new" else new
    at = now()
    rows = [(new.message_id, new.dialog_id, new.dialog_id % SHARDS, new.kind, 0, 0, at) for new in merged.values()]
    bulk.insert_or_change(tx, TRIAGE, _COLUMNS, rows, _AGAIN)


def waiting(tx: Tx, shards: Sequence[int], each: int) -> list[Waiting]:
    """The first so many messages of each of the shards, in the order they were written."""
    cur = cursor(tx)
    if is_postgres(tx):
        found = cur.execute(_FIRST, (list(shards), each), binary=True).fetchall()
    else:
        found = [row for shard in shards for row in cur.execute(_FIRST_SQLITE, (shard, each)).fetchall()]
    return sorted(map(_waiting, found))


def rounds(tx: Tx, message_ids: Collection[int]) -> dict[int, int]:
    """At which round these messages wait by now."""
    found = tx.execute(_rounds(is_postgres(tx)), {"ids": bulk.packed(tx, message_ids)})
    return {message_id: number for message_id, number in found}


def take_off(tx: Tx, message_ids: Iterable[int]) -> None:
    """They were read. Their dialogs must be locked, and their rounds be those they were read at."""
    bulk.delete(tx, TRIAGE, ("message_id",), [(message_id,) for message_id in message_ids])


def advance(tx: Tx, read: Iterable[tuple[int, int]]) -> None:
    """Up to these arrival numbers the dialogs were read: (dialog, seq)."""
    bulk.update(tx, DIALOGS, "id", ("triaged_seq",), list(read))


def suspect(tx: Tx, message_ids: Collection[int]) -> None:
    """One of these may be what nobody can read: from now on each is read alone."""
    mine = (bulk.among(tx, TRIAGE.c.message_id, message_ids), TRIAGE.c.attempts == 0)
    tx.execute(update(TRIAGE).where(*mine).values(attempts=1))


def start_alone(tx: Tx, message_id: int) -> None:
    """Count the start beforehand: one that kills its reader cannot count itself."""
    tx.execute(update(TRIAGE).where(TRIAGE.c.message_id == message_id).values(attempts=TRIAGE.c.attempts + 1))


def queued(tx: Tx) -> tuple[int, Any]:
    """How many messages wait to be read, and since when the one that waits longest."""
    count, oldest = tx.execute(select(func.count(), func.min(TRIAGE.c.created_at))).one()
    return count, oldest


def histories(tx: Tx, task_ids: Collection[int]) -> dict[int, list[Row[Any]]]:
    """By task all changes it has seen, the oldest first."""
    found: dict[int, list[Row[Any]]] = {task_id: [] for task_id in task_ids}
    query = select(CHANGES).where(bulk.among(tx, CHANGES.c.task_id, task_ids)).order_by(CHANGES.c.id)
    for row in tx.execute(query):
        found[row.task_id].append(row)
    return found


@cache
def _rounds(postgres: bool) -> Select[Any]:
    theirs = bulk.one_of(TRIAGE.c.message_id, "ids", postgres=postgres)
    return select(TRIAGE.c.message_id, TRIAGE.c.round).where(theirs)


def _waiting(row: Sequence[Any]) -> Waiting:
    message_id, dialog_id, shard, kind, number, attempts, put_at, sent_at, seq, rev, read = row
    old = sent_at is not None and utc_time(put_at) - utc_time(sent_at) > LATELY
    return Waiting(message_id, dialog_id, shard, kind, number, attempts, old, seq, rev, read)
