"""Deadlines: the moment from which a task is overdue."""

from datetime import UTC, date, datetime, time
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from settings import Settings


class Hours(Protocol):
    """The business's own clock."""

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone."""

    @property
    def day_end(self) -> time:
        """When a working day is over."""


class OfficeHours(NamedTuple):
    """The same from the settings."""

    zone: ZoneInfo
    day_end: time


def office_hours(settings: Settings) -> OfficeHours:
    """The business's hours as they are set."""
    return OfficeHours(ZoneInfo(settings.timezone), settings.tasks.day_end)


def instant(day: date | None, at: time | None, hours: Hours) -> datetime | None:
    """The moment a task of that day and hour is overdue, in UTC; without an hour when the day's work is over."""
    if day is None:
        return None
    return datetime.combine(day, at or hours.day_end, hours.zone).astimezone(UTC)
