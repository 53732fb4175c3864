"""What a phrase adds to a text: its stretch, its meaning, and the part that its preposition gives it."""

from typing import NamedTuple

from tasks.grammar.meaning import Meaning, Role
from tasks.grammar.rules import Phrase

DAYS = {"relative", "weekday", "date"}
_SORTS = {
    "relative": "relative",
    "weekday": "weekday",
    "month_day": "date",
    "month_range": "date",
    "numeric": "date",
    "month_number": "date",
    "offset": "length",
    "later": "length",
    "clock": "hour",
    "part": "hour",
    "close": "hour",
    "period": "period",
}
_ROLES: dict[str, Role] = {"until": "deadline", "by": "deadline", "since": "span", "of": "topic", "for": "topic"}
_LEADS = ("until", "since", "of", "for", "instead", "through", "at", "after")


class Piece(NamedTuple):
    """A phrase, or several that are one; `start` and `end` count tokens, `lead` is its preposition's meaning."""

    start: int
    end: int
    sort: str
    meaning: Meaning
    role: Role
    lead: str


def piece_of(phrase: Phrase, meaning: Meaning) -> Piece:
    """A phrase by itself."""
    lead = str(phrase.one(*_LEADS) or "")
    if phrase.has("later") and phrase.has("not"):
        lead = "until"
    sort = _SORTS.get(phrase.rule, "")
    if sort == "period":
        # The day's end is an hour; weeks can be told a weekday of, months can not.
        sort = "hour" if meaning.at else "week" if phrase.has("week") or phrase.has("weekend") else ""
    return Piece(phrase.start, phrase.end, sort, meaning, meaning.role or _ROLES.get(lead, "point"), lead)
