"""TNEF: the files and the text inside Outlook's winmail.dat; own reader, because anybody may send one."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from connectors.email.parsing.charsets import decode

SIGNATURE = b"\x78\x9f\x3e\x22"
_MOST_FILES, _MOST_ATTRIBUTES, _MOST_PROPERTIES, _MOST_VALUES = 200, 20_000, 2_000, 1_000

_ATTACH_RENDER, _ATTACH_TITLE, _ATTACH_DATA, _ATTACHMENT = 0x9002, 0x8010, 0x800F, 0x9005
_BODY, _PROPERTIES, _CODE_PAGE = 0x800C, 0x9003, 0x9007
_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME, _DATA, _MIME, _CONTENT_ID = 0x3707, 0x3704, 0x3001, 0x3701, 0x370E, 0x3712
_TEXT, _HTML = 0x1000, 0x1013
# Bytes of values that have one size; all other kinds are counted and carry their length.
_FIXED = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x000A: 4,
    0x000B: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_STRING, _UNICODE = 0x001E, 0x001F


class Held(NamedTuple):
    """A file inside."""

    name: str = ""
    data: bytes = b""
    type: str = ""
    content_id: str = ""


class Opened(NamedTuple):
    """What a winmail.dat holds."""

    files: tuple[Held, ...] = ()
    text: str = ""
    html: str = ""


def opened(data: bytes) -> Opened | None:
    """What is inside; None if it is no TNEF or broken before anything was found."""
    if not data.startswith(SIGNATURE):
        return None
    files: list[Held] = []
    found = Opened()
    page = "cp1252"
    try:
        for kind, value in _attributes(data):
            if kind == _CODE_PAGE and len(value) >= 4:
                page = f"cp{int.from_bytes(value[:4], 'little')}"
            elif kind == _ATTACH_RENDER and len(files) < _MOST_FILES:
                files.append(Held())
            elif files and kind in {_ATTACH_TITLE, _ATTACH_DATA, _ATTACHMENT}:
                files[-1] = _with(files[-1], kind, value, page)
            elif kind in {_BODY, _PROPERTIES}:
                found = _said(found, kind, value, page)
    except (struct.error, IndexError):
        # Cut off: what was whole until here is kept.
        pass
    kept = tuple(one for one in files if one.data)
    return found._replace(files=kept) if kept or found.text or found.html else None


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    for _ in range(_MOST_ATTRIBUTES):
        if at + 9 > len(data):
            return
        kind, length = struct.unpack_from("<H2xI", data, at + 1)
        yield kind, data[at + 9 : at + 9 + length]
        at += 11 + length


def _with(held: Held, kind: int, value: bytes, page: str) -> Held:
    """The file with one more thing known of it."""
    if kind == _ATTACH_TITLE:
        return held._replace(name=held.name or _string(value, page))
    if kind == _ATTACH_DATA:
        return held._replace(data=value)
    found = dict(_properties(value, page))
    inner = found.get(_DATA, b"")
    # An object begins with the sixteen bytes of what it is.
    data = held.data or (inner[16:] if isinstance(inner, bytes) else b"")
    name = next((str(found[key]) for key in (_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME) if found.get(key)), held.name)
    return Held(name, data, str(found.get(_MIME, held.type)), str(found.get(_CONTENT_ID, held.content_id)))


def _said(found: Opened, kind: int, value: bytes, page: str) -> Opened:
    """The text and the page of the message itself."""
    if kind == _BODY:
        return found._replace(text=found.text or _string(value, page))
    known = dict(_properties(value, page))
    text, html = known.get(_TEXT, ""), known.get(_HTML, "")
    return found._replace(
        text=text if isinstance(text, str) and text else found.text,
        html=html if isinstance(html, str) else decode(html, page),
    )


def _properties(data: bytes, page: str) -> Iterator[tuple[int, str | bytes]]:
    """MAPI properties that are strings or bytes."""
    (count,) = struct.unpack_from("<I", data, 0)
    at = 4
    for _ in range(min(count, _MOST_PROPERTIES)):
        kind, number = struct.unpack_from("<HH", data, at)
        at += 4
        if number >= 0x8000:
            at = _after_name(data, at)
        many = bool(kind & 0x1000)
        kind &= 0x0FFF
        if kind in _FIXED and not many:
            at += _FIXED[kind]
            continue
        (values,) = struct.unpack_from("<I", data, at)
        at += 4
        if kind in _FIXED:
            at += -(-_FIXED[kind] * min(values, len(data)) // 4) * 4
            continue
        for _ in range(min(values, _MOST_VALUES)):
            (length,) = struct.unpack_from("<I", data, at)
            value = data[at + 4 : at + 4 + length]
            at += 4 + -(-length // 4) * 4
            yield number, _value(kind, value, page)


def _after_name(data: bytes, at: int) -> int:
    """Where a named property's value begins: after an id of sixteen bytes and a number or a name."""
    sort, length = struct.unpack_from("<II", data, at + 16)
    if sort == 0:
        return at + 24
    return at + 24 + (int(length) + 3) // 4 * 4


def _value(kind: int, value: bytes, page: str) -> str | bytes:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    return _string(value, page) if kind == _STRING else value


def _string(value: bytes, page: str) -> str:
    return decode(value.rstrip(b"\0"), page)
