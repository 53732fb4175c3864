"""The view: lists of tasks, single ones and their history, as operators see them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, tuple_

from errors import NotFound
from storage import pages, tasks
from storage.db import Tx
from storage.matching import contains
from storage.models import Client, Dialog, Identity
from storage.operators import OPERATORS
from storage.pages import Page
from storage.tasks import CHANGES, OPEN, STANDING, TASKS

CLIENTS = Client.__table__  # type: ignore[attr-defined]
DIALOGS = Dialog.__table__  # type: ignore[attr-defined]
IDENTITIES = Identity.__table__  # type: ignore[attr-defined]

Sort = Literal["due", "created", "-created"]

# Where tasks without a day stand in a cursor: behind all that have one.
_NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_PLAIN = (
    "kind", "promised_by", "title", "due_phrase", "due_at", "priority", "status", "confidence", "origin", "rules",
    "extractor", "suggestion", "evidence", "nudged_at", "created_at", "updated_at", "closed_at",
)  # fmt: skip


class Filter(NamedTuple):
    """Which tasks are wanted; without a status those that stand.

    `assignee` is an operator's id or "none"; `due_after` and `due_before` are the first and the last day.
    """

    status: str | None = None
    kind: str | None = None
    assignee: int | Literal["none"] | None = None
    dialog: int | None = None
    due_after: date | None = None
    due_before: date | None = None
    overdue: bool | None = None
    q: str | None = None


def listed(tx: Tx, wanted: Filter, sort: Sort, page: tuple[int, str | None], at: datetime) -> Page:
    """A page of tasks; `page` is (limit, cursor), `at` the time they are looked at."""
    limit, cursor = page
    query = _tasks().where(*_conditions(tx, wanted, at))
    statuses = STANDING if wanted.status is None else (wanted.status,)
    if sort == "due":
        place = (None, 0) if cursor is None else tuple(pages.decode(cursor, datetime, int))
        found = _by_due(tx, query, statuses, place, limit + 1)
        rows, following = pages.cut(found, limit, _place)
    else:
        query = query.where(TASKS.c.status.in_(statuses))
        found = _by_number(tx, query, cursor, limit + 1, falling=sort == "-created")
        rows, following = pages.cut(found, limit, lambda row: (row.id,))
    return Page([_task(row, at) for row in rows], following)


def task(tx: Tx, number: int, at: datetime) -> dict[str, Any]:
    """One task; raises NotFound."""
    row = tx.execute(_tasks().where(TASKS.c.id == number)).one_or_none()
    if row is None:
        raise NotFound(f"There is no task {number}.")
    return _task(row, at)


def changes(tx: Tx, number: int, page: tuple[int, str | None]) -> Page:
    """A page of a task's changes, the newest first; raises NotFound."""
    if tasks.get(tx, number) is None:
        raise NotFound(f"There is no task {number}.")
    limit, cursor = page
    query = select(CHANGES).where(CHANGES.c.task_id == number).order_by(CHANGES.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(CHANGES.c.id < pages.decode(cursor, int)[0])
    rows, following = pages.cut(tx.execute(query).all(), limit, lambda row: (row.id,))
    shown = ("id", "at", "actor", "before", "after", "reason", "rules", "undone_by")
    return Page([{name: getattr(row, name) for name in shown} | {"message": row.message_id} for row in rows], following)


def _tasks() -> Select[Any]:
    first_name = (
        select(IDENTITIES.c.name)
        .where(IDENTITIES.c.client_id == DIALOGS.c.client_id, IDENTITIES.c.name != "")
        .order_by(IDENTITIES.c.id)
        .limit(1)
        .scalar_subquery()
    )
    client = func.coalesce(func.nullif(CLIENTS.c.name, ""), first_name, "")
    return (
        select(TASKS, DIALOGS.c.client_id, client.label("client"), OPERATORS.c.name.label("assignee"))
        .join(DIALOGS, DIALOGS.c.id == TASKS.c.dialog_id)
        .join(CLIENTS, CLIENTS.c.id == DIALOGS.c.client_id)
        .outerjoin(OPERATORS, OPERATORS.c.id == TASKS.c.assignee_id)
    )


def _conditions(tx: Tx, wanted: Filter, at: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        found.append(TASKS.c.kind == wanted.kind)
    if wanted.assignee == "none":
        found.append(TASKS.c.assignee_id.is_(None))
    elif wanted.assignee is not None:
        found.append(TASKS.c.assignee_id == wanted.assignee)
    if wanted.dialog is not None:
        found.append(TASKS.c.dialog_id == wanted.dialog)
    if wanted.due_after is not None:
        found.append(TASKS.c.due_date >= wanted.due_after)
    if wanted.due_before is not None:
        found.append(TASKS.c.due_date <= wanted.due_before)
    if wanted.overdue is not None:
        late = (TASKS.c.status == OPEN) & func.coalesce(TASKS.c.due_at <= at, False)
        found.append(late if wanted.overdue else ~late)
    if wanted.q:
        found.append(or_(contains(tx, TASKS.c.title, wanted.q), contains(tx, CLIENTS.c.name, wanted.q)))
    return found


def _by_due(
    tx: Tx, query: Select[Any], statuses: Sequence[str], place: tuple[datetime | None, int], limit: int
) -> Sequence[Row[Any]]:
    """The next tasks by day and number, those without a day last; each status along its own index."""
    since, number = place
    behind = (TASKS.c.due_at.is_(None), TASKS.c.id > (number if since == _NEVER else 0))
    dated = TASKS.c.due_at.is_not(None)
    if since is not None:
        dated &= tuple_(TASKS.c.due_at, TASKS.c.id) > tuple_(since, number)
    found: list[Row[Any]] = []
    for status in statuses:
        mine = query.where(TASKS.c.status == status).order_by(TASKS.c.due_at, TASKS.c.id).limit(limit)
        if since != _NEVER:
            found += tx.execute(mine.where(dated)).all()
        found += tx.execute(mine.where(*behind)).all()
    return sorted(found, key=_place)[:limit]


def _by_number(tx: Tx, query: Select[Any], cursor: str | None, limit: int, *, falling: bool) -> Sequence[Row[Any]]:
    if cursor is not None:
        (number,) = pages.decode(cursor, int)
        query = query.where(TASKS.c.id < number if falling else TASKS.c.id > number)
    return tx.execute(query.order_by(TASKS.c.id.desc() if falling else TASKS.c.id).limit(limit)).all()


def _place(row: Row[Any]) -> tuple[datetime, int]:
    return row.due_at or _NEVER, row.id


def _task(row: Row[Any], at: datetime) -> dict[str, Any]:
    fields = tasks.fields(row, ("due", "due_time"))
    return {
        "number": row.id,
        "dialog": row.dialog_id,
        "client": {"id": row.client_id, "name": row.client},
        **fields,
        **{name: getattr(row, name) for name in _PLAIN},
        "overdue": row.status == OPEN and row.due_at is not None and row.due_at <= at,
        "related": row.related_id,
        "message": row.source_message_id,
        "assignee": None if row.assignee_id is None else {"id": row.assignee_id, "name": row.assignee or ""},
    }
