"""Shifting: by how much a clause moves the day of a task: «сдвиньте на денёк позже», "we're running two days late"."""

from tasks.dates import When, shifted
from tasks.extract.language.clauses import Clause
from tasks.extract.model import Due, Task
from tasks.extract.scene import DENIED, Scene
from tasks.extract.speech import titles


def shift_of(scene: Scene, clause: Clause, task: Task) -> When | None:
    """The new day of the task, by its words in the message; None where it is denied or over."""
    if task.due is None:
        return None
    text = scene.message.text[clause.start : clause.end]
    when = shifted(text, task.due.date, scene.context.calendar)
    if when is None or when.date < scene.message.at.date() or DENIED.search(text[: when.start]):
        return None
    return when._replace(start=clause.start + when.start, end=clause.start + when.end)


def shifted_due(scene: Scene, task: Task, when: When) -> Due:
    """The task's new time: «на денёк позже» names no day for whoever reads no more than the task."""
    return Due(when.date, task.due.time if task.due else None, titles.day(when.date, scene.message.text))
