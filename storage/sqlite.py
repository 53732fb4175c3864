"""SQLite: how its connections are set up, and how its writers wait for each other."""

import fcntl
import os
import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import date, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from storage.types import sqlite_text

# The driver's own way with times is another, and deprecated.
sqlite3.register_adapter(datetime, sqlite_text)
sqlite3.register_adapter(date, date.isoformat)
sqlite3.register_adapter(time_of_day, lambda value: value.isoformat("microseconds"))

# What a connection is for, in its option "okno", where it is not for a transaction that writes: looking, or a single
# statement that commits itself.
READS, SINGLE = "reads", "single"
# Seconds between two looks whether it is one's turn, and until one goes on without.
_PAUSE, _PATIENCE = 0.0001, 3.0
# The threads that wait for their turn, by the folder they write in.
_queues: defaultdict[Path, "threading.RLock"] = defaultdict(threading.RLock)
os.register_at_fork(after_in_child=_queues.clear)
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "temp_store=MEMORY",
    "cache_size=-16000",
    # Pages after which what is in the log goes into the database: pages written again and again go there once.
    "wal_autocheckpoint=8000",
    "journal_size_limit=67108864",
)


class Writer(sqlite3.Connection):
    """A connection that asks often whether it is its turn to write.

    SQLite itself has a writer sleep longer each time it finds another at work, up to a tenth of a second, and beside
    busy workers it nearly always does: a commit of 2 ms waited for 200. So writers lock their folder first. That is
    for manners, not for safety: SQLite's own lock follows, and other programs go by that alone. So does whoever cannot
    lock the folder, or has waited too long for it: somebody may be frozen at his turn.

    Threads of one process wait for each other first, where the kernel wakes them: of many who ask so often none would
    come to write, for all the asking.
    """

    _folder: int | None = None
    _at_turn = False
    _queue: "threading.RLock | None" = None

    def await_turn(self, folder: Path) -> None:
        """Lock the folder until the transaction ends, or this process does."""
        until = time.monotonic() + _PATIENCE
        # Noted first: what an interrupt leaves behind, taken or not, the end of the turn sorts out.
        self._queue = _queues[folder]
        if not self._queue.acquire(timeout=_PATIENCE):
            self._queue = None
            return
        with suppress(OSError):
            if self._folder is None:
                self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            while not self._try_turn(self._folder) and time.monotonic() < until:
                time.sleep(_PAUSE)

    def _try_turn(self, folder: int) -> bool:
        # Noted first: an interrupt between the two must not keep the lock.
        self._at_turn = True
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._at_turn = False
            if not isinstance(error, BlockingIOError):
                raise
        return self._at_turn

    def commit(self) -> None:
        """Commit, and let others write."""
        super().commit()
        self._end_turn()

    def rollback(self) -> None:
        """Roll back, if there is anything, and let others write."""
        try:
            super().rollback()
        finally:
            self._end_turn()

    def close(self) -> None:
        """Close, and let others write."""
        super().close()
        self._end_turn()
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _end_turn(self) -> None:
        queue, self._queue = self._queue, None
        if self._folder is not None and self._at_turn:
            self._at_turn = False
            fcntl.flock(self._folder, fcntl.LOCK_UN)
        if queue is not None:
            with suppress(RuntimeError):
                queue.release()


def engine(url: URL, pool: int) -> Engine:
    """Connections to the file `url` names, made with its folder if it is not there."""
    assert url.database
    file = Path(url.database)
    # Customers' words lie here, and what signs sessions: nobody else's to read, whichever command comes first.
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    arguments: dict[str, Any] = {"timeout": 30, "factory": Writer}
    made = create_engine(url, pool_size=pool, max_overflow=pool, hide_parameters=True, connect_args=arguments)

    @event.listens_for(made, "connect")
    def _connect(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own BEGIN is deferred and comes late: two readers that turn writers would lock each other out.
        connection.isolation_level = None
        connection.create_function("fold", 1, lambda value: value.casefold() if value else value, deterministic=True)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("okno")
        if kind is not READS:
            writer = connection.connection.driver_connection
            assert isinstance(writer, Writer)
            writer.await_turn(file.parent)
        if kind is not SINGLE:
            connection.exec_driver_sql("BEGIN" if kind is READS else "BEGIN IMMEDIATE")

    return made
