"""Texts as VK writes them: mentions as people read them, and looks as spans."""

import re
from typing import Literal

from connectors.base import Span
from connectors.markup import from_utf16, to_html
from connectors.text import clean_text
from connectors.vk.attachments import link_of
from connectors.vk.fields import Json, number, records, string

# [id1|Anna], [club7|@shop], and in discussions [id1:bp-7_5|Anna].
_MENTION = re.compile(r"\[(?:id|club|public|event)\d{1,19}(?::bp-?\d{1,19}_\d{1,19})?\|([^\[\]|\n]{1,300})\]")
_LOOKS: dict[str, Literal["bold", "italic", "underline", "link"]] = {
    "bold": "bold", "italic": "italic", "underline": "underline", "url": "link",
}  # fmt: skip
# Those of one message; VK's own editor makes no more.
_MOST_SPANS = 500


def readable(text: str) -> str:
    """The text with names where the mentions are."""
    return _MENTION.sub(r"\1", clean_text(text))


def spans_of(text: str, format_data: Json) -> tuple[Span, ...]:
    """The looks of a message's text, in code points of `readable(text)`; VK counts in UTF-16 of the text as it came."""
    found = records(format_data, "items")[:_MOST_SPANS]
    text = clean_text(text)
    spans = [span for item in found if (span := _span(text, item)) is not None]
    return tuple(_moved(text, spans)) if spans else ()


def html_of(text: str, spans: tuple[Span, ...]) -> str | None:
    """The text with its looks; None where it has none."""
    return to_html(text, spans) if spans else None


def _span(text: str, item: Json) -> Span | None:
    kind = _LOOKS.get(string(item, "type"))
    offset, length = number(item, "offset"), number(item, "length")
    if kind is None or offset < 0 or length <= 0:
        return None
    start, end = from_utf16(text, offset, length)
    url = link_of(item) if kind == "link" else ""
    if start >= end or (kind == "link" and not url):
        return None
    return Span(kind, start, end, url)


def _moved(text: str, spans: list[Span]) -> list[Span]:
    """The spans where they stand once the mentions are names."""
    moves = [(match.start(), match.start(1), match.end(1), match.end()) for match in _MENTION.finditer(text)]
    moved = (Span(span.kind, _place(span.start, moves), _place(span.end, moves), span.url) for span in spans)
    return [span for span in moved if span.start < span.end]


def _place(at: int, moves: list[tuple[int, int, int, int]]) -> int:
    gone = 0
    for start, name, name_end, end in moves:
        if at <= start:
            break
        # Of "[id1|", the name and "]", the name alone stays.
        gone += min(at, name) - start + max(0, min(at, end) - name_end)
    return at - gone
