"""Phrases that name a day: relative ones, weekdays, dates."""

from datetime import date, timedelta

from tasks.calendar import add_months, monday, next_weekday
from tasks.grammar.meaning import Meaning, Now, Role
from tasks.grammar.rules import Phrase

_WEEK = timedelta(days=7)
# A date without a year that is over since no longer than this is meant to be over.
_RECENTLY = timedelta(days=60)
_WEEKDAYS = ("weekday", "environment", "nominative", "wednesday", "short_weekday")
_WEDNESDAY = 2


def relative(phrase: Phrase, now: Now) -> Meaning:
    """«Завтра», "the day after tomorrow"."""
    days = int(phrase.one("relative", "relative_adjective") or 0) + phrase.has("day") * phrase.has("after")
    return Meaning(now.day + timedelta(days=days), role="past" if days < 0 else None)


def weekday(phrase: Phrase, now: Now) -> Meaning | None:
    """The next such day after the message's; in "this" week, in the "next" one, in the "last" one."""
    found = phrase.one(*_WEEKDAYS)
    if found == "dative" and phrase.one("until") != "by":
        return None
    number = found if isinstance(found, int) else _WEDNESDAY
    here = monday(now.day) + timedelta(days=number)
    if phrase.has("last"):
        return Meaning(here if here < now.day else here - _WEEK, role="past")
    if phrase.has("next") or phrase.has("that"):
        return Meaning(here + _WEEK)
    if phrase.has("this") and here >= now.day:
        return Meaning(here)
    return Meaning(next_weekday(now.day, number))


def month_day(phrase: Phrase, now: Now) -> Meaning:
    """«5 марта», "June 5th, 2026"."""
    return dated(_day_number(phrase), _month(phrase), _year(phrase), now)


def month_range(phrase: Phrase, now: Now) -> Meaning:
    """«С 10 по 14 июня»: where it begins; a deadline «до 10–12 июня» is over with its end."""
    first, last, *_ = (int(day) for day in phrase.all("small"))
    deadline = phrase.has("until")
    found = dated(last if deadline else first, _month(phrase), _year(phrase), now)
    return found if deadline or found.role else found._replace(role="span")


def month_number(phrase: Phrase, now: Now) -> Meaning:
    """«20-го», «к 20 числу», "the 20th": the next such day, today counts."""
    return Meaning(_next_number(_day_number(phrase), now.day))


def numeric(phrase: Phrase, now: Now) -> Meaning:
    """25.12, 25.12.2025, 2026-03-14; 6/5 is the sixth of May, 12/25 can only be December."""
    separator = phrase.line.classes[phrase.at("small") + 1 : phrase.at("small") + 2]
    numbers = [int(number) for number in phrase.all("small", "minutes", "hundreds", "year_number")]
    if phrase.at("year_number") >= 0 and numbers[0] > 31:
        year, month, day = numbers
        return dated(day, month, year, now)
    day, month = numbers[:2]
    if separator == "/" and month > 12 >= day:
        day, month = month, day
    years = [year + 2000 if year < 100 else year for year in numbers[2:]]
    return dated(day, month, years[0] if years else None, now)


def dated(day: int, month: int, year: int | None, now: Now) -> Meaning:
    """The nearest such date not before the message, or a past one; ValueError where there is none."""
    if year is not None:
        return Meaning(date(year, month, day), role=_gone(date(year, month, day), now))
    # The 29th of February is in one of eight years.
    for years in range(-1, 9):
        found = _in_year(now.day.year + years, month, day)
        if found and found >= now.day - _RECENTLY:
            return Meaning(found, role=_gone(found, now))
    raise ValueError(day, month)


def _in_year(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _gone(day: date, now: Now) -> Role | None:
    return "past" if day < now.day else None


def _day_number(phrase: Phrase) -> int:
    small = phrase.one("small")
    if small is not None:
        return int(small)
    return int(phrase.one("tens") or 0) + int(phrase.one("ordinal") or 0)


def _month(phrase: Phrase) -> int:
    return int(phrase.one("month", "short_month") or 0)


def _year(phrase: Phrase) -> int | None:
    year = phrase.one("year_number")
    return None if year is None else int(year)


def _next_number(number: int, day: date) -> date:
    if not 1 <= number <= 31:
        raise ValueError(number)
    first = day.replace(day=1)
    for months in range(3):
        start = add_months(first, months)
        found = _in_year(start.year, start.month, number)
        if found and found >= day:
            return found
    raise ValueError(number)
