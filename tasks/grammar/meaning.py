"""What a date phrase means: a day, how exact it is, and the part it plays."""

from datetime import date, datetime, time
from typing import Literal, NamedTuple

from tasks.calendar import Calendar

Precision = Literal["minute", "hour", "part", "day", "week", "month", "quarter", "year"]
Role = Literal["deadline", "point", "span", "past", "topic"]


class Now(NamedTuple):
    """The message's moment on the business's clock, and the business's calendar."""

    at: datetime
    calendar: Calendar

    @property
    def day(self) -> date:
        """The message's day."""
        return self.at.date()


class Meaning(NamedTuple):
    """A day, exact to `precision`; the role is the preposition's unless the words themselves tell it.

    `part` is the part of day that is named, "" if none is; a `loose` hour may be that of the morning or of the evening;
    what is `weak` is a date only beside another one, or alone.
    """

    day: date
    precision: Precision = "day"
    at: time | None = None
    role: Role | None = None
    part: str = ""
    loose: bool = False
    weak: bool = False
