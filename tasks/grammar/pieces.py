"""What a phrase adds to a text: its stretch, its meaning, and the part that its preposition gives it."""

from datetime import timedelta
from typing import NamedTuple

from tasks.grammar.meaning import Meaning, Role
from tasks.grammar.rules import Phrase

# Phrases that name a day of their own.
DAYS = {"relative", "weekday", "date", "number"}
_SORTS = {
    "relative": "relative",
    "weekday": "weekday",
    "month_day": "date",
    "month_range": "date",
    "holiday": "date",
    "numeric": "date",
    "month_number": "number",
    "no_later": "length",
    "offset": "length",
    "onward": "relative",
    "clock": "hour",
    "half_past": "hour",
    "part": "hour",
    "close": "hour",
    "weekend": "week",
    "habit": "habit",
    "limit": "limit",
}
_PERIODS = {"week": "week", "day": "relative", "month": "month", "short_month": "month"}
_ROLES: dict[str, Role] = {"since": "span", "from": "span", "of": "topic", "over": "topic", "instead": "topic"}
_ROLES |= dict.fromkeys(("until", "by", "toward", "within", "through"), "deadline")


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
    sort = _sort(phrase, meaning)
    if phrase.lead == "after" and sort in DAYS:
        meaning = meaning._replace(day=meaning.day + timedelta(days=1))
    role = meaning.role or _role(phrase, sort)
    # The point of a shortened word, and of a sentence that ends with one.
    end = phrase.end - (phrase.line.classes[phrase.end - 1] == ".")
    return Piece(phrase.start, end, sort, meaning, "point" if _is_move(phrase) else role, phrase.lead)


def _is_move(phrase: Phrase) -> bool:
    """«С 5 на 7 апреля»."""
    return phrase.rule in {"month_range", "month_number"} and phrase.lead == "since" and phrase.has("at")


def _sort(phrase: Phrase, meaning: Meaning) -> str:
    if phrase.rule in {"numeric", "no_later"} and meaning.at:
        return "hour"
    if phrase.rule == "part" and phrase.has("this", "last", "next", "tonight", "overnight"):
        return "relative"
    if phrase.rule == "period":
        if meaning.at or meaning.part:
            return "hour"
        return next((sort for name, sort in _PERIODS.items() if phrase.has(name)), "")
    return _SORTS.get(phrase.rule, "")


def _role(phrase: Phrase, sort: str) -> Role:
    if phrase.lead == "for" and phrase.rule in {"period", "quarter"}:
        return "topic"
    if sort == "hour" and phrase.lead in {"over", "since", "from"}:
        return "point"
    return _ROLES.get(phrase.lead, "point")
