"""Proposing: what a language model takes for tasks, put before the operators; it changes no task that is there."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Row

from storage import talk, tasks
from storage.db import Tx
from storage.tasks import PROPOSED, NewTask
from tasks.deadline import Hours, instant
from tasks.extract.model import Due, New, Span, Task
from tasks.extract.outside.answer import VERSION
from tasks.job import Job


def propose(job: Job, dialog: Row[Any], finds: Sequence[New], hours: Hours) -> int:
    """Make proposed tasks of the finds; how many. The dialog, a row of `talk.lock`, must be locked.

    One that was made of the same words before is not made again. Whose the dialog is, his they are.
    """
    owner = _owner(job.tx, dialog)
    new = [_columns(dialog.id, find, hours)._replace(assignee_id=owner) for find in finds]
    numbers = tasks.create(job.tx, new, job.actor.label, job.at)
    made = [(number, one) for number, one in zip(numbers, new, strict=True) if number is not None]
    for number, one in made:
        job.tell("task.created", dialog.id, task=number, after=tasks.first_fields(one))
    return len(made)


def known(rows: Iterable[Row[Any]]) -> list[Task]:
    """Kept tasks as extraction sees them."""
    return [_task(row) for row in rows]


def _task(row: Row[Any]) -> Task:
    spans = tuple(Span(one["message"], one["start"], one["end"], one["text"]) for one in row.evidence)
    due = Due(row.due_date, row.due_time, row.due_phrase or "") if row.due_date else None
    return Task(
        row.id, row.kind, row.title, row.status, row.confidence, row.source_message_id or 0, spans, due,
        row.promised_by, row.related_id, row.priority == "high", tuple(row.rules),
    )  # fmt: skip


def _columns(dialog_id: int, find: New, hours: Hours) -> NewTask:
    """A find as it is kept: proposed, whatever else it says of itself."""
    due = find.due
    return NewTask(
        dialog_id,
        find.kind,
        find.title,
        PROPOSED,
        "llm",
        find.confidence,
        find.promised_by,
        due.date if due else None,
        due.time if due else None,
        instant(due.date, due.time, hours) if due else None,
        due.phrase if due else None,
        rules=find.rules,
        extractor=VERSION,
        evidence=[span._asdict() for span in find.evidence],
        source_message_id=find.source,
        dedupe_key=_key(dialog_id, find),
    )


def _key(dialog_id: int, find: New) -> str:
    """What a find is known by: its message and the words that prove it, for a model words its titles anew each time."""
    told = [dialog_id, find.source, *(span.text for span in find.evidence)]
    return f"llm:{hashlib.sha256(orjson.dumps(told)).hexdigest()}"


def _owner(tx: Tx, dialog: Row[Any]) -> int | None:
    """To whom the dialog's open episode belongs."""
    found = talk.episodes(tx, [dialog.episode_id]).get(dialog.episode_id) if dialog.episode_id else None
    owner: int | None = found.assignee_id if found is not None and found.status == talk.OPEN else None
    return owner
