"""Phrases of periods: «к концу недели», «в мае», "by the end of the quarter", «до нового года»."""

from collections.abc import Callable
from datetime import date, timedelta

from tasks.calendar import add_months, before_weekend, coming_sunday, monday, month_end
from tasks.grammar.guards import is_document, is_verb
from tasks.grammar.meaning import Meaning, Now, Precision
from tasks.grammar.rules import Phrase

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_NEW_YEAR = 1231
_MAY_HOLIDAYS = 501
_HOLIDAY_LEADS = {"until", "by", "toward", "onto", "at", "on", "for"}
_SIZES: dict[int, Precision] = {1: "month", 3: "quarter", 12: "year"}


def period(phrase: Phrase, now: Now) -> Meaning | None:
    """«На этой неделе», «до конца месяца», «в мае», "next quarter"; None where only a unit is named."""
    named = phrase.has("month", "short_month")
    if phrase.has("year_number") and not named:
        year = date(int(phrase.one("year_number") or 0), 1, 1)
        found = _within(phrase, year, 12, now) if phrase.lead or _edge(phrase) else None
        return found and found._replace(role="past" if found.day < now.day else None)
    anchored = _edge(phrase) != "" or which(phrase) != "" or _is_this_week(phrase)
    if not anchored and not (named and phrase.lead) and not (phrase.lead == "within" and phrase.has("article")):
        return None
    if named and is_verb(phrase):
        return None
    if named:
        found = _named_month(phrase, now)
        return found._replace(role="topic") if phrase.lead == "onto" and is_document(phrase) else found
    return next(meaning for name, meaning in _UNITS.items() if phrase.has(name))(phrase, now)


def weekend(phrase: Phrase, now: Now) -> Meaning | None:
    """«На выходных»: the coming Sunday; before it is its last day of work, after it the first one."""
    name = which(phrase)
    if not name and not phrase.lead:
        return None
    if name == "last":
        return Meaning(monday(now.day) - _DAY, "week", role="past")
    day = now.day + _WEEK if name == "next" else now.day
    if phrase.lead in {"until", "by", "toward"}:
        return Meaning(before_weekend(day, now.calendar))
    if phrase.lead == "after":
        return Meaning(now.calendar.first_workday(coming_sunday(day) + _DAY))
    return Meaning(coming_sunday(day), "week")


def nth_week(phrase: Phrase, now: Now) -> Meaning | None:
    """«На первой неделе мая», "by the last week of the month": its last day of work."""
    number = int(phrase.one("nth", "ordinal_english") or 0)
    months = phrase.has("month_unit") and phrase.has("next")
    first = add_months(now.day.replace(day=1), months)
    if phrase.has("month", "short_month"):
        month = int(phrase.one("month", "short_month") or 0)
        first = date(now.day.year + (month < now.day.month), month, 1)
    day = month_end(first) if phrase.has("last") else first + (number - 1) * _WEEK
    return Meaning(now.calendar.end_of_week(monday(day)), "week") if phrase.has("last") or 1 <= number <= 5 else None


def quarter(phrase: Phrase, now: Now) -> Meaning | None:
    """«За третий квартал», «до конца 2 квартала»."""
    number = int(phrase.one("nth", "ordinal", "ordinal_english", "small") or 0)
    if phrase.lead == "" and not phrase.has("edge"):
        return None
    if not 1 <= number <= 4:
        return None
    start = date(now.day.year, number * 3 - 2, 1)
    return _within(phrase, start if add_months(start, 3) > now.day else add_months(start, 12), 3, now)


def holiday(phrase: Phrase, now: Now) -> Meaning | None:
    """«До нового года», "by Christmas"; what is wished («с Новым годом») and what is after it is no day."""
    if phrase.lead not in _HOLIDAY_LEADS or (phrase.has("new") and phrase.lead == "at"):
        return None
    number = _NEW_YEAR if phrase.has("new") else int(phrase.one("holiday") or 0)
    day = now.day.replace(month=number // 100, day=number % 100)
    day = day if day >= now.day else add_months(day, 12)
    return Meaning(day - _DAY if number == _MAY_HOLIDAYS and phrase.lead == "until" else day)


def close(phrase: Phrase, now: Now) -> Meaning | None:
    """EOD, COB, EOW, EOM."""
    what = phrase.one("close", "close_of")
    if what == "week":
        return Meaning(now.calendar.end_of_week(now.day), role="deadline")
    if what == "month":
        return Meaning(month_end(now.day), role="deadline")
    if phrase.has("edge") and phrase.one("edge") != "end":
        return None
    return Meaning(now.day, "minute", now.calendar.day_end, None if phrase.lead else "deadline")


def which(phrase: Phrase) -> str:
    """Which one is meant, "" if the phrase does not say."""
    if _is_last_day(phrase):
        return str(phrase.one("next", "that", "this") or "")
    return str(phrase.one("next", "nearest", "that", "last", "past", "this") or "")


def _is_last_day(phrase: Phrase) -> bool:
    """«Последний день месяца» is no last month."""
    last = phrase.at("last")
    return last >= 0 and any(last < place < phrase.end - 1 for place in (phrase.at("day"), phrase.at("number")))


def _is_this_week(phrase: Phrase) -> bool:
    return phrase.lead == "onto" and phrase.word(phrase.end - 1) == "неделе"


def _edge(phrase: Phrase) -> str:
    """Which end: the first half of something is over in its middle."""
    if phrase.has("half"):
        return "middle" if phrase.one("nth") == 1 else "end"
    if _is_last_day(phrase):
        return "end"
    return str(phrase.one("edge", "first") or "")


def _week(phrase: Phrase, now: Now) -> Meaning:
    name, edge = which(phrase), _edge(phrase)
    start = monday(now.day) + {"next": _WEEK, "last": -_WEEK}.get(name, timedelta())
    if phrase.has("after") and phrase.lead != "after":
        # "The week after next".
        start += _WEEK
    if name == "last":
        return Meaning(start, "week", role="past")
    if edge in {"start", "middle"}:
        day = start + timedelta(days=0 if edge == "start" else 2)
        return Meaning(day if day >= now.day else day + _WEEK)
    if name == "next" and not edge and phrase.lead in {"until", "toward"}:
        # «До следующей недели» is over before it begins, «к следующей неделе» when it does; "by next week" within it.
        return Meaning(start if phrase.lead == "toward" else before_weekend(now.day, now.calendar))
    return Meaning(now.calendar.end_of_week(start if name == "next" else now.day), "day" if edge else "week")


def _day(phrase: Phrase, now: Now) -> Meaning | None:
    if phrase.has("half"):
        return Meaning(now.day, "part", part="morning" if _edge(phrase) == "middle" else "daytime")
    if _edge(phrase) == "end":
        return Meaning(now.day, "minute", now.calendar.day_end)
    if which(phrase) == "next":
        return Meaning(now.calendar.workday(now.day, 1) if phrase.has("working") else now.day + _DAY)
    return None


def _months(phrase: Phrase, now: Now, months: int) -> Meaning:
    name, edge = which(phrase), _edge(phrase)
    first = now.day.replace(day=1, month=(now.day.month - 1) // months * months + 1)
    if name == "last":
        return Meaning(add_months(first, -months), _SIZES[months], role="past")
    upcoming = name == "next" or (not name and edge == "start")
    return _within(phrase, add_months(first, months) if upcoming else first, months, now)


def _within(phrase: Phrase, start: date, months: int, now: Now) -> Meaning:
    """The day in a period of `months` from `start` on that its edge, or else its preposition, means."""
    edge, end = _edge(phrase), add_months(start, months) - _DAY
    if edge == "middle":
        middle = start + timedelta(days=14 if months == 1 else (end - start).days // 2)
        return Meaning(middle if middle >= now.day else add_months(middle, months))
    if edge or phrase.lead == "within":
        return Meaning(start if edge == "start" else end)
    by_start = phrase.lead == "by" and not which(phrase)
    if phrase.lead in {"since", "from", "toward"} or by_start:
        return Meaning(start)
    if phrase.lead in {"until", "after"}:
        return Meaning(start - _DAY if phrase.lead == "until" else end + _DAY)
    return Meaning(end, _SIZES[months])


def _named_month(phrase: Phrase, now: Now) -> Meaning:
    number = int(phrase.one("month", "short_month") or 0)
    name = which(phrase)
    year = now.day.year + (number < now.day.month or (name == "next" and number == now.day.month))
    year = int(phrase.one("year_number") or year)
    found = _within(phrase, date(year - (name == "last"), number, 1), 1, now)
    return found._replace(role="past") if name == "last" else found


_UNITS: dict[str, Callable[[Phrase, Now], Meaning | None]] = {
    "week": _week,
    "month_unit": lambda phrase, now: _months(phrase, now, 1),
    "quarter": lambda phrase, now: _months(phrase, now, 3),
    "year": lambda phrase, now: _months(phrase, now, 12),
    # The last: it may be the last one of a month.
    "day": _day,
}
