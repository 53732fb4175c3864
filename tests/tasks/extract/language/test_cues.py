"""Every cue finds what its examples say it finds, and nothing in those that say it does not."""

from collections.abc import Iterator

import pytest

from tasks.extract.language.clauses import clauses_of
from tasks.extract.language.cues import hits
from tasks.extract.language.patterns import Cue, all_cues
from tasks.extract.language.words import tokens


def _entries() -> Iterator[Cue]:
    """One cue of each entry of the data files: they share the examples."""
    seen: set[str] = set()
    for cue in all_cues():
        if cue.id not in seen:
            seen.add(cue.id)
            yield cue


def _found(text: str) -> set[str]:
    return {hit.cue.id for clause in clauses_of(text) for found in clause.found.values() for hit in found}


@pytest.mark.parametrize("cue", list(_entries()), ids=lambda cue: cue.id)
def test_an_entry_finds_its_examples_and_not_its_counterexamples(cue: Cue) -> None:
    assert cue.examples
    assert [text for text in cue.examples if cue.id not in _found(text)] == []
    assert [text for text in cue.counters if cue.id in _found(text)] == []


def _spans(sense: str, text: str) -> set[str]:
    words = tokens(text, 0, len(text))
    return {text[words[hit.start].start : words[hit.end - 1].end] for hit in hits(words) if hit.cue.sense == sense}


def test_a_gap_takes_as_few_words_as_it_can() -> None:
    assert "прошу вас срочно выслать" in _spans("ask", "прошу вас срочно выслать и прислать")


def test_a_pattern_does_not_reach_over_its_gap() -> None:
    assert not _spans("want", "хочу " + "очень " * 9 + "уехать")
