"""The sheet of a dialog: its tasks while messages are read, as extraction sees them and as they are kept. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row

from storage import tasks
from storage.tasks import OPEN, PROPOSED, REJECTED, NewTask
from tasks import life
from tasks.calendar import Calendar
from tasks.deadline import instant
from tasks.extract import linker
from tasks.extract.conversation import changed
from tasks.extract.learned import Model, judged
from tasks.extract.model import SURE, Change, Context, Due, New, Said, Span, Task
from tasks.extract.reader import extract
from tasks.extract.version import version

# A task's columns, kept or to be made.
Columns = Row[Any] | NewTask

# Who finds tasks in what is said.
READERS = frozenset({"rule", "llm"})
_BLANK = NewTask(0, "", "", "", "")
# Of a change, what says why it is suggested.
_WHY = ("message", "reason", "confidence")


class Item(NamedTuple):
    """A task on the sheet; one that is not kept yet has a number below zero."""

    task: Task
    columns: Columns


class Made(NamedTuple):
    """A task that was found, under the number it has on the sheet; so has the task it serves, in `related_id`."""

    number: int
    task: NewTask


class Moved(NamedTuple):
    """A task as it was before a change, and the fields it has after it; `source` is a message it now comes from.

    `rules` found the change; `found_by` are those that find the task itself, where its message was read again.
    """

    number: int
    was: Columns
    after: dict[str, Any]
    message_id: int
    reason: str
    rules: Sequence[str] = ()
    source: int | None = None
    found_by: Sequence[str] | None = None


class Sheet:
    """Hears the messages of a dialog one after the other; `effects` is what came of them, in order."""

    def __init__(
        self, dialog_id: int, items: Mapping[int, Item], calendar: Calendar, model: Model | None = None
    ) -> None:
        """`items` are the tasks as they stand, by number, oldest first; a model says how sure finds are."""
        self.dialog_id, self.items, self._calendar, self._model = dialog_id, dict(items), calendar, model
        self.effects: list[Made | Moved] = []
        self._next = -1

    def hear(self, before: Sequence[Said], said: Said, sent_at: datetime) -> None:
        """Read one message. What it raises leaves nothing behind."""
        items, count = dict(self.items), len(self.effects)
        found = Counter[str]()
        try:
            for change in self.found(before, said):
                if isinstance(change, New):
                    self.make(change, key_of(self.dialog_id, change, found))
                else:
                    self.move(change, sent_at)
        except BaseException:
            self.items = items
            del self.effects[count:]
            raise

    def found(self, before: Sequence[Said], said: Said) -> Sequence[New | Change]:
        """What the message changes on the sheet as it stands."""
        context = Context(self._calendar, before, [item.task for item in self.items.values()])
        return judged(extract(context, said), self._model)

    def make(self, new: New, key: str) -> None:
        """Put a new task on the sheet."""
        number, self._next = self._next, self._next - 1
        # What is settled at once was open before: it has a change that says so.
        made = columns_of(self.dialog_id, new._replace(status="open"), key, self._calendar)
        self.items[number] = Item(task_of(number, made), made)
        self.effects.append(Made(number, made))
        if new.status not in {OPEN, PROPOSED}:
            self._note(number, {"status": new.status}, new.source, new.rules[0] if new.rules else "")

    def move(self, change: Change, sent_at: datetime) -> None:
        """Change a task as far as machines may; the rest is suggested."""
        item = self.items[change.task]
        wanted = changed(item.task, change)
        values = differing(item.task, wanted)
        allowed = allowed_of(item, values) if change.confidence >= SURE else {}
        if change.title is None and "due" not in allowed:
            # The title that goes with the new day goes nowhere without it.
            allowed.pop("title", None)
        told = {name: value for name, value in values.items() if name not in allowed}
        source = wanted.source if "evidence" in allowed and wanted.source != item.task.source else None
        if change.nudged and change.confidence >= SURE:
            allowed["nudged_at"] = sent_at
        if (suggestion := _suggestion(item, told, change)) is not None:
            allowed["suggestion"] = suggestion
        self._note(change.task, allowed, change.message, change.rule, source)

    def _note(
        self, number: int, values: Mapping[str, Any], message_id: int, rule: str, source: int | None = None
    ) -> None:
        """Give the task these fields, by their names, as far as they are others than it has."""
        was = self.items[number].columns
        columns = {tasks.FIELDS[name]: value for name, value in values.items()}
        if source is not None:
            columns["source_message_id"] = source
        now = with_columns(was, columns, self._calendar)
        before = tasks.fields(was, values)
        after = {name: value for name, value in tasks.fields(now, values).items() if value != before[name]}
        if not after:
            return
        self.items[number] = Item(task_of(number, now), now)
        self.effects.append(Moved(number, was, after, message_id, rule, (rule,), source))


def items_of(rows: Iterable[Row[Any]]) -> dict[int, Item]:
    """Kept tasks, by number."""
    return {row.id: Item(task_of(row.id, row), row) for row in rows}


def task_of(number: int, row: Columns) -> Task:
    """A kept task as extraction sees it."""
    spans = tuple(Span(one["message"], one["start"], one["end"], one["text"]) for one in row.evidence)
    source = row.source_message_id or 0
    due = Due(row.due_date, row.due_time, row.due_phrase or "") if row.due_date else None
    return Task(
        number, row.kind, row.title, row.status, row.confidence, source,  # type: ignore[arg-type]
        # One made by hand may have no words that prove it but its own.
        spans or (Span(source, 0, 0, row.title),),
        due, row.promised_by, row.related_id, row.priority == "high", tuple(row.rules),  # type: ignore[arg-type]
    )  # fmt: skip


def columns_of(dialog_id: int, new: New, key: str, calendar: Calendar) -> NewTask:
    """A find as it is kept."""
    due = new.due or Due(None, None, "")  # type: ignore[arg-type]
    return NewTask(
        dialog_id, new.kind, new.title, new.status if new.confidence >= SURE else PROPOSED, "rule", new.confidence,
        new.promised_by, due.date, due.time, instant(due.date, due.time, calendar), due.phrase or None,
        "high" if new.high else "normal", new.rules, version(), told_of(new.evidence), new.source, new.related,
        dedupe_key=key,
    )  # fmt: skip


def key_of(dialog_id: int, new: New, found: Counter[str]) -> str:
    """What a find is known by: its dialog, message and kind, what it is about, and which of several alike it is.

    That it is found again by another wording of the same thing is for whoever reads an edited message to see: this key
    only keeps the very same find from being made twice.
    """
    lemmas = sorted(linker.about(new))
    base = orjson.dumps([dialog_id, new.source, new.kind, lemmas]).decode()
    found[base] += 1
    return hashlib.sha256(f"{base}{found[base]}".encode()).hexdigest()


def told_of(evidence: Iterable[Span]) -> list[dict[str, Any]]:
    """The words that prove a task, as they are kept."""
    return [span._asdict() for span in evidence]


def differing(was: Task, now: Task) -> dict[str, Any]:
    """The fields in which two states of a task differ, with their new values as the columns hold them."""
    found: dict[str, Any] = {
        name: getattr(now, name)
        for name in ("kind", "title", "status", "confidence")
        if getattr(now, name) != getattr(was, name)
    }
    if now.due is not None and now.due != was.due:
        found |= {"due": now.due.date, "due_time": now.due.time, "due_phrase": now.due.phrase or None}
    if now.evidence != was.evidence:
        found["evidence"] = told_of(now.evidence)
    return found


def allowed_of(item: Item, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of these fields those that a machine may give the task."""
    free = life.free(item.columns.owned, values)
    if "status" in values and not life.may(item.task.status, values["status"], "machine"):
        free.discard("status")
    if "status" in values and "status" not in free:
        # It says how sure the status is.
        free.discard("confidence")
    return {name: value for name, value in values.items() if name in free}


def with_columns(row: Columns, columns: Mapping[str, Any], calendar: Calendar) -> NewTask:
    """The task with these columns, and what follows from them."""
    kept = row if isinstance(row, NewTask) else NewTask._make(getattr(row, name) for name in NewTask._fields)
    kept = kept._replace(**columns)
    if "due_date" in columns or "due_time" in columns:
        kept = kept._replace(due_at=instant(kept.due_date, kept.due_time, calendar))
    return kept


def _suggestion(item: Item, values: Mapping[str, Any], change: Change) -> dict[str, Any] | None:
    """What is suggested of these fields: what an operator could agree to and has not been told yet."""
    if item.task.status == REJECTED:
        return None
    named = {name: value for name, value in values.items() if name in life.SUGGESTED}
    if "status" in named and not life.may(item.task.status, named["status"], "operator"):
        del named["status"]
    if not named:
        return None
    suggested = _BLANK._replace(**{tasks.FIELDS[name]: value for name, value in named.items()})
    told = tasks.fields(suggested, named)
    if told == without_reasons(item.columns.suggestion):
        return None
    return {**told, "message": change.message, "reason": change.rule, "confidence": change.confidence}


def without_reasons(suggestion: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The fields a suggestion names, with their values."""
    return None if suggestion is None else {name: value for name, value in suggestion.items() if name not in _WHY}
