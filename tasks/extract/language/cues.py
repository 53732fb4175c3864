"""Cues: which of the known patterns stand in a clause, and where."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tasks.extract.language.patterns import Cue, Element, Terms, all_cues, terms_of
from tasks.extract.language.words import Token, Word

# Behind the last word nothing fits.
_END = Terms()


class Hit(NamedTuple):
    """A cue where it was found: numbers of the clause's tokens, the last one not included."""

    cue: Cue
    start: int
    end: int


class _Start(NamedTuple):
    """A cue that a word may begin: how many of its elements the word is for sure, and what must come for the rest.

    That is the term the next word must fit, and one that some word must; each is 0 where there is none.
    """

    cue: Cue
    sure: int
    next: int
    needs: int


class _Hints(NamedTuple):
    """The terms a word fits, and which cues it may begin: where a clause begins, and elsewhere; and what these say."""

    terms: Terms
    first: tuple[_Start, ...]
    inner: tuple[_Start, ...]
    senses: frozenset[str]


def hits(words: Sequence[Token], main: int = 0) -> Iterator[Hit]:
    """The cues of a clause, in order of where they begin; marks between words are not seen by patterns.

    What begins a clause may also begin its main part, at the word with the number `main`.
    """
    known: list[_Hints] = [token.word.hints or _learn(token.word) for token in words]
    terms = [*(hints.terms for hints in known), _END]
    all_terms = _END.union(*terms)
    count = len(words)
    for at, hints in enumerate(known):
        for cue, sure, follows, needs in hints.first if at in (0, main) else hints.inner:
            # Of most cues no more than the first word is there.
            if (needs and needs not in all_terms) or (follows and follows not in terms[at + sure]):
                continue
            end = _match(cue.elements, sure, terms, at + sure)
            if end >= 0 and (not cue.ends or end == count):
                yield Hit(cue, at, end)


def _match(elements: Sequence[Element], number: int, terms: Sequence[Terms], at: int) -> int:
    """Where the elements from `number` on end, if they stand at `at`; -1 if they do not."""
    for place in range(number, len(elements)):
        term, least, _, forbids = elements[place]
        if forbids:
            if term in terms[at]:
                return -1
        elif least:
            if term not in terms[at]:
                return -1
            at += 1
        else:
            return _stretch(elements, place, terms, at)
    return at


def _stretch(elements: Sequence[Element], number: int, terms: Sequence[Terms], at: int) -> int:
    """The same for an element that may be missing: with as few words as fit."""
    term, _, most, _ = elements[number]
    for taken in range(at, at + most + 1):
        end = _match(elements, number + 1, terms, taken)
        if end >= 0:
            return end
        if term not in terms[taken]:
            return -1
    return -1


# ---- what is known of a word ----


def may_begin(word: Word, sense: str) -> bool:
    """Whether a cue that says this may begin with the word."""
    hints: _Hints = word.hints or _learn(word)
    return sense in hints.senses


def _learn(word: Word) -> _Hints:
    found = _hints(terms_of(word), russian="а" <= word.form[0] <= "я")
    word.hints = found
    return found


@cache
def _hints(terms: Terms, *, russian: bool) -> _Hints:
    """The same for all words that fit the same, as most numbers and names do."""
    own = [cue for cue in all_cues() if not (russian and cue.id.startswith("en.")) and _may_begin(cue, terms)]
    first = tuple(_start(cue, terms) for cue in own)
    inner = tuple(start for start in first if not start.cue.begins)
    return _Hints(terms, first, inner, frozenset(cue.sense for cue in own))


def _may_begin(cue: Cue, terms: Terms) -> bool:
    for element in cue.elements:
        if not element.forbids and element.term in terms:
            return True
        if element.least and not element.forbids:
            return False
    return False


def _start(cue: Cue, terms: Terms) -> _Start:
    first = cue.elements[0]
    sure = int(bool(first.least) and not first.forbids and first.term in terms)
    left = [one.term if one.least and not one.forbids else 0 for one in cue.elements[sure:]]
    return _Start(cue, sure, left[0] if left else 0, next(filter(None, reversed(left)), 0))
