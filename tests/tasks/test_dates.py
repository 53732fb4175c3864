"""Date phrases: what they come to, what is none, and what holds of any text."""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.dates import Calendar, When, find

_SAID: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))[
    "said"
]


def calendar_of(group: dict[str, Any]) -> Calendar:
    given = {"working": frozenset, "holidays": frozenset, "week_end": int}
    return Calendar(**{name: kind(group[name]) for name, kind in given.items() if name in group})


def cases(name: str) -> Iterator[tuple[Any, datetime, Calendar]]:
    for group in _SAID:
        for case in group.get(name, []):
            yield case, group["at"], calendar_of(group)


def told(when: When, want: str, year: int) -> str:
    """What was found, as the table writes it."""
    if want.startswith("- "):
        return f"- {when.role}"
    day = f"{when.date:%m-%d}" if when.date.year == year else f"{when.date:%Y-%m-%d}"
    return " ".join([day, *([f"{when.time:%H:%M}"] if when.time else []), when.role])


@pytest.mark.parametrize(("case", "at", "calendar"), cases("found"), ids=str)
def test_phrases_come_to_their_day(case: list[str], at: datetime, calendar: Calendar) -> None:
    text, *wanted = case
    found = find(text, at, calendar)
    padded = [*wanted, *[""] * len(found)]
    assert [told(when, want, at.year) for when, want in zip(found, padded, strict=False)] == wanted


@pytest.mark.parametrize(("text", "at", "calendar"), cases("never"), ids=str)
def test_what_is_no_date_becomes_none(text: str, at: datetime, calendar: Calendar) -> None:
    assert [when for when in find(text, at, calendar) if when.role not in {"past", "topic"}] == []
