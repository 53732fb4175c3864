"""Undelivered: a reply that did not arrive is a task for whoever owns the dialog, until it arrives after all."""

import re
from typing import Any, NamedTuple

from sqlalchemy import Row, select

from storage import tasks
from storage.db import Tx
from storage.tasks import DONE, OPEN, STANDING, TASKS, Change, NewTask
from tasks import life
from tasks.job import Job

_RUSSIAN = "Связаться с клиентом другим путём: ответ не дошёл"
_ENGLISH = "Reach the client another way: the reply did not arrive"
_CYRILLIC = re.compile("[\u0400-\u04ff]")
# Of what the channel said, in code points.
_WHY = 80


class Reply(NamedTuple):
    """A reply that failed, and why."""

    message_id: int
    dialog_id: int
    text: str
    why: str


def lost(job: Job, reply: Reply, assignee: int | None) -> None:
    """Make the task, once for a reply however often it is said to have failed; the dialog must be locked.

    One that was done by the reply's arrival is open again. What an operator has closed stays so.
    """
    new = NewTask(
        dialog_id=reply.dialog_id,
        kind="request",
        title=_title(reply),
        status=OPEN,
        origin="delivery",
        evidence=life.quoted(reply.message_id, reply.text),
        source_message_id=reply.message_id,
        assignee_id=assignee,
        dedupe_key=_key(reply.message_id),
    )
    (made,) = tasks.create(job.tx, [new], job.actor.label, job.at)
    if made is not None:
        job.tell("task.created", reply.dialog_id, **life.told_first(made))
    elif (task := _task(job.tx, reply.message_id)) is not None and task.status == DONE:
        _move(job, task, OPEN, "the reply failed again")


def stands(tx: Tx, message_id: int) -> bool:
    """Whether the reply failed before, and is still a task; its dialog must then be locked before its letters."""
    task = _task(tx, message_id)
    return task is not None and task.status in STANDING


def arrived(job: Job, message_id: int) -> None:
    """The reply is out after all, the whole of it; the dialog must be locked."""
    task = _task(job.tx, message_id)
    if task is not None and task.status in STANDING:
        _move(job, task, DONE, "the reply was sent")


def _move(job: Job, task: Row[Any], status: str, reason: str) -> None:
    if not life.free(task.owned, ["status"]):
        return
    before, after = {"status": task.status}, {"status": status}
    also = life.closed(status, job.at)
    one = Change(task.id, task.dialog_id, job.actor.label, before, after, also, task.source_message_id, reason)
    tasks.change(job.tx, [one], job.at)
    job.tell("task.changed", task.dialog_id, **life.told(one))


def _task(tx: Tx, message_id: int) -> Row[Any] | None:
    return tx.execute(select(TASKS).where(TASKS.c.dedupe_key == _key(message_id))).one_or_none()


def _key(message_id: int) -> str:
    return f"delivery:{message_id}"


def _title(reply: Reply) -> str:
    said = _RUSSIAN if _CYRILLIC.search(reply.text) else _ENGLISH
    why = " ".join(reply.why.split())
    if not why:
        return said
    return f"{said} ({why if len(why) <= _WHY else why[: _WHY - 1].rstrip() + '…'})"
