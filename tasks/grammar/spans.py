"""Phrases of lengths: «через неделю», «в течение трёх рабочих дней», «месяц назад», "for three days"."""

from datetime import datetime, timedelta

from tasks.calendar import add_months, next_weekday
from tasks.grammar.clock import clock
from tasks.grammar.guards import is_document, is_event_next
from tasks.grammar.meaning import Meaning, Now
from tasks.grammar.periods import period
from tasks.grammar.rules import WEEKDAYS, Phrase

_MOST_WORKDAYS = 100
_COUNTS = ("small", "minutes", "hundreds", "cardinal", "couple", "tens", "one_half", "a")
# How many months each has.
_MONTHS = {"half_year": 6, "month_unit": 1, "quarter": 3, "year": 12}


def offset(phrase: Phrase, now: Now) -> Meaning | None:
    """«Через неделю», "within 3 business days"; of «2–3 дня» the later, for only then the time is over."""
    counted = phrase.has(*_COUNTS)
    if phrase.has("last", "past"):
        return Meaning(now.day, role="past")
    if phrase.has("for") and phrase.lead == "for":
        return Meaning(now.day, role="topic")
    if not counted and phrase.has("this", "next", "article") and phrase.has("week", "month_unit", "quarter", "year"):
        found = period(phrase, now) if phrase.lead == "within" else None
        return found and found._replace(role="deadline")
    if not counted and not phrase.has("fortnight", "half", "half_hour", "half_year", "article") and phrase.english:
        return None
    found = after(phrase, now)
    if found is None:
        return None
    within = phrase.lead in {"within", "until", "by"} or phrase.has("next", "nearest", "for", "span_adjective")
    return found._replace(role="topic" if is_event_next(phrase) else "deadline" if within else "point")


def no_later(phrase: Phrase, now: Now) -> Meaning | None:
    """«Не позднее трёх рабочих дней», «в срок до 3 дней»; «не позднее двух дня» is an hour."""
    if phrase.has("later") and _is_hour_of_day(phrase):
        return clock(phrase, now)
    found = after(phrase, now)
    return found and found._replace(role="topic" if is_event_next(phrase) else "deadline")


def _is_hour_of_day(phrase: Phrase) -> bool:
    """«Двух дня», but not «одного дня», «полутора дня», «двух дней»."""
    if phrase.word(phrase.end - 1) != "дня" or phrase.has("working", "calendar"):
        return False
    return len(phrase.all(*_COUNTS)) == 1 and phrase.has("small", "cardinal") and phrase.one("cardinal") != 1


def onward(phrase: Phrase, now: Now) -> Meaning | None:
    """ "A week from now", "a week from Friday"."""
    if not phrase.english or not (phrase.has("since") or phrase.has("a", "cardinal")):
        return None
    found = after(phrase, now)
    number = phrase.one(*WEEKDAYS)
    days = int(phrase.one("relative") or 0)
    base = now.day + timedelta(days=days) if number is None else next_weekday(now.day, int(number))
    return found and found._replace(day=found.day + (base - now.day))


def ago(phrase: Phrase, now: Now) -> Meaning | None:
    """«Месяц назад», "two days ago"."""
    found = after(phrase, now)
    return Meaning(now.day if found is None else now.day - (found.day - now.day), role="past")


def spell(phrase: Phrase, now: Now) -> Meaning | None:
    """«Уже неделю», «второй день», "for three days"; but «за три дня» is when something will be ready."""
    if phrase.word(phrase.end - 1) == "квартал" and phrase.has("small"):
        # «За 1 квартал» is the first one of a year.
        return Meaning(now.day, role="topic")
    if phrase.lead == "over" and not phrase.has("last", "past", "minute") and not phrase.has("vague"):
        found = after(phrase, now)
        # «Отчёт за неделю» is about it, whenever it is wanted.
        long = phrase.has("half_year", "year", "quarter") and not phrase.has(*_COUNTS)
        about = long or is_event_next(phrase) or is_document(phrase)
        return found and found._replace(role="topic" if about else "deadline")
    return Meaning(now.day, role="topic" if phrase.has("whole") else "past")


def habit(_phrase: Phrase, now: Now) -> Meaning:
    """«Каждый понедельник», "weekdays": no day in particular."""
    return Meaning(now.day, role="topic")


def after(phrase: Phrase, now: Now) -> Meaning | None:
    """The day, or the minute, so and so long after the message; None where the words do not say how long."""
    count = _count(phrase)
    # "In a minute" is no time but a manner of speaking.
    if phrase.has("vague") or (phrase.has("minute") and not count > 1):
        return None
    minutes = 30 if phrase.has("half_hour") else count if phrase.has("minute") else 60 * count
    if phrase.has("minute") and phrase.has("hour", "hour_english"):
        first, second, *_ = (float(number) for number in phrase.all(*_COUNTS))
        minutes = 60 * first + second
    if phrase.has("half_hour", "minute", "hour", "hour_english"):
        return _moment(now.at + timedelta(minutes=minutes))
    if phrase.word(phrase.end - 1) in {"дня", "day"} and not phrase.has(*_COUNTS) and phrase.has("course", "article"):
        return Meaning(now.day)
    if phrase.has("working"):
        return Meaning(now.calendar.workday(now.day, int(count))) if count < _MOST_WORKDAYS else None
    return _later(phrase, count, now)


def _later(phrase: Phrase, count: float, now: Now) -> Meaning:
    if phrase.has("span_adjective"):
        return Meaning(now.day + timedelta(days=int(phrase.one("small", "span_adjective") or 0)))
    if phrase.has("day"):
        return Meaning(now.day + timedelta(days=int(count)))
    if phrase.has("week", "fortnight"):
        return Meaning(now.day + timedelta(days=int((2 if phrase.has("fortnight") else count) * 7)))
    months = count * next(size for name, size in _MONTHS.items() if phrase.has(name))
    return Meaning(add_months(now.day, int(months)) + timedelta(days=int(months % 1 * 30)))


def _moment(at: datetime) -> Meaning:
    return Meaning(at.date(), "minute", at.time().replace(second=0, microsecond=0))


def _count(phrase: Phrase) -> float:
    """How many: of a range the larger, since only then the time is over."""
    numbers = [float(number) for number in phrase.all(*_COUNTS)]
    if phrase.has("half", "quarter_hour"):
        return sum(numbers[:1]) + 0.5 if phrase.has("and") else 0.25 if phrase.has("quarter_hour") else 0.5
    first = phrase.at("small")
    if first >= 0 and len(numbers) > 1 and phrase.line.classes[first + 1] in ".,":
        return float(f"{numbers[0]:.0f}.{numbers[1]:.0f}")
    if phrase.has("tens") and len(numbers) > 1:
        return sum(numbers)
    return max(numbers, default=1)
