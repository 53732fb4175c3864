"""Phrases of the hour and the part of the day."""

from datetime import date, time, timedelta

from tasks.grammar.meaning import Meaning, Now
from tasks.grammar.rules import Phrase

_DAY = timedelta(days=1)
# What may stand behind a bare hour; any other word is what there are so many of.
_PARTS = ("morning", "afternoon", "evening", "night", "tonight", "overnight", "noon", "lunch", "midnight")


def clock(phrase: Phrase, now: Now) -> Meaning | None:
    """«До 18:00», «к шести», «в три часа дня», "by 5pm"; the day is the next one when the hour is over."""
    numbers = [int(number) for number in phrase.all("small", "minutes", "cardinal")]
    hour, minute = [*numbers, 0, 0][:2] if numbers else (1, 0)
    exact = len(numbers) > 1
    if not exact and not _hour_follows(phrase):
        return None
    hour = _on_24(hour, phrase, exact)
    at = time(hour % 24, minute)
    return Meaning(_next(at, now), "minute" if exact else "hour", at)


def part(phrase: Phrase, now: Now) -> Meaning:
    """«Утром», «к вечеру», «до обеда», "tonight"."""
    name = next(name for name in _PARTS if phrase.has(name))
    ends = {"lunch": time(13), "noon": time(12), "midnight": time(23, 59)}
    over = {"morning": time(12), "lunch": time(15), "noon": time(12), "afternoon": time(18)}
    until = phrase.one("until")
    at = ends.get(name) if until or name in {"noon", "midnight"} else None
    if name == "overnight" or (name == "night" and not until and now.at.time() >= time(6)):
        return Meaning(now.day + _DAY, "part")
    limit = at or over.get(name, time.max)
    if until and name == "morning":
        limit = time(7)
    return Meaning(now.day if now.at.time() <= limit else now.day + _DAY, "part", at)


def _hour_follows(phrase: Phrase) -> bool:
    if phrase.one("until", "at", "after", "since") is None:
        return False
    return any(phrase.has(name) for name in ("hour", "meridiem", "morning", "evening", "night", "day")) or _is_last(
        phrase
    )


def _is_last(phrase: Phrase) -> bool:
    following = phrase.line.classes[phrase.end : phrase.end + 2]
    return not following.startswith(" ") or following[1:] not in {"x", "n"}


def _on_24(hour: int, phrase: Phrase, exact: bool) -> int:
    if phrase.has("morning") or phrase.one("meridiem") == "am" or phrase.has("night"):
        return hour % 12 if hour == 12 else hour
    if phrase.has("evening") or phrase.has("day") or phrase.one("meridiem") == "pm":
        return hour + 12 if hour < 12 else hour
    return hour + 12 if 1 <= hour <= 7 and not exact else hour


def _next(at: time, now: Now) -> date:
    return now.day if at >= now.at.time() else now.day + _DAY
