"""The answer: of what a model says only what the words of the conversation prove is believed, and nothing is sure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from tasks.dates import When
from tasks.extract import linker
from tasks.extract.language import content
from tasks.extract.language.words import Flag
from tasks.extract.language.zones import own_lines
from tasks.extract.model import Context, Due, Kind, New, Said, Span, Task
from tasks.extract.outside.question import Question
from tasks.extract.scene import Scene
from tasks.extract.speech import titles

VERSION = "llm-1"
# Below SURE: somebody has to say yes.
CONFIDENCE = 0.45
# Tasks that are believed of one answer, and looked at; no honest one comes near.
MOST, LOOKED_AT = 5, 50
# Letters and digits that prove something at least, code points at most.
_LEAST, _LONGEST = 4, 1000
# From so much in common on, from 0 to 1, two finds are the same one.
_SAME = 0.6
_FIGURE, _MARKS = re.compile(r"[\d@/\\_]"), ".,;:!?…()«»\"'"
_WANTED = frozenset({"deadline", "point", "span"})
# An answer to a question, and a trouble's end, are due only where the client says until when.
_DEADLINES: frozenset[Kind] = frozenset({"question", "complaint"})


class Nonsense(ValueError):
    """What the model said is not in the form it was asked for."""


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    kind: Kind
    title: str
    message: int
    evidence: str
    due_phrase: str | None


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    tasks: list[_Told]


_decoder = msgspec.json.Decoder(_Answer)


class Opinion(NamedTuple):
    """How many tasks the model told of, and those of them that are proved."""

    told: int
    finds: list[New]


def read(answer: str, question: Question) -> Opinion:
    """What is to be believed of an answer; raises Nonsense. `source` and spans name messages by their own keys."""
    try:
        told = _decoder.decode(answer).tasks
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Nonsense(type(error).__name__) from None
    # What a message says is read once, however many tasks are told of it.
    scenes = {number: Scene(Context(question.calendar), question.shown[number - 1]) for number in question.look_in}
    finds = (_find(one, scenes) for one in told[:LOOKED_AT])
    return Opinion(len(told), list(islice((find for find in finds if find is not None), MOST)))


def fresh(finds: Sequence[New], tasks: Sequence[Task], shown: Sequence[int]) -> list[New]:
    """The finds that nobody made before: no task is proved by the same words, or is about the same.

    `shown` are the keys of the messages it was asked about: what closed tasks of other messages were about may be
    wanted again.
    """
    alive = [task for task in tasks if not task.closed or task.source in shown]
    proofs = [span for task in tasks for span in task.evidence]
    kept: list[New] = []
    for find in finds:
        (proof,) = find.evidence
        about = content.of_text(find.title) | content.of_text(proof.text)
        is_known = any(_overlap(proof, span) for span in proofs)
        if not is_known and not any(linker.overlap(task, about) >= _SAME for task in alive):
            kept.append(find)
            proofs.append(proof)
    return kept


def _find(told: _Told, scenes: Mapping[int, Scene]) -> New | None:
    scene = scenes.get(told.message)
    if scene is None:
        return None
    said = scene.message
    proof = _proof(said, told.evidence.strip())
    if proof is None:
        return None
    return New(
        told.kind,
        _title(told, proof, said),
        CONFIDENCE,
        said.key,
        (proof,),
        _due(scene, told, proof),
        "client" if told.kind == "commitment" else None,
        rules=("llm",),
        status="proposed",
    )


def _proof(said: Said, quote: str) -> Span | None:
    """Where the writer's own text has these very words."""
    if sum(map(str.isalnum, quote)) < _LEAST or len(quote) > _LONGEST:
        return None
    own = own_lines(said.text)
    for start, end in _places(said.text, quote):
        kept = (said.text[max(start, line.start) : min(end, line.end)] for line in own)
        if "\n".join(kept).split() == quote.split():
            return Span(said.key, start, end, quote)
    return None


def _places(text: str, quote: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in re.finditer(re.escape(quote), text))


def _title(told: _Told, proof: Span, said: Said) -> str:
    """The model's title if it is about what proves it, with no figures or addresses of its own; else the words.

    Operators pay sums, ring numbers and follow links: these are the client's, or are not there.
    """
    title = titles.tidy("".join(char for char in " ".join(told.title.split()) if char.isprintable()))
    figures = [word.strip(_MARKS) for word in title.split() if _FIGURE.search(word)]
    if content.of_text(title) & content.of_text(proof.text) and all(word in said.text for word in figures):
        return title
    return titles.said(titles.lead(told.kind, proof.text), [proof.text])


def _due(scene: Scene, told: _Told, proof: Span) -> Due | None:
    """The day our own grammar reads in the words the model points to, where they stand; whatever it says of days."""
    phrase = (told.due_phrase or "").strip()
    if not phrase:
        return None
    said = scene.message
    roles = {"deadline"} if told.kind in _DEADLINES else _WANTED
    useful = [when for when in scene.dates if when.role in roles and when.date >= said.at.date()]
    pointed = [
        when
        for start, end in _places(said.text, phrase)
        for when in useful
        if when.start < end and start < when.end and not _is_over(when, proof, scene)
    ]
    best = min(pointed, key=_rank, default=None)
    return Due(best.date, best.time, best.phrase) if best else None


def _is_over(when: When, proof: Span, scene: Scene) -> bool:
    """Whether the day is told of what happened, beside what is wanted: «оплатил 5-го, пришлите чек»."""
    around = (clause for clause in scene.clauses if clause.start <= when.start < clause.end)
    return any(
        clause.flags & Flag.PAST and not (clause.start < proof.end and proof.start < clause.end) for clause in around
    )


def _rank(when: When) -> tuple[bool, bool, int]:
    return when.role == "span", when.role != "deadline", when.start


def _overlap(one: Span, other: Span) -> bool:
    return one.message == other.message and one.start < other.end and other.start < one.end
