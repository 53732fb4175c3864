"""Sharing: one verb over several things that each have a day: «пришлите счёт до пятницы и акт до среды»."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from tasks.dates import When
from tasks.extract.language import content
from tasks.extract.language.clauses import Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, Token

_LINK = re.compile(r"[,;]?\s*\b(?:и|а|and)\b|[,;]", re.IGNORECASE)
# Figures of a number that counts things, rather than names one.
_FEW = 2
_MARKS = ",;"
_LINKS = lexicon("links")


def shares(clause: Clause, dates: Sequence[When], text: str) -> list[Clause]:
    """The clause in pieces with a day and a thing each; `dates` are those it names. As it is where there is but one."""
    starts = [start for one, after in pairwise(dates) for start in _next(clause, one, after, text)]
    if not starts:
        return [clause]
    bounds = [0, *starts, len(clause.words)]
    return [_piece(clause, first, last) for first, last in pairwise(bounds)]


def _next(clause: Clause, one: When, after: When, text: str) -> Iterator[int]:
    """The number of the word with which what the second day is for begins."""
    link = _LINK.search(text, one.end, after.start)
    if link is None or one.date == after.date:
        return
    # «На пятое, имя Ольга, на семь вечера» is one day and its hour.
    roles = {"deadline"} if link.group() in _MARKS else {"deadline", "point"}
    if not {one.role, after.role} <= roles:
        return
    between = [at for at, token in enumerate(clause.words) if link.end() <= token.start < after.start]
    if any(_is_thing(clause.words[at]) for at in between):
        yield between[0]


def _is_thing(token: Token) -> bool:
    names = token.word.flags & (Flag.NOUN | Flag.LATIN) or (token.word.flags & Flag.NUM and len(token.word.form) > _FEW)
    return bool(names and content.of_words([token]))


def _piece(clause: Clause, first: int, last: int) -> Clause:
    words = list(clause.words[first:last])
    while words[-1].word.form in _LINKS:
        words.pop()
    found = clause.found if first == 0 else {}
    inside = {sense: [hit for hit in hits if hit.end <= len(words)] for sense, hits in found.items()}
    return replace(
        clause, words=words, start=words[0].start, end=words[-1].end, main=0 if first else clause.main,
        lead="" if first else clause.lead, found={sense: hits for sense, hits in inside.items() if hits},
    )  # fmt: skip
