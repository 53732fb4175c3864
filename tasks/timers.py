"""Timers: it is told once that a task will fall due, and once that it has."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, or_, select, text

from storage import bulk, journal, tasks
from storage.db import Tx
from storage.leases import database_now
from storage.tasks import TASKS
from tasks.job import Errand

# Tasks that are told of in one commit.
_STEP = 500
# Written out, as their index is.
_TO_REMIND_OF = text("status = 'open' AND due_at IS NOT NULL AND overdue_told_at IS NULL")


def remind(tx: Tx, before: timedelta) -> bool:
    """Let the journal say which open tasks are due within `before`, and which are overdue; whether there may be more.

    A task whose day was moved is told of again. One that somebody is just changing waits for the next time.
    """
    at = database_now(tx)
    late = TASKS.c.due_at <= at
    query = select(TASKS).where(_TO_REMIND_OF, TASKS.c.due_at <= at + before, or_(TASKS.c.reminded_at.is_(None), late))
    found = tx.execute(query.order_by(TASKS.c.due_at).limit(_STEP).with_for_update(skip_locked=True)).all()
    overdue = [(row.id, at) for row in found if row.due_at <= at]
    bulk.update(tx, TASKS, "id", ("reminded_at",), [(row.id, at) for row in found if row.reminded_at is None])
    bulk.update(tx, TASKS, "id", ("overdue_told_at",), overdue)
    errand = Errand(tx, at)
    for row in found:
        errand.tell("task.overdue" if row.due_at <= at else "task.due_soon", row.dialog_id, **_told(row))
    journal.append(tx, errand.entries)
    return len(found) == _STEP


def _told(row: Row[Any]) -> dict[str, Any]:
    due_at: datetime = row.due_at
    return {"task": row.id, **tasks.fields(row, ("title", "due", "due_time", "assignee")), "due_at": due_at}
