"""Opinions: the queue of client's messages that a language model is still to be asked about, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import bulk, tasks
from storage.db import Tx, is_postgres, now
from storage.leases import database_now
from storage.models import Opinion, OpinionCount
from storage.said import LONGEST, Heard, Stretch, said
from storage.talk import DIALOGS, MESSAGES

OPINIONS = Opinion.__table__  # type: ignore[attr-defined]
COUNTS = OpinionCount.__table__  # type: ignore[attr-defined]

# What becomes of a message, and of a task in the answer about it.
ANSWERED, FAILED, LATE = "answered", "failed", "late"
KEPT, DROPPED = "kept", "dropped"
OUTCOMES, FATES = (ANSWERED, FAILED, LATE), (KEPT, DROPPED)

_LOCK = 0x6F6B6E6F_03
_COLUMNS = ("message_id", "dialog_id", "attempts", "next_at", "created_at")
# Whoever asks about it just now asks about what it was before: his answer counts no more.
_AGAIN = (
    "(message_id) DO UPDATE SET dialog_id = excluded.dialog_id, attempts = 0, next_at = excluded.next_at, "
    "created_at = excluded.created_at"
)


class Wanted(NamedTuple):
    """A client's message to be asked about."""

    message_id: int
    dialog_id: int


class Material(NamedTuple):
    """What a question is made of: what was said up to its message, oldest first, and the dialog's tasks at `rev`."""

    said: Sequence[Heard]
    tasks: Sequence[Row[Any]]
    rev: int


_NOTHING = Material([], [], 0)


def put(tx: Tx, wanted: Iterable[Wanted]) -> None:
    """Have a model asked about the messages; one that changed is put in again, and asked about as it is by then.

    For whoever has just read them by the rules, in that commit, and only where a model is set.
    """
    at = now()
    rows = {one.message_id: (one.message_id, one.dialog_id, 0, at, at) for one in wanted}
    bulk.insert_or_change(tx, OPINIONS, _COLUMNS, [*rows.values()], _AGAIN)


def is_due(tx: Tx) -> bool:
    """Whether the time of any has come."""
    due = select(OPINIONS.c.message_id).where(OPINIONS.c.next_at <= database_now(tx)).limit(1)
    return tx.execute(due).first() is not None


def next_due(tx: Tx) -> Row[Any] | None:
    """The one whose time came first; nobody else gets any until the transaction ends."""
    if is_postgres(tx):
        tx.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    due = select(OPINIONS).where(OPINIONS.c.next_at <= database_now(tx))
    return tx.execute(due.order_by(OPINIONS.c.next_at, OPINIONS.c.message_id).limit(1)).one_or_none()


def take(tx: Tx, row: Row[Any], seconds: float) -> Row[Any]:
    """Take it for `seconds`, after which others may; the attempt is counted before it is made."""
    until = database_now(tx) + timedelta(seconds=seconds)
    taken = update(OPINIONS).where(OPINIONS.c.message_id == row.message_id)
    return tx.execute(taken.values(attempts=row.attempts + 1, next_at=until).returning(OPINIONS)).one()


def look_up(tx: Tx, taken: Row[Any], most: int) -> Material:
    """The message, the last of `said`, with those before it, `most` in all; and what there is to do by then.

    `said` is empty where the message is none of a client's, or is there no more.
    """
    mine = (MESSAGES.c.id == taken.message_id, MESSAGES.c.dialog_id == taken.dialog_id, MESSAGES.c.direction == "in")
    seq = tx.execute(select(MESSAGES.c.seq).where(*mine)).scalar_one_or_none()
    if seq is None:
        return _NOTHING
    heard = said(tx, [Stretch(taken.dialog_id, seq, seq)], most - 1).get(taken.dialog_id, [])
    if not heard or heard[-1].id != taken.message_id:
        return _NOTHING
    rev = tx.execute(select(DIALOGS.c.task_rev).where(DIALOGS.c.id == taken.dialog_id)).scalar_one()
    return Material(heard, tasks.of_dialogs(tx, [taken.dialog_id], now()).get(taken.dialog_id, []), rev)


def still_said(tx: Tx, dialog_id: int, texts: Mapping[int, str]) -> bool:
    """Whether these messages of the dialog still have these texts, or begin with them where they are that long."""
    columns = (MESSAGES.c.id, func.substr(MESSAGES.c.text, 1, LONGEST))
    mine = (bulk.among(tx, MESSAGES.c.id, texts), MESSAGES.c.dialog_id == dialog_id, MESSAGES.c.deleted_at.is_(None))
    return {number: words for number, words in tx.execute(select(*columns).where(*mine))} == texts


def finish(tx: Tx, taken: Row[Any]) -> bool:
    """Take it off the queue; False when its time was up and somebody else asks, or it was put in again."""
    return tx.execute(delete(OPINIONS).where(*_ours(taken))).rowcount == 1


def postpone(tx: Tx, taken: Row[Any], seconds: float) -> None:
    """Have it asked about again after so long, if it is still ours."""
    later = database_now(tx) + timedelta(seconds=seconds)
    tx.execute(update(OPINIONS).where(*_ours(taken)).values(next_at=later))


def count(tx: Tx, outcomes: Mapping[str, int]) -> None:
    """Count these in."""
    insert = (postgresql if is_postgres(tx) else sqlite).insert(COUNTS)
    more = {"count": COUNTS.c.count + insert.excluded.count}
    rows = [{"outcome": outcome, "count": number} for outcome, number in sorted(outcomes.items())]
    tx.execute(insert.on_conflict_do_update(index_elements=["outcome"], set_=more), rows)


def figures(tx: Tx) -> dict[str, int]:
    """How many wait, and by outcome and fate how many there have been."""
    counted: dict[str, int] = {outcome: number for outcome, number in tx.execute(select(COUNTS))}
    waiting = tx.execute(select(func.count()).select_from(OPINIONS)).scalar_one()
    return {**dict.fromkeys((*OUTCOMES, *FATES), 0), **counted, "waiting": waiting}


def _ours(taken: Row[Any]) -> tuple[Any, ...]:
    return (
        OPINIONS.c.message_id == taken.message_id,
        OPINIONS.c.attempts == taken.attempts,
        OPINIONS.c.created_at == taken.created_at,
    )
