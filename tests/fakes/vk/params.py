"""Parameters of VK's methods, as they come in a form."""

import json
from typing import Any

from tests.fakes.vk.faults import ApiError

Params = dict[str, str]


def needed(params: Params, name: str) -> str:
    """A parameter that must be there."""
    if params.get(name, "") == "":
        raise ApiError(100, f"{name} is undefined")
    return params[name]


def whole(params: Params, name: str, default: int = 0) -> int:
    """A whole number."""
    text = params.get(name, "")
    if text == "":
        return default
    try:
        return int(text)
    except ValueError:
        raise ApiError(100, f"{name} not integer") from None


def wholes(params: Params, name: str, most: int) -> list[int]:
    """Numbers between commas."""
    parts = [part for part in params.get(name, "").split(",") if part]
    if len(parts) > most:
        raise ApiError(100, f"{name} has more than {most} items")
    return [whole({name: part}, name) for part in parts]


def flag(params: Params, name: str) -> bool:
    """A checkbox."""
    return params.get(name, "") not in {"", "0"}


def parsed(params: Params, name: str, code: int = 100) -> dict[str, Any] | None:
    """A JSON object, None if there is none."""
    if not params.get(name):
        return None
    try:
        found = json.loads(params[name])
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(code, f"{name} contains incorrect JSON")
    return found
