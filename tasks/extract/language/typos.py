"""Typos: a word nobody knows, read as the cue word it is a slip of."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FILES = Path(__file__).parents[1] / "cues"
_WORD = re.compile(r"\b[а-я]{5,}(?:-[а-я]+)*\b")
# From so many letters on two slips are forgiven.
_LONG = 8


def mended(form: str) -> str | None:
    """The cue word that the form is a slip of; None if it is none."""
    if len(form) < 5 or len(form) > 24:
        return None
    vocabulary, slips = _tables()
    if form in vocabulary:
        return form
    found: set[str] = set()
    for near in _slipped(form, 1):
        found |= slips.get(near, frozenset())
    fits = [word for word in found if _distance(form, word) <= (2 if len(word) >= _LONG else 1) and _may_be(form, word)]
    return min(fits, key=lambda word: (_distance(form, word), word)) if fits else None


def _may_be(form: str, word: str) -> bool:
    """«Пишит» is no slip of «пишите»: nobody leaves the ending of an order out."""
    return not word.endswith("те") or form.endswith(("те", "ти", "тэ"))


@cache
def _tables() -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(_FILES.glob("russian*.toml")))
    vocabulary = frozenset(
        word for line in text.splitlines() if line[:1] not in {"#", "["} for word in _WORD.findall(line)
    )
    slips: dict[str, set[str]] = {}
    for word in vocabulary:
        for near in _slipped(word, 2 if len(word) >= _LONG else 1):
            slips.setdefault(near, set()).add(word)
    return vocabulary, {near: frozenset(words) for near, words in slips.items()}


def _slipped(word: str, depth: int) -> Iterator[str]:
    """The word, and the word without any one of its letters."""
    yield word
    if depth:
        for at in range(len(word)):
            yield from _slipped(word[:at] + word[at + 1 :], depth - 1)


def _distance(one: str, other: str) -> int:
    """How many letters are wrong, missing, too many, or changed places."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, before, row = before, row, [i, *[0] * len(other)]
        for j, right in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                row[j] = min(row[j], above[j - 2] + 1)
    return row[-1]
