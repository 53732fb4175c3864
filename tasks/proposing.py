"""Proposing: what a language model takes for tasks, put before the operators; it changes no task that is there."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Row

from storage.tasks import CANCELLED
from tasks.calendar import Calendar
from tasks.extract.model import New, Task
from tasks.extract.outside.answer import VERSION
from tasks.filing import file
from tasks.job import Job
from tasks.sheet import Made, columns_of, task_of

ORIGIN = "llm"


def propose(job: Job, dialog: Row[Any], finds: Sequence[New], texts: Mapping[int, str], calendar: Calendar) -> None:
    """Make proposed tasks of the finds. The dialog, a row of `talk.lock`, must be locked.

    `texts` are those of the messages they are found in, by their ids: what was made of the same words of the same text
    is not made again.
    """
    columns = (columns_of(dialog.id, find, _key(dialog.id, find, texts), calendar) for find in finds)
    made = [Made(-at, one._replace(origin=ORIGIN, extractor=VERSION)) for at, one in enumerate(columns, 1)]
    file(job, {dialog.id: made}, {dialog.id: dialog}, calendar)


def known(rows: Iterable[Row[Any]]) -> list[Task]:
    """Of a dialog's tasks those that need not be found again, as extraction sees them.

    That a reply did not arrive is nothing people talk about; and what went with the words of a message that was edited
    may be back with the new ones, unless an operator has decided on it.
    """
    return [task_of(row.id, row) for row in rows if row.origin != "delivery" and not _is_gone(row)]


def _is_gone(row: Row[Any]) -> bool:
    return row.origin == ORIGIN and row.status == CANCELLED and "status" not in row.owned


def _key(dialog_id: int, find: New, texts: Mapping[int, str]) -> str:
    """What a find is known by: its message and the words that prove it, for a model words its titles anew each time."""
    told = [dialog_id, find.source, texts[find.source], *(span.text for span in find.evidence)]
    return f"{ORIGIN}:{hashlib.sha256(orjson.dumps(told)).hexdigest()}"
