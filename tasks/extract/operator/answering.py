"""Which questions an operator's message answers."""

from collections.abc import Sequence

from tasks.extract import linker
from tasks.extract.language import content
from tasks.extract.language.clauses import Clause, content_of
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag, tokens
from tasks.extract.model import Change, Task
from tasks.extract.scene import Scene
from tasks.extract.speech.promises import Promise

_FINDING_OUT = lexicon("finding_out")
_WHEN = lexicon("when")
# So much of what is said belongs to the question that is answered.
_NAMED = 0.3


def answered(
    scene: Scene, telling: Sequence[Clause], silent: Sequence[Clause], promises: Sequence[Promise]
) -> list[Change]:
    """The house said something after a question: that answers it, unless it promises to find out.

    What settled something else (all but the `silent` clauses) answers only what it names.
    """
    questions = [task for task in scene.open if task.kind == "question"]
    if not questions:
        return []
    if any(_finds_out(one) for one in promises) or any(map(_will_find_out, telling)):
        # What it tells beside may answer another one.
        known = linker.best(questions, content_of(telling), _NAMED)
        return [scene.close(known, "answered")] if known else []
    told = any(_says_something(clause) for clause in silent)
    if not told and len(silent) < len(telling):
        known = linker.best(questions, content_of(telling), _NAMED)
        return [scene.close(known, "answered")] if known else []
    if not told:
        # «Сборщики приедут в четверг» answers when they come, and nothing else.
        questions = [task for task in questions if _asks_when(task)]
        if not questions or not any(scene.due_in(one.clause) for one in promises):
            return []
    last = max((said.key for said in scene.context.before if said.side == "operator"), default=-1)
    asked = [task for task in questions if task.source > last]
    named = linker.best(questions, scene.lemmas, _NAMED)
    return [scene.close(task, "answered") for task in asked or [named or questions[-1]]]


def _asks_when(task: Task) -> bool:
    return bool(_WHEN.intersection(token.word.form for token in tokens(task.title, 0, len(task.title))))


def _finds_out(promise: Promise) -> bool:
    """«Уточню», «дадим ответ во вторник»."""
    return bool(_FINDING_OUT.intersection(promise.verb.word.lemmas)) or "ответ" in promise.clause.lemmas


def _will_find_out(clause: Clause) -> bool:
    """ "I'll ask the drivers\""""
    return bool(clause.flags & Flag.LATIN) and clause.has("promise") and bool(clause.lemmas & _FINDING_OUT)


def _says_something(clause: Clause) -> bool:
    if clause.has("apologise", "one_moment"):
        return False
    return not clause.has("social") or bool(content.of_words(clause.beside("social")))
