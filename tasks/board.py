"""The board: what operators do with tasks.

Every change runs under its dialog's lock and is kept with what was there before. The fields it sets belong to the
operators from then on: no machine writes them again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, select

from errors import Conflict, Invalid, NotFound
from storage import operators, talk, tasks
from storage.talk import MESSAGES
from storage.tasks import CANCELLED, OPEN, PROPOSED, STANDING, TASKS, Change, NewTask
from tasks import life
from tasks.deadline import Hours, instant
from tasks.job import Job

# Days further away than this are slips of the pen.
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
# Said of what happened to tasks when their dialog was resolved.
RESOLVED = "the dialog was resolved"


class Draft(NamedTuple):
    """A task an operator makes: `message` is one of the dialog that it comes from, the rest are its fields."""

    dialog_id: int
    fields: Mapping[str, Any]
    message: int | None = None


class Wish(NamedTuple):
    """What is to change in a task: fields with their values, and what is to become of the suggestion.

    With `known`, the `updated_at` of the task as it was seen, nothing changes if somebody was faster.
    """

    fields: Mapping[str, Any]
    suggestion: Literal["accept", "dismiss"] | None = None
    known: datetime | None = None


def create(job: Job, draft: Draft, hours: Hours) -> int:
    """Make a task; gives back its number. It is open, and nobody's unless it names its assignee."""
    if not talk.lock(job.tx, [draft.dialog_id]):
        raise Invalid(f"dialog: there is no dialog {draft.dialog_id}.", field="dialog")
    fields = _fitting({"kind": "request", "priority": "normal"}, draft.fields)
    _assignable(job, fields, None, fields.get("assignee"))
    columns = tasks.columns({name: value for name, value in fields.items() if value is not None})
    new = NewTask(
        **columns,
        dialog_id=draft.dialog_id,
        status=OPEN,
        origin="operator",
        due_at=instant(columns.get("due_date"), columns.get("due_time"), hours),
        evidence=_quoted(job, draft),
        source_message_id=draft.message,
        owned=life.own((), [*tasks.FIELDS]),
    )
    (made,) = tasks.create(job.tx, [new], job.actor.label, job.at)
    assert made is not None
    job.tell("task.created", draft.dialog_id, **life.told_first(made))
    return made.task_id


def change(job: Job, number: int, wish: Wish, hours: Hours) -> None:
    """Carry out the wish as one: all of it or, on a Refusal, nothing. What is so already is no change."""
    task = locked(job, number)
    if wish.known is not None and wish.known != task.updated_at:
        raise Conflict("Somebody else changed the task meanwhile.", updated_at=task.updated_at)
    wanted = {**_suggested(task, wish), **wish.fields}
    before = tasks.fields(task)
    after = _fitting(before, wanted)
    life.move(before["status"], after["status"], "operator")
    if after["assignee"] != before["assignee"]:
        _assignable(job, after, before["assignee"], after["assignee"])
    changed = {name for name in after if after[name] != before[name]}
    if wish.suggestion or _is_settled(task, after, changed):
        after["suggestion"] = None
        changed.add("suggestion")
    write(job, [(task, {name: after[name] for name in changed})], hours)


def settle(job: Job, dialog_id: int, how: Literal["done", "cancelled", "keep"] | None, hours: Hours) -> None:
    """The dialog, which is locked, was resolved: its open tasks become done or cancelled, or stay by "keep".

    Without a word on them a Conflict names them. What was only proposed nobody took up: unless it is to be kept it is
    cancelled in any case. Rejected it is not, for nobody said that it was no task.
    """
    found = tasks.standing(job.tx, dialog_id)
    numbers = [task.id for task in found if task.status == OPEN]
    if numbers and how is None:
        detail = "The dialog has open tasks; say what becomes of them: tasks = done, cancelled or keep."
        raise Conflict(detail, open_tasks=numbers)
    if how != "keep":
        afters = [(task, _closed(task, how if task.status == OPEN and how else CANCELLED)) for task in found]
        write(job, afters, hours, reason=RESOLVED)


def leave(job: Job, operator_id: int, hours: Hours) -> None:
    """The operator was let go: what stands of his is nobody's."""
    own = (TASKS.c.assignee_id == operator_id, TASKS.c.status.in_(STANDING))
    talk.lock(job.tx, set(job.tx.execute(select(TASKS.c.dialog_id).where(*own)).scalars()))
    found = job.tx.execute(select(TASKS).where(*own).order_by(TASKS.c.id)).all()
    write(job, [(task, {"assignee": None}) for task in found], hours, owns=False)


def locked(job: Job, number: int) -> Row[Any]:
    """The task, whose dialog is ours until the transaction ends; raises NotFound."""
    dialog_id = job.tx.execute(select(TASKS.c.dialog_id).where(TASKS.c.id == number)).scalar_one_or_none()
    if dialog_id is None:
        raise NotFound(f"There is no task {number}.")
    talk.lock(job.tx, [dialog_id])
    task = tasks.get(job.tx, number)
    assert task is not None
    return task


def write(
    job: Job, afters: Iterable[tuple[Row[Any], dict[str, Any]]], hours: Hours, *, reason: str = "", owns: bool = True
) -> Sequence[int]:
    """Set these fields of tasks that are locked; the ids of the changes, one for each task that has any.

    The fields are the operators' from then on, unless nobody decided on them.
    """
    changes = [
        Change(
            task.id,
            task.dialog_id,
            job.actor.label,
            tasks.fields(task, after),
            after,
            life.follows(task, after, hours, job.at) | ({"owned": life.own(task.owned, after)} if owns else {}),
            reason=reason,
        )
        for task, after in afters
        if after
    ]
    ids = tasks.change(job.tx, changes, job.at)
    for one in changes:
        job.tell("task.changed", one.dialog_id, **life.told(one))
    return ids


def _closed(task: Row[Any], status: str) -> dict[str, Any]:
    return {"status": status} if task.suggestion is None else {"status": status, "suggestion": None}


def _suggested(task: Row[Any], wish: Wish) -> dict[str, Any]:
    if wish.suggestion is None:
        return {}
    if task.suggestion is None:
        raise Conflict("Nothing is suggested for this task any more.")
    if wish.suggestion == "dismiss":
        return {}
    return {name: task.suggestion[name] for name in life.SUGGESTED if name in task.suggestion}


def _is_settled(task: Row[Any], after: Mapping[str, Any], changed: Collection[str]) -> bool:
    """Whether an operator has decided on what is suggested: on one of its fields, or on the task as a whole."""
    if task.suggestion is None:
        return False
    return bool(set(task.suggestion) & set(changed)) or ("status" in changed and after["status"] not in STANDING)


def _fitting(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with what is wanted of them, and with those that hang on that; raises Invalid."""
    fields = {**before, **wanted}
    if {"due", "due_time", "due_phrase"} & wanted.keys():
        fields |= _fitting_day(before, wanted, fields)
    if {"kind", "promised_by"} & wanted.keys():
        fields |= _fitting_promise(wanted, fields)
    return fields


def _fitting_day(before: Mapping[str, Any], wanted: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    if fields.get("due") is None:
        if wanted.get("due_time") is not None:
            raise Invalid("due_time: an hour needs its day.", field="due")
        return {"due_time": None, "due_phrase": None}
    if not _FIRST_DAY <= date.fromisoformat(fields["due"]) <= _LAST_DAY:
        raise Invalid(f"due: give a day between {_FIRST_DAY} and {_LAST_DAY}.", field="due")
    moved = any(fields.get(name) != before.get(name) for name in ("due", "due_time"))
    # The words it was read from said another day.
    return {"due_phrase": None} if moved and "due_phrase" not in wanted else {}


def _fitting_promise(wanted: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    if fields["kind"] == "commitment":
        return {"promised_by": fields.get("promised_by") or "operator"}
    if wanted.get("promised_by") is not None:
        raise Invalid("promised_by: only a commitment was promised by somebody.", field="promised_by")
    return {"promised_by": None}


def _assignable(job: Job, fields: Mapping[str, Any], owner: int | None, to: int | None) -> None:
    """Whether a task of `owner` may be given to `to`.

    As with dialogs: what belongs to somebody else must be given back first, so that nobody is overruled unawares.
    """
    if to is None:
        return
    if fields.get("status", OPEN) not in {OPEN, PROPOSED}:
        raise Conflict("The task is closed; reopen it to assign it.", state=fields["status"])
    if owner is not None and f"operator:{owner}" != job.actor.label:
        raise Conflict("The task belongs to another operator; unassign it first.", assignee=owner)
    if not operators.at_work(job.tx, to):
        raise Invalid(f"assignee: there is no operator {to} who can be given work.", field="assignee")


def _quoted(job: Job, draft: Draft) -> list[dict[str, Any]]:
    """The beginning of the message a task was made of."""
    if draft.message is None:
        return []
    own = (MESSAGES.c.id == draft.message, MESSAGES.c.dialog_id == draft.dialog_id)
    found = job.tx.execute(select(MESSAGES.c.text, MESSAGES.c.deleted_at).where(*own)).one_or_none()
    if found is None:
        raise Invalid(f"message: the dialog has no message {draft.message}.", field="message")
    return [] if found.deleted_at is not None else life.quoted(draft.message, found.text)
