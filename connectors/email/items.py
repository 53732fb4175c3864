"""What a FETCH told, out of its lines and literals."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

_NUMBERS = re.compile(rb"(UID|RFC822\.SIZE) ([0-9]{1,20})")
_DATE = re.compile(rb'INTERNALDATE "([^"]{20,40})"')
_QUOTED = re.compile(rb'BODY\[[^\]]*\](?:<[0-9]+>)? "((?:[^"\\]|\\.)*)"')
_ITEM = re.compile(rb"[0-9]+ FETCH \(")


class Item(NamedTuple):
    """What a FETCH told of one mail: `at` is when it came, in unix time; `data` is None unless asked for and there."""

    uid: int
    size: int
    at: int
    data: bytes | None


def items_of(lines: Sequence[bytes | bytearray]) -> list[Item]:
    """The items of a FETCH: each begins with a line, and goes on with literals and what stands behind them."""
    found: list[Item] = []
    told: dict[bytes, int] = {}
    data: bytes | None = None
    for line in [*lines, b"0 FETCH ("]:
        if isinstance(line, bytearray):
            data = bytes(line)
            continue
        if _ITEM.match(line):
            if b"UID" in told:
                found.append(Item(told[b"UID"], told.get(b"RFC822.SIZE", 0), told.get(b"INTERNALDATE", 0), data))
            told, data = {}, None
        told |= {name: int(number) for name, number in _NUMBERS.findall(line)}
        if short := _QUOTED.search(line):
            data = re.sub(rb"\\(.)", rb"\1", short[1])
        if date := _DATE.search(line):
            told[b"INTERNALDATE"] = _time(date[1])
    return found


def more(item: Item, other: Item) -> Item:
    """What both tell of one mail."""
    data = other.data if item.data is None else item.data
    return Item(item.uid, item.size or other.size, item.at or other.at, data)


def _time(date: bytes) -> int:
    try:
        return int(datetime.strptime(date.decode().strip(), "%d-%b-%Y %H:%M:%S %z").timestamp())
    except (ValueError, OverflowError):
        return 0
