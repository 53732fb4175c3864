"""Cues: word patterns that say something of a clause, read from data files.

A pattern is a row of elements: `word`, `one|another`, `=lemma|lemma`, `~stem`, `<flag|flag>`, `*` (any word), `*3`
(up to three words), each but the last two with `?` when it may be missing; `^` stands for the beginning of the clause,
`$` for its end, and an element with `!` in front must not come next. Words are in small letters, with е for ё.
"""

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

from tasks.extract.language.lexicon import FOLDER
from tasks.extract.language.words import Flag, Token, Word

LANGUAGES = ("russian", "english")

Test = Callable[[Word], bool]


class Element(NamedTuple):
    """One element of a pattern: what it takes, how many of them, and whether it only forbids.

    `words` are the only ones it may take, where these are known, by their `form` or their `lemma`.
    """

    test: Test
    least: int = 1
    most: int = 1
    forbids: bool = False
    text: str = ""
    words: frozenset[str] = frozenset()
    by: Literal["form", "lemma", ""] = ""


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


class Hit(NamedTuple):
    """A cue where it was found: numbers of the clause's tokens, the last one not included."""

    cue: Cue
    start: int
    end: int


def hits(words: Sequence[Token], main: int = 0) -> Iterator[Hit]:
    """The cues of a clause, in order of where they begin; marks between words are not seen by patterns.

    What begins a clause may also begin its main part, at the word with the number `main`.
    """
    count = len(words)
    for at in range(count):
        word = words[at].word
        hints = word.hints
        if hints is None:
            hints = word.hints = _hints(word)
        for cue, known in hints:
            if cue.begins and at not in (0, main):
                continue
            end = _match(cue.elements, known, words, at + known, count)
            if end >= 0 and (not cue.ends or end == count):
                yield Hit(cue, at, end)


def _match(elements: tuple[Element, ...], number: int, words: Sequence[Token], at: int, count: int) -> int:
    """Where the elements from `number` on end, if they stand at `at`; -1 if they do not."""
    while number < len(elements):
        test, least, most, forbids, _, _, _ = elements[number]
        if forbids:
            if at < count and test(words[at].word):
                return -1
        elif least == most == 1:
            if at >= count or not test(words[at].word):
                return -1
            at += 1
        else:
            return _stretch(elements, number, words, at, count)
        number += 1
    return at


def _stretch(elements: tuple[Element, ...], number: int, words: Sequence[Token], at: int, count: int) -> int:
    """The same for an element that may be missing or take several words: the shortest that fits."""
    test, least, most, _, _, _, _ = elements[number]
    for taken in range(most + 1):
        if taken >= least:
            end = _match(elements, number + 1, words, at + taken, count)
            if end >= 0:
                return end
        if at + taken >= count or not test(words[at + taken].word):
            return -1
    return -1


# ---- reading the data ----


@cache
def all_cues() -> tuple[Cue, ...]:
    """Every cue of every language."""
    found: list[Cue] = []
    for language in LANGUAGES:
        data = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
        for sense, entries in data.items():
            for number, entry in enumerate(entries):
                found += _cues_of(f"{language[:2]}.{sense}.{number + 1}", sense, entry)
    return tuple(found)


def _cues_of(name: str, sense: str, entry: dict[str, object]) -> Iterator[Cue]:
    patterns = entry["any"]
    assert isinstance(patterns, list)
    weight = float(str(entry.get("weight", 0.9)))
    for pattern in patterns:
        elements, begins, ends = _compiled(pattern)
        yield Cue(name, sense, weight, elements, begins, ends, _texts(entry, "yes"), _texts(entry, "no"))


def _texts(entry: dict[str, object], key: str) -> tuple[str, ...]:
    texts = entry.get(key, [])
    assert isinstance(texts, list)
    return tuple(texts)


def _compiled(pattern: str) -> tuple[tuple[Element, ...], bool, bool]:
    parts = pattern.split()
    begins, ends = parts[0] == "^", parts[-1] == "$"
    while not ends and parts[-1][0] == "*" and parts[-1][1:]:
        # What may follow says nothing.
        parts.pop()
    return tuple(_element(part) for part in parts[begins : len(parts) - ends]), begins, ends


def _element(part: str) -> Element:
    if part[0] == "*":
        return Element(_anything, 0 if part[1:] else 1, int(part[1:] or 1), text=part)
    forbids, optional = part[0] == "!", part[-1] == "?" and len(part) > 1
    body, least = part[forbids : len(part) - optional], 0 if optional else 1
    if body[0] == "<" or "~" in body:
        return Element(_kind_test(body), least, 1, forbids, part)
    if body[0] == "=":
        lemmas = frozenset(body[1:].split("|"))
        return Element(lambda word: not lemmas.isdisjoint(word.lemmas), least, 1, forbids, part, lemmas, "lemma")
    forms = frozenset(body.split("|"))
    return Element(lambda word: word.form in forms, least, 1, forbids, part, forms, "form")


def _kind_test(body: str) -> Test:
    if body[0] == "<":
        flags = 0
        for name in body[1:-1].split("|"):
            flags |= getattr(Flag, name.upper())
        return lambda word: bool(word.flags & flags)
    stems = tuple(stem.lstrip("~") for stem in body.split("|"))
    return lambda word: word.form.startswith(stems)


def _anything(_word: Word) -> bool:
    return True


def _hints(word: Word) -> tuple[tuple[Cue, int], ...]:
    """The cues that may begin with the word, each with how many of its elements the word is known to be."""
    foreign = "en." if "а" <= word.form[0] <= "я" else ""
    cues, start = all_cues(), _beginnings()
    numbers = {*start.others, *start.forms.get(word.form, ())}
    numbers.update(number for lemma in word.lemmas for number in start.lemmas.get(lemma, ()))
    own = (cues[number] for number in sorted(numbers))
    may = [cue for cue in own if not (foreign and cue.id.startswith(foreign)) and _may_begin(cue, word)]
    found = tuple((cue, int(_is_first(cue.elements[0], word))) for cue in may)
    # All numbers that mean nothing by themselves have the same.
    return _alike.setdefault(found, found)


_alike: dict[tuple[tuple[Cue, int], ...], tuple[tuple[Cue, int], ...]] = {}


class _Beginnings(NamedTuple):
    """The numbers of the cues that may begin with a form or a lemma, and of those that may with any word."""

    forms: dict[str, list[int]]
    lemmas: dict[str, list[int]]
    others: list[int]


@cache
def _beginnings() -> _Beginnings:
    """A number or a name is met for the first time in most messages: few cues are asked what they know of it."""
    found = _Beginnings(defaultdict(list), defaultdict(list), [])
    for number, cue in enumerate(all_cues()):
        for element in cue.elements:
            if element.forbids:
                continue
            for word in element.words:
                (found.forms if element.by == "form" else found.lemmas)[word].append(number)
            if not element.words:
                found.others.append(number)
            if element.least:
                break
    return found


def _is_first(element: Element, word: Word) -> bool:
    return element.least == element.most == 1 and not element.forbids and element.test(word)


def _may_begin(cue: Cue, word: Word) -> bool:
    for element in cue.elements:
        if not element.forbids and element.test(word):
            return True
        if element.least and not element.forbids:
            return False
    return False
