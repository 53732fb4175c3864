"""Formatted text: spans to safe HTML and back, and offsets the way messengers count them."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from html import escape, unescape
from itertools import pairwise
from typing import Literal

from connectors.base import Span
from connectors.text import clean_text

Kind = Literal["bold", "italic", "underline", "strike", "code", "pre", "quote", "spoiler", "link"]

# By rank: of two spans over the same letters the first is the outer one. A spoiler has no tag.
_TAGS: dict[Kind, str] = {
    "quote": "blockquote", "pre": "pre", "link": "a", "bold": "b", "italic": "i", "underline": "u", "strike": "s",
    "code": "code",
}  # fmt: skip
_RANK = {kind: rank for rank, kind in enumerate(_TAGS)}
_BLOCKS = frozenset({"quote", "pre"})
_KINDS: dict[str, Kind] = {tag: kind for kind, tag in _TAGS.items()} | {"strong": "bold", "em": "italic"}
_LINES = frozenset({"p", "div", "ul", "li", "blockquote", "pre"})
# The standard library's parser takes minutes for a page of unclosed tags: here nothing is looked at twice. What is no
# tag stays text; no tag goes beyond the next "<".
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<[!?][^>]*(?:>|\Z)"
    r"|<(script|style)\b[^<>]*>.*?(?:</\1\b[^<>]*>|\Z)"
    r"""|<(?P<end>/?)(?P<tag>[a-z][^\s/<>]*)(?P<more>(?:[^<>"']|"[^"<]*"|'[^'<]*')*+)>""",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
# More digits than a letter's number can have.
_NO_LETTER = re.compile(r"&#[0-9]{8,}")
_SAFE_URL = re.compile(r"(?:https?://|mailto:|tel:)[^\s\x00-\x20\x7f-\x9f]+", re.IGNORECASE)
_NEWLINE = re.compile(r"\r\n?|\n")
_NEWLINES = re.compile(r"[\r\n]+")


# ---- spans to HTML ----


def to_html(text: str, spans: Iterable[Span]) -> str:
    """The text as HTML: well-formed whatever the spans are, everything escaped, only tags that do no harm."""
    tidy = _tidied(spans, len(text))
    starts: dict[int, list[Span]] = {}
    for span in tidy:
        starts.setdefault(span.start, []).append(span)
    ends = {span.end for span in tidy}
    # A block ends its line by itself.
    ended = {span.end for span in tidy if span.kind in _BLOCKS and text[span.end : span.end + 1] == "\n"}
    out: list[str] = []
    stack: list[Span] = []
    bounds = sorted({0, len(text), *starts, *ends})
    for at, until in pairwise(bounds):
        wanted = sorted([span for span in stack if span.end > at] + starts.get(at, []), key=_outer_first)
        out += _changed(stack, wanted)
        stack = wanted
        out.append(_escaped(text[at + (at in ended) : until], any(span.kind == "pre" for span in stack)))
    out += _changed(stack, [])
    return "".join(out)


def written_out(text: str, spans: Iterable[Span]) -> str:
    """The text for who sees no looks: quotes are marked, and links followed by their addresses unless these show."""
    more: list[tuple[int, str]] = []
    for span in _tidied(spans, len(text)):
        shown = text[span.start : span.end].strip()
        if span.kind == "quote":
            begins = [span.start, *(found.end() for found in _NEWLINE.finditer(text, span.start, span.end))]
            more += [(at, "> ") for at in begins if at < span.end and (not at or text[at - 1] in "\r\n")]
        elif span.kind == "link" and shown and span.url.removeprefix("mailto:") != shown:
            more.append((span.end, f" ({clean_text(span.url)})"))
    more.sort()
    places = [0, *(at for at, _ in more), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    return "".join(piece + put for piece, put in zip(pieces, [*(put for _, put in more), ""], strict=True))


def is_safe_url(url: str) -> bool:
    """Whether a link may lead there: the web, a mailbox or a telephone."""
    return _SAFE_URL.fullmatch(url) is not None


def _tidied(spans: Iterable[Span], length: int) -> list[Span]:
    """The spans that show: inside the text, and of each kind none over another, so that few are open at a time."""
    kinds: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        start, end = max(span.start, 0), min(span.end, length)
        if start < end and span.kind in _TAGS and (span.kind != "link" or is_safe_url(span.url)):
            _join(kinds.setdefault(span.kind, []), Span(span.kind, start, end, span.url))
    # A link around many blocks would be repeated in each of them: it ends at the first.
    edges = sorted({edge for kind in _BLOCKS for span in kinds.get(kind, ()) for edge in (span.start, span.end)})
    links = [_cut(link, edges) for link in kinds.pop("link", [])]
    return [span for found in (links, *kinds.values()) for span in found]


def _join(found: list[Span], span: Span) -> None:
    """Add a span that begins no earlier than those found."""
    last = found[-1] if found else None
    if last is None or span.start > last.end:
        found.append(span)
    elif span.url == last.url and (span.start < last.end or span.kind not in _BLOCKS):
        found[-1] = Span(last.kind, last.start, max(last.end, span.end), last.url)
    elif span.end > last.end:
        found.append(Span(span.kind, max(span.start, last.end), span.end, span.url))


def _cut(link: Span, edges: Sequence[int]) -> Span:
    at = bisect_right(edges, link.start)
    return Span("link", link.start, min(link.end, edges[at]), link.url) if at < len(edges) else link


def _outer_first(span: Span) -> tuple[bool, int, int, int]:
    return span.kind not in _BLOCKS, span.start, -span.end, _RANK[span.kind]


def _changed(before: Sequence[Span], after: Sequence[Span]) -> Iterator[str]:
    """The tags that lead from one stack of open spans to another."""
    same = 0
    while same < min(len(before), len(after)) and before[same] is after[same]:
        same += 1
    yield from (f"</{_TAGS[span.kind]}>" for span in reversed(before[same:]))
    for span in after[same:]:
        href = f' href="{escape(clean_text(span.url))}" rel="noopener nofollow"' if span.kind == "link" else ""
        yield f"<{_TAGS[span.kind]}{href}>"


def _escaped(text: str, pre: bool) -> str:
    safe = escape(text, quote=False)
    return safe if pre else _NEWLINE.sub("<br>", safe)


# ---- HTML to spans ----


def from_html(html: str) -> tuple[str, tuple[Span, ...]]:
    """The text of some HTML and its formatting; tags that have no form here leave their text."""
    reader = _Reader()
    at = 0
    for found in _MARKUP.finditer(html):
        reader.text(_unescaped(html[at : found.start()]))
        at = found.end()
        tag = (found["tag"] or "").lower()
        if found["end"]:
            reader.end(tag)
        elif tag:
            reader.start(tag, found["more"])
    reader.text(_unescaped(html[at:]))
    return reader.result()


def _unescaped(html: str) -> str:
    return clean_text(unescape(_NO_LETTER.sub("&#1114112", html)))


def _href(attributes: str) -> str:
    for name, value in _ATTRIBUTE.findall(attributes):
        if name.lower() == "href":
            return _unescaped(value.strip("\"'")).strip()
    return ""


class _Reader:
    """Writes down text and spans as tags come by; whatever is left open ends with the text."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._length = 0
        self._line_start = True
        # What stands between the last letter and the next: a line's end or a space of the source's own layout.
        self._gap = ""
        self._open: dict[Kind, int] = {}
        self._starts: dict[Kind, int] = {}
        self._url = ""
        self._spans: list[Span] = []

    def result(self) -> tuple[str, tuple[Span, ...]]:
        """Text and spans, once all is fed."""
        for kind in list(self._open):
            self._end(kind)
        spans = sorted(self._spans, key=lambda span: (span.start, -span.end, _RANK[span.kind]))
        return "".join(self._out), tuple(spans)

    def start(self, tag: str, attributes: str) -> None:
        """A tag that opens."""
        if tag == "br":
            self._write("\n")
        elif tag in _LINES:
            self._break_line()
        if tag == "li":
            self._write("• ")
        kind = _KINDS.get(tag)
        if kind == "link":
            self._start_link(_href(attributes))
        elif kind:
            self._open[kind] = self._open.get(kind, 0) + 1

    def end(self, tag: str) -> None:
        """A tag that closes."""
        kind = _KINDS.get(tag)
        if kind in self._open:
            self._open[kind] -= 1
            if not self._open[kind]:
                self._end(kind)
        if tag in _LINES:
            self._break_line()

    def text(self, data: str) -> None:
        """Text between tags."""
        if "pre" in self._open:
            self._write(_NEWLINE.sub("\n", data))
            return
        lines = _NEWLINES.split(data)
        for number, line in enumerate(lines):
            if number:
                self._gap = self._gap or " "
            shown = line.lstrip(" \t") if number else line
            self._write(shown.rstrip(" \t") if number < len(lines) - 1 else shown)

    def _write(self, text: str) -> None:
        if not text:
            return
        if self._gap == "\n" or (self._gap and not self._line_start and text != "\n"):
            self._out.append(self._gap)
            self._length += 1
        self._gap = ""
        for kind in self._open:
            self._starts.setdefault(kind, self._length)
        self._out.append(text)
        self._length += len(text)
        self._line_start = text.endswith("\n")

    def _break_line(self) -> None:
        self._gap = "" if self._line_start else "\n"

    def _start_link(self, url: str) -> None:
        # No link inside a link: the new one ends the old one.
        if "link" in self._open:
            self._end("link")
        if is_safe_url(url):
            self._url = url
            self._open["link"] = 1

    def _end(self, kind: Kind) -> None:
        del self._open[kind]
        start = self._starts.pop(kind, self._length)
        if start < self._length:
            self._spans.append(Span(kind, start, self._length, self._url if kind == "link" else ""))


# ---- offsets ----


def piece(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """The spans of the piece of a text from `start` up to `end`, counted from its start."""
    cut = ((span, max(span.start, start), min(span.end, end)) for span in spans)
    return tuple(Span(span.kind, first - start, last - start, span.url) for span, first, last in cut if first < last)


def from_utf16(text: str, offset: int, length: int) -> tuple[int, int]:
    """Start and end in code points of a stretch that is counted in UTF-16 units; what lies outside is left out."""
    units = text.encode("utf-16-le", "surrogatepass")
    start = max(offset, 0) * 2
    end = max(offset + length, 0) * 2
    before = len(units[:start].decode("utf-16-le", "surrogatepass"))
    return before, max(before, len(units[:end].decode("utf-16-le", "surrogatepass")))


def to_utf16(text: str, start: int, end: int) -> tuple[int, int]:
    """Offset and length in UTF-16 units of the stretch from `start` up to `end`."""
    return _units(text[:start]), _units(text[start:end])


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
