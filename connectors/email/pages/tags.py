"""Tags and text of any HTML, each letter looked at once: what is nested a hundred thousand deep is read as fast."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

# selectolax and the parser under nh3 take half a minute for tags nested that deep, and the standard library's one takes
# minutes for some that are never closed. Mail needs no tree: a stream of tags will do.
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
# What stands between these is no HTML, and none of it is shown.
_RAW = "script|style|title|xmp|iframe|noembed|noframes"
_REST = (
    r"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*(?:>|\Z)"
    rf"|<(?P<raw>{_RAW})(?=[\s/>]).*?(?:</(?P=raw)(?=[\s/>])[^>]*(?:>|\Z)|\Z)"
)
_NAME = r"<(?P<end>/?)(?P<tag>[a-z][^\s/<>]*+)"
# A quote counts only behind "=", as browsers have it: in `<p title=">">` and not in `<p don't>`.
_MARKUP = re.compile(
    rf"{_REST}|{_NAME}(?P<more>(?:[^>=]++|=\s*+(?:\"[^\"]*\"|'[^']*')?)*+)>", re.IGNORECASE | re.DOTALL
)
# For what follows a tag that never ends: from there on no tag goes beyond the next "<".
_BROKEN_MARKUP = re.compile(rf"{_REST}|{_NAME}(?P<more>[^<>]*+)>", re.IGNORECASE | re.DOTALL)
_TAG_BEGINS = re.compile(r"<(?:/?[a-z]|[!?])", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
# More digits than a letter's number can have.
_NO_LETTER = re.compile(r"&#(?:[0-9]{8,}|x[0-9a-f]{7,})", re.IGNORECASE)
_MOST_ATTRIBUTES = 100
# A page nobody scrolls through; tags cost far more than text.
_LONGEST, _MOST_TAGS = 2_000_000, 200_000


class Tag(NamedTuple):
    """A tag that opens or closes."""

    name: str
    closes: bool
    source: str

    def attributes(self) -> dict[str, str]:
        """Its attributes by their names in lower case; the first of a name counts, as in browsers."""
        found: dict[str, str] = {}
        for match in _ATTRIBUTE.finditer(self.source):
            if len(found) == _MOST_ATTRIBUTES:
                break
            found.setdefault(match[1].lower(), unescaped((match[2] or "").strip("\"'")))
        return found


def beginning(html: str) -> str:
    """As much of the HTML as is looked at."""
    html = html[:_LONGEST]
    if html.count("<") <= _MOST_TAGS:
        return html
    at = -1
    for _ in range(_MOST_TAGS + 1):
        at = html.index("<", at + 1)
    return html[:at]


def pieces(html: str) -> Iterator[Tag | str]:
    """The tags and, as it is meant to be read, the text between them."""
    markup = _MARKUP
    at = 0
    while begins := _TAG_BEGINS.search(html, at):
        begin = begins.start()
        if begin > at:
            yield unescaped(html[at:begin])
        found = markup.match(html, begin)
        if found is None and markup is _MARKUP:
            markup = _BROKEN_MARKUP
            found = markup.match(html, begin)
        if found is None:
            yield html[begin]
            at = begin + 1
            continue
        if found["tag"]:
            yield Tag(found["tag"].lower(), bool(found["end"]), found["more"])
        at = found.end()
    if at < len(html):
        yield unescaped(html[at:])


def unescaped(html: str) -> str:
    """The text that the HTML's entities stand for."""
    return unescape(_NO_LETTER.sub("&#1114112", html)) if "&" in html else html
