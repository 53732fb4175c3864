"""Content: which words of a text say what it is about, to tell whether two texts are about the same."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache, lru_cache

from tasks.extract.language.lexicon import FOLDER, lexicon
from tasks.extract.language.words import Flag, Token, Word, tokens, word_of

_COMMON = lexicon("common")
_STOP = lexicon("stop")
_ENDING = re.compile(
    r"(.{3,}?)(?:ировать|ироваться|ироваться|овать|евать|ивать|ывать|оваться|иваться|ываться|ать|ять|еть|ить|уть|оть|ться|аться|иться|"
    r"еться|ести|езти|ти|ь|ание|ение|яние|ация|овка|евка|ка|ок|ек|ство|ость|тель|ник|щик|ный|овый|ской|ский|ый|ий|ой|ая|а|я|о|е|ия|ие)$"
)
# Consonants that take turns in one root.
_SOFT = {"ч": "к", "ж": "г", "ш": "х", "щ": "ст"}
# What English adds to who does it: "you'll", "they've".
_AUXILIARIES = ("'ll", "'ve", "'re", "'d", "'m", "n't")
# Letters of a part of a word that is a word of its own.
_PART = 3
_CONTENT = Flag.NOUN | Flag.VERB | Flag.ADJ | Flag.PART | Flag.NUM
_EMPTY = Flag.PRON | Flag.PREP | Flag.CONJ | Flag.PRCL | Flag.PRED


@lru_cache(maxsize=4096)
def of_text(text: str) -> frozenset[str]:
    """The lemmas of a text that say what it is about."""
    return of_words(tokens(text, 0, len(text)))


def of_words(words: Iterable[Token]) -> frozenset[str]:
    """The same for words that are known already."""
    found: set[str] = set()
    for token in words:
        word = token.word
        if word.roots is None:
            word.roots = _of_word(word)
        found |= word.roots
    return frozenset(found)


def _of_word(word: Word) -> frozenset[str]:
    if word.flags & Flag.MARK or ":" in word.form or word.form.endswith(_AUXILIARIES):
        return frozenset()
    lemmas: set[str] = set()
    if word.flags & Flag.LATIN:
        lemmas = {word.lemma} - _COMMON if word.form not in _STOP else set()
    elif word.flags & _CONTENT and not word.flags & _EMPTY:
        lemmas = set(word.lemmas) - _COMMON
    # «Развал» is spoken of as «развал-схождение» too.
    parts = {part for lemma in lemmas if "-" in lemma for part in lemma.split("-") if len(part) > _PART}
    return frozenset(root for lemma in lemmas | parts for root in _roots(lemma))


def _roots(lemma: str) -> tuple[str, ...]:
    """So much of a lemma that its relatives share it: оплата and оплатить, упаковка and упаковать, стук and стучать.

    With the root of the word it counts as: what two texts call by the same word has more in common than by another one.
    """
    stem = _stem(lemma)
    root = stem if lemma[0] <= "z" else stem[:-1] + _SOFT.get(stem[-1], stem[-1])
    same = _same().get(stem, root)
    return (root,) if same == root else (root, same)


def _stem(lemma: str) -> str:
    if lemma[0] <= "z":
        return lemma[: max(4, min(len(lemma) - 2, 6))] if len(lemma) > 5 else lemma
    found = _ENDING.match(lemma)
    return (found.group(1) if found else lemma)[:7]


@cache
def _same() -> dict[str, str]:
    """Stems of words that are one in what customers speak of, with the stem they count as."""
    data: dict[str, str] = tomllib.loads((FOLDER / "same.toml").read_text(encoding="utf-8"))
    return {_stem(word): _stem(one) for one, words in data.items() for word in words.split()}


def is_common(form: str) -> bool:
    """Whether the word says nothing of what a text is about."""
    word = word_of(form)
    return word.lemma in _COMMON or word.form in _STOP
