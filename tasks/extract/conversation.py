"""A whole conversation: its messages read one after the other, and the tasks that stand at its end."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tasks.dates import Calendar
from tasks.extract.learned import Model, judged
from tasks.extract.model import SURE, Change, Context, New, Said, Span, Task, TaskChange
from tasks.extract.reader import extract

# How many messages back a message is understood from.
WINDOW = 16


def tasks_of(messages: Sequence[Said], calendar: Calendar, model: Model | None = None) -> list[Task]:
    """The tasks of a conversation, oldest first; `key` is the number of a task in it. A model re-ranks what is new."""
    tasks: list[Task] = []
    for at, message in enumerate(messages):
        context = Context(calendar, messages[max(0, at - WINDOW) : at], tasks)
        tasks = apply(tasks, judged(extract(context, message), model))
    return tasks


def apply(tasks: Sequence[Task], changes: Iterable[TaskChange]) -> list[Task]:
    """The tasks once the changes are made; suggestions change nothing."""
    held = {task.key: task for task in tasks}
    for change in changes:
        if isinstance(change, New):
            key = max(held, default=0) + 1
            status = change.status if change.confidence >= SURE or change.status != "open" else "proposed"
            held[key] = Task(
                key, change.kind, change.title, status, change.confidence, change.source, change.evidence,
                change.due, change.promised_by, change.related, change.high, change.rules,
            )  # fmt: skip
        elif change.confidence >= SURE:
            held[change.task] = changed(held[change.task], change)
    return list(held.values())


def changed(task: Task, change: Change) -> Task:
    """The task once the change is made."""
    return replace(
        task,
        kind=change.kind or task.kind,
        title=change.title or task.title,
        status=change.status or task.status,
        confidence=max(task.confidence, change.confidence)
        if task.status == "proposed" and change.status
        else task.confidence,
        due=change.due or task.due,
        source=task.source if change.source is None else change.source,
        evidence=_proved(task, change),
    )


def _proved(task: Task, change: Change) -> tuple[Span, ...]:
    """The words that prove it: those that say it now first, those that only moved it last."""
    if change.source is not None:
        return (*change.evidence, *task.evidence)
    return (*task.evidence, *(span for span in change.evidence if span not in task.evidence))
