"""Sets of words the rules go by, read from a data file."""

import tomllib
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parents[1] / "cues" / "lexicon.toml"


def lexicon(name: str) -> frozenset[str]:
    """The words of a set."""
    return frozenset(_all()[name].split())


@cache
def _all() -> dict[str, str]:
    return tomllib.loads(_DATA.read_text(encoding="utf-8"))
