"""Fields of what VK sends: one of the wrong kind is as good as none."""

from typing import Any

Json = dict[str, Any]

# Numbers beyond this fit no column and no id of VK's.
_LARGEST = 1 << 53


def number(item: Json, *names: str) -> int:
    """The first of the fields that is a whole number; 0 where none is."""
    for name in names:
        value = item.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
            return value
    return 0


def string(item: Json, *names: str) -> str:
    """The first of the fields that is text and not empty."""
    for name in names:
        value = item.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def record(item: Json, name: str) -> Json:
    """The field as an object; an empty one for anything else."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def records(item: Json, name: str) -> list[Json]:
    """The objects of a list."""
    value = item.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def needed(item: Json, *names: str) -> int:
    """The first of the fields that is a whole number other than 0; raises ValueError where none is."""
    found = number(item, *names)
    if not found:
        raise ValueError(f"{' or '.join(names)}: no number")
    return found
