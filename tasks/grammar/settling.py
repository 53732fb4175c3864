"""What only the sentence tells: the day of an hour, a month, that something is over, what is no date after all."""

import re
from datetime import date, timedelta

from tasks.calendar import add_months, monday, next_weekday
from tasks.grammar.clock import over
from tasks.grammar.days import next_number
from tasks.grammar.lexer import CLASS, OTHER, Line
from tasks.grammar.meaning import Meaning, Now
from tasks.grammar.moving import is_denied
from tasks.grammar.pieces import DAYS, Piece
from tasks.grammar.rules import compiled

_DAY = timedelta(days=1)
_HALF_DAY = timedelta(hours=12)
_CLAUSE_SIGNS = ".!?;,:()¶·"
_CLAUSE = re.compile(f"[{_CLAUSE_SIGNS}]")
_SENTENCE = re.compile(r"[.!?;¶]")
# How many tokens around it belong to it at most.
_NEAR = 60
_WEEKDAYS = "weekday|weekday_form|environment|nominative|short_weekday"
_OR_WEEKDAY = compiled(rf" <and|or> (?:<at> )?<{_WEEKDAYS}>")
_WEEKDAY_OR = compiled(rf"(?<=<{_WEEKDAYS}> )<and|or> $")
_EVERY = compiled(r" (?:<of_english> )?<every>")
_STILL = compiled(r"<still> $")
# What is said of what lasts, and how verbs end that tell what was.
_LASTING = re.compile(r"нет$|жд[уе]м?$|никак|больше|болит|висит|стоит$|лежит|тишина")
_VERB = re.compile(r"\w{2,}[аеиоуыя]л(?:[аои]|ся|ась|ось|ись)?$|\w+пал[аои]?$|\w+шл[аои]$")
_REFUSED = re.compile(
    r"\bне (?:могу|смо[гж]|получ|выйд|выход|успе|вариант|подход|удобно|приед|прид)|\bникак|\bнеудобно|\bнет\b"
    r"|\b(?:can't|cannot|can not|won't|doesn't work|isn't|not possible|not good|no good)\b"
)
_GONE = re.compile(r"прош|законч|заканч|истек|наступ|кончил|минул")


def settled(pieces: list[Piece], line: Line, now: Now) -> list[Piece]:
    """The pieces with what their sentence adds; those that turn out to be no dates are left out."""
    kept = [piece for piece in pieces if piece.sort != "limit" and _holds(piece, line)]
    found: list[Piece] = []
    for before, piece, after in zip([None, *kept], kept, [*kept[1:], None], strict=False):
        if piece.sort == "hour":
            piece = _hour(piece, before, after, line, now)
        elif before:
            piece = _after(before, piece, line)
        found.append(_past(piece, line, now))
    return found


def _holds(piece: Piece, line: Line) -> bool:
    """Whether it is sure of itself, or a whole clause: «Среда?», «10:20», but not «вечер»."""
    if not piece.meaning.weak:
        return True
    if piece.sort == "hour" and piece.meaning.precision != "minute":
        return False
    if _is_alone(piece, line):
        return True
    start = max(piece.start - 2, 0)
    return bool(_OR_WEEKDAY.match(line.classes, piece.end) or _WEEKDAY_OR.search(line.classes, start, piece.start))


def _is_alone(piece: Piece, line: Line) -> bool:
    before = line.classes[max(piece.start - 2, 0) : piece.start].rstrip(" ")[-1:]
    after = line.classes[piece.end : piece.end + 2].lstrip(" ")[:1]
    return all(not sign or sign in _CLAUSE_SIGNS for sign in (before, after))


def _together(left: Piece, right: Piece, line: Line, ends: re.Pattern[str]) -> bool:
    return ends.search(line.classes, left.end, right.start) is None


def _hour(piece: Piece, before: Piece | None, after: Piece | None, line: Line, now: Now) -> Piece:
    """An hour is one of the day its clause names, or else the next to come."""
    if piece.role == "topic":
        return piece
    near = [before] if before and _together(before, piece, line, _CLAUSE) else []
    near += [after] if after and _together(piece, after, line, _CLAUSE) else []
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


def _after(before: Piece, piece: Piece, line: Line) -> Piece:
    """«Вместо 14 июля вылететь 16-го»: the month is the one just named; "next Tuesday or Wednesday": the week is."""
    day, first = piece.meaning.day, before.meaning.day
    if (
        before.sort == "habit"
        and piece.sort == "weekday"
        and not piece.lead
        and _together(before, piece, line, _SENTENCE)
    ):
        # «Пн–пт с 10 до 19, сб до 16».
        return piece._replace(role="topic")
    if before.role == "past" or not _together(before, piece, line, _SENTENCE):
        return piece
    if piece.sort == "number" and before.sort == "date":
        return piece._replace(meaning=piece.meaning._replace(day=next_number(day.day, first)))
    if piece.sort == before.sort == "weekday" and not piece.lead and monday(first) > day:
        return piece._replace(meaning=piece.meaning._replace(day=next_weekday(first, day.weekday())))
    return piece


def _past(piece: Piece, line: Line, now: Now) -> Piece:
    """What the words around say is over, or done again and again."""
    if any(said(piece, line) for said in (_is_usual, _is_farewell, _is_of, is_denied, _is_refused)):
        return piece._replace(role="topic")
    if _is_over(piece, line):
        return piece._replace(role="past", meaning=piece.meaning._replace(day=_before(piece, now)))
    gone = piece.sort == "weekday" and _GONE.match(_word(line, piece.end + 1))
    if gone or (piece.meaning.day < now.day and piece.role != "topic"):
        return piece._replace(role="past")
    return piece


def _is_usual(piece: Piece, line: Line) -> bool:
    """«15 числа каждого месяца»."""
    return _EVERY.match(line.classes, piece.end) is not None


def _is_refused(piece: Piece, line: Line) -> bool:
    """«Завтра никак», «в среду не смогу»."""
    if piece.role != "point" or piece.sort not in DAYS:
        return False
    _, behind = _clause(piece, line)
    return _REFUSED.search("".join(line.words[behind.start : behind.stop])) is not None


def _is_farewell(piece: Piece, line: Line) -> bool:
    """«До завтра!», «С 8 марта!»"""
    if piece.lead not in {"until", "since"} or piece.sort not in DAYS:
        return False
    return line.classes[piece.end : piece.end + 1] in {"!", ")"} and _is_alone(piece, line)


def _is_of(piece: Piece, line: Line) -> bool:
    """ "Your letter of 3 March"."""
    return piece.sort == "date" and line.words[max(piece.start - 2, 0)] == "of"


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
    first, last = max(piece.start - _NEAR, 0), min(piece.end + _NEAR, len(line.words))
    start = max(line.classes.rfind(sign, first, piece.start) for sign in _CLAUSE_SIGNS) + 1
    ends = _CLAUSE.search(line.classes, piece.end, last)
    return range(max(start, first), piece.start), range(piece.end, ends.start() if ends else last)


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
