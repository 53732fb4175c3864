"""The version of the rules: what finds and files written by one version say is checked against it by another."""

import hashlib
from functools import cache
from pathlib import Path

_TASKS = Path(__file__).parents[1]
# All that decides what is found in words, and which day they name.
_PARTS = ("extract", "grammar", "dates.py", "calendar.py")


@cache
def version() -> str:
    """A name that changes whenever the files do that hold the rules, their data and the reading of dates."""
    seen = hashlib.sha256()
    held = (path for part in _PARTS for path in (_TASKS / part, *(_TASKS / part).rglob("*")))
    for path in sorted(path for path in held if path.suffix in {".py", ".toml"}):
        seen.update(path.relative_to(_TASKS).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"rules-{seen.hexdigest()[:10]}"
