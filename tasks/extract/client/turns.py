"""Turns: what a finding is to the tasks the client's messages right before have brought, and to those known longer."""

from tasks.extract import linker
from tasks.extract.client.findings import Finding
from tasks.extract.client.merging import is_aside
from tasks.extract.language import content
from tasks.extract.language.clauses import Clause
from tasks.extract.language.lexicon import lexicon
from tasks.extract.language.words import Flag
from tasks.extract.model import SURE, Change, New, Task, TaskChange
from tasks.extract.scene import Scene
from tasks.extract.speech import titles

_ALSO, _AGAIN = lexicon("also"), lexicon("again")
# A title with less than so many characters has room for what was said before.
_BRIEF = 50
# Words of a complaint that names hardly more than somebody who did not come.
_LITTLE = 1


def placed(scene: Scene, one: Finding, taken: set[int]) -> TaskChange:
    """The finding as a new task or as a change of a known one; those in `taken` had their share of this message."""
    new = one.task(scene)
    if one.kind != "commitment":
        for task in reversed(scene.open):
            if task.source not in scene.turn_keys or task.key in taken or task.promised_by is not None:
                continue
            if (change := _within_turn(scene, task, one, new)) is not None:
                taken.add(task.key)
                return change
    known = _known_trouble(scene, one) if one.kind == "complaint" else None
    return known or new


def _within_turn(scene: Scene, task: Task, one: Finding, new: New) -> Change | None:
    """What a finding is to a task of the same turn: more of it, or what it was about to say."""
    more = Change(task.key, scene.message.key, "turn", max(one.confidence, SURE), evidence=new.evidence)
    said = more._replace(status="open", due=new.due, kind=new.kind, source=new.source)
    about = task.evidence[0].text
    if task.status == "proposed":
        return said._replace(title=titles.tidy(f"{new.title} — {about}") if len(new.title) < _BRIEF else new.title)
    if one.kind == "complaint":
        return None if _has_nothing_to_do(task, one) else more
    if task.kind == "complaint":
        if is_aside(one, linker.about(task)):
            return None
        return said._replace(title=titles.tidy(f"{new.title} — {about}"))
    return more if one.service else None


def _has_nothing_to_do(task: Task, one: Finding) -> bool:
    """Whether a problem is another one than the first: «и на новом ноуте не работает почта»."""
    if task.kind != "complaint" or one.clause.lead not in _ALSO or len(one.lemmas) < 2:
        return False
    return not one.lemmas & linker.about(task)


def _names_a_thing(clause: Clause) -> bool:
    return any(one.word.flags & (Flag.NOUN | Flag.LATIN) and content.of_words([one]) for one in clause.words)


def _known_trouble(scene: Scene, one: Finding) -> Change | None:
    """A problem that is known: waited for still, or back again."""
    waiting = linker.best([task for task in scene.open if task.status == "open"], one.lemmas, 0.3)
    if waiting is None and one.clause.has("lack") and scene.open and not _names_a_thing(one.clause):
        # «Прошла неделя, ничего не приехало»
        waiting = scene.open[-1]
    if waiting is None and len(one.lemmas) <= _LITTLE:
        late = [task for task in scene.open if task.promised_by == "operator" and scene.late(task)]
        waiting = late[-1] if late else None
    if waiting is not None:
        return scene.nudge(waiting)
    done = [task for task in scene.context.tasks if task.status == "done"]
    solved = [task for task in done if task.kind == "complaint"]
    again = linker.best(solved, one.lemmas, 0.3)
    if again is None and solved and len(one.lemmas) <= _LITTLE + 1 and one.clause.forms & _AGAIN:
        again = solved[-1]
    if again is None and done and len(one.lemmas) <= _LITTLE and one.clause.forms & _AGAIN:
        # «Уберите мой номер» — «сегодня опять звонили»
        again = done[-1] if done[-1].kind == "request" else None
    if again is None:
        open_ones = [task for task in scene.open if task.kind == "complaint"]
        return scene.nudge(open_ones[-1]) if open_ones and one.clause.forms & _AGAIN and len(one.lemmas) <= 2 else None
    return Change(again.key, scene.message.key, "again", 0.8, "open", evidence=(scene.span(one.clause),))
