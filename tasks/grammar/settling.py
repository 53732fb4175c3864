"""What only the sentence tells: the day of an hour, a month, that something is over, what is no date after all."""

import re
from datetime import date, timedelta

from tasks.calendar import add_months
from tasks.grammar.clock import over
from tasks.grammar.days import next_number
from tasks.grammar.lexer import CLASS, OTHER, Line
from tasks.grammar.meaning import Meaning, Now
from tasks.grammar.pieces import DAYS, Piece
from tasks.grammar.rules import compiled

_DAY = timedelta(days=1)
_HALF_DAY = timedelta(hours=12)
_CLAUSE = re.compile(r"[.!?;,:()¶·]")
_SENTENCE = re.compile(r"[.!?;¶]")
_EVERY = compiled(r" (?:<of_english> )?<every>")
_STILL = compiled(r"<still> $")
# What is said of what lasts or is over: a negation, or a verb in the past.
_OVER = re.compile(r"нет$|жд[уе]|никак|больше|\w{2,}[аеиоуыя]л(?:[аои]|ся|ась|ось|ись)?$")
_GONE = re.compile(r"прош|законч|заканч|истек|наступ|кончил|минул")


def settled(pieces: list[Piece], line: Line, now: Now) -> list[Piece]:
    """The pieces with what their sentence adds; those that turn out to be no dates are left out."""
    kept = [piece for piece in pieces if piece.sort != "limit" and (not piece.meaning.weak or _is_alone(piece, line))]
    found: list[Piece] = []
    for number, piece in enumerate(kept):
        if piece.sort == "hour":
            piece = _hour(piece, kept[:number], kept[number + 1 :], line, now)
        elif piece.sort == "number" and found:
            piece = _in_month(piece, found[-1], line)
        found.append(_past(piece, line, now))
    return found


def _is_alone(piece: Piece, line: Line) -> bool:
    """Whether it is a whole clause: «Среда?», «в 9 или 10:20»."""
    before, after = line.classes[: piece.start].rstrip(" "), line.classes[piece.end :].lstrip(" ")
    return (not before or _CLAUSE.match(before[-1]) is not None) and (not after or _CLAUSE.match(after) is not None)


def _together(left: Piece, right: Piece, line: Line, ends: re.Pattern[str]) -> bool:
    return ends.search(line.classes, left.end, right.start) is None


def _hour(piece: Piece, before: list[Piece], after: list[Piece], line: Line, now: Now) -> Piece:
    """An hour is one of the day its clause names, or else the next to come."""
    near = [day for day in before[-1:] if _together(day, piece, line, _CLAUSE)]
    near += [day for day in after[:1] if _together(piece, day, line, _CLAUSE)]
    day = next((day for day in near if day.sort in DAYS), None)
    if day is None:
        return piece._replace(meaning=_coming(piece.meaning, piece.lead, now))
    role = day.role if day.role in {"past", "topic"} else piece.role
    return piece._replace(meaning=piece.meaning._replace(day=day.meaning.day), role=role)


def _coming(meaning: Meaning, lead: str, now: Now) -> Meaning:
    at = meaning.at or over(meaning, lead)
    if meaning.part and not meaning.at:
        at = over(meaning, lead)
    elif meaning.loose and at < now.at.time() and 8 <= at.hour < 12 and at.replace(hour=at.hour + 12) >= now.at.time():
        # Nine is over: it is nine in the evening.
        return meaning._replace(at=at.replace(hour=at.hour + 12))
    if meaning.part == "night" and lead not in {"until", "toward", "by"} and now.at.hour >= 6 and meaning.at is None:
        return meaning._replace(day=now.day + _DAY)
    return meaning if at >= now.at.time().replace(second=0, microsecond=0) else meaning._replace(day=now.day + _DAY)


def _in_month(piece: Piece, before: Piece, line: Line) -> Piece:
    """«Вместо 14 июля вылететь 16-го»: the month is the one just named."""
    if before.sort != "date" or before.role == "past" or not _together(before, piece, line, _SENTENCE):
        return piece
    return piece._replace(meaning=piece.meaning._replace(day=next_number(piece.meaning.day.day, before.meaning.day)))


def _past(piece: Piece, line: Line, now: Now) -> Piece:
    """What the words around say is over, or done again and again."""
    if _EVERY.match(line.classes, piece.end):
        return piece._replace(role="topic")
    since = piece.lead == "since" and piece.role == "span" and (_is_english(piece, line) or _lasts(piece, line))
    still = _STILL.search(line.classes, max(piece.start - 2, 0), piece.start) is not None and piece.role == "point"
    if since or still:
        return piece._replace(role="past", meaning=piece.meaning._replace(day=_before(piece, now)))
    if piece.sort == "weekday" and _GONE.match(_word(line, piece.end + 1)):
        return piece._replace(role="past")
    return piece


def _is_english(piece: Piece, line: Line) -> bool:
    return line.words[piece.start] == "since"


def _lasts(piece: Piece, line: Line) -> bool:
    """Whether the clause says that it has been so since then: «с понедельника не работает»."""
    start = max((found.end() for found in _CLAUSE.finditer(line.classes, 0, piece.start)), default=0)
    ends = _CLAUSE.search(line.classes, piece.end)
    end = ends.start() if ends else len(line.words)
    around = [*range(start, piece.start), *range(piece.end, end)]
    signs = {CLASS["not"], CLASS["already"], CLASS["still"]}
    return any(
        line.classes[place] in signs or (line.classes[place] == OTHER and _OVER.match(line.words[place]))
        for place in around
    )


def _word(line: Line, place: int) -> str:
    return line.words[place] if place < len(line.words) else ""


def _before(piece: Piece, now: Now) -> date:
    """The last such day instead of the next one."""
    day = piece.meaning.day
    if day <= now.day:
        return day
    if piece.sort == "weekday":
        return day - timedelta(days=7)
    return add_months(day, -1 if piece.sort == "number" else -12)
