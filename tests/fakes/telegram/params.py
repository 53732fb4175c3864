"""The parameters of a call, which come as JSON, as a form, or as a form with files."""

import json
from typing import Any, NamedTuple

from aiohttp import web

from tests.fakes.telegram.faults import bad

Json = dict[str, Any]


class Upload(NamedTuple):
    """A file that came with a call."""

    name: str
    content: bytes
    type: str


class Params:
    """Parameters by name; in forms all of them are strings, and what is nested is JSON."""

    def __init__(self, fields: Json, files: dict[str, Upload]) -> None:
        self.fields, self.files = fields, files
        # The names that were asked for.
        self.read: set[str] = set()

    def text(self, name: str) -> str:
        """A string; empty when there is none."""
        self.read.add(name)
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, default: int = 0) -> int:
        """A whole number."""
        said = self.text(name)
        try:
            return int(said) if said else default
        except ValueError:
            raise bad(f"wrong parameter {name} in request") from None

    def flag(self, name: str) -> bool:
        """Yes or no."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def nested(self, name: str) -> Any:
        """An object or a list; None when there is none."""
        self.read.add(name)
        value = self.fields.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise bad(f"can't parse {name} JSON object") from None

    def said(self) -> Json:
        """All of them, for the record."""
        return {name: _plain(value) for name, value in self.fields.items()}


async def read(request: web.Request) -> Params:
    """The parameters of a request: those of its address and those of its body."""
    fields: Json = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        body = await request.read()
        try:
            fields |= json.loads(body or b"{}")
        except (ValueError, TypeError):
            raise bad("can't parse request parameters as JSON object") from None
        return Params(fields, files)
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = Upload(value.filename, value.file.read(), value.content_type)
        elif isinstance(value, str):
            fields[name] = value
    return Params(fields, files)


def _plain(value: Any) -> Any:
    """What a nested value says; a text of digits stays one only if it is no number to the Bot API either."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
