"""Which of the known tasks a message speaks of."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from tasks.extract.language import content
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, tokens
from tasks.extract.model import New, Span, Task

# How much of what is said must belong to a task, from 0 to 1, for the task to be meant.
LEAST = 0.2
# Three words in common are as good as all.
_ENOUGH = 3
_LINKS, _THING = lexicon("between"), Flag.NOUN | Flag.LATIN
# Figures of a number that names something.
_NAMING = 3


def about(task: Task | New) -> frozenset[str]:
    """What a task or a find is about."""
    return _about(task.title, task.evidence)


@lru_cache(maxsize=4096)
def _about(title: str, evidence: tuple[Span, ...]) -> frozenset[str]:
    return content.of_text(title).union(*(content.of_text(span.text) for span in evidence))


def overlap(task: Task, lemmas: frozenset[str]) -> float:
    """How much of what is said belongs to the task: 0 to 1."""
    own = about(task)
    common = own & lemmas
    if not common:
        return 0.0
    if (his := _numbers(lemmas)) and (its := _numbers(own)) and not his & its:
        # Order 1056 is not order 1055.
        return 0.0
    return len(common) / min(len(lemmas), _ENOUGH)


def _numbers(lemmas: frozenset[str]) -> set[str]:
    return {one for one in lemmas if one.isdigit() and len(one) >= _NAMING}


def is_part(task: Task, lemmas: frozenset[str]) -> bool:
    """Whether what is said speaks of what a task is also about: of «такси» where it is «столик и такси»."""
    words = tokens(task.title, 0, len(task.title))
    for at, token in enumerate(words):
        if token.word.form not in _LINKS or not 0 < at < len(words) - 1:
            continue
        sides = [content.of_words([words[place]]) for place in (at - 1, at + 1)]
        things = all(
            side and words[place].word.flags & _THING for side, place in zip(sides, (at - 1, at + 1), strict=True)
        )
        if things and sides[1] & lemmas and not sides[0] & lemmas:
            return True
    return False


def best(tasks: Sequence[Task], lemmas: frozenset[str], least: float = LEAST) -> Task | None:
    """The task that shares most with what is said, the newest of equals; None if none shares enough."""
    scored = [(overlap(task, lemmas), at) for at, task in enumerate(tasks)] if lemmas else []
    score, at = max(scored, default=(0.0, -1))
    return tasks[at] if score and score >= least else None


def every(tasks: Sequence[Task], lemmas: frozenset[str]) -> list[Task]:
    """The tasks that are spoken of, each by words of its own, the one that shares most first."""
    found: list[Task] = []
    left, words = list(tasks), lemmas
    while (task := best(left, words)) is not None:
        found.append(task)
        left.remove(task)
        words -= about(task)
    return found


def serving(tasks: Iterable[Task], served: Task) -> list[Task]:
    """Open promises made for a task."""
    open_ones = [task for task in tasks if task.kind == "commitment" and not task.closed and task.key != served.key]
    return [task for task in open_ones if task.related == served.key or overlap(task, about(served)) > 0.3]
