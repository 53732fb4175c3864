"""What the tests of e-mail share: a mailbox of the test's own on a real server, and what reads it."""

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from connectors.base import Batch, Raw
from connectors.email import hard, imap, mailbox
from connectors.email.mailbox import Mailbox
from connectors.email.settings import EmailSettings
from pipeline.loop import LoopThread
from tests.fakes.dovecot import PASSWORD, Dovecot

_users = itertools.count(1)
# Seconds until a reader that finds nothing has failed.
_PATIENCE = 60.0


class Account(NamedTuple):
    """A mailbox, its server, and the section that names it."""

    server: Dovecot
    user: str
    section: dict[str, Any]

    def put(self, *mails: bytes, folder: str = "INBOX", at: float = 0.0) -> None:
        """Let mails arrive."""
        self.server.put(self.user, *mails, folder=folder, at=at)

    def settings(self, **imap: Any) -> EmailSettings:
        """The channel's settings with these of its mailbox."""
        return EmailSettings.model_validate({**self.section, "imap": {**self.section["imap"], **imap}})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a server that is gone, nor for a mail that does not come."""
    monkeypatch.setattr(hard, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(imap, "_ACK", 1.0)
    monkeypatch.setattr(mailbox, "_FIRST_WAIT", 0.05)
    monkeypatch.setattr(mailbox, "_LONGEST_WAIT", 0.2)


@pytest.fixture
def account(dovecot: Dovecot) -> Account:
    """An empty mailbox."""
    user = f"shop{next(_users)}@example.org"
    where = {"host": "127.0.0.1", "port": dovecot.port, "security": "none", "password": PASSWORD, "timeout": 5}
    return Account(dovecot, user, {"kind": "email", "address": user, "imap": {**where, "idle": 1, "poll": 0.2}})


class Reading:
    """Reads a mailbox the way the pipeline does: a batch is stored before the next one is asked for."""

    def __init__(self, loop: LoopThread, settings: EmailSettings, cursor: str | None = None) -> None:
        self._loop, self.cursor = loop, cursor
        self.raws: list[Raw] = []
        self.batches: list[Batch] = []
        self._source = Mailbox(settings).batches(cursor)

    def batch(self, timeout: float = 20.0) -> Batch:
        """One more batch."""
        batch = self._loop.run(self._next(), timeout)
        self.batches.append(batch)
        self.raws += batch.raws
        self.cursor = batch.cursor or self.cursor
        return batch

    def read(self, count: int = 1, timeout: float = 20.0) -> list[Raw]:
        """So many raws more."""
        start, until = len(self.raws), time.monotonic() + _PATIENCE
        while len(self.raws) < start + count:
            self.batch(timeout)
            assert time.monotonic() < until, f"{len(self.raws) - start} of {count} mails came"
        return self.raws[start:]

    def quiet(self, seconds: float = 0.6) -> bool:
        """Whether no raw comes for a while; the reader is of no use afterwards."""
        start = len(self.raws)
        try:
            while True:
                self.batch(seconds)
        except TimeoutError:
            return len(self.raws) == start

    def close(self) -> None:
        """Give the connection back."""
        self._loop.run(self._source.aclose(), 5)

    async def _next(self) -> Batch:
        return await anext(self._source)


Read = Callable[..., Reading]


@pytest.fixture
def read(loop: LoopThread) -> Iterator[Read]:
    """Begins to read by these settings, from a cursor if there is one."""
    begun: list[Reading] = []

    def start(settings: EmailSettings, cursor: str | None = None) -> Reading:
        begun.append(Reading(loop, settings, cursor))
        return begun[-1]

    yield start
    for reading in begun:
        reading.close()
