"""The rules: what date phrases look like, as patterns over word classes; and where one may begin."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tasks.grammar.lexer import CLASS, Line, value
from tasks.grammar.words import Value

_NAMES = re.compile(r"(?<!P)<([a-z_|]+)>")
_NUMBERS = "small|minutes|hundreds"
_WEEKDAYS = "weekday|environment|nominative|wednesday|short_weekday"
_WHICH = "this|next|nearest|that|last"
_UNITS = "minute|hour|day|week|month_unit|quarter|year"
_MONTHS = "month|short_month"
_PARTS = "morning|noon|afternoon|lunch|evening|night|midnight"

_FIGURE = (
    rf"(?:<a> <couple>(?: <of_english>)?|<tens>[ -]<cardinal>|<small>[.,]<small>"
    rf"|<{_NUMBERS}|cardinal|tens|couple|a|one_half|vague>)"
)
_COUNT = rf"(?:<half> <a>|{_FIGURE}(?: ?- ?{_FIGURE})?)"
_UNIT = rf"(?:<working|calendar> )?<{_UNITS}>"
_LENGTH = (
    rf"(?:{_COUNT} ?{_UNIT}\.?(?: <and> <a> <half>)?|{_UNIT}(?: {_COUNT}(?! ?<{_UNITS}>))?"
    rf"|(?:<a> )?<half_hour|half_year|fortnight>)(?!\w)"
)
_THE = rf"(?:<article> )?(?:<{_WHICH}> )?"
_PREPOSITION = (
    r"(?:<not> <later|sooner>(?: <than>)?|<instead>(?: <of_english>)?|<until|at|since|after|of|for|through|in|within>)"
)
_DAY = r"<small>(?:-?<suffix>)?(?: <number>)?"
_ORDINAL = r"(?:<tens>[ -])?<ordinal>"
_YEAR = r"(?:,? <year_number>(?: ?<year>\.?)?)?"
_OF = r"(?:<of_english> )?"

# Phrases with prepositions of their own. The name says who tells the meaning; the first that fits is taken.
_OWN = {
    "ago": rf"{_LENGTH} <ago>",
    "later": rf"{_LENGTH} <since> <now>",
    "offset": rf"(?:<in|within>|<at> <course>) {_THE}{_LENGTH}|<{_UNITS}> <in> {_COUNT}",
    "spell": rf"<for> {_THE}{_LENGTH}|<already> {_LENGTH}|<nth> <day|week|month_unit|evening|night|hour>",
    "habit": rf"(?:<through|at> )?<weekdays>|<through> <weekend>|<habitual>"
    rf"|<every> (?:<{_WEEKDAYS}|{_UNITS}|{_PARTS}>|{_LENGTH}|{_DAY})",
}
# Phrases that any preposition may stand before.
_PLAIN = {
    "relative": r"(?:<article> )?(?:<day> <after> )?<relative>|<relative_adjective>(?: <day>|(?= <morning|evening>))",
    "month_range": rf"{_DAY}(?: ?- ?| <through> ){_DAY} {_OF}<{_MONTHS}>\.?{_YEAR}"
    rf"|<{_MONTHS}>\.? {_DAY} ?- ?{_DAY}{_YEAR}",
    "month_day": rf"(?:<article> )?(?:{_DAY}|{_ORDINAL}) ?{_OF}<{_MONTHS}>\.?{_YEAR}"
    rf"|<{_MONTHS}>\.? (?:<article> )?(?:{_DAY}|{_ORDINAL}){_YEAR}",
    "numeric": rf"<year_number>-<small>-<small>|<small>\.<small>\.<year_number|{_NUMBERS}>(?: ?<year>\.?)?"
    rf"|<small>[-/]<small>[-/]<year_number>|<small>[./]<small>(?! <{_UNITS}>)",
    "month_number": rf"(?:<article> )?(?:<small>-?<suffix>(?: <number>)?|<small> <number>|{_ORDINAL} <number>"
    rf"|<number> <small>(?:-?<suffix>)?)",
    "weekday": rf"(?:<{_WHICH}> )?<{_WEEKDAYS}>",
    "clock": r"<small>[:.-]<small|minutes>(?: ?<meridiem>)?"
    r"|<small|cardinal>(?: ?<hour>)?(?: ?<meridiem>| <day|morning|evening|night>)?|<hour> <day|night>",
    "period": rf"(?:<article> )?(?:<edge>[ -]{_OF}(?:<article> )?)?(?:<{_WHICH}> )?(?:<working|calendar> )?"
    rf"<day|week|month_unit|quarter|year|weekend|{_MONTHS}>",
    "close": r"<close|close_week|close_month>",
    "part": rf"(?:<article> )?(?:<this> )?<{_PARTS}|tonight|overnight>",
}


class Phrase(NamedTuple):
    """A stretch of a line [start, end), in tokens, that a rule fits."""

    line: Line
    rule: str
    start: int
    end: int

    def at(self, name: str) -> int:
        """Where the first word of a class is, or -1."""
        return self.line.classes.find(CLASS[name], self.start, self.end)

    def has(self, name: str) -> bool:
        """Whether it holds a word of the class."""
        return self.at(name) >= 0

    def one(self, *names: str) -> Value | None:
        """What the first word of the first class that is there stands for."""
        place = next((place for name in names if (place := self.at(name)) >= 0), None)
        return None if place is None else value(self.line.words[place])

    def all(self, *names: str) -> list[Value]:
        """What the words of the classes stand for, in order."""
        wanted = "".join(CLASS[name] for name in names)
        classes, words = self.line.classes, self.line.words
        return [value(words[place]) for place in range(self.start, self.end) if classes[place] in wanted]

    def word(self, place: int) -> str:
        """The word at a place in the line, "" outside it."""
        return self.line.words[place] if 0 <= place < len(self.line.words) else ""


def phrases(line: Line) -> Iterator[Phrase]:
    """What looks like a date, from left to right, in stretches that may overlap."""
    for begin in _BEGINS.finditer(line.classes):
        if found := _RULES.match(line.classes, begin.start()):
            assert found.lastgroup is not None
            yield Phrase(line, found.lastgroup, found.start(), found.end())


def _named(names: re.Match[str]) -> str:
    characters = "".join(CLASS[name] for name in names[1].split("|"))
    return characters if len(characters) == 1 else f"[{characters}]"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_NAMES.sub(_named, pattern))


def _either(patterns: dict[str, str]) -> str:
    return "|".join(rf"(?P<{name}>(?:{pattern})(?!\w))" for name, pattern in patterns.items())


# Classes no phrase begins with, and the numbers that only stand before a unit.
_INNER = {"and", "of_english", "calendar", "suffix", "clock", "sharp", "than", "ago", "still", "now", "then", "course"}
_INNER |= {"later", "sooner", "minutes", "long"}
_FIRST = "|".join(name for name in CLASS if name not in _INNER)
# No phrase begins within a longer number or word: not with the 12 of "8.12", nor with the "в" of "2в".
_BEGINS = _compiled(rf"(?<!\w)(?<!<{_NUMBERS}|year_number|long>[.,/:-])<{_FIRST}>")
_RULES = _compiled(rf"{_either(_OWN)}|(?:{_PREPOSITION} )?(?:{_either(_PLAIN)})")
