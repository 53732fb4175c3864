"""Phrases of the hour and the part of the day."""

from datetime import time, timedelta

from tasks.grammar.guards import is_bare_hour, is_led, is_measured, is_now, is_numbered, is_owner, is_version, is_wish
from tasks.grammar.meaning import Meaning, Now, Role
from tasks.grammar.rules import Phrase

_DAY = timedelta(days=1)
# Words that say that a number is an hour, and those of them that say of which half of the day.
_TOLD = ("meridiem", "letter_m", "morning", "afternoon", "evening", "night", "day")
_NAMED = (*_TOLD, "letter_o")
_LEADS = {"until", "by", "toward", "at", "since", "from", "after", "not before", "through", "to"}
_PARTS = ("morning", "daytime", "noon", "lunch", "afternoon", "evening", "night", "midnight")
# When a part of day is over, and the hour that ends what is to be done "until" it.
_OVER = {"morning": time(11, 59), "daytime": time(18), "lunch": time(15), "noon": time(12), "afternoon": time(18)}
_ENDS = {"lunch": time(13), "noon": time(12), "midnight": time(23, 59)}
_NO_PART_LEADS = {"for", "over", "through", "in", "of"}
_LATE = {"daytime", "afternoon", "lunch", "evening", "night", "day"}


def clock(phrase: Phrase, now: Now) -> Meaning | None:
    """«До 18:00», «к шести», «в три часа дня», "by 5pm"."""
    separator = _separator(phrase)
    numbers = [int(number) for number in phrase.all("small", "minutes", "cardinal")]
    if is_measured(phrase) or not _is_part_of_day(phrase) or (separator == "." and is_version(phrase)):
        return None
    if phrase.has("and") or (phrase.has("to") and len(numbers) > 1) or (separator == "-" and not _is_exact(phrase)):
        return _hours(phrase, now, *numbers[:2])
    if not (_is_exact(phrase) if separator else _is_hour(phrase)):
        return None
    hour, minute = [*numbers, 0][:2] if numbers else (1, 0)
    return hour_of(phrase, now, hour, minute)


def _hours(phrase: Phrase, now: Now, first: int, last: int) -> Meaning | None:
    """«Завтра 10–12», "5-6pm": from the first hour on, a deadline until the last."""
    if not first < last <= 24 or not (phrase.has(*_NAMED) or is_bare_hour(phrase)):
        return None
    if phrase.has("and") and phrase.lead != "from":
        return None
    found = hour_of(phrase, now, last if phrase.lead in {"until", "by", "toward"} else first, 0)
    return found and found._replace(precision="hour")


def hour_of(phrase: Phrase, now: Now, hour: int, minute: int) -> Meaning | None:
    """An hour as its phrase means it: of the morning or the evening, sure of itself or not."""
    if hour > 24 or minute > 59:
        return None
    exact = _separator(phrase) != "" or minute > 0
    told = phrase.has(*_TOLD)
    # «В 7:30» is what the clock shows, "at 7:30" what people say.
    plain = (exact and not phrase.english) or phrase.word(phrase.at("small")).startswith("0")
    loose = not told and not plain and 1 <= hour <= (7 if phrase.lead in {"since", "from"} else 11)
    at = time(23, 59) if hour == 24 else time(_on_24(hour, phrase, loose), minute)
    sure = phrase.lead in _LEADS - {"to", "through"} or (exact and phrase.lead in {"onto", "to", "through"})
    weak = not told and not sure
    role: Role | None = "topic" if is_now(phrase) else None
    return Meaning(now.day, "minute" if exact else "hour", at, role, loose=loose, weak=weak)


def half_past(phrase: Phrase, now: Now) -> Meaning | None:
    """«Полседьмого», «без четверти шесть», "half past four"."""
    numbers = [int(number) for number in phrase.all("to_half", "small", "cardinal", "tens", "ordinal")]
    if phrase.has("half") and not phrase.has("past", "ordinal") and not (phrase.lead and phrase.english):
        return None
    minutes = 15 if phrase.has("quarter", "quarter_hour") else 30
    if phrase.has("without"):
        minutes = -15 if phrase.has("quarter_hour") else -numbers.pop(0)
    elif phrase.has("to"):
        minutes = -15
    hour = numbers[-1] - phrase.has("ordinal")
    if not 0 <= hour <= 12:
        return None
    start = (hour * 60 + minutes) % 720
    return Meaning(now.day, "minute", time(start // 60 + (12 if start < 480 else 0), start % 60), loose=True)


def part(phrase: Phrase, now: Now) -> Meaning | None:
    """«Утром», «к вечеру», «до обеда», "tonight"."""
    if phrase.has("tonight"):
        return Meaning(now.day, "part", part="evening")
    if phrase.has("overnight"):
        return Meaning(now.day + _DAY, "part")
    if is_wish(phrase) or is_owner(phrase) or (not phrase.lead and is_led(phrase)):
        return None
    return _part(next(name for name in _PARTS if phrase.has(name)), phrase, now)


def _part(name: str, phrase: Phrase, now: Now) -> Meaning | None:
    if phrase.has("last"):
        return Meaning(now.day - _DAY, "part", role="past")
    if phrase.has("next"):
        return Meaning(now.day + _DAY, "part", part=name)
    if phrase.has("this"):
        gone = name == "morning" and now.at.time() > _OVER[name]
        return Meaning(now.day, "part", part=name, role="past" if gone else None)
    until = phrase.lead in {"until", "by", "toward"}
    at = _ENDS.get(name) if until or name in {"noon", "midnight"} else None
    weak = not phrase.lead and phrase.one(name) != "alone" and at is None
    if phrase.lead in _NO_PART_LEADS and not (phrase.lead == "in" and phrase.has("article")):
        return None
    if phrase.lead and (name == "daytime" or (name == "night" and phrase.lead == "at" and phrase.english)):
        return None
    return Meaning(now.day, "part", at, part=name, weak=weak)


def over(meaning: Meaning, lead: str) -> time:
    """The hour from which a part of day means the next day's."""
    if lead in {"until", "by", "toward"} and meaning.part == "morning":
        return time(7)
    return meaning.at or _OVER.get(meaning.part, time.max)


def in_part(at: time, part_of_day: str, loose: bool) -> time:
    """An hour in a part of day: eight in the evening is 20:00, whatever eight is elsewhere."""
    if part_of_day in _LATE and at.hour < 12 and not (part_of_day == "night" and at.hour < 5):
        return at.replace(hour=at.hour + 12)
    if part_of_day == "morning" and loose and at.hour > 12:
        return at.replace(hour=at.hour - 12)
    return at


def is_dotted_hour(phrase: Phrase, minutes: str) -> bool:
    """Whether two numbers with a point between them are an hour: «в 12.05», «до 18.30», but not «до 12.05»."""
    if len(minutes) != 2 or phrase.lead not in _LEADS:
        return False
    return phrase.lead == "at" or not 1 <= int(minutes) <= 12


def _separator(phrase: Phrase) -> str:
    place = phrase.at("small") + 1
    sign = phrase.line.classes[place : min(place + 1, phrase.end)] if place else ""
    return sign if sign and sign in ":.-" and phrase.line.classes[place + 1 : place + 2].isalpha() else ""


def _is_exact(phrase: Phrase) -> bool:
    """18:00; 18-00 and 18.00 only behind a preposition, for else they are scores and sums."""
    place = phrase.at("small") + 2
    minutes = phrase.word(place)
    if len(minutes) != 2 or int(minutes) > 59:
        return False
    step = 5 if phrase.lead in _LEADS else 15
    return phrase.line.classes[place - 1] == ":" or (int(minutes) % step == 0 and not is_numbered(phrase))


def _is_hour(phrase: Phrase) -> bool:
    if phrase.has(*_NAMED):
        return True
    if phrase.lead not in _LEADS and not phrase.has("hour"):
        return False
    counted = phrase.has("hour") and phrase.has("small", "cardinal")
    return counted or (phrase.one("cardinal") != 1 and is_bare_hour(phrase))


def _is_part_of_day(phrase: Phrase) -> bool:
    """«В 2 дня», «к 2 ночи» are hours; «2 дня», «на 2 ночи» are so many."""
    if not phrase.has("day", "night"):
        return True
    if phrase.has("day") and phrase.word(phrase.end - 1) != "дня":
        return False
    return phrase.lead in _LEADS or phrase.has("hour")


def _on_24(hour: int, phrase: Phrase, loose: bool) -> int:
    if phrase.has("meridiem", "letter_m"):
        return hour % 12 + 12 * (phrase.one("meridiem", "letter_p") == "pm")
    if phrase.has("morning", "night"):
        return hour % 12 + 12 * (phrase.has("night") and 9 <= hour < 12) if hour <= 12 else hour % 24
    if phrase.has("evening", "afternoon", "day"):
        return hour + 12 if hour < 12 else hour % 24
    return hour + 12 if loose and hour <= 7 else hour % 24
