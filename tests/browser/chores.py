"""Tasks as machines find them in dialogs, put into the house without the machine."""

import datetime as calendar
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from storage import journal, talk, tasks
from storage.db import Database, now
from storage.tasks import Change, NewTask
from tasks import life, timers
from tasks.deadline import OfficeHours, instant
from tasks.job import Errand
from tests.browser.server import TOKEN, Okno, call, guest

T = TypeVar("T")

# As the settings have it unless they say otherwise.
HOURS = OfficeHours(ZoneInfo("Europe/Moscow"), calendar.time(18, 0))
PATIENCE_SECONDS = 30.0


def day(ahead: int) -> calendar.date:
    """The day so many days after today, by the business's clock."""
    return calendar.datetime.now(HOURS.zone).date() + calendar.timedelta(days=ahead)


def written(okno: Okno, name: str, *lines: str) -> tuple[int, list[dict[str, Any]]]:
    """A client who has written these lines: his dialog and the messages."""
    guest(okno, name, list(lines))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for dialog in call(f"{okno.url}/v1/dialogs?q={quote(name)}", TOKEN)["items"]:
            messages = call(f"{okno.url}/v1/dialogs/{dialog['id']}/messages?limit=200", TOKEN)["items"]
            if len(messages) == len(lines):
                return dialog["id"], messages
        time.sleep(0.05)
    pytest.fail(f"What {name} wrote did not arrive.")


def proof(message: dict[str, Any], words: str) -> dict[str, Any]:
    """These words of the message as the evidence of a task."""
    start = message["text"].index(words)
    return {"message": message["id"], "start": start, "end": start + len(words), "text": words}


def finds(okno: Okno, dialog: int, title: str, *proofs: dict[str, Any], **more: Any) -> int:
    """A machine finds a task; gives back its number."""
    plain = {"kind": "request", "status": "open", "origin": "rule", "confidence": 0.9}
    due_at = instant(more.get("due_date"), more.get("due_time"), HOURS)
    source = proofs[0]["message"] if proofs else None
    fields = {**plain, "evidence": proofs, "due_at": due_at, "source_message_id": source, **more}
    new = NewTask(dialog, title=title, **fields)

    def make(job: Errand) -> int:
        talk.lock(job.tx, [dialog])
        (made,) = tasks.create(job.tx, [new], "rule", job.at)
        assert made is not None
        job.tell("task.created", dialog, **life.told_first(made))
        return made.task_id

    return _done(okno, make)


def moves(okno: Okno, number: int, **after: Any) -> None:
    """A machine changes a task."""

    def change(job: Errand) -> None:
        row = tasks.get(job.tx, number)
        assert row is not None
        talk.lock(job.tx, [row.dialog_id])
        also = life.follows(row, after, HOURS, job.at)
        one = Change(number, row.dialog_id, "rule", tasks.fields(row, after), after, also)
        tasks.change(job.tx, [one], job.at)
        job.tell("task.changed", row.dialog_id, **life.told(one))

    _done(okno, change)


def task(okno: Okno, number: int) -> dict[str, Any]:
    """The task as the API shows it."""
    return call(f"{okno.url}/v1/tasks/{number}", TOKEN)


def tell_the_time(okno: Okno) -> None:
    """Have the clock look at what is due, without waiting for it."""
    db = Database(f"sqlite:///{okno.folder / 'okno.db'}")
    try:
        with db.begin() as tx:
            timers.remind(tx, timedelta(hours=24))
    finally:
        db.close()


def _done(okno: Okno, act: Callable[[Errand], T]) -> T:
    db = Database(f"sqlite:///{okno.folder / 'okno.db'}")
    try:
        with db.begin() as tx:
            job = Errand(tx, now(), "rule")
            result = act(job)
            journal.append(tx, job.entries)
        return result
    finally:
        db.close()
