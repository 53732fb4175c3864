"""Undo: a change taken back, unless what it set has been set again since."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from errors import Conflict, NotFound
from storage import operators, tasks
from tasks import board, life
from tasks.deadline import Hours
from tasks.job import Job

REASON = "undo"


def undo(job: Job, number: int, change_id: int | None, hours: Hours) -> None:
    """Give the fields of a change the values they had before; of the last one that counts, unless one is named.

    Taking back is a change too, and belongs to who did it. Raises NotFound, and Conflict where a later change set the
    same fields again, or where there is nothing to take back.
    """
    task = board.locked(job, number)
    history = tasks.changes_of(job.tx, number)
    counted = in_force(history)
    chosen = _last(counted) if change_id is None else _named(history, counted, change_id)
    later = [one for one in counted if one.id > chosen.id]
    _not_set_again(chosen, later)
    noted_since = {name for one in later for name in one.after}
    restored = {name: value for name, value in chosen.before.items() if name not in noted_since}
    if (owner := restored.get("assignee")) is not None and not operators.at_work(job.tx, owner):
        restored["assignee"] = None
    if not restored:
        raise Conflict("What this change set has been set again since.", fields=sorted(chosen.before))
    (by,) = board.write(job, [(task, restored)], hours, reason=REASON)
    tasks.take_back(job.tx, chosen.id, by)


def in_force(history: Sequence[Row[Any]]) -> list[Row[Any]]:
    """The changes whose values stand, without those that took others back; what made the task is none of them."""
    undoing = {one.undone_by for one in history}
    return [one for one in history if one.before and one.undone_by is None and one.id not in undoing]


def _last(counted: Sequence[Row[Any]]) -> Row[Any]:
    """What a machine only noted beside the task is nothing people think of as the last change."""
    meant = [one for one in counted if one.actor.startswith("operator:") or set(one.before) - life.NOTES]
    if not meant:
        raise Conflict("There is nothing to take back.")
    return meant[-1]


def _named(history: Sequence[Row[Any]], counted: Sequence[Row[Any]], change_id: int) -> Row[Any]:
    chosen = next((one for one in history if one.id == change_id), None)
    if chosen is None:
        raise NotFound(f"The task has no change {change_id}.")
    if chosen.undone_by is not None:
        raise Conflict("This change was taken back already.", undone_by=chosen.undone_by)
    if chosen not in counted:
        raise Conflict("This is no change that can be taken back: it made the task, or took another one back.")
    return chosen


def _not_set_again(chosen: Row[Any], later: Sequence[Row[Any]]) -> None:
    """What is only noted may have been noted again: it stays as it is now."""
    for one in reversed(later):
        if again := sorted(set(one.after) & set(chosen.before) - life.NOTES):
            detail = f"{', '.join(again)}: a later change has set this again; take that one back first."
            raise Conflict(detail, fields=again, change=one.id)
