"""Sets of words the rules go by, read from a data file."""

import tomllib
from functools import cache
from pathlib import Path

# The data the rules go by.
FOLDER = Path(__file__).parents[1] / "cues"


def lexicon(name: str) -> frozenset[str]:
    """The words of a set."""
    return frozenset(_all()[name].split())


@cache
def _all() -> dict[str, str]:
    return tomllib.loads((FOLDER / "lexicon.toml").read_text(encoding="utf-8"))
