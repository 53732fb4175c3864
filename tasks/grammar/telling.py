"""The look that is enough for most texts: they hold no word and no number that could name a day or an hour."""

import re

from tasks.grammar.lexer import CLASS, CLASSES, TABLES
from tasks.grammar.words import DAYS, UNITS

_WORD = re.compile(r"\w+")
_TABLES = (*DAYS, *UNITS, "number", "half", "morning", "daytime", "noon", "afternoon", "lunch", "evening", "night")
_TABLES += ("tonight", "overnight", "midnight", "close", "close_of", "to_half", "quarter_hour", "course", "within")
_SILENT = {"calendar", "working", "measure"}
# What every second greeting says, and what is short and often something else.
_COMMON = {"день", "утро", "вечер", "г", "лет", "new", "новый"}
_SUFFIXES = ["го", "ого", "его", "е", "ое", "му", "ому", "ему", "th", "st", "nd", "rd", "am", "pm", "ч", "ти", "h"]
_BEFORE = [
    "до",
    "ко?",
    "во?",
    "со?",
    "на",
    "по",
    "под",
    "без",
    "после",
    "позднее",
    "позже",
    "раньше",
    "около",
    "чем",
    "а",
    "или",
]
_BEFORE += ["by", "at", "on", "till?", "until", "before", "from", "after", "around", "about", "than", "the", "due"]


def _forms(*names: str) -> list[str]:
    return [word for name in names for forms in TABLES[name].values() for word in forms.split()]


_CLASSES = {CLASS[name] for name in _TABLES if name not in _SILENT}
_WORDS = {word for word, name in CLASSES.items() if name in _CLASSES}
_WORDS |= {"через", "спустя", "следующий", "следующее", "following", "конца", "концу", "двадцатого", "тридцатого"}
_WORDS |= {form for form in _forms("ordinal") if form.endswith("надцатого") or form == "десятого"}
_WORDS |= {f"q{number}" for number in range(1, 5)}
_WORDS |= {f"{number}{suffix}" for number in range(60) for suffix in _SUFFIXES}
_WORDS -= _COMMON
_NUMERALS = _forms("cardinal", "tens", "ordinal")
_ORDINALS = [word for word in _forms("nth") if len(word) > 3]
_NUMBERS = {*_NUMERALS, *_ORDINALS, *(word for word in CLASSES if word.isdigit())}
# A number that tells: with a sign or an ending, behind a preposition; «второй день».
_TELLING_NUMBER = re.compile(
    r"\d[.:/-]\d|\d-(?:го|ого|е|ое|му|ому)\b|\d [pa]\."
    rf"|\b(?:{'|'.join(_BEFORE)})\s(?:the\s)?(?:\d|(?:{'|'.join(_NUMERALS)})\b)"
    rf"|\b(?:{'|'.join(_ORDINALS)})\s(?:день|вечер)|\b(?:двадцать|тридцать)\s\w+(?:ого|ому|ое)\b"
)


def is_telling(low: str) -> bool:
    """Whether a text in lower case may name a day or an hour at all."""
    words = _WORD.findall(low)
    if not _WORDS.isdisjoint(words):
        return True
    return not _NUMBERS.isdisjoint(words) and _TELLING_NUMBER.search(low) is not None
