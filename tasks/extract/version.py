"""The version of the rules: what finds and files written by one version say is checked against it by another."""

import hashlib
from functools import cache
from pathlib import Path

_TASKS = Path(__file__).parents[1]
_FOLDERS = ("extract", "grammar")


@cache
def version() -> str:
    """A name that changes with the rules, their data and the grammar of dates, and with nothing else."""
    seen = hashlib.sha256()
    files = (path for folder in _FOLDERS for path in (_TASKS / folder).rglob("*") if path.suffix in {".py", ".toml"})
    for path in sorted(files):
        seen.update(path.relative_to(_TASKS).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"rules-{seen.hexdigest()[:10]}"
