"""Jobs: what a change of tasks is done in, whoever makes it."""

from datetime import datetime
from typing import Any, Protocol

from storage.db import Tx
from storage.journal import SYSTEM, Entry


class Actor(Protocol):
    """Who makes a change."""

    @property
    def label(self) -> str:
        """His name in the journal: "operator:3", "rule", "llm" or "system"."""


class Job(Protocol):
    """A change under way: its transaction, who makes it, and when."""

    @property
    def tx(self) -> Tx:
        """The transaction."""

    @property
    def at(self) -> datetime:
        """The time of all that is written in it."""

    @property
    def actor(self) -> Actor:
        """Who makes it."""

    def tell(self, kind: str, dialog_id: int | None, **data: Any) -> None:
        """Let the journal say it, with the rest, right before the commit."""


class Machine:
    """An actor that is nobody: "system", or the kind of find that makes a change."""

    def __init__(self, label: str) -> None:
        self.label = label


class Errand:
    """A job nobody asked for by name; `entries` are for whoever writes the journal."""

    def __init__(self, tx: Tx, at: datetime, label: str = SYSTEM) -> None:
        self.tx, self.at, self.actor = tx, at, Machine(label)
        self.entries: list[Entry] = []

    def tell(self, kind: str, dialog_id: int | None, **data: Any) -> None:
        """Keep it for the journal."""
        self.entries.append(Entry(kind, self.actor.label, dialog_id, data))
