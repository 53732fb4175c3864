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
_CLAUSE_SIGNS = ".!?;,:()¶·"
_CLAUSE = re.compile(f"[{_CLAUSE_SIGNS}]")
_SENTENCE = re.compile(r"[.!?;¶]")
_EVERY = compiled(r" (?:<of_english> )?<every>")
_STILL = compiled(r"<still> $")
# What is said of what lasts, and how verbs end that tell what was.
_LASTING = re.compile(r"нет$|жд[уе]м?$|никак|больше|болит|висит|стоит$|лежит|тишина")
_VERB = re.compile(r"\w{2,}[аеиоуыя]л(?:[аои]|ся|ась|ось|ись)?$|\w+пал[аои]?$|\w+шл[аои]$")
_GONE = re.compile(r"прош|законч|заканч|истек|наступ|кончил|минул")


def settled(pieces: list[Piece], line: Line, now: Now) -> list[Piece]:
    """The pieces with what their sentence adds; those that turn out to be no dates are left out."""
    kept = [piece for piece in pieces if piece.sort != "limit" and _holds(piece, line)]
    found: list[Piece] = []
    for number, piece in enumerate(kept):
        if piece.sort == "hour":
            piece = _hour(piece, kept[:number], kept[number + 1 :], line, now)
        elif piece.sort == "number" and found:
            piece = _in_month(piece, found[-1], line)
        found.append(_past(piece, line, now))
    return found


def _holds(piece: Piece, line: Line) -> bool:
    """Whether it is sure of itself, or a whole clause: «Среда?», «10:20», but not «вечер»."""
    if not piece.meaning.weak or (piece.sort == "hour" and piece.meaning.at is None):
        return not piece.meaning.weak
    before, after = line.classes[: piece.start].rstrip(" "), line.classes[piece.end :].lstrip(" ")
    return (not before or _CLAUSE.match(before[-1]) is not None) and (not after or _CLAUSE.match(after) is not None)


def _together(left: Piece, right: Piece, line: Line, ends: re.Pattern[str]) -> bool:
    return ends.search(line.classes, left.end, right.start) is None


def _hour(piece: Piece, before: list[Piece], after: list[Piece], line: Line, now: Now) -> Piece:
    """An hour is one of the day its clause names, or else the next to come."""
    near = [day for day in before[-1:] if _together(day, piece, line, _CLAUSE)]
    near += [day for day in after[:1] if _together(piece, day, line, _CLAUSE)]
    day = next((day for day in near if day.sort in DAYS), None)
    if piece.role == "topic":
        return piece
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
    if _is_over(piece, line):
        return piece._replace(role="past", meaning=piece.meaning._replace(day=_before(piece, now)))
    if piece.sort == "weekday" and _GONE.match(_word(line, piece.end + 1)):
        return piece._replace(role="past")
    return piece


def _is_over(piece: Piece, line: Line) -> bool:
    if piece.role not in {"point", "span"} or piece.sort == "date":
        return False
    if _STILL.search(line.classes, max(piece.start - 2, 0), piece.start):
        return True
    if piece.lead == "since":
        return line.words[piece.start] == "since" or _lasts(piece, line)
    return piece.sort == "month" and piece.lead in {"at", "in"} and _happened(piece, line)


def _lasts(piece: Piece, line: Line) -> bool:
    """Whether the clause says that it has been so since then: «с понедельника не работает», «с утра пропал свет»."""
    before, behind = _clause(piece, line)
    signs = {CLASS["not"], CLASS["already"], CLASS["still"]}
    lasting = any(line.classes[place] in signs or _LASTING.match(line.words[place]) for place in [*before, *behind])
    return lasting or any(_is_verb(line, place) for place in behind)


def _happened(piece: Piece, line: Line) -> bool:
    """Whether the clause's verb is in the past: «купил в январе», but not «хотел бы в мае»."""
    before, behind = _clause(piece, line)
    places = [*before, *behind]
    return any(_is_verb(line, place) for place in places) and all(line.words[place] != "бы" for place in places)


def _is_verb(line: Line, place: int) -> bool:
    return line.classes[place] == OTHER and _VERB.match(line.words[place]) is not None


def _clause(piece: Piece, line: Line) -> tuple[range, range]:
    """The tokens of its clause before it and behind it."""
    start = max((line.classes.rfind(sign, 0, piece.start) for sign in _CLAUSE_SIGNS), default=-1) + 1
    ends = _CLAUSE.search(line.classes, piece.end)
    return range(start, piece.start), range(piece.end, ends.start() if ends else len(line.words))


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
