"""A whole conversation: its messages read one after the other, and the tasks that stand at its end."""

from collections.abc import Iterable, Sequence

from tasks.dates import Calendar
from tasks.extract.language.lexicon import lexicon
from tasks.extract.learned import Model, judged
from tasks.extract.model import SURE, Change, Context, Due, New, Said, Span, Task, TaskChange
from tasks.extract.reader import extract
from tasks.extract.speech import titles

# How many messages back a message is understood from.
WINDOW = 16
# Words that are small inside a title.
_BEFORE = lexicon("prepositions")
# Prepositions that go with a day in the form in which it is named alone.
_KEEPING = lexicon("before_a_day")


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
    return task._replace(
        kind=change.kind or task.kind,
        title=change.title or _titled(task, change.due),
        status=change.status or task.status,
        confidence=max(task.confidence, change.confidence)
        if task.status == "proposed" and change.status
        else task.confidence,
        due=change.due or task.due,
        source=task.source if change.source is None else change.source,
        evidence=_proved(task, change),
    )


def _titled(task: Task, due: Due | None) -> str:
    """Its title with the words of the new day in place of the old one's."""
    old = task.due.phrase if task.due else ""
    if due is None or not old or not due.phrase or due.phrase == old or old not in task.title:
        return task.title
    first, bare = old.split()[0].lower(), len(due.phrase.split()) == 1
    # «В пятницу» becomes «в субботу», though he wrote no more than «субботу».
    new = f"{first} {due.phrase}" if bare and first in _KEEPING else due.phrase
    if task.title.startswith(old) or new.split()[0].lower() not in _BEFORE:
        return titles.tidy(task.title.replace(old, new, 1))
    return titles.tidy(task.title.replace(old, new[:1].lower() + new[1:], 1))


def _proved(task: Task, change: Change) -> tuple[Span, ...]:
    """The words that prove it: those that say it now first, those that only moved it last."""
    if change.source is not None:
        return (*change.evidence, *task.evidence)
    return (*task.evidence, *(span for span in change.evidence if span not in task.evidence))
