"""One change and all that belongs to it: the rows, what the journal says of it, and whom to wake afterwards."""

from collections.abc import Callable
from typing import Any, NamedTuple

from dialogs.access import Staff
from storage import journal, signals
from storage.db import Database, Tx, now

# (channel, what) -> whether the channel has a form for it: edit, delete, typing, read.
Can = Callable[[str, str], bool]


def _cannot(_channel: str, _what: str) -> bool:
    return False


class Work:
    """A change under way: its transaction, who makes it and when, and what is left for the commit and after it."""

    def __init__(self, tx: Tx, actor: Staff, can: Can = _cannot) -> None:
        self.tx = tx
        self.actor = actor
        self.can = can
        self.at = now()
        self.entries: list[journal.Entry] = []
        # Channels that have a new letter or signal, and whether the pipeline has something: raws that are queued again,
        # or messages to be read for tasks.
        self.channels: set[str] = set()
        self.pipeline = False

    def tell(self, kind: str, dialog_id: int | None, **data: Any) -> None:
        """Let the journal say it, with the rest, right before the commit."""
        self.entries.append(journal.Entry(kind, self.actor.label, dialog_id, data))

    def signal(self, channel: str, recipient: str, kind: str, data: str = "") -> None:
        """Give the client a signal, where his channel has it."""
        if self.can(channel, kind):
            signals.put(self.tx, [signals.NewSignal(channel, recipient, kind, data)])
            self.channels.add(channel)


class Done(NamedTuple):
    """What a committed change came to, and the bells to ring for it."""

    result: Any
    channels: set[str]
    pipeline: bool


def perform(db: Database, actor: Staff, act: Callable[[Work], Any], can: Can = _cannot) -> Done:
    """Carry out a change in one transaction, its journal lines last; once more when the database asks for it."""

    def run(tx: Tx) -> Done:
        work = Work(tx, actor, can)
        result = act(work)
        journal.append(tx, work.entries)
        return Done(result, work.channels, work.pipeline)

    return db.write(run)
