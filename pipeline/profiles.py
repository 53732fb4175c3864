"""Profiles: the names of people whose channel tells none with their words, asked for in batches and kept."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

import log
from connectors.abilities import Profile, Profiles
from connectors.registry import Channels
from pipeline.loop import LoopThread
from storage import people
from storage.db import Database, Tx, is_database_fault, now
from storage.journal import SYSTEM, Entry, append

_log = log.get(__name__)

# Until a name is asked for again: of who is known, of who was not to be had, and seconds a call may take.
_KEEP, _AGAIN, _CALL = timedelta(days=7), timedelta(minutes=5), 30.0


class Asker:
    """Asks the channels that can be asked. Safe to run in many processes: whom one asks for, no other does."""

    def __init__(self, db: Database, channels: Channels, loop: LoopThread) -> None:
        self._db, self._loop = db, loop
        self._sources = {n: each for n, each in channels.connectors.items() if isinstance(each, Profiles)}
        self._thread: threading.Thread | None = None

    def sweep(self) -> None:
        """Have those asked for whose time has come, unless somebody is at it; returns at once."""
        if self._sources and not (self._thread and self._thread.is_alive()):
            self._thread = threading.Thread(target=self._work, name="profiles", daemon=True)
            self._thread.start()

    def ask(self) -> None:
        """Ask for them, a batch of each channel."""
        for name, source in self._sources.items():
            rows = self._take(name, source.most_profiles)
            if rows:
                self._ask(name, source, rows)

    def _work(self) -> None:
        try:
            self.ask()
        except Exception as error:  # noqa: BLE001 - the edge of the thread: they are asked for at the next sweep
            level = _log.warning if is_database_fault(error) else _log.exception
            level("profiles.failed", error=type(error).__name__)

    def _take(self, name: str, limit: int) -> Sequence[Row[Any]]:
        with self._db.read() as tx:
            if not people.nameless(tx, name):
                return []
        # Whoever dies over them leaves them to be asked for again.
        return self._db.write(lambda tx: people.take_nameless(tx, name, limit, now() + _AGAIN))

    def _ask(self, name: str, source: Profiles, rows: Sequence[Row[Any]]) -> None:
        try:
            found = self._loop.run(source.profiles([row.address for row in rows]), _CALL)
        except Exception as error:  # noqa: BLE001 - whatever it was, they are asked for again
            _log.warning("profiles.failed", channel=name, error=type(error).__name__)
            return
        self._db.write(lambda tx: _keep(tx, name, rows, found))


def _keep(tx: Tx, name: str, rows: Sequence[Row[Any]], found: dict[str, Profile]) -> None:
    entries: list[Entry] = []
    for row in rows:
        profile = found.get(row.address, Profile())
        people.name(tx, row, profile.name, profile.details, now() + _KEEP)
        if profile.name and profile.name != row.name:
            told = {"channel": name, "client": row.client_id, "after": {"name": profile.name}}
            entries += [Entry("client.updated", SYSTEM, dialog, told) for dialog in people.dialogs(tx, [row.client_id])]
    append(tx, entries)
