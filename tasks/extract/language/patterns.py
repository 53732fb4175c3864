"""Patterns: rows of elements that words must fit, read from data files as cues.

The elements of a pattern: `word`, `one|another`, `=lemma|lemma`, `~stem`, `<flag|flag>`, `*` (any word), `*3` (up to
three words), each but the last two with `?` when it may be missing; `^` stands for the beginning of the clause, `$` for
its end, and an element with `!` in front must not come next. Words are in small letters, with е for ё.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from tasks.extract.language.lexicon import FOLDER
from tasks.extract.language.words import Flag, Word

LANGUAGES = ("russian", "english")

# The numbers of the terms that a word fits.
Terms = frozenset[int]
# In place of a flag: whatever a word is.
_ANY = 0


class Element(NamedTuple):
    """One element of a pattern: the term a word must fit, how many words, and whether it only forbids."""

    term: int
    least: int = 1
    most: int = 1
    forbids: bool = False


@dataclass(frozen=True, eq=False)
class Cue:
    """A pattern and what it says: `sense`, and how sure that is (0 to 1)."""

    id: str
    sense: str
    weight: float
    elements: tuple[Element, ...]
    begins: bool = False
    ends: bool = False
    examples: tuple[str, ...] = field(default=(), compare=False)
    counters: tuple[str, ...] = field(default=(), compare=False)


@cache
def all_cues() -> tuple[Cue, ...]:
    """Every cue of every language."""
    return tuple(_read()[0])


def terms_of(word: Word) -> Terms:
    """The terms of all patterns that the word fits."""
    return _read()[1].fitting(word)


@cache
def _read() -> tuple[list[Cue], "_Glossary"]:
    found: list[Cue] = []
    glossary = _Glossary()
    for language in LANGUAGES:
        data = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
        for sense, entries in data.items():
            for number, entry in enumerate(entries):
                found += _cues_of(f"{language[:2]}.{sense}.{number + 1}", sense, entry, glossary)
    return found, glossary


def _cues_of(name: str, sense: str, entry: dict[str, object], glossary: "_Glossary") -> Iterator[Cue]:
    patterns = entry["any"]
    assert isinstance(patterns, list)
    weight = float(str(entry.get("weight", 0.9)))
    for pattern in patterns:
        parts = pattern.split()
        begins, ends = parts[0] == "^", parts[-1] == "$"
        while not ends and parts[-1][0] == "*" and parts[-1][1:]:
            # What may follow says nothing.
            parts.pop()
        elements = tuple(_element(part, glossary) for part in parts[begins : len(parts) - ends])
        yield Cue(name, sense, weight, elements, begins, ends, _texts(entry, "yes"), _texts(entry, "no"))


def _texts(entry: dict[str, object], key: str) -> tuple[str, ...]:
    texts = entry.get(key, [])
    assert isinstance(texts, list)
    return tuple(texts)


def _element(part: str, glossary: "_Glossary") -> Element:
    if part[0] == "*":
        return Element(glossary.number("*"), 0 if part[1:] else 1, int(part[1:] or 1))
    forbids, optional = part[0] == "!", part[-1] == "?" and len(part) > 1
    return Element(glossary.number(part[forbids : len(part) - optional]), 0 if optional else 1, 1, forbids)


# ---- terms ----


class _Glossary:
    """The terms of all patterns, by number; alike ones are one. There is none with the number 0."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._by_form: dict[str, list[int]] = defaultdict(list)
        self._by_lemma: dict[str, list[int]] = defaultdict(list)
        self._by_stem: dict[tuple[str, ...], int] = {}
        self._by_flag: dict[int, list[int]] = defaultdict(list)
        # A number or a name is met for the first time in most messages, and few sorts of words there are.
        self._sorts: dict[int, Terms] = {}

    def number(self, body: str) -> int:
        """The term of this body, which is new or known."""
        if body not in self._numbers:
            self._numbers[body] = len(self._numbers) + 1
            self._note(body, self._numbers[body])
        return self._numbers[body]

    def _note(self, body: str, number: int) -> None:
        """Remember which words fit a new term."""
        if body == "*":
            self._by_flag[_ANY].append(number)
        elif body[0] == "<":
            for name in body[1:-1].split("|"):
                self._by_flag[getattr(Flag, name.upper())].append(number)
        elif "~" in body:
            self._by_stem[tuple(stem.lstrip("~") for stem in body.split("|"))] = number
        else:
            index = self._by_lemma if body[0] == "=" else self._by_form
            for word in body.removeprefix("=").split("|"):
                index[word].append(number)

    def fitting(self, word: Word) -> Terms:
        """The terms that the word fits."""
        found = {number for stems, number in self._by_stem.items() if word.form.startswith(stems)}
        found.update(self._by_form.get(word.form, ()))
        for lemma in word.lemmas:
            found.update(self._by_lemma.get(lemma, ()))
        return self._sort(word.flags).union(found)

    def _sort(self, flags: int) -> Terms:
        """The terms that any word with these flags fits."""
        if flags not in self._sorts:
            fits = (numbers for flag, numbers in self._by_flag.items() if flag == _ANY or flags & flag)
            self._sorts[flags] = Terms(number for numbers in fits for number in numbers)
        return self._sorts[flags]
