"""Moves: what a client's message does to tasks that are known, and which of its clauses say no more than that."""

from dataclasses import dataclass, field

from tasks.extract.language.clauses import Clause
from tasks.extract.model import Change, Task


@dataclass
class Moves:
    """Changes of known tasks, and the clauses that say nothing beside them."""

    changes: list[Change] = field(default_factory=list)
    used: set[Clause] = field(default_factory=set)
    # Whether the client says of something that it is done, which is known.
    repeats: bool = False

    def add(self, clause: Clause, *changes: Change) -> bool:
        """Note what a clause changes, each change once; always True, for it is used by that."""
        self.used.add(clause)
        known = {(change.task, change.status, change.due) for change in self.changes}
        self.changes += [change for change in changes if (change.task, change.status, change.due) not in known]
        return True

    def takes_back(self, task: Task) -> bool:
        """Whether the client has just taken it back: «передумал, вопрос снят»."""
        return any(change.task == task.key and change.status == "cancelled" for change in self.changes)

    @property
    def confirm(self) -> bool:
        """Whether the client is glad of something."""
        return any(change.rule == "confirmed" for change in self.changes)

    @property
    def glad(self) -> frozenset[int]:
        """The sentences in which that is said."""
        return frozenset(clause.sentence for clause in self.used) if self.confirm else frozenset()

    @property
    def cancelled(self) -> bool:
        """Whether the client has taken something back."""
        return any(change.status == "cancelled" for change in self.changes)

    @property
    def redates(self) -> bool:
        """Whether the client has put something off."""
        return any(change.rule == "redate" for change in self.changes)

    @property
    def nudged(self) -> set[int]:
        """The tasks that are asked for again."""
        return {change.task for change in self.changes if change.nudged}
