"""What the extraction is told and what it answers: messages, tasks as they stand, changes of tasks."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Literal, NamedTuple

from tasks.dates import Calendar

Side = Literal["client", "operator"]
Kind = Literal["request", "question", "complaint", "commitment"]
Status = Literal["proposed", "open", "done", "cancelled", "rejected"]

# From here on a task, or a change of one, is sure; below it somebody has to say yes.
SURE = 0.5


class Said(NamedTuple):
    """A message: who wrote it, when by the business's own clock, and what; `key` names it, in order of the dialog."""

    key: int
    side: Side
    at: datetime
    text: str


class Span(NamedTuple):
    """Words that prove something: code points of a message's text."""

    message: int
    start: int
    end: int
    text: str


class Due(NamedTuple):
    """When something is wanted, and in which words; `time` is business-local."""

    date: date
    time: time | None
    phrase: str


class Task(NamedTuple):
    """A task as it stands; `key` names it, `related` the task it serves."""

    key: int
    kind: Kind
    title: str
    status: Status
    confidence: float
    source: int
    evidence: tuple[Span, ...]
    due: Due | None = None
    promised_by: Side | None = None
    related: int | None = None
    high: bool = False
    rules: tuple[str, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether nothing is to be done any more."""
        return self.status in {"done", "cancelled", "rejected"}


class New(NamedTuple):
    """A task that was found. `related` is the key of the known task it serves."""

    kind: Kind
    title: str
    confidence: float
    source: int
    evidence: tuple[Span, ...]
    due: Due | None = None
    promised_by: Side | None = None
    related: int | None = None
    high: bool = False
    rules: tuple[str, ...] = ()
    status: Status = "open"


class Change(NamedTuple):
    """What a message does to a known task; None leaves a field as it is.

    Below `SURE` it is a suggestion. `nudged` is a reminder of the client's that the task is waited for.
    """

    task: int
    message: int
    rule: str
    confidence: float
    status: Status | None = None
    due: Due | None = None
    kind: Kind | None = None
    title: str | None = None
    source: int | None = None
    evidence: tuple[Span, ...] = ()
    nudged: bool = False


TaskChange = New | Change


class Context(NamedTuple):
    """What is known when a message is read: the calendar, the messages before it and the tasks, oldest first."""

    calendar: Calendar
    before: Sequence[Said] = ()
    tasks: Sequence[Task] = ()
