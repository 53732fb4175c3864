"""Date phrases: what they come to, what is none, and what holds of any text."""

import re
import sys
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.dates import Calendar, When, find, shifted
from tasks.grammar.lexer import TABLES, VALUES
from tasks.grammar.rules import _RULES

_SAID: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))[
    "said"
]

_TUESDAY = datetime.fromisoformat("2026-03-10T12:00")
_WEEKLY = re.compile(
    r"понедел|вторник|сред|четверг|пятниц|суббот|воскрес|monday|tuesday|wednesday|thursday|friday|saturday|недел|week",
    re.IGNORECASE,
)

_DATED = re.compile(r"\d|восьмого|апрел|март|мая|month|месяц|april|march", re.IGNORECASE)


def calendar_of(group: dict[str, Any]) -> Calendar:
    given = {"working": frozenset, "holidays": frozenset, "week_end": int}
    return Calendar(**{name: kind(group[name]) for name, kind in given.items() if name in group})


def cases(name: str) -> list[tuple[Any, datetime, Calendar]]:
    return [(case, group["at"], calendar_of(group)) for group in _SAID for case in group.get(name, [])]


def named(name: str) -> list[str]:
    return [f"{at:%d.%m} {case if isinstance(case, str) else case[0]}" for case, at, _ in cases(name)]


def told(when: When, want: str, year: int) -> str:
    """What was found, as the table writes it."""
    if want.startswith("- "):
        return f"- {when.role}"
    day = f"{when.date:%m-%d}" if when.date.year == year else f"{when.date:%Y-%m-%d}"
    return " ".join([day, *([f"{when.time:%H:%M}"] if when.time else []), when.role])


@pytest.mark.parametrize(("case", "at", "calendar"), cases("found"), ids=named("found"))
def test_phrases_come_to_their_day(case: list[str], at: datetime, calendar: Calendar) -> None:
    text, *wanted = case
    found = find(text, at, calendar)
    padded = [*wanted, *[""] * len(found)]
    assert [told(when, want, at.year) for when, want in zip(found, padded, strict=False)] == wanted


@pytest.mark.parametrize(("case", "at", "calendar"), cases("found"), ids=named("found"))
def test_a_greeting_before_it_changes_nothing(case: list[str], at: datetime, calendar: Calendar) -> None:
    greeting = "Здравствуйте! "
    alone, greeted = find(case[0], at, calendar), find(greeting + case[0], at, calendar)
    shifted = [when._replace(start=when.start + len(greeting), end=when.end + len(greeting)) for when in alone]
    assert greeted == shifted


@pytest.mark.parametrize(("text", "at", "calendar"), cases("never"), ids=named("never"))
def test_what_is_no_date_becomes_none(text: str, at: datetime, calendar: Calendar) -> None:
    assert [when for when in find(text, at, calendar) if when.role not in {"past", "topic"}] == []


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("перенесите со среды на пятницу", 13),
        ("вместо вторника в четверг", 12),
        ("давайте в четверг вместо вторника", 12),
        ("не в среду, а в пятницу", 13),
        ("с 12-го на 19-е", 19),
        ("can we move it from Tuesday to Thursday?", 12),
        ("Friday instead of Thursday", 13),
    ],
)
def test_a_moved_date_is_the_new_one(text: str, day: int) -> None:
    (found,) = (when for when in find(text, _TUESDAY, Calendar()) if when.role != "topic")
    assert (found.date.day, found.role) == (day, "point")


@pytest.mark.parametrize(
    ("text", "day", "phrase"),
    [
        ("сдвиньте на денёк позже", 11, "на денёк позже"),
        ("по генератору давайте неделей позже", 17, "неделей позже"),
        ("давайте на два дня раньше", 8, "на два дня раньше"),
        ("перенесите запись на три дня", 13, "на три дня"),
        ("push them back two days", 12, "back two days"),
        ("could we make it a week later?", 17, "a week later"),
        ("can you bring it forward by two days", 8, "by two days"),
        ("отложим на месяц", 10, "на месяц"),
    ],
)
def test_a_shift_counts_from_the_day_that_is_known(text: str, day: int, phrase: str) -> None:
    found = shifted(text, _TUESDAY.date(), Calendar())
    assert found is not None
    assert (found.date.day, found.phrase) == (day, phrase)


@pytest.mark.parametrize(
    "text",
    ["перенесите на среду", "напишу позже", "жду два дня", "сдвиньте на час", "back in two days", "на 3000 лет раньше"],
)
def test_what_is_no_length_of_days_shifts_nothing(text: str) -> None:
    assert shifted(text, _TUESDAY.date(), Calendar()) is None


@pytest.mark.parametrize(("text", "day"), [("на день позже", date.max), ("сдвиньте на день раньше", date.min)])
def test_beyond_the_last_day_nothing_moves(text: str, day: date) -> None:
    assert shifted(text, day, Calendar()) is None


def test_a_moment_with_a_zone_is_the_business_s_own() -> None:
    late = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
    assert find("завтра", late, Calendar())[0].date == date(2026, 3, 12)
    assert find("завтра", late, Calendar(zone=ZoneInfo("America/New_York")))[0].date == date(2026, 3, 11)


def test_the_day_ends_when_the_business_says() -> None:
    found = find("до конца дня", _TUESDAY, Calendar(day_end=time(20, 30)))
    assert found[0].time == time(20, 30)


def test_a_calendar_without_working_days_counts_every_day() -> None:
    assert find("через 3 рабочих дня", _TUESDAY, Calendar(working=frozenset()))[0].date == date(2026, 3, 13)


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("через 20 минут", "minute"),
        ("до 18:00", "minute"),
        ("к шести", "hour"),
        ("завтра вечером", "part"),
        ("до обеда", "part"),
        ("к пятнице", "day"),
        ("до конца недели", "day"),
        ("на следующей неделе", "week"),
        ("в мае", "month"),
        ("в следующем квартале", "quarter"),
        ("в следующем году", "year"),
    ],
)
def test_the_words_say_how_exact_they_are(text: str, precision: str) -> None:
    assert [when.precision for when in find(text, _TUESDAY, Calendar())] == [precision]


def test_every_word_has_one_class() -> None:
    words = [word for table in TABLES.values() for forms in table.values() for word in forms.split()]
    assert len(words) == len(set(words))


def test_no_misspelling_is_another_word_of_the_tables() -> None:
    """What is written right means what it says: «четверть» is no Thursday."""
    assert all(
        VALUES[word] == meaning
        for table in TABLES.values()
        for meaning, forms in table.items()
        for word in forms.split()
    )


def test_a_phrase_is_where_it_says_it_is() -> None:
    text = "İ👍 Жду\xa0отчёт «до пятницы», ок?"
    (found,) = find(text, _TUESDAY, Calendar())
    assert (found.phrase, found.precision, text[found.start : found.end]) == ("до пятницы", "day", "до пятницы")


_PIECES = st.sampled_from(
    [word for table in TABLES.values() for forms in table.values() for word in forms.split()]
    + [*"0123456789.,:/-–()!?\n ", "31", "2028", "99999999999", "31.02", "25.12.2025", "9999", "'s", "£", "👍", "İ"]
)
_TEXTS = st.text() | st.lists(_PIECES).map(" ".join) | st.lists(_PIECES).map("".join)
_MOMENTS = st.datetimes() | st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("Asia/Kamchatka")]))
_CALENDARS = st.builds(
    Calendar,
    working=st.frozensets(st.integers(0, 6)),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 2, 1)), max_size=9),
    week_end=st.integers(0, 6),
)


@given(_TEXTS, _MOMENTS, _CALENDARS)
def test_any_text_can_be_read(text: str, at: datetime, calendar: Calendar) -> None:
    found = find(text, at, calendar)
    assert all(when.phrase == text[when.start : when.end] != "" for when in found)
    assert all(left.end <= right.start for left, right in pairwise(found))
    assert all(when.role in {"past", "topic"} or when.date >= calendar.local(at).date() for when in found)
    assert found == find(text, at, calendar)
    shifted(text, at.date(), calendar)


@given(st.sampled_from([case for case, at, _ in cases("found") if at == _TUESDAY]), st.integers(-50, 50))
def test_weekdays_move_with_the_week(case: list[str], weeks: int) -> None:
    """The same words a week later mean the same weekday a week later."""
    assume(_WEEKLY.search(case[0]) and not _DATED.search(case[0]))
    shift = timedelta(weeks=weeks)
    before, after = (find(case[0], at, Calendar()) for at in (_TUESDAY, _TUESDAY + shift))
    assert [when.date + shift for when in before] == [when.date for when in after]


_ENDLESS = ["до ", "с 1 по 2 ", "1.1.", "в среду, ", "с понедельника ", "через 2 ", "5-го ", "9", " ", "пн-", "а "]
_ENDLESS += ["не в среду, а ", "в январе купил ", "Пятница ", "вместо среды в ", "in an hour or ", "утром ", "1 2 3 "]


def steps(text: str) -> int:
    """How many calls it takes to read a text."""
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(step)
    try:
        find(text, _TUESDAY, Calendar())
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("text", _ENDLESS)
def test_a_text_four_times_as_long_takes_four_times_the_steps(text: str) -> None:
    short, long = (steps(text * times) for times in (200, 800))
    assert long < 4.2 * short + 500


def test_no_rule_repeats_anything_without_end() -> None:
    """So none can look longer at a place than its own length."""
    assert not re.search(r"[*+]|\{\d*,\}", _RULES.pattern)


@pytest.mark.parametrize("text", _ENDLESS)
def test_a_long_text_is_no_other_than_a_short_one(text: str) -> None:
    """What is found at a text's beginning does not hang on how much follows."""
    short, long = (find(text * times, _TUESDAY, Calendar()) for times in (50, 5000))
    assert [when.start for when in short[:10]] == [when.start for when in long[:10]]
