"""Phrases that stand side by side and name one moment: «в пятницу, 13-го, до 15:00», «в среду на следующей неделе»."""

from datetime import timedelta

from tasks.calendar import monday
from tasks.grammar.clock import in_part
from tasks.grammar.lexer import CLASS, Line
from tasks.grammar.meaning import Now, Role
from tasks.grammar.moving import is_move
from tasks.grammar.pieces import DAYS, Piece
from tasks.grammar.rules import compiled

# What may stand between two of them, and between a day and the part of it.
_GAP = compiled(r"(?:,|:| -| \(| <of_english>)?(?: <roughly|hour|about>)? ?")
_CLOSE_GAP = compiled(r"(?: <of_english|roughly>)? ")
_STATED = compiled(r"(?: <already>)? ")
_RANGE = compiled(r" ?- ?")
_LONGEST_GAP = 6
# The most hours somebody waits for something.
_WINDOW = 5
# Of two names of a day, which one counts: the one that is more exact.
_RANKS = {"weekday": 0, "relative": 1, "number": 2, "date": 3}
_STRENGTHS: tuple[Role, ...] = ("past", "topic", "deadline", "span", "point")
_MONDAY, _FRIDAY = 0, 4


def joined(pieces: list[Piece], line: Line, now: Now) -> list[Piece]:
    """The pieces, those that name one moment made into one."""
    found: list[Piece] = []
    for piece in pieces:
        apart = not found or is_move(found[-1], piece, line)
        gap = "" if apart else line.classes[found[-1].end : piece.start]
        both = None if apart or len(gap) > _LONGEST_GAP else _join(found[-1], piece, gap, now)
        if both:
            found[-1] = both
        else:
            found.append(piece)
    return found


def _join(left: Piece, right: Piece, gap: str, now: Now) -> Piece | None:
    if _is_between(left, gap):
        gap = "-"
    if _is_stated(left, right, gap, now):
        return left._replace(end=right.end, role="topic")
    if not _GAP.fullmatch(gap) and not _RANGE.fullmatch(gap):
        return None
    if "limit" in {left.sort, right.sort}:
        return _limited(left, right) if gap != ", " else None
    if left.sort in DAYS and right.sort in DAYS:
        return _days(left, right, gap)
    return _hours(left, right, gap) if "hour" in {left.sort, right.sort} else _in_week(left, right, now)


def _is_stated(left: Piece, right: Piece, gap: str, now: Now) -> bool:
    """«Сегодня пятница», «сегодня уже 10-е»."""
    if left.sort != "relative" or left.meaning.day != now.day or left.lead or right.lead:
        return False
    return right.sort in DAYS and _STATED.fullmatch(gap) is not None


def _is_between(left: Piece, gap: str) -> bool:
    """ "Between Monday and Wednesday"."""
    return left.lead == "from" and gap == f" {CLASS['and']} "


def _limited(left: Piece, right: Piece) -> Piece | None:
    """«В пятницу край», "Friday at the latest"."""
    day = right if left.sort == "limit" else left
    if day.sort == "limit" or day.role not in {"point", "deadline"}:
        return None
    meaning = day.meaning._replace(weak=False)
    return day._replace(start=left.start, end=right.end, meaning=meaning, role="deadline")


def _days(left: Piece, right: Piece, gap: str) -> Piece | None:
    if _RANGE.fullmatch(gap) or (gap == " " and right.lead in {"through", "to"}):
        return _range(left, right)
    if left.role in {"past", "topic"} or "since" in {left.lead, right.lead} or left.sort == right.sort:
        return None
    best = max(left, right, key=lambda piece: _RANKS[piece.sort])
    at = left.meaning.at or right.meaning.at
    precision = left.meaning.precision if left.meaning.at else best.meaning.precision
    meaning = best.meaning._replace(at=at, precision=precision, weak=left.meaning.weak and right.meaning.weak)
    sort = "date" if _is_exact(left, right) else best.sort
    return left._replace(end=right.end, sort=sort, meaning=meaning, role=_stronger(left.role, right.role))


def _is_exact(left: Piece, right: Piece) -> bool:
    """«В субботу, 27-го»: of whichever month, for that day is a Saturday."""
    same = left.meaning.day.weekday() == right.meaning.day.weekday()
    return {left.sort, right.sort} == {"weekday", "number"} and same


def _range(left: Piece, right: Piece) -> Piece:
    """An interval begins with its first day; a deadline, and «сегодня-завтра», are over with the last."""
    if left.role == "deadline" or left.sort == right.sort == "relative":
        return left._replace(end=right.end, meaning=right.meaning)
    week = (left.meaning.day.weekday(), right.meaning.day.weekday()) == (_MONDAY, _FRIDAY)
    meaning = left.meaning._replace(weak=False)
    if week and left.sort == right.sort == "weekday":
        return left._replace(end=right.end, sort="habit", role="topic", meaning=meaning)
    role: Role = "span"
    return left._replace(end=right.end, role=role if left.role in {"point", "span"} else left.role, meaning=meaning)


def _hours(left: Piece, right: Piece, gap: str) -> Piece | None:
    if left.sort == "habit":
        return left._replace(end=right.end)
    day, hour = (left, right) if right.sort == "hour" else (right, left)
    if day.sort not in DAYS | {"hour"}:
        return None
    if hour.meaning.weak and hour.meaning.at is None and not _CLOSE_GAP.fullmatch(gap):
        return None
    if day.sort == "hour" and day.lead in {"since", "from"} and hour.lead == "until" and not hour.meaning.at:
        # «С утра до вечера».
        return day._replace(end=right.end, role="topic")
    if day.meaning.at and hour.meaning.at:
        found = _until_hour(day, hour) if left is day and _is_hour_range(day, hour, gap) else None
    else:
        found = _at_hour(day, hour)
    return found and found._replace(start=left.start, end=right.end)


def _is_hour_range(first: Piece, last: Piece, gap: str) -> bool:
    if first.sort == "hour" and first.lead not in {"", "since", "from", "at"}:
        return False
    return last.lead in {"until", "through", "to"} or _RANGE.fullmatch(gap) is not None


def _until_hour(first: Piece, last: Piece) -> Piece:
    """Of «с 10 до 12» the first; without a day that is only what is usual, if it is long."""
    meaning = first.meaning._replace(weak=False)
    return first._replace(
        meaning=meaning, role="topic" if first.sort == "hour" and _is_long(first, last) else first.role
    )


def _at_hour(day: Piece, hour: Piece) -> Piece:
    """The hour of a day, or of a part of it."""
    exact, part = hour.meaning, day.meaning.part or hour.meaning.part
    if day.meaning.at:
        # «До 15:00 утром»: the hour is said already.
        exact = day.meaning
    at = exact.at and (in_part(exact.at, part, exact.loose) if part else exact.at)
    meaning = day.meaning._replace(
        at=at, precision=exact.precision, part=part, loose=exact.loose and not part, weak=False
    )
    usual = hour.role == "topic" or hour.lead in {"since", "from"}
    return day._replace(meaning=meaning, role=day.role if usual else _stronger(day.role, hour.role))


def _is_long(start: Piece, end: Piece) -> bool:
    """Whether two hours are rather those of every day, as in «с 9 до 18», than when somebody is waited for."""
    hours = [piece.meaning.at.hour if piece.meaning.at else 0 for piece in (start, end)]
    return (hours[1] - hours[0]) % 24 > _WINDOW


def _in_week(left: Piece, right: Piece, now: Now) -> Piece | None:
    """A weekday of a week that is named, or of the one that is so and so many weeks away."""
    week, day = (left, right) if right.sort == "weekday" else (right, left)
    if day.sort != "weekday" or week.sort not in {"week", "length"}:
        return None
    found = monday(week.meaning.day) + timedelta(days=day.meaning.day.weekday())
    if found < now.day and week.role != "past":
        return None
    meaning = day.meaning._replace(day=found, weak=False)
    role = day.role if week.lead == "onto" and week.role == "point" else _stronger(left.role, right.role)
    return day._replace(start=left.start, end=right.end, meaning=meaning, role=role)


def _stronger(one: Role, other: Role) -> Role:
    return next(role for role in _STRENGTHS if role in {one, other})
