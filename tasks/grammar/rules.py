"""The rules: what date phrases look like, as patterns over word classes; and where one may begin."""

import re
from typing import NamedTuple

from tasks.grammar.lexer import CLASS, VALUES, Line
from tasks.grammar.words import Value

_NAMES = re.compile(r"(?<!P)<([a-z_|]+)>")
_NUMBERS = "small|minutes|hundreds"
WEEKDAYS = ("weekday", "weekday_form", "environment", "environment_form", "nominative", "short_weekday")
_WEEKDAYS = "|".join(WEEKDAYS)
_WHICH = "this|next|nearest|that|last|past"
_UNITS = "minute|hour|hour_english|day|week|month_unit|quarter|year"
_MONTHS = "month|short_month"
_PARTS = "morning|daytime|noon|afternoon|lunch|evening|night|midnight"
_HYPHEN = r" ?- ?"

_FIGURE = (
    rf"(?:<a> <couple>(?: <of_english>)?|<tens>[ -]<cardinal>|<small>[.,]<small>|<{_NUMBERS}>(?:-?<count_suffix>)?"
    r"|<cardinal|tens|couple|a|one_half|vague>)"
)
_COUNT = rf"(?:<half> <a>|<half|quarter_hour>(?= <hour>)|{_FIGURE}(?:(?:{_HYPHEN}| <to> | <or> ){_FIGURE})?)"
_UNIT = rf"(?:<working|calendar>\.? )?<{_UNITS}>"
_COUNTED = rf"{_COUNT} ?{_UNIT}"
# "An hour and a half", «2 часа 30 минут», "an hour or two"; «недели две».
LENGTH = (
    rf"(?:{_COUNTED}(?: <and> <a> <half>| <or> <cardinal>(?! ?<{_UNITS}>)| <{_NUMBERS}> ?<minute>)?"
    rf"|{_UNIT}(?:(?: |-| <or> ){_COUNT}(?! ?(?:<working> )?<{_UNITS}>))?"
    r"|(?:<a> )?<half_hour|half_year|fortnight>)(?!\w)"
)
# Whole days: «не позднее двух часов» is what the clock shows.
_DAYS_LONG = (
    rf"{_COUNT}(?: \(<cardinal>\))? ?(?:<working|calendar>\.? )?<day|week|month_unit|quarter|year>(?!\w)(?! <until>)"
)
_WHOSE = rf"(?:<{_WHICH}>\.? )?"
_THE = rf"(?:<about> )?(?:<article> )?(?:<this> )?{_WHOSE}"
_PREPOSITION = (
    r"(?:<not> <later|sooner>(?: <than>)?|<instead>(?: <of_english>)?|<until> <until|at>|<since> <since>"
    r"|<at> <course>|<until|at|about|since|after|of|for|over|through|to|in|within>)"
)
_DAY = r"<small>(?:-?<suffix>)?(?: <number>)?"
_ORDINAL = r"(?:<tens>[ -])?<ordinal|ordinal_english>"
_YEAR = r"(?:,? <year_number>(?: ?<year>)?| <this|next|last> <year>)?"
_OF = r"(?:<of_english> )?"
_OF_MONTH = rf"(?: {_OF}(?:<article> )?{_WHOSE}<month_unit>)?"
_MERIDIEM = r"(?:<meridiem>|<letter_p|a>\.<letter_m>)"
_PART_OF_DAY = r"(?: (?:<in> <article> )?<morning|afternoon|evening|night|day>)?"
# Between two days of a month: from one to the other, from one onto the other, one of them.
_THROUGH = rf"(?:{_HYPHEN}| <through|to|and|or> )"
_TO = rf"(?:{_THROUGH}| <at> )"
_NO_MORE = r"(?![.,/:-]\w)"
# «В начале», "by the end of", «в первой половине», «в последний день», «в первых числах».
_EDGE = rf"(?:<nth> <half> |<last> (?:<working> )?<day|number> |<first> <number> |<edge>[ -]){_OF}(?:<article> )?"

# Phrases with prepositions of their own. The name says who tells the meaning; the first that fits is taken.
_OWN = {
    "ago": rf"{LENGTH} <ago>",
    "onward": rf"{LENGTH} (?:<since|at> )?<now|relative|{_WEEKDAYS}>",
    "no_later": rf"(?:<not> <later>(?: <than>)?|<at> <limit> <until>) {_DAYS_LONG}"
    rf"|<limit>(?:: ?| - | ){_COUNT} ?(?:<working|calendar>\.? )?<day|week>(?!\w)(?! <ago>)",
    "offset": rf"(?:<not> <later>(?:,? <than>)? |<until> )?(?:<in|within>|<at> <course>) {_THE}{LENGTH}"
    rf"|<{_UNITS}> <in> {_COUNT}|<at> (?:<next> {_COUNTED}|<nearest> {LENGTH})|<for> <nearest|next> {_COUNTED}"
    r"|<at> (?:<small>-)?<span_adjective> <limit>",
    "nth_week": rf"(?:{_PREPOSITION} )?(?:<article> )?<nth|ordinal_english|last> <week> {_OF}(?:<article> )?{_WHOSE}"
    rf"<{_MONTHS}|month_unit>",
    "spell": rf"<for> {_THE}{LENGTH}|<already> {LENGTH}|<nth> <day|week|month_unit|evening|night|hour|year>"
    rf"|<whole> {_UNIT}|{LENGTH}(?= <not>)",
    "habit": rf"(?:<through|at> )?<weekdays>(?: <and> <weekdays>)?|<through> <weekend|feast>|<habitual>"
    rf"|<every> (?:<nth|ordinal_english|other> )?(?:<{_WEEKDAYS}|{_UNITS}|{_PARTS}>|{_COUNTED}|{_DAY})",
    "limit": r"<at> <article> <limit>|<limit>|<most> <later>",
    "weekend": rf"(?:{_PREPOSITION} )?(?:<article> )?(?:<this> )?{_WHOSE}<weekend>",
}
# Phrases that any preposition may stand before.
_PLAIN = {
    "relative": rf"(?:<article> )?(?:<day> <after> )?<relative>"
    rf"|<relative_adjective>(?: <day|daytime>|(?= <{_PARTS}>| x))",
    "month_range": rf"{_DAY}{_TO}{_DAY} {_OF}<{_MONTHS}>\.?{_YEAR}|<{_MONTHS}>\.? {_DAY}{_HYPHEN}{_DAY}{_YEAR}",
    "month_day": rf"(?:<article> )?(?:{_DAY}|{_ORDINAL}) ?{_OF}<{_MONTHS}>\.?{_YEAR}"
    rf"|<{_MONTHS}>\.? (?:<article> )?(?:{_DAY}|{_ORDINAL}){_YEAR}",
    "numeric": rf"<year_number>-<small>-<small>|<small>\.<small>\.<year_number|{_NUMBERS}>(?: ?<year>)?"
    rf"|<small>[-/]<small>[-/]<year_number>{_NO_MORE}|<small>/<small>/<small|minutes>{_NO_MORE}"
    rf"|<small>[./]<small>(?! ?<{_UNITS}|{_PARTS}>){_NO_MORE}",
    "month_number": rf"(?:<article> )?<small>(?:-?<suffix>)?{_THROUGH}<small>(?:-?<suffix>| <number>)"
    r"|<small> <at> <small>(?:-?<suffix>| <number>)|<small> <through> <small>"
    rf"|(?:(?:<article> )?<small>-?<suffix>(?: <number>)?|<small> <number>|<number> (?:{_DAY}|{_ORDINAL})"
    rf"|(?:<article> )?{_ORDINAL}(?: <number>)?)(?! <year>){_OF_MONTH}",
    "weekday": rf"<weekday_adjective>|(?:<article> )?(?:<this> )?{_WHOSE}<{_WEEKDAYS}>(?: <week>| <after> <next>)?",
    "half_past": r"<half> (?:<past> )?<small|cardinal>|<quarter|quarter_hour> <past|to> <small|cardinal>"
    r"|<to_half>|<half> <ordinal>|<without> <small|quarter_hour|cardinal|tens> (?:<minute> )?<small|cardinal>",
    "quarter": rf"(?:<edge> {_OF})?(?:(?:<nth|ordinal|ordinal_english>|<small>(?:-?<suffix>)?) <quarter>"
    r"|<letter_q> ?<small>)",
    "clock": rf"<small>{_HYPHEN}<small> ?{_MERIDIEM}|<small> <and|to> <small>(?: ?{_MERIDIEM}|(?! ?<{_UNITS}>))"
    rf"|<small>[:.-]<small|minutes>(?: ?{_MERIDIEM})?{_PART_OF_DAY}(?![.:]\w)"
    rf"|<small|cardinal>(?: ?<hour>)(?: <small|minutes> <minute>)?{_PART_OF_DAY}"
    rf"|<small|cardinal>(?: ?{_MERIDIEM}| ?<letter_o>'<clock>)?{_PART_OF_DAY}|<hour> <day|night>",
    "period": rf"(?:<article> )?(?:<week> <after> <next>|<week|month_unit|quarter|year>[ -]<edge>)"
    rf"|(?:<article> )?(?:{_EDGE})?{_WHOSE}(?:<working|calendar> )?<day|week|month_unit|quarter|year>"
    rf"|(?:<article> )?(?:{_EDGE})?{_WHOSE}<{_MONTHS}>\.?{_YEAR}"
    rf"|(?:{_EDGE})<year_number>(?: <year>)?|<year_number> <year>",
    "holiday": r"<new> <year>|<holiday>(?: <feast>)?",
    "close": rf"<close>|(?:<article> )?<close_of|edge> {_OF}<working|day|play>",
    "part": rf"(?:<article> )?(?:<this|last|next> )?<{_PARTS}|tonight|overnight>",
}


class Phrase(NamedTuple):
    """A stretch of a line [start, end), in tokens, that a rule fits, and their classes.

    `lead` is what its preposition means, "" if it has none.
    """

    line: Line
    rule: str
    start: int
    end: int
    classes: str
    lead: str

    def at(self, name: str) -> int:
        """Where the first word of a class is, or -1."""
        place = self.classes.find(CLASS[name])
        return place if place < 0 else self.start + place

    def has(self, *names: str) -> bool:
        """Whether it holds a word of one of the classes."""
        for name in names:  # noqa: SIM110  # a generator would cost more than what it looks for
            if CLASS[name] in self.classes:
                return True
        return False

    def one(self, *names: str) -> Value | None:
        """What the first word of the first class that is there stands for."""
        for name in names:
            if CLASS[name] in self.classes:
                return VALUES[self.line.words[self.start + self.classes.find(CLASS[name])]]
        return None

    def all(self, *names: str) -> list[Value]:
        """What the words of the classes stand for, in order."""
        wanted = "".join(CLASS[name] for name in names)
        words = self.line.words[self.start : self.end]
        return [VALUES[word] for name, word in zip(self.classes, words, strict=True) if name in wanted]

    def word(self, place: int) -> str:
        """The word at a place in the line, "" outside it."""
        return self.line.words[place] if 0 <= place < len(self.line.words) else ""

    @property
    def english(self) -> bool:
        """Whether its first word is written in Latin letters."""
        return "a" <= self.line.words[self.start][0] <= "z"


def beginnings(line: Line) -> list[int]:
    """The tokens a phrase may begin with, in order."""
    return [found.start() for found in _BEGINS.finditer(line.classes)]


def phrase_at(line: Line, start: int) -> Phrase | None:
    """What looks like a date there."""
    found = _RULES.match(line.classes, start)
    if not found or not found.lastgroup:
        return None
    return Phrase(line, found.lastgroup, start, found.end(), found[0], _lead(line, start))


def _lead(line: Line, start: int) -> str:
    first = line.classes[start]
    if first not in _LEADS and first != CLASS["not"]:
        return ""
    if first == CLASS["not"] or line.classes[start + 2 : start + 3] == CLASS["course"]:
        start += 2
    return str(VALUES[line.words[start]])


def _named(names: re.Match[str]) -> str:
    characters = "".join(CLASS[name] for name in names[1].split("|"))
    return characters if len(characters) == 1 else f"[{characters}]"


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern over classes, which it names in angle brackets."""
    return re.compile(_NAMES.sub(_named, pattern))


def _either(patterns: dict[str, str]) -> str:
    return "|".join(rf"(?P<{name}>(?:{pattern})(?!\w))" for name, pattern in patterns.items())


_LEAD_NAMES = "until|at|about|since|after|of|for|over|through|to|in|within|instead"
_LEADS = {CLASS[name] for name in _LEAD_NAMES.split("|")}
# What a phrase may begin with: words that can be one alone, and those that need another one behind them.
_ALONE = (
    f"{_WEEKDAYS}|{_MONTHS}|{_PARTS}|{_UNITS}|{_NUMBERS}|weekday_adjective|relative|relative_adjective|weekdays|limit|habitual|half_hour"
    "|half_year|fortnight|cardinal|tens|couple|one_half|ordinal|ordinal_english|number|tonight|overnight|close|to_half"
    "|year_number"
)
_LEADING = (
    f"{_WHICH}|weekend|holiday|new|working|calendar|span_adjective|a|vague|nth|half|close_of|letter_q|quarter_hour|whole"
    "|edge|first|article|every|already|most|without|course|later|sooner|of_english|other"
)
# No phrase begins within a longer number or word: not with the 12 of "8.12", nor with the "в" of "2в".
_BEGINS = compiled(
    rf"(?<!\w)(?<![$€£₽№#@_=+])(?<!<{_NUMBERS}|year_number|long>[.,/:-])"
    rf"(?:<{_ALONE}>|<{_LEAD_NAMES}|{_LEADING}|not>(?=[ -]?<{_LEAD_NAMES}|{_LEADING}|{_ALONE}>))"
)
_RULES = compiled(rf"{_either(_OWN)}|(?:{_PREPOSITION} )?(?:{_either(_PLAIN)})")
