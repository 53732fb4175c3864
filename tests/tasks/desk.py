"""A desk with tasks on it: what operators and machines do with them, done the way the house does it."""

from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from dialogs import work
from dialogs.access import Staff
from storage import journal, talk, tasks
from storage.db import now
from storage.tasks import Change, NewTask
from tasks import board, life, undo, view
from tasks.deadline import OfficeHours
from tests.dialogs.scene import Scene

HOURS = OfficeHours(ZoneInfo("Europe/Moscow"), time(18, 0))


class Desk(Scene):
    """A scene in which there is something to do."""

    def makes(self, staff: Staff, dialog_id: int, title: str = "Send the act", **fields: Any) -> int:
        """An operator makes a task; gives back its number."""
        message = fields.pop("message", None)
        draft = board.Draft(dialog_id, {"title": title, **fields}, message)
        return int(work.perform(self.db, staff, lambda job: board.create(job, draft, HOURS)).result)

    def sets(self, staff: Staff, number: int, **fields: Any) -> None:
        """An operator changes a task."""
        extra = {name: fields.pop(name, None) for name in ("suggestion", "known")}
        wish = board.Wish(fields, **extra)
        work.perform(self.db, staff, lambda job: board.change(job, number, wish, HOURS))

    def takes_back(self, staff: Staff, number: int, change_id: int | None = None) -> None:
        """An operator undoes a change."""
        work.perform(self.db, staff, lambda job: undo.undo(job, number, change_id, HOURS))

    def settles(self, staff: Staff, dialog_id: int, how: Any = None) -> None:
        """An operator resolved a dialog."""
        work.perform(self.db, staff, lambda job: board.settle(job, dialog_id, how, HOURS))

    def finds(self, dialog_id: int, **more: Any) -> int:
        """A machine makes a task; gives back its number."""
        plain = {"kind": "request", "title": "Send the act", "status": "open", "origin": "rule", "confidence": 0.75}
        new = NewTask(dialog_id, **{**plain, **more})
        with self.db.begin() as tx:
            talk.lock(tx, [dialog_id])
            (made,) = tasks.create(tx, [new], "rule", now())
        assert made is not None
        return made.task_id

    def moves(self, number: int, **after: Any) -> None:
        """A machine changes a task."""
        with self.db.begin() as tx:
            row = tasks.get(tx, number)
            assert row is not None
            talk.lock(tx, [row.dialog_id])
            also = life.follows(row, after, HOURS, now())
            before = tasks.fields(row, after)
            one = Change(number, row.dialog_id, "rule", before, after, also, None, "the client says so", ["ru.x"])
            tasks.change(tx, [one], now())
            journal.append(tx, [journal.Entry("task.changed", "rule", row.dialog_id, life.told(one))])

    def task(self, number: int) -> dict[str, Any]:
        """The task as the API shows it."""
        with self.db.read() as tx:
            return view.task(tx, number, now())

    def history(self, number: int) -> list[Any]:
        """Its changes, the oldest first."""
        with self.db.read() as tx:
            return list(tasks.changes_of(tx, number))

    def stored(self, number: int) -> Any:
        """Its row."""
        with self.db.read() as tx:
            return tasks.get(tx, number)
