"""HTML of mails, made safe to show."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

import nh3

from connectors.email.pages.tags import VOID, Tag, beginning, pieces
from connectors.markup import is_safe_url
from connectors.text import clean_text

_TAGS = frozenset({
    "a", "abbr", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del",
    "dfn", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li",
    "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
})  # fmt: skip
_EVERYWHERE = frozenset({"dir", "lang", "title", "align", "valign", "bgcolor", "style"})
_ATTRIBUTES = {
    "a": {"href"}, "img": {"src", "data-src", "alt", "width", "height"}, "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "table": {"width", "border", "cellpadding", "cellspacing"}, "td": {"colspan", "rowspan", "width", "nowrap"},
    "th": {"colspan", "rowspan", "width", "nowrap"}, "col": {"span", "width"}, "li": {"value"},
}  # fmt: skip
# None that hides words, lays one thing over another or loads anything.
_STYLES = frozenset({
    "color", "background-color", "font-weight", "font-style", "font-family", "text-decoration", "text-align",
    "vertical-align", "border", "border-top", "border-right", "border-bottom", "border-left", "border-collapse",
    "border-color", "border-style", "border-width", "padding", "padding-left", "padding-right", "padding-top",
    "padding-bottom", "white-space", "list-style-type",
})  # fmt: skip
# What a call in a style could load; colours are given as calls too. A backslash can spell anything.
_CALLS = re.compile(r"\((?![\d\s.,%/]*\))|\\")
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid"})
# Tags that end an open one by beginning: which, and what it would have to stand in to stay open.
_BLOCKS = (
    "p",
    "div",
    "table",
    "ul",
    "ol",
    "dl",
    "blockquote",
    "pre",
    "hr",
    "center",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
)
_ENDS = {
    "li": ({"li"}, {"ul", "ol"}), "td": ({"td", "th"}, {"tr", "table"}), "th": ({"td", "th"}, {"tr", "table"}),
    "tr": ({"tr"}, {"table"}), "dd": ({"dd", "dt"}, {"dl"}), "dt": ({"dd", "dt"}, {"dl"}), "a": ({"a"}, {"table"}),
} | {name: ({"p"}, {"div", "table", "td", "th", "li", "dd", "blockquote", "center"}) for name in _BLOCKS}  # fmt: skip
# Deeper ones nobody sees; the parser under nh3 takes seconds for some thousand.
_DEEPEST = 100
# The writer under nh3 looks through all the rest of a text for each & and for many other letters: long ones are parted,
# by tags that are taken out again.
_PART = '<wbr lang="x-part">'
_LONGEST_TEXT, _LONGEST_VALUE = 4_000, 8_000


def sanitised(html: str) -> str:
    """The HTML as it may be shown to operators: nothing runs, hides or is loaded, and images come from the mail alone.

    Where others come from stands in their `data-src`, for who wants to see them.
    """
    safe = nh3.clean(
        "".join(_parted(_balanced(clean_text(beginning(html))))),
        tags=set(_TAGS),
        attributes={"*": set(_EVERYWHERE)} | _ATTRIBUTES,
        attribute_filter=_allowed,
        filter_style_properties=set(_STYLES),
        url_schemes=set(_SCHEMES),
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
    return safe.replace(_PART, "")


def _balanced(html: str) -> Iterator[str]:
    """The HTML with each tag closed and none nested too deep, and with no more than what is let through below."""
    opened: list[str] = []
    for piece in pieces(html):
        if isinstance(piece, str):
            yield from _text(piece)
        elif piece.name not in _TAGS:
            continue
        elif piece.closes:
            yield from _closed(piece.name, opened)
        else:
            yield from _closed(_ended(piece.name, opened), opened)
            if piece.name not in VOID and len(opened) >= _DEEPEST:
                continue
            yield _written(piece)
            if piece.name not in VOID:
                opened.append(piece.name)
    yield from (f"</{name}>" for name in reversed(opened))


def _text(text: str) -> Iterator[str]:
    for start in range(0, len(text), _LONGEST_TEXT):
        yield escape(text[start : start + _LONGEST_TEXT], quote=False)


def _parted(pieces: Iterable[str]) -> Iterator[str]:
    """What is written, with its long texts in parts; tags that count for nothing where they stand part none."""
    length = 0
    for piece in pieces:
        yield piece
        length += len(piece) if piece[:1] != "<" else 0
        if length > _LONGEST_TEXT:
            yield _PART
            length = 0


def _closed(name: str, opened: list[str]) -> Iterator[str]:
    if name not in opened:
        return
    while opened:
        last = opened.pop()
        yield f"</{last}>"
        if last == name:
            return


def _ended(name: str, opened: Sequence[str]) -> str:
    """Which open tag ends because this one begins; as in browsers, whose tree is none of ours."""
    ends, stays = _ENDS.get(name, ((), ()))
    if ends:
        for outer in reversed(opened):
            if outer in ends:
                return outer
            if outer in stays:
                break
    return ""


def _written(tag: Tag) -> str:
    allowed = _ATTRIBUTES.get(tag.name, set())
    found = tag.attributes() if tag.source else {}
    if tag.name == "img" and not _is_of_the_mail(found.get("src", "")):
        found["data-src"] = found.pop("src", "")
    shown = {
        name: value
        for name, value in found.items()
        if (name in allowed or name in _EVERYWHERE) and len(value) <= _LONGEST_VALUE
    }
    pairs = (f' {name}="{escape(value)}"' for name, value in shown.items())
    return f"<{tag.name}{''.join(pairs)}>"


def _is_of_the_mail(address: str) -> bool:
    return address.strip().lower().startswith("cid:")


def _allowed(tag: str, name: str, value: str) -> str | None:
    """What is left of an attribute: the second lock on the door."""
    if name == "src":
        return value if tag == "img" and _is_of_the_mail(value) else None
    if name in {"href", "data-src"}:
        address = value.strip().replace(" ", "%20")
        return address if is_safe_url(address) else None
    if name == "style":
        return ";".join(part for part in value.split(";") if not _CALLS.search(part))
    return value
