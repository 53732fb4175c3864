"""Filing: what came of reading messages, written down with its changes and what the journal says of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from storage import talk, tasks
from storage.talk import OPEN
from storage.tasks import Change, NewTask
from tasks import life
from tasks.deadline import Hours
from tasks.job import Job
from tasks.sheet import Made, Moved

# By dialog, in order.
Effects = Mapping[int, Sequence[Made | Moved]]
# By dialog and the number it has on its sheet, a new task's first change; None where the same find was kept before.
Firsts = Mapping[tuple[int, int], Change | None]


def file(job: Job, effects: Effects, dialogs: Mapping[int, Any], hours: Hours) -> None:
    """Write the effects; `dialogs` are the rows of their dialogs, which are locked."""
    kept = _make(job, effects, dialogs)
    changes: list[Change] = []
    for dialog_id, each in effects.items():
        for one in each:
            first = kept.get((dialog_id, one.number))
            if isinstance(one, Made):
                if first is not None:
                    job.tell("task.created", dialog_id, **life.told_first(first))
            elif one.number > 0 or first is not None:
                change = _change(job, (dialog_id, first.task_id if first else one.number), one, hours)
                changes.append(change)
                job.tell("task.changed", dialog_id, **life.told(change))
    tasks.change(job.tx, changes, job.at)


def _make(job: Job, effects: Effects, dialogs: Mapping[int, Any]) -> Firsts:
    """Make the new tasks; those first that others serve."""
    lots = _lots(effects)
    owners = _owners(job, {dialog_id for lot in lots for dialog_id, _ in lot}, dialogs)
    kept: dict[tuple[int, int], Change | None] = {}
    for lot in lots:
        new = [_finished(task, owners.get(dialog_id), kept) for (dialog_id, _), task in lot.items()]
        kept |= zip(lot, tasks.create(job.tx, new, job.actor.label, job.at), strict=True)
    return kept


def _lots(effects: Effects) -> list[dict[tuple[int, int], NewTask]]:
    """The new tasks in as many lots as they serve each other; those of a dialog stay in their order."""
    lots: list[dict[tuple[int, int], NewTask]] = []
    for dialog_id, each in effects.items():
        at = 0
        for one in each:
            if not isinstance(one, Made):
                continue
            if at < len(lots) and (dialog_id, one.task.related_id) in lots[at]:
                at += 1
            lots += [{}] if at == len(lots) else []
            lots[at][dialog_id, one.number] = one.task
    return lots


def _finished(task: NewTask, owner: int | None, kept: Firsts) -> NewTask:
    related = task.related_id
    if related is not None and related < 0:
        served = kept[task.dialog_id, related]
        related = served.task_id if served else None
    return task._replace(assignee_id=owner, related_id=related)


def _owners(job: Job, dialog_ids: set[int], dialogs: Mapping[int, Any]) -> dict[int, int | None]:
    """To whom the dialogs' open episodes belong."""
    newest = {dialogs[dialog_id].episode_id: dialog_id for dialog_id in dialog_ids if dialogs[dialog_id].episode_id}
    if not newest:
        return {}
    found = talk.episodes(job.tx, newest)
    return {newest[number]: one.assignee_id for number, one in found.items() if one.status == OPEN}


def _change(job: Job, task: tuple[int, int], one: Moved, hours: Hours) -> Change:
    dialog_id, number = task
    also = life.follows(one.was, one.after, hours, job.at)
    if one.source is not None:
        also["source_message_id"] = one.source
    if one.found_by is not None:
        also["rules"] = list(one.found_by)
    before = tasks.fields(one.was, one.after)
    return Change(
        number, dialog_id, job.actor.label, before, one.after, also, one.message_id, one.reason, one.rules
    )  # fmt: skip
