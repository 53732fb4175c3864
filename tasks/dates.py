"""Due dates in words, Russian and English: which days a text names, and which part each of them plays.

A text becomes a string of word classes (`grammar.lexer`); rules are patterns over it (`grammar.rules`); each has a
function that tells its meaning (`grammar.days`, `spans`, `periods`, `clock`); neighbours that name one moment become
one (`grammar.joining`), and the sentence has the last word (`grammar.settling`). Where words may be taken in two ways:

- A weekday is the next one after the message, never its own day; a «20-го» may be today; «5 марта» and 25.12 are the
  next such days, but past if they were within the last 60 days.
- 6/5 is the sixth of May; 12/25 can only be December. A bare 2/3 or 4.12 is no date, one behind a preposition is.
- Of an interval the start counts, of a deadline and of a length («до 10–12 числа», «через 2–3 дня») the end.
- «До следующей недели», «до мая», «до выходных» end before it begins, «к следующей неделе», «к маю», "by May" when it
  does; "by next week" ends with that week, as does a week, month, quarter or year that is named without an edge.
- An hour without a day is of the day its clause names, else the message's, or the next one if it is over. A bare hour
  from 1 to 7 is after noon; one from 8 to 11 that is over may still be meant for the evening.
- «С 9 до 18» without a day is what is usual (a topic); up to five hours it is when somebody is waited for.
- «С понедельника» is the next one, or the last one if its clause says that something lasts («не работает»).
"""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import NamedTuple

from tasks.calendar import Calendar
from tasks.grammar import clock, days, periods, spans
from tasks.grammar.joining import joined
from tasks.grammar.lexer import Line, line_of, lowered
from tasks.grammar.meaning import Meaning, Now, Precision, Role
from tasks.grammar.moving import without_sources
from tasks.grammar.pieces import Piece, piece_of
from tasks.grammar.rules import Phrase, beginnings, phrase_at
from tasks.grammar.settling import settled
from tasks.grammar.shifts import shift_in
from tasks.grammar.telling import is_telling

__all__ = ["Calendar", "Precision", "Role", "When", "find", "shifted"]


class When(NamedTuple):
    """A date phrase found in a text.

    `start` and `end` count code points; the preposition is inside. `time` is there only if the phrase names an hour,
    or a part of day with a clear end: «до обеда», «к обеду» 13:00, "by noon" 12:00, midnight 23:59, the end of the day
    the calendar's. `precision` is how exact the words are. Roles: "deadline" (by then), "point" (then), "span" (from
    then on), "past" (over, or since then), "topic" (named, but nothing is due then: usual, denied, moved away, what a
    paper is of). Only a deadline, a point and a span can be due, and none is before the message's day.
    """

    date: date
    time: time | None
    precision: Precision
    start: int
    end: int
    phrase: str
    role: Role


# So many places of a text are looked at; one that has more is no message, and costs no more for it.
_MOST = 4000
_RULES: dict[str, Callable[[Phrase, Now], Meaning | None]] = {
    "ago": spans.ago,
    "onward": spans.onward,
    "no_later": spans.no_later,
    "offset": spans.offset,
    "nth_week": periods.nth_week,
    "spell": spans.spell,
    "habit": spans.habit,
    # Only beside a day it means anything: «в пятницу край».
    "limit": spans.habit,
    "relative": days.relative,
    "month_range": days.month_range,
    "month_day": days.month_day,
    "numeric": days.numeric,
    "month_number": days.month_number,
    "weekday": days.weekday,
    "clock": clock.clock,
    "half_past": clock.half_past,
    "part": clock.part,
    "period": periods.period,
    "weekend": periods.weekend,
    "quarter": periods.quarter,
    "holiday": periods.holiday,
    "close": periods.close,
}


def find(text: str, at: datetime, calendar: Calendar) -> list[When]:
    """The date phrases of a text, in order, relative to the moment of its message; `at` without a zone is local.

    Of what moves the old date is a "topic": «со среды на пятницу», «вместо вторника в четверг».
    """
    line, pieces = _pieces(text, at, calendar)
    return [_when(text, line, piece) for piece in pieces]


def shifted(text: str, day: date, calendar: Calendar) -> When | None:
    """What a text makes of a known day that moves it by so much: «на день позже», "push it back two days"."""
    line = line_of(text, lowered(text))
    try:
        shift = shift_in(line, day, calendar)
    except (ValueError, OverflowError):
        # There is no such day.
        return None
    if shift is None:
        return None
    start, end = line.starts[shift.start], line.starts[shift.end]
    return When(shift.day, None, "day", start, end, text[start:end], "point")


def _pieces(text: str, at: datetime, calendar: Calendar) -> tuple[Line, list[Piece]]:
    low = lowered(text)
    if not is_telling(low):
        return Line("", [], [], text, low), []
    line = line_of(text, low)
    try:
        return line, _read(line, Now(calendar.local(at), calendar))
    except (ValueError, OverflowError):
        # A message of the first or the last days there are.
        return line, []


def _read(line: Line, now: Now) -> list[Piece]:
    pieces: list[Piece] = []
    taken = 0
    for start in beginnings(line)[:_MOST]:
        phrase = phrase_at(line, start) if start >= taken else None
        meaning = phrase and _meaning(phrase, now)
        if phrase and meaning:
            pieces.append(piece_of(phrase, meaning))
            taken = phrase.end
    return settled(without_sources(joined(pieces, line, now), line), line, now)


def _meaning(phrase: Phrase, now: Now) -> Meaning | None:
    try:
        return _RULES[phrase.rule](phrase, now)
    except (ValueError, OverflowError):
        # No such day: the 31st of February, a year beyond 9999.
        return None


def _when(text: str, line: Line, piece: Piece) -> When:
    start, end = line.starts[piece.start], line.starts[piece.end]
    meaning = piece.meaning
    return When(meaning.day, meaning.at, meaning.precision, start, end, text[start:end], piece.role)
