"""A house in which a language model is asked, over a database of the test's own."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, update

from pipeline.loop import LoopThread
from pipeline.opinions import Opinions
from settings import LlmSettings
from storage import opinions
from storage.db import Database, now
from storage.opinions import OPINIONS, Wanted
from storage.paces import PACES
from storage.talk import MESSAGES
from storage.tasks import TASKS
from storage.verify import verify
from tasks.dates import Calendar
from tests.fakes.completions import Completions
from tests.tasks.desk import Desk

PATIENCE = 20.0
TEXT = "Нужен акт за март, до пятницы успеете? И позвоните Анне."


class Model:
    """A house in which a model is asked."""

    def __init__(self, db: Database, server: Completions, **changed: Any) -> None:
        self.db, self.server, self.desk = db, server, Desk(db)
        self.loop = LoopThread()
        settings = LlmSettings.model_validate({**server.section, **changed})
        self.opinions = Opinions(db, self.loop, settings, Calendar())

    def close(self) -> None:
        self.opinions.close()
        self.loop.close()

    def says(self, text: str = TEXT, who: str = "anna", **more: Any) -> tuple[int, int]:
        """A client writes, and the rules have read it; the dialog and the message."""
        dialog = self.desk.says(who, text, **more)
        with self.db.begin() as tx:
            newest = select(MESSAGES.c.id).where(MESSAGES.c.dialog_id == dialog).order_by(MESSAGES.c.seq.desc())
            message: int = tx.execute(newest.limit(1)).scalar_one()
            opinions.put(tx, [Wanted(message, dialog)])
        return dialog, message

    def ask(self) -> int:
        """Ask about all whose time has come; how many that were."""
        count = 0
        while self.opinions.ask():
            count += 1
        return count

    def later(self) -> None:
        """The time of all that waits has come, and no silence is kept any more."""
        with self.db.begin() as tx:
            tx.execute(update(OPINIONS).values(next_at=now()))
            tx.execute(PACES.delete())

    @property
    def tasks(self) -> list[Any]:
        with self.db.read() as tx:
            return list(tx.execute(select(TASKS).order_by(TASKS.c.id)))

    @property
    def figures(self) -> dict[str, int]:
        with self.db.read() as tx:
            return {name: count for name, count in opinions.figures(tx).items() if count}

    def check(self) -> None:
        """Every promise is kept."""
        with self.db.snapshot() as tx:
            assert verify(tx) == []


def until(what: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
