"""The line above a quote that says who wrote it and when, as mail programs of many languages put it."""

import re
from typing import Literal, NamedTuple

from connectors.email.quoting import wording

# "sure": nothing but a mail program writes that way. "if quoted": only above lines that may be a quote. "if marked":
# only above those that are marked as one.
IntroKind = Literal["sure", "if quoted", "if marked"]

LONGEST = 400
_LONGEST_UNSURE = 200

_WROTE = re.compile(
    rf"(?<!\w)(?:{wording.any_of(wording.WROTE)})(?:\s?[(/]-?[^\W\d]{{1,3}}\)?)?(?!\w)|{wording.any_of(wording.WROTE_UNPARTED)}"
)
EMAIL = re.compile(r"[^\s<>\"'(\[:;,]@[^\s<>@]+\.\w")
DATE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,4}([./-])\d{1,2}\1\d{2,4}(?!\d)")
TIME = re.compile(r"(?<![\d.])\d{1,2}[:.h]\d\d(?!\.?\d)")
_EMAIL_LAST = re.compile(r"[<(\[][^<>()\[\]]{0,150}@[^<>()\[\]]{1,150}[>)\]]+$|@[\w.-]+\.\w+$")
_WHEN = re.compile(
    rf"(?:\d{{1,4}}|(?:{wording.any_of(wording.WEEKDAYS_AND_MONTHS)})[\w.]{{0,3}}[,.]?\s.{{0,20}}?\d)", re.DOTALL
)
_ON = re.compile(rf"(?:{wording.any_of(wording.ON)})(?!\w).{{0,60}}?\d|[在于於]", re.DOTALL)
_YOU_WROTE = re.compile(r"(?:вы писали|ви писали)\b|(?:quoting|zitat von|citando|цитирую)\s")
# A name between date and verb, as programs put it: "26.09.2025 10:00, Shop пишет".
_SOMEBODY = re.compile(r"\d[^,]{0,30}?,\s*[^,]{1,80}(?:,\s*)?$")
_USER = re.compile(r"пользователь|користувач")
_MAILRU = re.compile(r"\d\s+от\s+\S")
# Told by their form alone.
_EXACT = re.compile(
    r"posted by .{1,80} on \d\d/\d\d/\d{4}$|20\d\d-\d\d-\d\d \d{1,2}:\d\d gmt[+-]\d\d:\d\d \w"
    r"|(?:quoting|zitat von|citando|цитирую)\s[^@]{1,100}@\S{1,80}:$"
)
_WEEKDAY_TO_YEAR = re.compile(r"(?:[^\W\d]{2,3} )?[^\W\d]{2,12},\s.{1,40}?(?:19|20)\d\d,")
_TO_THE_SECOND = re.compile(r"\d:\d\d:\d\d")
_THEN = re.compile(r"[\s,(]*(?:[воinat]{1,2}\s)?\d[\d./-]{6,9}[\s,вat]{1,5}\d{1,2}:\d\d(?::\d\d)?\)?$")
_QUOTING_END = " -–—_>"


class _Facts(NamedTuple):
    """What can be seen of such a line."""

    low: str
    colon: bool
    wrote: re.Match[str] | None
    email: bool
    email_last: bool
    date: bool
    time: bool
    # It begins with a date, or with what stands before one.
    opens: bool
    # It begins a paragraph.
    above: bool


def intro_kind(low: str, opens: bool, above: bool) -> IntroKind | None:
    """What a line in lower case is worth as a header; `opens` as below, `above` whether a blank line is above it."""
    if _EXACT.match(low):
        return "sure"
    facts = _facts(low, opens, above)
    if not (facts.colon or facts.wrote or (facts.email and opens)):
        return None
    if _is_sure(facts):
        return "sure"
    if len(low) > _LONGEST_UNSURE:
        return None
    if facts.email or (facts.date and (facts.time or facts.wrote)):
        return "if quoted"
    return "if marked" if facts.wrote or (facts.date and opens) or _YOU_WROTE.match(low) else None


def opens_intro(low: str) -> bool:
    """Whether a line in lower case begins as headers do, with a date."""
    return _WHEN.match(low) is not None or _ON.match(low) is not None


def is_intro(words: str) -> bool:
    """Whether the line says that somebody wrote what follows."""
    low = words.lower()
    return len(low) <= LONGEST and intro_kind(low, opens_intro(low), above=True) is not None


def is_between_dashes(low: str) -> bool:
    """Whether it is "---- … wrote ----"."""
    return low.startswith("--") and low.endswith("--") and len(low) < _LONGEST_UNSURE and bool(_WROTE.search(low))


def _facts(low: str, opens: bool, above: bool) -> _Facts:
    bare = low.rstrip(_QUOTING_END)
    said = bare.rstrip(":： ")
    colon = said != bare
    return _Facts(
        low=low,
        colon=colon,
        wrote=_last_wrote(bare),
        email=EMAIL.search(low) is not None,
        email_last=_EMAIL_LAST.search(said if colon else low.rstrip()) is not None,
        date=DATE.search(low) is not None or "年" in low or "년" in low,
        time=TIME.search(low) is not None,
        opens=opens,
        above=above,
    )


def _is_sure(facts: _Facts) -> bool:
    if facts.wrote and facts.colon and (facts.email or _is_by_program(facts, facts.wrote)):
        return True
    if not facts.opens:
        return False
    if facts.email and (facts.date or facts.time) and (facts.wrote or (facts.colon and facts.email_last)):
        return True
    if facts.date and facts.time and facts.colon and _MAILRU.search(facts.low):
        return True
    return facts.date and facts.email_last and facts.above and len(facts.low) < _LONGEST_UNSURE


def _is_by_program(facts: _Facts, wrote: re.Match[str]) -> bool:
    """Whether it is put as programs put it, and not as people tell a story."""
    low = facts.low
    if facts.above and (" via " in low or _THEN.match(low.rstrip(": "), wrote.end())):
        return True
    if not (facts.opens and facts.date):
        return False
    before = low[: wrote.start()].rstrip()
    if not facts.time:
        return facts.above and (_USER.search(before) is not None or _WEEKDAY_TO_YEAR.match(low) is not None)
    named = _USER.search(before) or _SOMEBODY.search(before) or _TO_THE_SECOND.search(before)
    return bool(named or not low[0].isdigit())


def _last_wrote(bare: str) -> re.Match[str] | None:
    found = list(_WROTE.finditer(bare))
    return found[-1] if found else None
