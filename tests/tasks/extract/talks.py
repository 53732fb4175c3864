"""Talks in which lines that begin with ">" are the operator's, and the tasks that stand at their end."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tasks.dates import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.model import Said, Task

HALF_AN_HOUR = timedelta(minutes=30)
# A Monday.
NOON = datetime(2026, 11, 30, 12)  # noqa: DTZ001 - by the business's own clock


def said(lines: Sequence[str], pause: timedelta, begins: datetime = NOON) -> list[Said]:
    """The messages, with so long a pause between any two."""
    return [
        Said(at, "operator" if line.startswith(">") else "client", begins + pause * at, line.lstrip("> "))
        for at, line in enumerate(lines)
    ]


def tasks_in(lines: Sequence[str], pause: timedelta, begins: datetime = NOON) -> list[Task]:
    """The tasks, the proposed ones too."""
    return tasks_of(said(lines, pause, begins), Calendar())


def sure_in(talk: str) -> list[Task]:
    """The sure tasks of a talk, half an hour between any two lines, which are parted by " / "."""
    return [task for task in tasks_in(talk.split(" / "), HALF_AN_HOUR) if task.status != "proposed"]


def told(talk: str) -> str:
    """The state of each sure task, and its day where it has one."""
    return " ".join(f"{task.status}{f' {day(task)}' if task.due else ''}" for task in sure_in(talk))


def day(task: Task) -> str | None:
    """Month and day the task is due."""
    return f"{task.due.date:%m-%d}" if task.due else None
