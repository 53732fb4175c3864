"""Phrases that name a day: relative ones, weekdays, dates."""

from datetime import date, timedelta

from tasks.calendar import add_months, monday, next_weekday
from tasks.grammar.clock import hour_of, is_dotted_hour
from tasks.grammar.guards import (
    is_environment,
    is_feast,
    is_latin,
    is_measured,
    is_noun_next,
    is_now,
    is_numbered,
    is_owner,
    is_quantity,
    is_street,
    is_verb,
    is_version,
    is_wish,
)
from tasks.grammar.lexer import CLASS
from tasks.grammar.meaning import Meaning, Now, Role
from tasks.grammar.rules import WEEKDAYS, Phrase

_WEEK = timedelta(days=7)
# A date without a year that is over since no longer than this is meant to be over.
_RECENTLY = timedelta(days=60)
# Forms that are weekdays only behind a preposition or beside another phrase.
_FORMS = ("weekday_form", "environment", "nominative", "short_weekday")
# Behind these two numbers are more often something else.
_NO_DATE_LEADS = {"", "in", "over"}
# How many years ahead the last two digits of one may mean.
_AHEAD = 7
# «Двадцатого» is hardly said of anything but days, nor «двенадцатого» where nothing follows in its clause.
_PERHAPS_A_DAY, _SURELY_A_DAY = 10, 20
_DAY_LEADS = {"until", "by", "toward", "within", "through", "since", "after", "not before", "onto"}
_DATE_LEADS = {"until", "by", "toward", "since", "from", "on", "to", "through", "of"}
_DEADLINES = {"until", "by", "toward", "within", "through"}


def relative(phrase: Phrase, now: Now) -> Meaning | None:
    """«Завтра», "the day after tomorrow"; "tomorrow's" is of something."""
    days = int(phrase.one("relative", "relative_adjective") or 0) + phrase.has("after") * phrase.has("day")
    # «На завтрашней планёрке»; without a preposition it is only said which one.
    about = is_owner(phrase) or (
        not phrase.lead and phrase.has("relative_adjective") and not phrase.has("day", "daytime")
    )
    role: Role | None = "past" if days < 0 else "topic" if about else None
    return Meaning(now.day + timedelta(days=days), role=role)


def weekday(phrase: Phrase, now: Now) -> Meaning | None:
    """The next such day after the message's; in "this" week, in the "next" one, in the "last" one."""
    if phrase.has("weekday_adjective"):
        return _of_weekday(phrase, now)
    if _is_no_weekday(phrase):
        return None
    number = int(phrase.one(*WEEKDAYS) or 0)
    here = monday(now.day) + timedelta(days=number)
    weak = not phrase.lead and phrase.has(*_FORMS)
    if phrase.has("last", "past"):
        return Meaning(here if here < now.day else here - _WEEK, role="past")
    if phrase.has("next", "that"):
        return Meaning(here + _WEEK * (2 if phrase.has("after") else 1))
    if phrase.has("this") and here >= now.day:
        return Meaning(here, weak=weak)
    role: Role | None = "topic" if is_now(phrase) or is_owner(phrase) else None
    week_later = phrase.word(phrase.end - 1) == "week"
    return Meaning(next_weekday(now.day, number) + _WEEK * week_later, role=role, weak=weak)


def _is_no_weekday(phrase: Phrase) -> bool:
    """An environment («в тестовой среде»), or a Friday that somebody is wished, or that is black."""
    if phrase.has("environment_form") and phrase.lead != "toward":
        return True
    return (phrase.has("environment") and is_environment(phrase)) or (not phrase.lead and is_wish(phrase))


def _of_weekday(phrase: Phrase, now: Now) -> Meaning:
    """«На пятничную репетицию»; without a preposition it is only said which one."""
    day = next_weekday(now.day, int(phrase.one("weekday_adjective") or 0))
    return Meaning(day, role=None if phrase.lead in {"onto", "toward", "until"} else "topic")


def month_day(phrase: Phrase, now: Now) -> Meaning | None:
    """«5 марта», "June 5th, 2026"; «улица 8 Марта» is a street."""
    if is_street(phrase) or is_measured(phrase) or is_verb(phrase):
        return None
    found = dated(_day_number(phrase), _month(phrase), _year(phrase, now), now)
    return found._replace(role="topic") if is_feast(phrase) or is_now(phrase) else found


def month_range(phrase: Phrase, now: Now) -> Meaning:
    """«С 10 по 14 июня»: where it begins; a deadline «до 10–12 июня» is over with its end."""
    first, last, *_ = (int(day) for day in phrase.all("small"))
    if is_onto(phrase):
        return dated(last, _month(phrase), _year(phrase, now), now)
    deadline = phrase.lead in _DEADLINES
    found = dated(last if deadline else first, _month(phrase), _year(phrase, now), now)
    return found if deadline or found.role else found._replace(role="span")


def is_onto(phrase: Phrase) -> bool:
    """«С 5 на 7 апреля»; «180 на 40» are no days at all, says a ValueError."""
    place = phrase.line.classes.find(CLASS["at"], phrase.start + 1, phrase.end)
    if place >= 0 and (phrase.lead != "since" or phrase.word(place) != "на"):
        raise ValueError(phrase.word(place))
    return place >= 0


def month_number(phrase: Phrase, now: Now) -> Meaning | None:
    """«20-го», «к 20 числу», "the 20th": the next such day, today counts."""
    numbers = [int(number) for number in phrase.all("small")]
    if len(numbers) > 1 and not phrase.has("suffix", "number") and phrase.lead != "since":
        return None
    if not phrase.has("number") and is_noun_next(phrase):
        return None
    spelt = phrase.has("ordinal", "ordinal_english") and not phrase.has("number", "month_unit")
    if spelt and not _is_told(phrase):
        return None
    if len(numbers) > 1 and phrase.lead not in _DEADLINES and not is_onto(phrase):
        return Meaning(next_number(numbers[0], now.day), role="span")
    number = numbers[-1] if numbers else _day_number(phrase)
    next_month = phrase.has("month_unit") and phrase.has("next")
    start = add_months(now.day.replace(day=1), 1) if next_month else now.day
    weak = spelt and not phrase.lead and (number < _PERHAPS_A_DAY or (number < _SURELY_A_DAY and not _ends(phrase)))
    return Meaning(next_number(number, start), role="topic" if is_now(phrase) else None, weak=weak)


def _ends(phrase: Phrase) -> bool:
    """Whether a sign or nothing stands behind it, and nobody is spoken of: not «у двенадцатого»."""
    behind = phrase.word(phrase.end)
    before = phrase.word(phrase.start - 2)
    return not behind[:1].isalnum() and behind != " " and before not in {"у", "для", "из", "от", "без"}


def _is_told(phrase: Phrase) -> bool:
    """Whether a numeral in words can be a day: «до пятого», «восьмого», but not «первое» or "the second time"."""
    if phrase.has("ordinal_english"):
        return False
    return phrase.lead in _DAY_LEADS or (phrase.lead == "" and phrase.word(phrase.end - 1).endswith("го"))


def numeric(phrase: Phrase, now: Now) -> Meaning | None:
    """25.12, 25.12.2025, 2026-03-14; 6/5 is the sixth of May, 12/25 can only be December; «до 18.30» is an hour."""
    words = [word for word in phrase.line.words[phrase.start : phrase.end] if not word.isspace() and not word.isalpha()]
    numbers = [int(word) for word in words[::2]]
    if len(words) == 3 and words[1] == "." and is_version(phrase):
        return None
    if len(words) == 3 and words[1] == "." and is_dotted_hour(phrase, words[2]):
        return hour_of(phrase, now, *numbers)
    if is_measured(phrase) or (phrase.lead in _NO_DATE_LEADS and is_numbered(phrase)):
        return None
    if not (_is_date(phrase, *words) if len(words) == 3 else len(words[4]) in {2, 4}):
        return None
    if numbers[0] > 31:
        return dated(numbers[2], numbers[1], numbers[0], now)
    day, month = numbers[:2]
    if words[1] == "/" and month > 12 >= day:
        day, month = month, day
    return dated(day, month, _full_year(numbers[2], now) if len(numbers) > 2 else None, now)


def _is_date(phrase: Phrase, first: str, separator: str, second: str) -> bool:
    """Whether two numbers are day and month: 4.12 may be a version, 2/3 a part, 24/7 is always."""
    two_digits = len(first) == len(second) == 2
    if separator == ".":
        told = bool(phrase.lead) and not phrase.english and not is_quantity(phrase)
        return told or (two_digits and not is_latin(phrase))
    if {int(first), int(second)} == {24, 7}:
        return False
    return phrase.lead in _DATE_LEADS or (two_digits and max(int(first), int(second)) > 12)


def _full_year(year: int, now: Now) -> int:
    """Of a year's last two digits: hardly anybody means more than a few years ahead."""
    if year >= 100:
        return year
    return year + (2000 if year + 2000 <= now.day.year + _AHEAD else 1900)


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


def next_number(number: int, day: date) -> date:
    """The next day of a month with that number, from a day on; ValueError where there is none."""
    if not 1 <= number <= 31:
        raise ValueError(number)
    first = day.replace(day=1)
    for months in range(3):
        start = add_months(first, months)
        found = _in_year(start.year, start.month, number)
        if found and found >= day:
            return found
    raise ValueError(number)


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
    return int(phrase.one("tens") or 0) + int(phrase.one("ordinal", "ordinal_english") or 0)


def _month(phrase: Phrase) -> int:
    return int(phrase.one("month", "short_month") or 0)


def _year(phrase: Phrase, now: Now) -> int | None:
    """The year that is named: by its number, or as the next one."""
    if phrase.has("year_number"):
        return int(phrase.one("year_number") or 0)
    if not phrase.has("year"):
        return None
    return now.day.year + phrase.has("next") - phrase.has("last")
