"""Fields of Telegram's JSON, read strictly: a wrong type raises ValueError, and the raw is parked."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.telegram.addresses import is_connection
from connectors.text import clean_name, clean_text

Json = Mapping[str, Any]

_BIGGEST = 2**63


def read(data: bytes) -> dict[str, Any]:
    """The JSON object; ValueError for anything else. Halves of UTF-16 pairs pass."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = json.loads(data.decode(errors="surrogatepass"))
    return thing(found)


def thing(value: Any) -> dict[str, Any]:
    """The value, which must be an object."""
    if not isinstance(value, dict):
        raise ValueError(f"an object is expected, not {type(value).__name__}")
    return value


def part(of: Json, key: str) -> dict[str, Any]:
    """The object under the key; empty when there is none."""
    return thing(of.get(key) or {})


def parts(of: Json, key: str) -> list[dict[str, Any]]:
    """The objects in the list under the key."""
    found = of.get(key) or []
    if not isinstance(found, list):
        raise ValueError(f"{key}: a list is expected")
    return [thing(item) for item in found]


def number(of: Json, key: str, default: int | None = None) -> int:
    """The whole number under the key; without a default it must be there."""
    found = of.get(key, default)
    if not isinstance(found, int) or isinstance(found, bool) or not -_BIGGEST <= found < _BIGGEST:
        raise ValueError(f"{key}: a whole number is expected")
    return found


def degrees(of: Json, key: str) -> float:
    """The latitude or longitude under the key."""
    found = of.get(key)
    if not isinstance(found, int | float) or isinstance(found, bool) or not -360 <= found <= 360:
        raise ValueError(f"{key}: degrees are expected")
    return float(found)


def words(of: Json, key: str) -> str:
    """The text under the key, fit to store; empty when there is none."""
    found = of.get(key)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise ValueError(f"{key}: a text is expected")
    return clean_text(found)


def line(of: Json, key: str, limit: int = 200) -> str:
    """The text under the key as one visible line."""
    return clean_name(words(of, key), limit)


def moment(of: Json, key: str) -> datetime:
    """The time under the key."""
    try:
        return datetime.fromtimestamp(number(of, key), UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{key}: no time") from error


def name(of: Json) -> str:
    """What a user or a chat is called."""
    full = f"{line(of, 'first_name')} {line(of, 'last_name')}".strip()
    return full or line(of, "title") or line(of, "username")


def connection(of: Json) -> str | None:
    """The id of the business connection something came by."""
    found = words(of, "business_connection_id")
    if found and not is_connection(found):
        raise ValueError("business_connection_id: not of the form that is known")
    return found or None
