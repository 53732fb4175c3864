"""The life of a task: who may move it where, what follows from a change, and which fields are whose. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from errors import Conflict
from storage.tasks import CANCELLED, DONE, FIELDS, OPEN, PROPOSED, REJECTED, STANDING, Change, columns
from tasks.deadline import Hours, instant

By = Literal["operator", "machine"]

_MOVES: dict[By, dict[str, set[str]]] = {
    "operator": {
        PROPOSED: {OPEN, DONE, CANCELLED, REJECTED},
        OPEN: {DONE, CANCELLED, REJECTED},
        # What was taken for a task and never was one may have been closed by a machine meanwhile.
        DONE: {OPEN, REJECTED},
        CANCELLED: {OPEN, REJECTED},
        REJECTED: {OPEN},
    },
    # A machine takes nothing for settled that it cannot be sure of, and what was rejected stays so.
    "machine": {
        PROPOSED: {OPEN, DONE, CANCELLED},
        OPEN: {DONE, CANCELLED},
        DONE: {OPEN},
        CANCELLED: {OPEN},
        REJECTED: set(),
    },
}
# Code points a task shows of a message that proves it as a whole.
_SHOWN = 500
# What a machine notes beside a task: nobody owns it.
NOTES = frozenset({"suggestion", "nudged_at"})
# Who sets one of these has decided on all of them.
_TOGETHER = (frozenset({"due", "due_time", "due_phrase"}), frozenset({"kind", "promised_by"}))
# Fields a suggestion may name.
SUGGESTED = ("status", "title", "kind", "promised_by", "due", "due_time", "due_phrase", "priority", "assignee")


def may(status: str, to: str, by: By) -> bool:
    """Whether a task may be moved there; where it stands it may stay."""
    return to == status or to in _MOVES[by][status]


def move(status: str, to: str, by: By) -> str:
    """The status it is moved to; raises Conflict."""
    if not may(status, to, by):
        raise Conflict(f"The task is {status}, and cannot become {to}.", state=status)
    return to


def own(owned: Collection[str], names: Iterable[str]) -> list[str]:
    """Whose fields they are after an operator has set those of these names."""
    found = {*owned, *names} - NOTES
    return sorted(found.union(*(group for group in _TOGETHER if group & found)))


def free(owned: Collection[str], names: Iterable[str] = tuple(FIELDS)) -> set[str]:
    """Of the fields those a machine may still write: none that an operator has ever set, and so the status too."""
    return set(names) - {*owned}


def follows(task: Any, after: Mapping[str, Any], hours: Hours, at: datetime) -> dict[str, Any]:
    """The columns that follow from a change of a task's fields: when it is overdue, and when it was closed."""
    also = closed(after["status"], at) if "status" in after else {}
    if {"due", "due_time"} & after.keys():
        new = columns({name: after[name] for name in ("due", "due_time") if name in after})
        due_at = instant(new.get("due_date", task.due_date), new.get("due_time", task.due_time), hours)
        if due_at != task.due_at:
            # Whoever was reminded of another hour is reminded of this one too.
            also |= {"due_at": due_at, "reminded_at": None, "overdue_told_at": None}
    return also


def closed(status: str, at: datetime) -> dict[str, Any]:
    """The column that follows from a task's status alone."""
    return {"closed_at": None if status in STANDING else at}


def quoted(message_id: int, text: str) -> list[dict[str, Any]]:
    """The beginning of a whole message as evidence."""
    shown = text[:_SHOWN].rstrip()
    return [{"message": message_id, "start": 0, "end": len(shown), "text": shown}] if shown.strip() else []


def told_first(change: Change) -> dict[str, Any]:
    """What the journal says of a task's first change, as the data of a `task.created`."""
    return {"task": change.task_id, "after": change.after}


def told(change: Change) -> dict[str, Any]:
    """What the journal says of a change, as the data of a `task.changed`."""
    said: dict[str, Any] = {"task": change.task_id, "before": change.before, "after": change.after}
    if change.message_id is not None:
        said["message"] = change.message_id
    if change.reason:
        said["reason"] = change.reason
    return said
