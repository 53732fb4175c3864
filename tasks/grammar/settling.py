"""What only the sentence tells: the day of an hour, the month of a day, that something is over or no date after all."""

import re
from datetime import date, timedelta

from tasks.calendar import add_months, monday, next_weekday
from tasks.grammar.clauses import CLAUSE, SENTENCE, has_passed, is_over, is_sure, is_topic
from tasks.grammar.clock import over
from tasks.grammar.days import next_number
from tasks.grammar.lexer import Line
from tasks.grammar.meaning import Meaning, Now
from tasks.grammar.pieces import DAYS, Piece
from tasks.grammar.rules import compiled

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_AND = compiled("<and>")
# Words of a link and what is said behind it.
_MORE = 3
_DEADLINES = {"until", "toward", "by"}


def settled(pieces: list[Piece], line: Line, now: Now) -> list[Piece]:
    """The pieces with what their sentence adds; those that turn out to be no dates are left out."""
    kept = [piece for piece in pieces if piece.sort != "limit" and is_sure(piece, line)]
    found: list[Piece] = []
    for before, piece, after in zip([None, *kept], kept, [*kept[1:], None], strict=False):
        if piece.sort == "hour":
            piece = _on_a_day(piece, before, after, line, now)
        elif before and _together(before, piece, line, SENTENCE):
            piece = _behind(before, piece)
        found.append(_part_played(piece, line, now))
    return found


def _together(left: Piece, right: Piece, line: Line, ends: re.Pattern[str]) -> bool:
    return ends.search(line.classes, left.end, right.start) is None


def _and_more(left: Piece, right: Piece, line: Line) -> bool:
    """ "By six, and push it live on Tuesday": what is between them has a verb of its own."""
    between = line.words[left.end : right.start]
    link = _AND.search(line.classes, left.end, right.start)
    return link is not None and sum(word[:1].isalpha() for word in between) >= _MORE


def _on_a_day(piece: Piece, before: Piece | None, after: Piece | None, line: Line, now: Now) -> Piece:
    """An hour is one of the day its clause names, or else the next to come."""
    if piece.role == "topic":
        return piece
    near = [before] if before and _together(before, piece, line, CLAUSE) else []
    near += [after] if after and _together(piece, after, line, CLAUSE) and not _and_more(piece, after, line) else []
    day = next((day for day in near if day.sort in DAYS), None)
    if day is None:
        return piece._replace(meaning=_coming(piece.meaning, piece.lead, now))
    role = day.role if day.role in {"past", "topic"} else piece.role
    return piece._replace(meaning=piece.meaning._replace(day=day.meaning.day), role=role)


def _coming(meaning: Meaning, lead: str, now: Now) -> Meaning:
    """Today's while it is not over, then tomorrow's; nine that is over is nine in the evening first."""
    this = now.at.time().replace(second=0, microsecond=0)
    at = meaning.at or over(meaning, lead)
    if meaning.part == "night" and meaning.at is None and lead not in _DEADLINES and now.at.hour >= 6:
        # Most of the night that comes is tomorrow's.
        return meaning._replace(day=now.day + _DAY)
    if meaning.loose and at < this and 8 <= at.hour < 12 and at.replace(hour=at.hour + 12) >= this:
        return meaning._replace(at=at.replace(hour=at.hour + 12))
    return meaning if at >= this else meaning._replace(day=now.day + _DAY)


def _behind(before: Piece, piece: Piece) -> Piece:
    """What a day takes over from the one before it in its sentence."""
    day, first = piece.meaning.day, before.meaning.day
    if before.sort == "habit" and piece.sort == "weekday" and not piece.lead:
        # «Пн–пт с 10 до 19, сб до 16».
        return piece._replace(role="topic")
    if before.role == "past":
        return piece
    if piece.sort == "number" and before.sort == "date":
        # «Вместо 14 июля вылететь 16-го».
        return piece._replace(meaning=piece.meaning._replace(day=next_number(day.day, first)))
    if piece.sort == before.sort == "weekday" and not piece.lead and monday(first) > day:
        # "Next Tuesday or Wednesday".
        return piece._replace(meaning=piece.meaning._replace(day=next_weekday(first, day.weekday())))
    return piece


def _part_played(piece: Piece, line: Line, now: Now) -> Piece:
    if is_topic(piece, line):
        return piece._replace(role="topic")
    if is_over(piece, line):
        return piece._replace(role="past", meaning=piece.meaning._replace(day=_last(piece, now)))
    if has_passed(piece, line) or (piece.meaning.day < now.day and piece.role != "topic"):
        return piece._replace(role="past")
    return piece


def _last(piece: Piece, now: Now) -> date:
    """The last such day instead of the next one."""
    day = piece.meaning.day
    if day <= now.day:
        return day
    if piece.sort == "weekday":
        return day - _WEEK
    return add_months(day, -1 if piece.sort == "number" else -12)
