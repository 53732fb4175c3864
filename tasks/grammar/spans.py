"""Phrases of lengths and periods: «через неделю», «в течение трёх рабочих дней», «к концу месяца»."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from tasks.calendar import add_months, before_weekend, coming_sunday, monday, month_end
from tasks.grammar.meaning import Meaning, Now, Precision, Role
from tasks.grammar.rules import Phrase

_WEEK = timedelta(days=7)
_MOST_WORKDAYS = 100
_COUNTS = ("small", "minutes", "hundreds", "cardinal", "couple", "tens", "one_half")


def offset(phrase: Phrase, now: Now) -> Meaning | None:
    """«Через неделю», "within 3 business days"."""
    if phrase.has("vague"):
        return None
    if phrase.has("last"):
        return Meaning(now.day, role="past")
    role: Role = "deadline" if phrase.has("within") or phrase.has("course") or phrase.has("next") else "point"
    found = _after(phrase, now)
    return found and found._replace(role=role)


def ago(_phrase: Phrase, now: Now) -> Meaning:
    """«Месяц назад», "two days ago"."""
    return Meaning(now.day, role="past")


def spell(phrase: Phrase, now: Now) -> Meaning | None:
    """«Уже неделю», «второй день», "for three days"; but «за три дня» is when something will be ready."""
    if phrase.word(phrase.start) == "за" and not phrase.has("last"):
        found = None if phrase.has("vague") else _after(phrase, now)
        return found and found._replace(role="deadline")
    return Meaning(now.day, role="past")


def habit(_phrase: Phrase, now: Now) -> Meaning:
    """«Каждый понедельник», "weekdays": no day in particular."""
    return Meaning(now.day, role="topic")


def _after(phrase: Phrase, now: Now) -> Meaning | None:
    count = _count(phrase)
    minutes = 30 if phrase.has("half_hour") else count if phrase.has("minute") else 60 * count
    if phrase.has("half_hour") or phrase.has("minute") or phrase.has("hour"):
        return _moment(now.at + timedelta(minutes=minutes))
    if phrase.has("working"):
        return Meaning(now.calendar.workday(now.day, int(count))) if count < _MOST_WORKDAYS else None
    return _later(phrase, count, now)


def _later(phrase: Phrase, count: float, now: Now) -> Meaning:
    if phrase.has("day"):
        # "In the course of the day" is over with it.
        same = phrase.at("course") >= 0 and phrase.word(phrase.end - 1) == "дня" and not _counted(phrase)
        return Meaning(now.day + timedelta(days=0 if same else count))
    if phrase.has("week") or phrase.has("fortnight"):
        return Meaning(now.day + timedelta(days=round((2 if phrase.has("fortnight") else count) * 7)))
    months = (
        6 if phrase.has("half_year") else count * next((size for name, size in _MONTHS.items() if phrase.has(name)), 1)
    )
    return Meaning(add_months(now.day, int(months)) + timedelta(days=round(months % 1 * 30)))


# Of half a year there is one.
_MONTHS = {"month_unit": 1, "quarter": 3, "year": 12}


def _moment(at: datetime) -> Meaning:
    return Meaning(at.date(), "minute", at.time().replace(second=0, microsecond=0))


def _counted(phrase: Phrase) -> bool:
    return any(phrase.has(name) for name in _COUNTS)


def _count(phrase: Phrase) -> float:
    """How many: of a range the larger, since only then the time is over."""
    numbers = [float(number) for number in phrase.all(*_COUNTS)]
    half = phrase.has("half") or phrase.has("and")
    if not numbers:
        return 0.5 if half else 1
    place = phrase.at("tens")
    if place >= 0 and len(numbers) > 1:
        return sum(numbers)
    first = phrase.at("small")
    if first >= 0 and phrase.line.classes[first + 1 : first + 2] in {".", ","} and len(numbers) > 1:
        return float(f"{numbers[0]:.0f}.{numbers[1]:.0f}")
    return max(numbers) + 0.5 * half


def period(phrase: Phrase, now: Now) -> Meaning | None:
    """«На этой неделе», «до конца месяца», «в мае», "next quarter"; None where only a unit is named."""
    named = phrase.has("month") or phrase.has("short_month")
    anchored = phrase.has("edge") or _which(phrase) is not None
    unit = "month_name" if named else next(name for name in _ENDS if phrase.has(name))
    if unit == "weekend":
        return _weekend(phrase, now) if anchored or _prepared(phrase) else None
    if not anchored and not (named and _prepared(phrase)) and phrase.word(phrase.end - 1) != "неделе":
        return None
    return _ENDS[unit](phrase, now)


def _which(phrase: Phrase) -> str | None:
    found = phrase.one("this", "next", "nearest", "that", "last")
    return None if found is None else str(found)


def _prepared(phrase: Phrase) -> bool:
    return phrase.one("until", "at", "since", "after", "for", "in", "through") is not None


def _weekend(phrase: Phrase, now: Now) -> Meaning:
    if _which(phrase) == "last":
        return Meaning(monday(now.day) - timedelta(days=1), "week", role="past")
    day = now.day + _WEEK if _which(phrase) == "next" else now.day
    if phrase.one("until"):
        return Meaning(before_weekend(day, now.calendar))
    if phrase.one("after"):
        return Meaning(now.calendar.first_workday(coming_sunday(day) + timedelta(days=1)))
    return Meaning(coming_sunday(day), "week")


def _week(phrase: Phrase, now: Now) -> Meaning:
    which, edge, until = _which(phrase), phrase.one("edge"), phrase.one("until")
    start = monday(now.day) + (_WEEK if which == "next" else -_WEEK if which == "last" else timedelta())
    if which == "last":
        return Meaning(start, "week", role="past")
    if edge in {"start", "middle"}:
        day = start + timedelta(days=0 if edge == "start" else 2)
        return Meaning(day if day >= now.day or which else day + _WEEK)
    if which == "next" and edge is None and until:
        # «До следующей недели» is over before it begins, «к следующей неделе» when it does; "by next week" within it.
        return Meaning({"до": before_weekend(now.day, now.calendar), "к": start}.get(_first(phrase), _end(start, now)))
    return Meaning(_end(start if which == "next" else now.day, now), "day" if edge else "week")


def _end(day: date, now: Now) -> date:
    return now.calendar.end_of_week(day)


def _first(phrase: Phrase) -> str:
    return phrase.word(phrase.start)


def _day(phrase: Phrase, now: Now) -> Meaning | None:
    if phrase.has("working") and _which(phrase) == "next":
        return Meaning(now.calendar.workday(now.day, 1))
    if phrase.one("edge") == "end":
        return Meaning(now.day, "minute", now.calendar.day_end)
    return Meaning(now.day + timedelta(days=1)) if _which(phrase) == "next" else None


def _edges(phrase: Phrase, now: Now, months: int) -> Meaning:
    """A month, quarter or year of `months`."""
    which, edge = _which(phrase), phrase.one("edge")
    first = now.day.replace(day=1, month=(now.day.month - 1) // months * months + 1)
    if which == "last":
        return Meaning(add_months(first, -months), _SIZES[months], role="past")
    upcoming = which == "next" or (which is None and edge == "start")
    start = add_months(first, months) if upcoming else first
    return _within(phrase, start, months, now)


def _within(phrase: Phrase, start: date, months: int, now: Now) -> Meaning:
    edge = phrase.one("edge")
    end = add_months(start, months) - timedelta(days=1)
    if edge == "middle":
        middle = start + timedelta(days=14 if months == 1 else (end - start).days // 2)
        return Meaning(middle if middle >= now.day else add_months(middle, months))
    if edge == "start" or phrase.one("since") or (phrase.one("until") == "by" and not edge):
        return Meaning(start)
    if phrase.one("until") and edge is None:
        return Meaning(start - timedelta(days=1))
    if phrase.one("after") and edge is None:
        return Meaning(end + timedelta(days=1))
    return Meaning(end, "day" if edge else _SIZES[months])


_SIZES: dict[int, Precision] = {1: "month", 3: "quarter", 12: "year"}


def _named_month(phrase: Phrase, now: Now) -> Meaning:
    number = int(phrase.one("month", "short_month") or 0)
    year = now.day.year + (number < now.day.month or (_which(phrase) == "next" and number == now.day.month))
    start = date(year - (_which(phrase) == "last"), number, 1)
    found = _within(phrase, start, 1, now)
    return found._replace(role="past") if _which(phrase) == "last" else found


_ENDS: dict[str, Callable[[Phrase, Now], Meaning | None]] = {
    "week": _week,
    "day": _day,
    "month_unit": lambda phrase, now: _edges(phrase, now, 1),
    "quarter": lambda phrase, now: _edges(phrase, now, 3),
    "year": lambda phrase, now: _edges(phrase, now, 12),
    "month_name": _named_month,
    "weekend": _weekend,
}


def close(phrase: Phrase, now: Now) -> Meaning:
    """EOD, COB, EOW, EOM."""
    if phrase.has("close_week"):
        return Meaning(_end(now.day, now), role="deadline")
    if phrase.has("close_month"):
        return Meaning(month_end(now.day), role="deadline")
    return Meaning(now.day, "minute", now.calendar.day_end, "deadline")
