"""A text as a string of word classes, one character a token, so that rules over words are patterns over characters."""

import re
from itertools import accumulate, product
from string import ascii_letters
from typing import NamedTuple

from tasks.grammar.links import LINKS
from tasks.grammar.typos import misspelt
from tasks.grammar.words import DAYS, NUMBERS, TIMES, UNITS, Table, Value

TABLES: dict[str, Table] = DAYS | UNITS | NUMBERS | TIMES | LINKS
# The tables whose words are also known when they are misspelt.
_MISSPELT = ("relative", "weekday", "weekday_form", "nominative", "month", "week", "month_unit")
# Classes of what is in no table: other words, other numbers, other signs; and the end of a paragraph.
OTHER, NUMBER, SIGN, PARAGRAPH = "xn·¶"
# Letters of other scripts are one token each: no word of the tables has them.
_TOKEN = re.compile(r"[a-zа-я]+| |\d+|\s+|.", re.DOTALL)
_SPACES = " \xa0\n\t\r\u2009\u202f"
_DASHES = "-–—‑−"
# Signs that stand for themselves in rules.
_SIGNS = ".,:;/()?!+%'№#$€£₽_@=&\\"
_LETTERS = [letter for letter in ascii_letters if letter not in OTHER + NUMBER]
_LETTERS += [chr(letter) for letter in [*range(ord("А"), ord("а") + 32), *range(ord("α"), ord("ω") + 1)]]
# Numbers by what they may be: a day or an hour, minutes, a count, a year.
_NUMBERS = {"small": range(32), "minutes": range(32, 60), "hundreds": range(60, 1000), "year_number": range(1970, 2101)}

_NAMES = [*TABLES, *_NUMBERS]
# Each class is a letter, so that word boundaries mean in classes what they mean in words.
CLASS = dict(zip(_NAMES, _LETTERS[: len(_NAMES)], strict=True)) | {"long": NUMBER}


class Line(NamedTuple):
    """The tokens of a text: their classes, their words in lower case, and where each begins; at last, the end."""

    classes: str
    words: list[str]
    starts: list[int]
    text: str
    low: str


def lowered(text: str) -> str:
    """Lower case, as many code points as before; ё as е."""
    low = text.lower().replace("ё", "е")
    return low if len(low) == len(text) else "".join(letter.lower()[0] for letter in text).replace("ё", "е")


def line_of(text: str, low: str) -> Line:
    """The tokens of a text, which is given in lower case too."""
    words = _TOKEN.findall(low)
    known = CLASSES.get
    classes = "".join([known(word) or (OTHER if word.isalpha() else _unknown(word)) for word in words])
    return Line(classes, words, list(accumulate(map(len, words), initial=0)), text, low)


def _unknown(word: str) -> str:
    if word[0].isdigit():
        return NUMBER
    return PARAGRAPH if word.isspace() and word.count("\n") > 1 else " " if word.isspace() else SIGN


def _lexicon() -> dict[str, tuple[str, Value]]:
    words = {
        word: (CLASS[name], meaning)
        for name, table in TABLES.items()
        for meaning, forms in table.items()
        for word in forms.split()
    }
    for name, numbers in _NUMBERS.items():
        words |= {str(number): (CLASS[name], number) for number in numbers}
    words |= {f"0{number}": (CLASS["small"], number) for number in range(10)}
    wrong = {form: words[word] for name in _MISSPELT for word in _words(name) for form in misspelt(word)}
    return wrong | words


def _words(name: str) -> list[str]:
    return [word for forms in TABLES[name].values() for word in forms.split()]


_LEXICON = _lexicon()
VALUES: dict[str, Value] = {word: meaning for word, (_, meaning) in _LEXICON.items()}
CLASSES: dict[str, str] = (
    {word: name for word, (name, _) in _LEXICON.items()}
    | {"".join(pair): " " for size in (1, 2) for pair in product(_SPACES, repeat=size)}
    | dict.fromkeys(("\n\n", "\r\n\r\n", "\n \n"), PARAGRAPH)
    | dict.fromkeys(_DASHES, "-")
    | {sign: sign for sign in _SIGNS}
    | {"’": "'"}
)
