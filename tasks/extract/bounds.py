"""Bounds: how much one message may make, and the mark it gets where there is more in it."""

from collections.abc import Sequence

from tasks.extract.language.zones import MOST
from tasks.extract.model import New, Said, Span, TaskChange
from tasks.extract.speech import titles

# Tasks of one message, beyond which nobody is helped by more of them.
_TASKS = 20
_MARK = 0.4
_SHOWN = 200
_READ_ON = ("Дочитать длинное сообщение", "Read the long message to its end")


def bounded(message: Said, changes: Sequence[TaskChange]) -> list[TaskChange]:
    """The changes, each new task once and not too many; what was not read or is left out is one proposed task."""
    kept: list[TaskChange] = []
    seen: set[tuple[object, ...]] = set()
    rest = _unread(message)
    for change in changes:
        if not isinstance(change, New):
            kept.append(change)
        elif (same := (change.kind, change.title, change.due, change.promised_by)) not in seen:
            if len(seen) < _TASKS:
                kept.append(change)
            else:
                rest = rest or change.evidence[0]
            seen.add(same)
    return [*kept, _mark(message, rest)] if rest and message.side == "client" else kept


def _unread(message: Said) -> Span | None:
    """The first words that are not looked at, unless they are somebody else's."""
    text, at = message.text, 0
    if len(text) <= MOST:
        return None
    for line in text.split("\n"):
        start, end = max(at, MOST), at + len(line)
        at = end + 1
        if end > MOST and not line.lstrip().startswith(">") and any(map(str.isalpha, text[start:end])):
            start += len(text[start:end]) - len(text[start:end].lstrip())
            end = min(end, start + _SHOWN)
            return Span(message.key, start, end, text[start:end])
    return None


def _mark(message: Said, rest: Span) -> New:
    title = titles.in_language_of(message.text[:MOST], _READ_ON)
    return New("request", title, _MARK, message.key, (rest,), rules=("cut",))
