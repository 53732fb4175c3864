"""Tasks and their changes: written many at a time, so that a task never differs from what is told of it.

A task's fields have the names people see (`due`, `assignee`): in changes, in `owned`, in suggestions and in the
journal, as JSON: days as "2026-11-27", hours as "18:00", times in RFC 3339.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import JSON, Row, Select, Update, bindparam, func, or_, select, update

from storage import bulk
from storage.db import Tx, is_postgres
from storage.models import Dialog, Task, TaskChange
from storage.types import UtcTime

TASKS = Task.__table__  # type: ignore[attr-defined]
CHANGES = TaskChange.__table__  # type: ignore[attr-defined]
DIALOGS = Dialog.__table__  # type: ignore[attr-defined]

PROPOSED, OPEN, DONE, CANCELLED, REJECTED = "proposed", "open", "done", "cancelled", "rejected"
STATUSES = (PROPOSED, OPEN, DONE, CANCELLED, REJECTED)
# What still stands; a task in any other status is closed.
STANDING = (PROPOSED, OPEN)

# Fields by the columns they stand in.
FIELDS = {
    "kind": "kind", "promised_by": "promised_by", "title": "title", "due": "due_date", "due_time": "due_time",
    "due_phrase": "due_phrase", "priority": "priority", "status": "status", "confidence": "confidence",
    "evidence": "evidence", "suggestion": "suggestion", "related": "related_id", "assignee": "assignee_id",
    "nudged_at": "nudged_at",
}  # fmt: skip
_READ: Mapping[str, Callable[[str], Any]] = {
    "due": date.fromisoformat,
    "due_time": time.fromisoformat,
    "nudged_at": datetime.fromisoformat,
}
_JSON = {column.name for column in TASKS.c if isinstance(column.type, JSON)}
_TOLD = tuple(name for name in FIELDS if name != "evidence")

# How many tasks of a dialog are looked at to see what a message means for them, and for how long closed ones are.
_LATELY, _NEWEST = timedelta(days=30), 50


class NewTask(NamedTuple):
    """A task to be made; the columns of `storage.models.Task`. With `dedupe_key` it is made once."""

    dialog_id: int
    kind: str
    title: str
    status: str
    origin: str
    confidence: float = 1.0
    promised_by: str | None = None
    due_date: date | None = None
    due_time: time | None = None
    due_at: datetime | None = None
    due_phrase: str | None = None
    priority: str = "normal"
    rules: Sequence[str] = ()
    extractor: str | None = None
    evidence: Sequence[Mapping[str, Any]] = ()
    source_message_id: int | None = None
    related_id: int | None = None
    assignee_id: int | None = None
    dedupe_key: str | None = None
    owned: Sequence[str] = ()
    suggestion: Mapping[str, Any] | None = None
    nudged_at: datetime | None = None


_JSON_PLACES = [at for at, name in enumerate(NewTask._fields) if name in _JSON]


class Change(NamedTuple):
    """A change of a task: the fields that change, before and after.

    `also` has columns that follow from them and nobody is told of, such as `due_at`, `closed_at` and `owned`.
    """

    task_id: int
    dialog_id: int
    actor: str
    before: dict[str, Any]
    after: dict[str, Any]
    also: Mapping[str, Any] = {}
    message_id: int | None = None
    reason: str = ""
    rules: Sequence[str] = ()


def create(tx: Tx, new: Sequence[NewTask], actor: str, at: datetime) -> list[Change | None]:
    """Make the tasks; their first changes in the order given, None for one that was there.

    The dialogs must be locked.
    """
    numbers = bulk.reserve_ids(tx, "tasks_id_seq", 1, TASKS, len(new))
    columns = ("id", *NewTask._fields, "created_at", "updated_at")
    rows = [(number, *_row(one), at, at) for number, one in zip(numbers, new, strict=True)]
    made = {number for (number,) in bulk.insert_new(tx, TASKS, columns, rows, ("id",))}
    firsts = [
        Change(number, one.dialog_id, actor, {}, _first_fields(one), {}, one.source_message_id, "", one.rules)
        if number in made
        else None
        for number, one in zip(numbers, new, strict=True)
    ]
    _record(tx, [one for one in firsts if one is not None], at)
    return firsts


def change(tx: Tx, changes: Sequence[Change], at: datetime) -> Sequence[int]:
    """Carry out the changes, in order; the ids they are kept under. The dialogs must be locked."""
    sets: dict[int, dict[str, Any]] = {}
    for one in changes:
        sets.setdefault(one.task_id, {}).update({**columns(one.after), **one.also, "updated_at": at})
    alike: dict[tuple[str, ...], list[bulk.Row]] = {}
    for number, values in sets.items():
        names = tuple(sorted(values))
        packed = _packed(values)
        alike.setdefault(names, []).append((number, *(packed[name] for name in names)))
    for names, rows in alike.items():
        bulk.update(tx, TASKS, "id", names, rows)
    return _record(tx, changes, at)


def take_back(tx: Tx, change_id: int, by: int | None) -> None:
    """The change was taken back by another one; by None it is in force again."""
    tx.execute(update(CHANGES).where(CHANGES.c.id == change_id).values(undone_by=by))


def get(tx: Tx, number: int) -> Row[Any] | None:
    """One task."""
    return tx.execute(select(TASKS).where(TASKS.c.id == number)).one_or_none()


def changes_of(tx: Tx, number: int) -> Sequence[Row[Any]]:
    """All changes of a task, the oldest first."""
    return tx.execute(select(CHANGES).where(CHANGES.c.task_id == number).order_by(CHANGES.c.id)).all()


def of_dialogs(tx: Tx, dialog_ids: Iterable[int], at: datetime) -> dict[int, list[Row[Any]]]:
    """What a new message of each dialog may be about, oldest first: the newest 50 that stand or closed lately."""
    values = {"ids": bulk.packed(tx, dialog_ids), "since": at - _LATELY}
    found: dict[int, list[Row[Any]]] = {}
    for row in tx.execute(_recent(is_postgres(tx)), values):
        found.setdefault(row.dialog_id, []).append(row)
    return found


def standing(tx: Tx, dialog_id: int) -> Sequence[Row[Any]]:
    """The tasks of a dialog that are not closed, the oldest first."""
    query = select(TASKS).where(TASKS.c.dialog_id == dialog_id, TASKS.c.status.in_(STANDING))
    return tx.execute(query.order_by(TASKS.c.id)).all()


def open_of(tx: Tx, dialog_ids: Iterable[int]) -> dict[int, int]:
    """How many tasks are open in each of the dialogs that have any."""
    mine = bulk.among(tx, TASKS.c.dialog_id, dialog_ids)
    query = select(TASKS.c.dialog_id, func.count()).where(mine, TASKS.c.status == OPEN).group_by(TASKS.c.dialog_id)
    return {dialog_id: count for dialog_id, count in tx.execute(query)}


def counts(tx: Tx, at: datetime) -> dict[str, int]:
    """How many tasks are proposed, open, and of these overdue at that time."""
    stands = select(TASKS.c.status, func.count()).where(TASKS.c.status.in_(STANDING)).group_by(TASKS.c.status)
    late = select(func.count()).where(TASKS.c.status == OPEN, TASKS.c.due_at <= at)
    found: dict[str, int] = {status: count for status, count in tx.execute(stands)}
    return {**dict.fromkeys(STANDING, 0), **found, "overdue": tx.execute(late).scalar_one()}


def fields(row: Any, names: Iterable[str] = tuple(FIELDS)) -> dict[str, Any]:
    """The fields of a row, or of a task to be made, as JSON."""
    plain = {name: getattr(row, FIELDS[name]) for name in names}
    return plain | {name: _told(value) for name, value in plain.items() if name in _READ and value is not None}


def columns(told: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold these fields, with their values."""
    return {
        FIELDS[name]: value if value is None or name not in _READ else _READ[name](value)
        for name, value in told.items()
    }


def _first_fields(new: NewTask) -> dict[str, Any]:
    """What is told of a task that is made: its fields that say something, but for the words that prove it."""
    return {name: value for name, value in fields(new, _TOLD).items() if value is not None}


def _told(value: date | time) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat("minutes") if isinstance(value, time) else value.isoformat()


def _row(new: NewTask) -> list[Any]:
    row: list[Any] = list(new)
    for at in _JSON_PLACES:
        row[at] = _json(row[at])
    return row


def _packed(values: Mapping[str, Any]) -> dict[str, Any]:
    """With what is JSON as text."""
    return {name: _json(value) if name in _JSON else value for name, value in values.items()}


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _record(tx: Tx, changes: Sequence[Change], at: datetime) -> Sequence[int]:
    ids = bulk.reserve_ids(tx, "task_changes_id_seq", 1, CHANGES, len(changes))
    names = ("id", "task_id", "at", "actor", "before", "after", "message_id", "reason", "rules")
    rows = [
        (
            change_id, one.task_id, at, one.actor, orjson.dumps(one.before).decode(), orjson.dumps(one.after).decode(),
            one.message_id, one.reason, orjson.dumps(list(one.rules)).decode(),
        )
        for change_id, one in zip(ids, changes, strict=True)
    ]  # fmt: skip
    bulk.insert(tx, CHANGES, names, rows)
    if rows:
        dialog_ids = bulk.packed(tx, sorted({one.dialog_id for one in changes}))
        tx.execute(_next_revision(is_postgres(tx)), {"ids": dialog_ids})
    return ids


@cache
def _next_revision(postgres: bool) -> Update:
    theirs = bulk.one_of(DIALOGS.c.id, "ids", postgres=postgres)
    return update(DIALOGS).where(theirs).values(task_rev=DIALOGS.c.task_rev + 1)


@cache
def _recent(postgres: bool) -> Select[Any]:
    newest = func.row_number().over(partition_by=TASKS.c.dialog_id, order_by=TASKS.c.id.desc())
    lately = or_(TASKS.c.status.in_(STANDING), TASKS.c.closed_at >= bindparam("since", type_=UtcTime))
    theirs = bulk.one_of(TASKS.c.dialog_id, "ids", postgres=postgres)
    found = select(TASKS, newest.label("place")).where(theirs, lately).subquery()
    return select(found).where(found.c.place <= _NEWEST).order_by(found.c.dialog_id, found.c.id)
