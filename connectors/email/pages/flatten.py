"""HTML as readable text, with the stretches of it that mail programs mark."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.email.pages.programs import Mark, has_top_rule, is_hidden, is_tight, keeps_lines, mark_of
from connectors.email.pages.tags import VOID, Tag, beginning, pieces
from connectors.text import clean_text

_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dir", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html",
    "li", "main", "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
})  # fmt: skip
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre"})
_RULE = "-" * 20
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_LINE_END = re.compile(r"\r\n?|\n")
_WEB = re.compile(r"(?:https?://(?:www\.)?|mailto:)", re.IGNORECASE)
_LONGEST_ADDRESS = 200
# Hidden text that is longer is no preheader: better shown than lost.
_LONGEST_HIDDEN = 2000
_LONGEST_SMILEY = 8


class Stretch(NamedTuple):
    """A marked piece of the text, [start, end)."""

    mark: Mark
    start: int
    end: int


class Flat(NamedTuple):
    """The text, and what is marked in it; stretches of one kind do not overlap."""

    text: str
    stretches: tuple[Stretch, ...]


def flattened(html: str) -> Flat:
    """The text of some HTML, and what of it is marked."""
    reader = _Reader()
    shown = beginning(html)
    for piece in pieces(clean_text(shown)):
        if isinstance(piece, str):
            reader.read(piece)
        elif piece.closes:
            reader.close(piece.name)
        else:
            reader.open(piece)
    reader.finish()
    if len(shown) < len(html):
        reader.writer.end_line()
        reader.writer.write("[…]")
    return Flat("".join(reader.writer.out), tuple(sorted(reader.stretches, key=lambda stretch: stretch.start)))


@dataclass
class _Writer:
    """The text so far, and the gap before what comes next."""

    out: list[str] = field(default_factory=list)
    length: int = 0
    blank: bool = False
    lines: int = 0
    # What an item of a list begins with, once there is something in it.
    bullet: str = ""

    def words(self, text: str) -> None:
        """Text whose blanks and ends of lines mean nothing."""
        words = _BLANKS.sub(" ", text).replace("\xa0", " ")
        inner = words.strip(" ")
        self.blank = self.blank or words[:1] == " "
        if inner:
            self.write(inner)
            self.blank = words[-1] == " "
        elif "\xa0" in text and self.lines:
            # How Outlook writes an empty line.
            self.lines += 1

    def layout(self, text: str) -> None:
        """Text as it stands."""
        for number, line in enumerate(_LINE_END.split(text)):
            self.lines += number > 0
            if line and not line.isspace():
                self.write(line.replace("\xa0", " "))

    def write(self, text: str) -> None:
        """Text behind the gap that is due."""
        gap = "\n" * min(self.lines, 3) if self.lines else " " * self.blank
        if not self.length or (self.out and self.out[-1][-1] == "\t" and gap == " "):
            gap = ""
        self.out.append(gap + self.bullet + text)
        self.length += len(self.out[-1])
        self.blank, self.lines, self.bullet = False, 0, ""

    def end_line(self, lines: int = 1) -> None:
        """What follows is on a line of its own."""
        self.lines = max(self.lines, lines)

    def take_back(self, pieces: int, length: int) -> None:
        """Forget what was written since then."""
        del self.out[pieces:]
        self.length = length
        self.lines = max(self.lines, 1)


@dataclass
class _Element:
    """An open tag: what is special about it, and where it began."""

    name: str
    start: int
    pieces: int
    stretches: int
    mark: Mark | None = None
    hidden: bool = False
    keeps_lines: bool = False
    spaced: bool = False
    address: str = ""
    items: int = 0


@dataclass
class _Reader:
    """Takes tags and text as they come by; whatever is left open ends with the text."""

    writer: _Writer = field(default_factory=_Writer)
    stretches: list[Stretch] = field(default_factory=list)
    elements: list[_Element] = field(default_factory=list)
    # How many tags of a name, and how many with a mark, are open.
    names: dict[str, int] = field(default_factory=dict)
    marks: dict[Mark, int] = field(default_factory=dict)
    keeping: int = 0

    def finish(self) -> None:
        """The end of the HTML."""
        while self.elements:
            self._pop(closed=False)

    def read(self, text: str) -> None:
        """Text between tags."""
        if self.keeping:
            self.writer.layout(text)
        else:
            self.writer.words(text)

    def open(self, tag: Tag) -> None:
        """A tag that opens."""
        name = tag.name
        if name == "br":
            self.writer.lines += 1
            return
        attributes = tag.attributes() if tag.source else {}
        if name in _BLOCKS:
            self.writer.end_line()
            # A paragraph holds no blocks: this one was not closed.
            if self.elements and self.elements[-1].name == "p":
                self._pop(closed=True)
        if name in VOID:
            self._void(name, attributes)
        else:
            if name == "a":
                self.close(name)
            self._push(name, attributes)

    def close(self, name: str) -> None:
        """A tag that closes, and with it those left open inside; one that was never opened is nothing."""
        if self.names.get(name):
            while self._pop(closed=True) != name:
                pass

    def _push(self, name: str, attributes: dict[str, str]) -> None:
        writer = self.writer
        style = attributes.get("style", "")
        element = _Element(name, writer.length, len(writer.out), len(self.stretches))
        element.mark = mark_of(name, attributes, "gmail" in self.marks)
        element.hidden = bool(attributes) and is_hidden(attributes)
        element.keeps_lines = keeps_lines(name, style)
        element.spaced = name in _SPACED and not is_tight(attributes) and not self.names.get("li")
        element.address = attributes.get("href", "").strip() if name == "a" else ""
        if element.mark or element.spaced:
            writer.end_line(2 if element.spaced else 1)
        if has_top_rule(style):
            self._rule()
        if name in {"td", "th"} and not writer.lines and writer.length:
            writer.write("\t")
        if name == "li":
            writer.bullet = self._bullet()
        if element.mark:
            self.marks[element.mark] = self.marks.get(element.mark, 0) + 1
        self.keeping += element.keeps_lines
        self.elements.append(element)
        self.names[name] = self.names.get(name, 0) + 1

    def _void(self, name: str, attributes: dict[str, str]) -> None:
        if attributes and mark_of(name, attributes, inside_gmail=False) == "rest":
            self._mark("rest", self.writer.length)
        if name == "hr":
            self._rule()
        alt = attributes.get("alt", "").strip() if name == "img" else ""
        # Smileys come as images; what others are called says nothing.
        if alt and len(alt) <= _LONGEST_SMILEY and not any(letter.isalnum() or letter.isascii() for letter in alt):
            self.writer.write(alt)

    def _rule(self) -> None:
        self.writer.end_line()
        self.writer.write(_RULE)
        self.writer.end_line()

    def _bullet(self) -> str:
        lists = (element for element in reversed(self.elements[-5:]) if element.name in {"ol", "ul"})
        found = next(lists, None)
        if found is None or found.name == "ul":
            return "• "
        found.items += 1
        return f"{found.items}. "

    def _pop(self, closed: bool) -> str:
        element = self.elements.pop()
        self.names[element.name] -= 1
        self.keeping -= element.keeps_lines
        if element.hidden and closed and self.writer.length - element.start <= _LONGEST_HIDDEN:
            self.writer.take_back(element.pieces, element.start)
            del self.stretches[element.stretches :]
        if element.address:
            self._write_address(element)
        if element.name in _BLOCKS or element.mark:
            self.writer.end_line(2 if element.spaced else 1)
        if element.mark:
            self._end_mark(element, element.mark)
        return element.name

    def _end_mark(self, element: _Element, mark: Mark) -> None:
        left = self.marks[mark] - 1
        if left:
            # The outer one says it all.
            self.marks[mark] = left
            return
        del self.marks[mark]
        if mark != "gmail":
            self._mark(mark, element.start)
        elif "quote" not in self.marks and len(self.stretches) == element.stretches:
            self._mark("quote", element.start)

    def _mark(self, mark: Mark, start: int) -> None:
        if start < self.writer.length or mark == "rest":
            self.stretches.append(Stretch(mark, start, self.writer.length))

    def _write_address(self, element: _Element) -> None:
        bare, web = _WEB.subn("", element.address, count=1)
        length = self.writer.length - element.start
        if not web or not length or len(bare) > _LONGEST_ADDRESS:
            return
        text = "".join(self.writer.out[element.pieces :]) if length <= 2 * _LONGEST_ADDRESS else ""
        if bare.rstrip("/").lower() not in text.lower():
            self.writer.blank = True
            self.writer.write(f"<{element.address}>")
