"""The business's calendar: its zone, its working days, and counting in days, weeks and months."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SATURDAY = 5
_MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True)
class Calendar:
    """When the business works; weekdays are numbered from Monday, 0."""

    zone: ZoneInfo = _MOSCOW
    working: frozenset[int] = frozenset(range(5))
    # Days off beside those of the week.
    holidays: frozenset[date] = frozenset()
    # The weekday on which a working week ends.
    week_end: int = 4
    day_end: time = time(18)

    def local(self, at: datetime) -> datetime:
        """The moment on the business's own clock, without a zone; a naive one is taken to be that already."""
        return at if at.tzinfo is None else at.astimezone(self.zone).replace(tzinfo=None)

    def works(self, day: date) -> bool:
        """Whether work is done on that day; a calendar without any working weekday has no days off at all."""
        return not self.working or (day.weekday() in self.working and day not in self.holidays)

    def workday(self, day: date, count: int) -> date:
        """The working day that is `count` of them after a day; OverflowError past the year 9999."""
        while count > 0:
            day += _DAY
            count -= self.works(day)
        return day

    def first_workday(self, day: date) -> date:
        """The day itself if work is done on it, else the next one that is worked."""
        return self.workday(day - _DAY, 1)

    def end_of_week(self, day: date) -> date:
        """The day a week's work is due: its last working weekday, or its Sunday once that one is over."""
        end = monday(day) + timedelta(days=self.week_end)
        return end if day <= end else monday(day) + timedelta(days=6)


def monday(day: date) -> date:
    """The Monday of a day's calendar week."""
    return day - timedelta(days=day.weekday())


def next_weekday(day: date, weekday: int) -> date:
    """The first such weekday after a day, never the day itself."""
    return day + timedelta(days=(weekday - day.weekday() - 1) % 7 + 1)


def coming_sunday(day: date) -> date:
    """The end of the weekend that is on or comes next."""
    return monday(day) + timedelta(days=6)


def before_weekend(day: date, calendar: Calendar) -> date:
    """The last day of work before the next weekend begins."""
    start = day if day.weekday() < _SATURDAY else monday(day) + timedelta(days=7)
    return calendar.end_of_week(start)


def add_months(day: date, months: int) -> date:
    """The same day of a later (or earlier) month, or that month's last day; ValueError out of years 1 to 9999."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])
