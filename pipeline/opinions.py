"""Opinions: a language model is asked what else clients want, after the rules and beside everything else.

Whoever reads messages by the rules puts them in a queue. Threads of their own take one at a time, with no transaction
open while they ask, and no more of them a minute than the settings allow. What comes of it is written in a commit of
its own, under the dialog's lock, as proposals. Where the model does not answer, or talks nonsense, the message is asked
about again later, and after its last attempt let be: what the rules found stands in any case.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Row

import log
from connectors.base import Denied, Rejected, Unavailable
from connectors.completions import Completions
from pipeline.loop import LoopThread
from pipeline.pace import Pace
from settings import LlmSettings
from storage import journal, opinions, talk, tasks
from storage.db import Database, Tx, is_database_fault, now
from storage.leases import database_now
from storage.opinions import ANSWERED, DROPPED, FAILED, KEPT, LATE, Material
from storage.said import Heard
from tasks.calendar import Calendar
from tasks.extract.model import Said, Side
from tasks.extract.outside import answer, question
from tasks.extract.outside.answer import Nonsense, Opinion
from tasks.extract.outside.question import Question
from tasks.job import Errand
from tasks.proposing import ORIGIN, known, propose

_log = log.get(__name__)

# Seconds to wait after each attempt but the last.
WAITS = (60.0, 300.0)
# Calls under way at once, per process.
_AT_ONCE = 2
# Seconds beyond the call's own after which another process may think that we are dead, and until we give up waiting for
# calls when the process ends.
_SPARE, _GOODBYE = 30.0, 3.0
# Seconds of silence after a call that found nobody there, or a server that turns us away.
_AWAY, _SHUT = 30.0, 300.0
# What waited longer is let be: the operator has read the message by then.
_STALE = timedelta(days=1)
_SAMPLE = "Здравствуйте! Пришлите, пожалуйста, счёт на оплату до пятницы."
# No channel can have this name.
_PACE = "tasks.llm"


class _Look(NamedTuple):
    """What a question was made of."""

    material: Material
    question: Question


class Opinions:
    """Asks for opinions. Safe to run in many processes at once."""

    def __init__(self, db: Database, loop: LoopThread, settings: LlmSettings, calendar: Calendar) -> None:
        """`settings` name a server."""
        self._db, self._loop, self._settings, self._calendar = db, loop, settings, calendar
        self._server = Completions(settings.url, settings.key.get_secret_value(), settings.timeout)
        self._pace = Pace(_PACE, settings.most / 60)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def sweep(self) -> None:
        """Have somebody ask about what waits, unless enough are at it; returns at once."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) < _AT_ONCE and not self._stopping.is_set():
            thread = threading.Thread(target=self._work, name="opinions", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()

    def close(self) -> None:
        """Wait a moment for the calls under way; what they were about others ask again."""
        self.stop()
        deadline = time.monotonic() + _GOODBYE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._loop.run(self._server.close(), _GOODBYE)

    def ask(self) -> bool:
        """Ask about the next message whose time has come; False when there is none, or no room for more calls."""
        with self._db.read() as tx:
            if not opinions.is_due(tx):
                return False
        row = self._db.write(self._take)
        if row is None:
            return False
        if now() - row.created_at > _STALE:
            self._db.write(partial(_let_be, row=row, outcome=LATE))
            return True
        look = self._look_up(row)
        if look is None:
            self._db.write(partial(opinions.finish, taken=row))
            return True
        self._settle(row, look)
        return True

    def _work(self) -> None:
        try:
            while not self._stopping.is_set() and self.ask():
                pass
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the rows wait for the next look
            level = _log.warning if is_database_fault(error) else _log.exception
            level("opinions.failed", error=type(error).__name__)

    def _take(self, tx: Tx) -> Row[Any] | None:
        row = opinions.next_due(tx)
        if row is None or not self._pace.spare(tx, 1, database_now(tx))[0]:
            return None
        return opinions.take(tx, row, self._settings.timeout + _SPARE)

    def _look_up(self, row: Row[Any]) -> _Look | None:
        """What is to be asked; None where there is nothing to ask about."""
        with self._db.snapshot() as tx:
            material = opinions.look_up(tx, row, question.MESSAGES)
        said = [self._spoken(one) for one in material.said]
        if not said or not said[-1].text.strip():
            return None
        return _Look(material, question.about(said[:-1], said[-1], self._calendar))

    def _spoken(self, one: Heard) -> Said:
        side: Side = "client" if one.direction == "in" else "operator"
        return Said(one.id, side, self._calendar.local(one.sent_at), one.text)

    def _settle(self, row: Row[Any], look: _Look) -> None:
        """Ask, and write down what came of it."""
        try:
            told = self._loop.run(
                self._server.ask(question.body(look.question, self._settings.model)), self._settings.timeout + 1
            )
            opinion = answer.read(told, look.question)
        except Exception as error:  # noqa: BLE001 - whatever happened out there, the rules stand
            if not self._stopping.is_set():
                self._db.write(partial(self._failed, row=row, error=error))
            return
        self._db.write(self._writing(row, look, opinion))

    def _writing(self, row: Row[Any], look: _Look, opinion: Opinion) -> Callable[[Tx], None]:
        """What writes the opinion; all that can be worked out before the dialog is locked is."""
        shown = [said.key for said in look.question.shown]
        texts = {one.id: one.text for one in look.material.said if one.id in {find.source for find in opinion.finds}}
        fresh = answer.fresh(opinion.finds, known(look.material.tasks), shown)

        def write(tx: Tx) -> None:
            dialog = talk.lock(tx, [row.dialog_id]).get(row.dialog_id)
            if not opinions.finish(tx, row):
                return
            job = Errand(tx, now(), ORIGIN)
            if dialog is not None and fresh and opinions.still_said(tx, dialog.id, texts):
                finds = fresh
                if dialog.task_rev != look.material.rev:
                    there = tasks.of_dialogs(tx, [dialog.id], job.at).get(dialog.id, [])
                    finds = answer.fresh(fresh, known(there), shown)
                propose(job, dialog, finds, texts, self._calendar)
            made = len(job.entries)
            opinions.count(tx, {ANSWERED: 1, KEPT: made, DROPPED: opinion.told - made})
            journal.append(tx, job.entries)

        return write

    def _failed(self, tx: Tx, *, row: Row[Any], error: Exception) -> None:
        """Ask again later, or not at all; nobody is asked while the server is away."""
        _log.warning("opinion.failed", message=row.message_id, attempt=row.attempts, error=type(error).__name__)
        if isinstance(error, Denied):
            silence = error.retry_after or _SHUT
        else:
            silence = 0.0 if isinstance(error, Rejected | Nonsense) else _AWAY
            if isinstance(error, Unavailable) and error.retry_after is not None:
                silence = error.retry_after
        if silence:
            self._pace.pause(tx, silence, database_now(tx))
        if row.attempts > len(WAITS):
            _let_be(tx, row=row, outcome=FAILED)
        else:
            opinions.postpone(tx, row, max(silence, WAITS[row.attempts - 1]))


def _let_be(tx: Tx, *, row: Row[Any], outcome: str) -> None:
    if opinions.finish(tx, row):
        opinions.count(tx, {outcome: 1})


async def try_out(settings: LlmSettings) -> str:
    """What the model makes of a sentence of ours, in words. Raises ConnectorError, and Nonsense."""
    server = Completions(settings.url, settings.key.get_secret_value(), settings.timeout)
    calendar = Calendar()
    asked = question.about([], Said(1, "client", calendar.local(now()), _SAMPLE), calendar)
    try:
        found = answer.read(await server.ask(question.body(asked, settings.model)), asked)
    finally:
        await server.close()
    return "it finds the task in a sample" if found.finds else "but it does not find the task in a sample"
