"""A mail's text as lines: where each stands, how deep it is quoted, and its words without marks and emphasis."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connectors.email.pages.flatten import Stretch

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")
# The Bat puts the initials of who is quoted before the mark.
_MARKS = re.compile(r"\s*(?:[A-ZА-ЯЁ]{1,3}(?=>[\s>]))?((?:>\s?)+)")
# Emphasis, and what nobody sees; blanks of all kinds become one kind.
_PLAIN = str.maketrans(
    dict.fromkeys("*\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\xad")
    | dict.fromkeys("\xa0\u202f\u2009\t\u3000", " ")
)
_RULE_LETTERS = "-_=*~#+—–―─━═ᐧ· \t\r\n\xa0"
# A header's beginning behind the last words of what is above it.
_SHARED = re.compile(
    r"(?<=\S )(?:On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? (?:[A-Z][a-z]{2}|\d)"
    r"|(?:пн|вт|ср|чт|пт|сб|вс), \d{1,2} [а-я])"
    r"(?=.{10,300}(?:wrote:|>:)\s*$)"
)
_LONGEST_SHARED = 500


class Line(NamedTuple):
    """A line of a text: text[start:end] with its end; `depth` counts ">", `mark` is what HTML said about it."""

    start: int
    end: int
    depth: int
    words: str
    rule: bool
    indented: bool
    mark: str
    # Somebody else's for sure, or below a line that says so.
    quoted: bool

    @property
    def blank(self) -> bool:
        """Whether nothing stands on it."""
        return not self.words and not self.rule


def lines_of(text: str, stretches: Sequence[Stretch] = ()) -> list[Line]:
    """The lines of a text; one that a stretch holds bears its mark, the surest of several."""
    marked = [_Marked(mark, stretches) for mark in ("quote", "signature", "maybe")] if stretches else []
    lines = []
    for start, end in _spans(text):
        raw = text[start:end]
        if raw.isspace():
            lines.append(Line(start, end, 0, "", False, False, "", False))
            continue
        marks = _MARKS.match(raw) if ">" in raw else None
        inner = raw[marks.end() :] if marks else raw
        words = inner.translate(_PLAIN).strip()
        rule = bool(words or "*" in inner) and not inner.strip(_RULE_LETTERS) and len(inner.strip()) > 2
        mark = next((each.mark for each in marked if each.holds(start)), "") if marked else ""
        depth = marks[1].count(">") if marks else 0
        quoted = depth > 0 or mark in {"quote", "maybe"}
        indented = bool(words) and raw[0] in " \t"
        lines.append(Line(start, end, depth, "" if rule else words, rule, indented, mark, quoted))
    return lines


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for found in _LINE.finditer(text):
        start, end = found.span()
        if start < end:
            shared = _SHARED.search(text, start, end) if end - start < _LONGEST_SHARED else None
            if shared and shared.start() > start:
                yield start, shared.start()
                start = shared.start()
            yield start, end


class _Marked:
    """The stretches of one mark."""

    def __init__(self, mark: str, stretches: Sequence[Stretch]) -> None:
        self.mark = mark
        self._found = [(stretch.start, stretch.end) for stretch in stretches if stretch.mark == mark]

    def holds(self, start: int) -> bool:
        """Whether the line that starts there is inside one of them: they begin with the end of the line before."""
        at = bisect_right(self._found, start, key=_start) - 1
        return at >= 0 and self._found[at][1] > start


def _start(span: tuple[int, int]) -> int:
    return span[0]
