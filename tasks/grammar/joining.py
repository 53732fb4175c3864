"""Phrases that stand side by side and name one moment: «в пятницу, 13-го, до 15:00», «в среду на следующей неделе»."""

import re
from datetime import timedelta

from tasks.calendar import monday
from tasks.grammar.lexer import Line
from tasks.grammar.meaning import Now, Role
from tasks.grammar.moving import is_move
from tasks.grammar.pieces import DAYS, Piece

# What may stand between two of them.
_GAP = re.compile(r"(?:,|:| -| \()? ?")
# Of two names of a day, which one counts: the one that is more exact.
_RANKS = {"weekday": 0, "relative": 1, "date": 2}


def joined(pieces: list[Piece], line: Line, now: Now) -> list[Piece]:
    """The pieces, those that name one moment made into one."""
    found: list[Piece] = []
    for piece in pieces:
        apart = not found or is_move(found[-1], piece, line)
        both = None if apart else _join(found[-1], piece, line.classes[found[-1].end : piece.start], now)
        if both:
            found[-1] = both
        else:
            found.append(piece)
    return found


def _join(left: Piece, right: Piece, gap: str, now: Now) -> Piece | None:
    if left.role in {"past", "topic"} and right.sort != "hour":
        return None
    if left.sort in DAYS and right.sort in DAYS:
        return _days(left, right, gap)
    if not _GAP.fullmatch(gap):
        return None
    if right.sort == "hour" and left.sort in DAYS | {"hour"}:
        return _at_hour(left, right)
    if left.sort == "hour" and right.sort in DAYS:
        return _at_hour(right, left)._replace(start=left.start, end=right.end)
    return _in_week(left, right, now)


def _days(left: Piece, right: Piece, gap: str) -> Piece | None:
    if gap in {"-", " - "} or (gap == " " and right.lead in {"through", "to"}):
        return _range(left, right)
    apart = not _GAP.fullmatch(gap) or left.lead == "since" or right.lead == "since"
    return None if apart else _same_day(left, right)


def _range(left: Piece, right: Piece) -> Piece:
    """An interval begins with its first day; a deadline is over with its last."""
    if left.role == "deadline":
        return left._replace(end=right.end, meaning=right.meaning)
    return left._replace(end=right.end, role="span" if left.role == "point" else left.role)


def _same_day(left: Piece, right: Piece) -> Piece | None:
    if left.sort == right.sort:
        return None
    best = max(left, right, key=lambda piece: _RANKS[piece.sort])
    at, precision = (left.meaning.at or right.meaning.at), best.meaning.precision
    return left._replace(
        end=right.end,
        sort=best.sort,
        meaning=best.meaning._replace(at=at, precision=left.meaning.precision if left.meaning.at else precision),
        role=_stronger(left.role, right.role),
    )


def _at_hour(day: Piece, hour: Piece) -> Piece:
    """The hour of a day; of «с 10 до 12» the first."""
    first = day.meaning.at is not None and hour.lead in {"until", "through"}
    exact = day.meaning if first else hour.meaning
    meaning = day.meaning._replace(at=exact.at, precision=exact.precision)
    role = day.role if first or hour.lead == "since" else _stronger(day.role, hour.role)
    return day._replace(end=hour.end, meaning=meaning, role=role)


def _in_week(left: Piece, right: Piece, now: Now) -> Piece | None:
    """A weekday of a week that is named, or of the one that is so and so many weeks away."""
    week, day = (left, right) if right.sort == "weekday" else (right, left)
    if day.sort != "weekday" or week.sort not in {"week", "length"}:
        return None
    start = monday(week.meaning.day)
    meaning = day.meaning._replace(day=start + timedelta(days=day.meaning.day.weekday()))
    if meaning.day < now.day:
        return None
    return day._replace(start=left.start, end=right.end, meaning=meaning, role=_stronger(left.role, right.role))


def _stronger(one: Role, other: Role) -> Role:
    return next(role for role in _STRENGTHS if role in {one, other})


_STRENGTHS: tuple[Role, ...] = ("past", "topic", "deadline", "span", "point")
