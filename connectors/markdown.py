"""Markdown (CommonMark, and ~~struck out~~) as text with spans, so that it reads well in any channel."""

from collections.abc import Sequence
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from connectors.base import Span
from connectors.markup import is_safe_url
from connectors.text import clean_text

Kind = Literal["bold", "italic", "strike", "code", "pre", "quote", "link"]

_KINDS: dict[str, Kind] = {
    "heading": "bold", "strong": "bold", "em": "italic", "s": "strike", "link": "link", "blockquote": "quote",
}  # fmt: skip
_BULLET, _RULE = "• ", "———"


def from_markdown(source: str) -> tuple[str, tuple[Span, ...]]:
    """The text and its looks. Lines end where the writer ended them; HTML, and links that lead nowhere safe, stay text.

    Lists become lines with bullets or numbers, headings are bold, an image is a link to it.
    """
    writer = _Writer()
    for token in _READER.parse(clean_text(source)):
        writer.take(token)
    return writer.result()


class _Reader(MarkdownIt):
    """Links are what other looks of ours take for links."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return is_safe_url(url)


_READER = _Reader("commonmark", {"html": False}).enable("strikethrough")


class _Writer:
    """Writes down text and spans as tokens come by."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._length = 0
        # Line ends that are due before the next word, and what then stands before it.
        self._gap, self._marker = 0, ""
        # What continued lines of the open items begin with, the innermost last.
        self._indents: list[str] = []
        # The number of each open list's next item; None where they have bullets.
        self._lists: list[int | None] = []
        # How often each kind is open, and where its first word stands.
        self._open: dict[Kind, int] = {}
        self._starts: dict[Kind, int] = {}
        self._url = ""
        self._spans: list[Span] = []

    def result(self) -> tuple[str, tuple[Span, ...]]:
        """Text and spans, once all is written."""
        return "".join(self._out), tuple(sorted(self._spans, key=lambda span: (span.start, -span.end)))

    def take(self, token: Token) -> None:
        """One token, and those inside it."""
        name, _, side = token.type.rpartition("_")
        if token.type == "inline":
            for child in token.children or ():
                self.take(child)
        elif side in {"open", "close"}:
            self._border(token, name, opens=side == "open")
        elif token.block:
            self._solid(token)
        else:
            self._word(token)

    def _border(self, token: Token, name: str, *, opens: bool) -> None:
        if token.block and not name.endswith("list") and name != "list_item":
            self._part(1 if token.hidden else 2)
        if name.endswith("list"):
            self._list(token, opens)
        elif name == "list_item":
            self._item(opens)
        kind = _KINDS.get(name)
        if kind and opens:
            self._url = str(token.attrs["href"]) if kind == "link" else self._url
            self._open[kind] = self._open.get(kind, 0) + 1
        elif kind:
            self._end(kind)

    def _list(self, token: Token, opens: bool) -> None:
        if opens:
            self._lists.append(int(token.attrs.get("start", 1)) if token.type.startswith("ordered") else None)
        else:
            self._lists.pop()
        self._part(1 if self._lists else 2)

    def _item(self, opens: bool) -> None:
        if not opens:
            if self._marker:
                self._write("")
            self._indents.pop()
        self._part(1)
        if opens:
            if self._marker:
                # A list that begins its item begins a line of its own.
                self._write("")
                self._part(1)
            number = self._lists[-1]
            marker = _BULLET if number is None else f"{number}. "
            self._lists[-1] = None if number is None else number + 1
            self._marker = "".join(self._indents) + marker
            self._indents.append(" " * len(marker))

    def _solid(self, token: Token) -> None:
        """A block without blocks: code, or a line across."""
        self._part(2)
        if token.type == "hr":
            self._write(_RULE)
        elif code := token.content.removesuffix("\n"):
            self._looking("pre", code)
        self._part(2)

    def _word(self, token: Token) -> None:
        if token.type in {"softbreak", "hardbreak"}:
            self._part(1)
        elif token.type == "code_inline":
            self._looking("code", token.content)
        elif token.type == "image":
            self._image(str(token.attrs["src"]), _plain(token.children or ()))
        else:
            self._write(token.content)

    def _image(self, url: str, words: str) -> None:
        if "link" in self._open:
            self._write(words or url)
            return
        self._url = url
        self._looking("link", words or url)

    def _looking(self, kind: Kind, text: str) -> None:
        self._open[kind] = self._open.get(kind, 0) + 1
        self._write(text)
        self._end(kind)

    def _part(self, lines: int) -> None:
        # What stands right behind a bullet stays there.
        if not self._marker:
            self._gap = max(self._gap, lines)

    def _write(self, text: str) -> None:
        if not text and not self._marker:
            return
        before = "\n" * self._gap if self._length else ""
        if self._marker:
            before += self._marker if text else self._marker.rstrip()
        elif self._gap and "pre" not in self._open:
            before += "".join(self._indents)
        self._gap, self._marker = 0, ""
        self._length += len(before)
        for kind in self._open:
            self._starts.setdefault(kind, self._length)
        self._out += [before, text]
        self._length += len(text)

    def _end(self, kind: Kind) -> None:
        self._open[kind] -= 1
        if self._open[kind]:
            return
        del self._open[kind]
        start = self._starts.pop(kind, self._length)
        if start < self._length:
            self._spans.append(Span(kind, start, self._length, self._url if kind == "link" else ""))


def _plain(tokens: Sequence[Token]) -> str:
    return "".join(token.content or _plain(token.children or ()) for token in tokens)
