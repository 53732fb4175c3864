"""Shifts: by how much a known day moves: «на день позже», «неделей раньше», "push it back two days"."""

import re
from datetime import date, datetime, time
from typing import NamedTuple

from tasks.calendar import Calendar
from tasks.grammar.lexer import Line
from tasks.grammar.meaning import Now
from tasks.grammar.rules import LENGTH, Phrase, compiled
from tasks.grammar.spans import after

_LENGTH = compiled(rf"(?<!\w){LENGTH}")
_THAN = compiled(r" (?:<later>|(?P<sooner><sooner>))")
_VERBS = re.compile(r"\b(?:mov|shift|push|postpon|bring|bump|delay|перен|сдви|подви|отодви|отлож|задерж|опазд|опозда)")
# What stands right before the length behind a verb of moving; and what makes the day come sooner.
_BEFORE = {"на", "by", "back", "out", "forward", "up"}
_SOONER = {"forward", "up"}
_NOON = time(12)


class Shift(NamedTuple):
    """The new day, and which tokens [start, end) name it."""

    day: date
    start: int
    end: int


def shift_in(line: Line, day: date, calendar: Calendar) -> Shift | None:
    """What the first shift of a line makes of the day."""
    moves = _VERBS.search(line.low) is not None
    for found in _LENGTH.finditer(line.classes):
        start, end = found.span()
        than = _THAN.match(line.classes, end)
        before = line.words[start - 2] if start > 1 else ""
        if before[:1].isdigit() or (than is None and not (moves and before in _BEFORE)):
            # Of «3000 лет» no more than the years is known.
            continue
        sooner = than["sooner"] is not None if than else not _SOONER.isdisjoint(line.words[:start])
        phrase = Phrase(line, "shift", start, end, found[0], "")
        meaning = after(phrase, Now(datetime.combine(day, _NOON), calendar))
        if meaning is not None and meaning.at is None:
            moved = day - (meaning.day - day) if sooner else meaning.day
            return Shift(moved, start - 2 if before in _BEFORE else start, than.end() if than else end)
    return None
