"""An operator's message as a whole: what is put off, promised, reported and answered by it."""

from collections.abc import Iterable

from tasks.extract.language.words import Flag
from tasks.extract.model import Change, TaskChange
from tasks.extract.operator.answering import answered
from tasks.extract.operator.promising import promised, promises_in, put_off
from tasks.extract.operator.reporting import came_back, reported
from tasks.extract.scene import Scene


def read(scene: Scene) -> list[TaskChange]:
    """The changes an operator's message makes; it brings no tasks but promises."""
    moved = {clause: off for clause in scene.clauses if (off := put_off(scene, clause))}
    left = [clause for clause in scene.clauses if clause not in moved]
    promises = promises_in(scene, left)
    promising = {one.clause for one in promises}
    telling = [clause for clause in left if clause not in promising and not clause.asked]
    changes: list[TaskChange] = [change for each in moved.values() for change in each]
    changes += promised(scene, promises)
    beside = frozenset().union(*(one.clause.content for one in promises if not one.moment))
    others = [one.clause for one in promises if not one.verb.word.flags & Flag.FUT1 and not one.moment]
    reports = {clause: reported(scene, clause, beside) for clause in telling}
    changes += [change for found in reports.values() for change in found] or came_back(scene, [*telling, *others])
    silent = [clause for clause, found in reports.items() if not found]
    return _once([*changes, *answered(scene, telling, silent, promises)])


def _once(changes: Iterable[TaskChange]) -> list[TaskChange]:
    """Without what is said of a task twice."""
    kept: dict[object, TaskChange] = {}
    for change in changes:
        mark = (change.task, change.status, change.due) if isinstance(change, Change) else id(change)
        kept.setdefault(mark, change)
    return list(kept.values())
