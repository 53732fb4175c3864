"""The office: the business's calendar as the settings tell it."""

from typing import get_args
from zoneinfo import ZoneInfo

from settings import Settings, Weekday
from tasks.calendar import Calendar

_WEEKDAYS = get_args(Weekday)


def calendar_of(settings: Settings) -> Calendar:
    """When the business works, by its own clock."""
    told = settings.tasks
    return Calendar(
        ZoneInfo(settings.timezone),
        frozenset(map(_WEEKDAYS.index, told.working_days)),
        frozenset(told.holidays),
        _WEEKDAYS.index(told.week_end),
        told.day_end,
    )
