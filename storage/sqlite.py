"""SQLite: how its connections are set up, and the line in which its writers wait."""

import fcntl
import os
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import ConnectionPoolEntry

from storage.types import sqlite_text

# The driver's own way with times is another, and deprecated.
sqlite3.register_adapter(datetime, sqlite_text)

# What a connection is for, in its option "okno", where it is not for a transaction that writes: looking, or a single
# statement that commits itself.
READS, SINGLE = "reads", "single"
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "temp_store=MEMORY",
    "cache_size=-16000",
    # Pages after which what is in the log goes into the database: pages written again and again go there once.
    "wal_autocheckpoint=16000",
    "journal_size_limit=67108864",
)


class Writer(sqlite3.Connection):
    """A connection that waits for its turn to write in the order of arrival.

    SQLite itself lets writers try again and again, with longer and longer sleeps in between: whoever has just written
    is the next one to write, and a message of 10 ms waits for 200. A lock of the kernel has a line. It is a matter of
    manners, not of safety: SQLite's own lock follows, and other programs go by that alone.
    """

    _line: int | None = None

    def line_up(self, name: str) -> None:
        """Lock the file `name`, which all writers of this database do; given back with the transaction."""
        if self._line is None:
            self._line = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._line, fcntl.LOCK_EX)

    def commit(self) -> None:
        """Commit, and let the next one write."""
        super().commit()
        self._step_out()

    def rollback(self) -> None:
        """Roll back, if there is anything, and let the next one write."""
        try:
            super().rollback()
        finally:
            self._step_out()

    def close(self) -> None:
        """Close, and leave the line."""
        super().close()
        if self._line is not None:
            os.close(self._line)
            self._line = None

    def _step_out(self) -> None:
        if self._line is not None:
            fcntl.flock(self._line, fcntl.LOCK_UN)


def engine(url: URL, pool: int) -> Engine:
    """Connections to the file `url` names, made with its folder if it is not there."""
    assert url.database
    file = Path(url.database)
    file.parent.mkdir(parents=True, exist_ok=True)
    line = f"{file}-line"
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
            writer.line_up(line)
        if kind is not SINGLE:
            connection.exec_driver_sql("BEGIN" if kind is READS else "BEGIN IMMEDIATE")

    return made
