"""The learned re-ranker: how sure a find is, by the rules that found it and the words that prove it. Pure.

A model is linear in features that are known by their hashes, so that it is a table of numbers and nothing else.
"""

import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from tasks.extract.model import SURE, Kind, New, TaskChange

# Features are told apart by so many places of a table; a new way to make them is a new version.
SIZE: Final = 1 << 14
FEATURES = 1
# Nothing that is read out of words is certain, either way.
_LEAST, _MOST = 0.01, 0.99
# Code points of the words that are looked at: a longer text proves nothing more, and costs more.
_READ = 400
_GRAMS = (3, 4, 5)
_WORD, _DIGIT, _SPACE = re.compile(r"[^\W_]+"), re.compile(r"\d"), re.compile(r"\s+")
# What a re-ranked task bears beside its rules: how sure they had been.
_MARK = "rules:"

Features = dict[int, float]


class Candidate(NamedTuple):
    """What is judged: a find as the rules left it, and the words that prove it."""

    kind: Kind
    operators: bool
    rules: tuple[str, ...]
    confidence: float
    dated: bool
    high: bool
    words: str


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by the places of features, zeros left out."""

    weights: Mapping[int, float]
    intercept: float

    def confidence(self, candidate: Candidate) -> float:
        """How sure the candidate is a task: 0.01 to 0.99, in hundredths."""
        found = features(candidate)
        score = self.intercept + math.fsum(self.weights.get(place, 0.0) * found[place] for place in found)
        return round(bounded(0.5 + 0.5 * math.tanh(score / 2)), 2)


def judged(changes: Iterable[TaskChange], model: Model | None) -> list[TaskChange]:
    """The changes with the new tasks among them re-ranked; without a model just as they are."""
    return [reranked(one, model) if model is not None and isinstance(one, New) else one for one in changes]


def reranked(change: New, model: Model) -> New:
    """The find with the model's confidence in place of the rules', which its `rules` tell; nothing else is changed."""
    one = _candidate(change)
    rules = (*one.rules, f"{_MARK}{one.confidence:g}")
    return change._replace(confidence=model.confidence(one), rules=rules)


def by_rules(rules: Sequence[str], confidence: float) -> tuple[tuple[str, ...], float]:
    """The rules alone, and how sure they had been, of a task that may have been re-ranked."""
    own = [rule for rule in rules if rule.startswith(_MARK)]
    return tuple(rule for rule in rules if rule not in own), float(own[-1].removeprefix(_MARK)) if own else confidence


def bounded(confidence: float) -> float:
    """The confidence, where it says less than certain."""
    return min(max(confidence, _LEAST), _MOST)


def features(one: Candidate) -> Features:
    """The candidate's features: what the rules say of it, and of its words a sum that is the same for few and many."""
    words = _SPACE.sub(" ", _DIGIT.sub("0", one.words[:_READ].lower().replace("ё", "е"))).strip()
    parts = _WORD.findall(words)
    found: Features = {}
    sure = bounded(one.confidence)
    _add(found, ["confidence"], math.log(sure / (1 - sure)))
    _add(found, _said(one, len(words), len(parts)), 1.0)
    pairs = [f"{first} {second}" for first, second in pairwise(parts)]
    _add_alike(found, [f"word={part}" for part in [*parts, *pairs]])
    around = f" {words} "
    _add_alike(found, [around[at : at + size] for size in _GRAMS for at in range(len(around) - size + 1)])
    return found


def _candidate(change: New) -> Candidate:
    words = next((span.text for span in change.evidence if span.message == change.source), "")
    rules, confidence = by_rules(change.rules, change.confidence)
    # Of what an operator wrote only promises of his are tasks.
    operators = change.promised_by == "operator"
    return Candidate(change.kind, operators, rules, confidence, change.due is not None, change.high, words)


def _said(one: Candidate, characters: int, words: int) -> list[str]:
    flags = {"sure": one.confidence >= SURE, "dated": one.dated, "high": one.high, "operator": one.operators}
    return [
        f"kind={one.kind}",
        *(f"rule={rule}" for rule in sorted(set(one.rules))),
        *(f"{name}=" for name, holds in flags.items() if holds),
        f"characters={characters.bit_length()}",
        f"words={words.bit_length()}",
    ]


def _add_alike(found: Features, names: Iterable[str]) -> None:
    """Many of one sort, each once, together as long as one of another."""
    # A set has no order, and sums of floats depend on it.
    if once := dict.fromkeys(names):
        _add(found, once, 1 / math.sqrt(len(once)))


def _add(found: Features, names: Iterable[str], value: float) -> None:
    for hashed in map(zlib.crc32, map(str.encode, names)):
        # Two that share a place add up or cancel out, as the topmost bit will have it.
        place = hashed % SIZE
        found[place] = found.get(place, 0.0) + (value if hashed >> 31 else -value)
