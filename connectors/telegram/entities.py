"""Entities: how Telegram marks stretches of a text."""

import re
from typing import Any, Literal

from connectors.base import Span
from connectors.markup import from_utf16, is_safe_url
from connectors.telegram.fields import Json, number, parts, words

# Telegram gives a hundred; a broken raw must not keep a worker busy.
_MOST = 1000
_KINDS: dict[str, Literal["bold", "italic", "underline", "strike", "code", "pre", "quote"]] = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strikethrough": "strike",
    "code": "code",
    "pre": "pre",
    "blockquote": "quote",
    "expandable_blockquote": "quote",
}


def spans(text: str, of: Json, key: str) -> tuple[Span, ...]:
    """What of the entities under the key shows in HTML."""
    found = (_span(text, entity) for entity in parts(of, key)[:_MOST])
    return tuple(span for span in found if span)


def shifted(found: tuple[Span, ...], by: int) -> tuple[Span, ...]:
    """The spans of a text that has so many letters put before it."""
    return tuple(Span(span.kind, span.start + by, span.end + by, span.url) for span in found)


def _span(text: str, entity: dict[str, Any]) -> Span | None:
    kind = words(entity, "type")
    start, end = from_utf16(text, number(entity, "offset"), number(entity, "length"))
    if kind in _KINDS:
        return Span(_KINDS[kind], start, end)
    url = _url(kind, text[start:end], entity)
    return Span("link", start, end, url) if is_safe_url(url) else None


def _url(kind: str, text: str, entity: dict[str, Any]) -> str:
    if kind == "text_link":
        return words(entity, "url")
    if kind == "url":
        return text if is_safe_url(text) else f"http://{text}"
    if kind == "email":
        return f"mailto:{text}"
    if kind == "phone_number":
        return "tel:" + re.sub(r"[^+0-9]", "", text)
    return ""
