"""Files of conversations: a line in, a line out, with the tasks that stand at the end of each."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson

from tasks.dates import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.learned import Model
from tasks.extract.model import SURE, Said, Task


class Unreadable(ValueError):
    """A line that is no conversation; says which and why."""


def lines_of(
    lines: Iterable[str], calendar: Calendar, *, sure: bool, step: Callable[[], object], model: Model | None = None
) -> Iterator[str]:
    """A line of JSON for each conversation; `sure` leaves proposed tasks out, `step` is called after each.

    A model re-ranks what is found. Raises Unreadable with the number of the line at fault.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            conversation = _read(number, line, calendar)
            found = tasks_of(conversation["messages"], calendar, model)
            told = [_task(one) for one in found if one.confidence >= SURE or not sure]
            yield orjson.dumps({"id": conversation["id"], "tasks": told}).decode()
        step()


def _read(number: int, line: str, calendar: Calendar) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
        found["messages"] = [
            Said(at, _side(one["from"]), calendar.local(datetime.fromisoformat(one["at"])), _text(one["text"]))
            for at, one in enumerate(found["messages"])
        ]
        # What cannot be written again is told before it costs any work.
        orjson.dumps(found["id"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise Unreadable(f"line {number}: this is no conversation ({type(error).__name__}: {error})") from None
    return found


def _side(name: str) -> Any:
    if name not in {"client", "operator"}:
        raise ValueError(f"from: {name!r} is neither client nor operator")
    return name


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError("text: this is no string")
    # Half a surrogate pair is no character, and fails here.
    text.encode()
    return text


def _task(task: Task) -> dict[str, Any]:
    due = task.due
    stamp = None if due is None else f"{due.date}T{due.time:%H:%M}" if due.time else f"{due.date}"
    span = next(one for one in task.evidence if one.message == task.source)
    return {
        "kind": task.kind,
        "title": task.title,
        "due": stamp,
        "status": task.status if task.closed else "open",
        "source_message": task.source,
        "confidence": round(task.confidence, 2),
        "evidence": {"start": span.start, "end": span.end},
    }
