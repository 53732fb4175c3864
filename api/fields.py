"""Fields of requests: checked, and cleaned once, at the border."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from connectors.text import clean_email, clean_name, clean_text
from storage.pages import MOST

_LARGEST = 2**63 - 1
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TEXT, _SEARCH, _CURSOR = 65_536, 200, 200
LARGEST_FILE_LIST = 50


def _cleaned(value: Any) -> Any:
    return clean_text(value) if isinstance(value, str) else value


def _named(value: Any) -> Any:
    return clean_name(value) if isinstance(value, str) else value


def _titled(value: Any) -> Any:
    return clean_name(value, _TEXT) if isinstance(value, str) else value


def _mailed(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        return "" if value == "" or isinstance(value, str) else value
    cleaned = clean_email(clean_text(value))
    if not cleaned:
        raise ValueError("this is no e-mail address")
    return cleaned


def _dated(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("give a day as text, such as 2026-01-31")
    return value


def _written(value: Any) -> Any:
    if not isinstance(value, str | datetime):
        raise ValueError("give a time as text, such as 2026-01-31T09:00:00Z")
    return value


Text = Annotated[str, BeforeValidator(_cleaned), StringConstraints(max_length=_TEXT)]
Name = Annotated[str, BeforeValidator(_named), StringConstraints(min_length=1, max_length=200)]
# A line that is refused, not cut, where it is too long.
Title = Annotated[str, BeforeValidator(_titled), StringConstraints(min_length=1, max_length=200)]
# A name that may be taken away.
BlankName = Annotated[str, BeforeValidator(_named), StringConstraints(max_length=200)]
Email = Annotated[str, BeforeValidator(_mailed)]
Signature = Annotated[str, BeforeValidator(_cleaned), StringConstraints(strip_whitespace=True, max_length=5000)]
Search = Annotated[str, BeforeValidator(_cleaned), StringConstraints(max_length=_SEARCH)]
Id = Annotated[int, Field(strict=True, ge=1, le=_LARGEST)]
# An arrival number, or a message's id given for it.
Seq = Annotated[int, Field(strict=True, ge=0, le=_LARGEST)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
Day = Annotated[date, BeforeValidator(_dated)]
Hour = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
FileId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
FileIds = Annotated[list[FileId], Field(max_length=LARGEST_FILE_LIST)]
# In paths and queries numbers come as text.
PathId = Annotated[int, Path(ge=1, le=_LARGEST)]
QueryId = Annotated[int, Field(ge=0, le=_LARGEST)]


class Body(BaseModel):
    """A request's body; keys it does not know are refused."""

    model_config = ConfigDict(extra="forbid")


class Listing(BaseModel):
    """What every list takes; a filter it does not know is refused, for ignoring it would show too much."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: Annotated[str, BeforeValidator(_cleaned), StringConstraints(max_length=_CURSOR)] | None = None

    @property
    def page(self) -> tuple[int, str | None]:
        """(limit, cursor)."""
        return self.limit, self.cursor
