"""The database: engine, transactions and what differs between SQLite and PostgreSQL."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from storage import sqlite

Tx = Connection
T = TypeVar("T")

_RETRYABLE_STATES = {"40001", "40P01", "55P03", "57014"}
# Classes of SQLSTATE that blame what was written: data, constraints, limits. All others (a disk, a failover, a broken
# index, a right or a table that is missing) are the server's trouble, in which no message may be lost.
_DATA_CLASSES = {"21", "22", "23", "54"}
_DATA_ERRORS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.NotSupportedError)


def now() -> datetime:
    """The present, in UTC. Durations are measured with time.monotonic() instead."""
    return datetime.now(UTC)


class Database:
    """One database, opened for this process.

    Transactions are SQLAlchemy connections: `begin()` writes, `read()` looks, `snapshot()` looks at one moment. `url`
    is as in settings.toml.
    """

    def __init__(self, url: str, *, pool: int = 10, statement_timeout: float = 30) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._engine: Engine = sqlite.engine(self.url, pool)
            self._plain: Engine = self._engine.execution_options(okno=sqlite.READS)
            # Whoever reads sees one moment anyway.
            self._snapshots: Engine = self._plain
            self._single: Engine = self._engine.execution_options(okno=sqlite.SINGLE)
        else:
            self._engine = _postgres_engine(self.url, pool, statement_timeout)
            self._snapshots = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            # Where every statement is a transaction of its own: two turns to the server less.
            self._plain = _postgres_engine(self.url, pool, statement_timeout, autocommit=True)
            # Statements that only write what they are given have one plan, whatever the tables hold.
            self._single = _postgres_engine(self.url, min(pool, 2), statement_timeout, autocommit=True, plans="auto")

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction that may write; committed at the end, rolled back on any error."""
        with self._engine.begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """To look only. SQLite waits for no writer here; on PostgreSQL each statement sees what is there by then."""
        with self._plain.connect() as tx:
            yield tx

    @contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """To look with statements that must agree: all see the moment of the first, whoever commits meanwhile."""
        with self._snapshots.connect() as tx:
            yield tx

    def write(self, work: Callable[[Tx], T], *, tries: int = 5, single: bool = False) -> T:
        """Run `work` in a transaction of its own, again when the database asks for it (deadlock, time-out).

        `work` must bear being run again after a commit whose answer was lost. A `single` one is no more than one
        statement and commits with it: one turn to the server, or to the driver, instead of three.
        """
        engine = self._single if single else self._engine
        for attempt in range(1, tries + 1):
            try:
                with engine.begin() as tx:
                    return work(tx)
            except Exception as error:
                if attempt == tries or not wants_retry(error):
                    raise
                time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Give all connections back."""
        for engine in (self._engine, self._plain, self._single):
            engine.dispose()

    @property
    def label(self) -> str:
        """Where the database is, without its password."""
        return self.url.render_as_string(hide_password=True)


def is_postgres(tx: Tx) -> bool:
    """Whether the transaction runs on PostgreSQL."""
    return tx.dialect.name == "postgresql"


def cursor(tx: Tx) -> Any:
    """The driver's own cursor, for the few statements that must be faster than SQLAlchemy's."""
    driver = tx.connection.driver_connection
    assert driver is not None
    return driver.cursor()


def wants_retry(error: BaseException) -> bool:
    """The database itself asks to try again: deadlock, serialisation, lock or statement time-out."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    if isinstance(error, psycopg.Error):
        return error.sqlstate in _RETRYABLE_STATES
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def is_conflict(error: BaseException) -> bool:
    """A unique key or another constraint stands against it; from SQLAlchemy or from the driver itself."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    return isinstance(error, psycopg.IntegrityError | sqlite3.IntegrityError)


def is_database_fault(error: BaseException) -> bool:
    """The database is away, full, busy or broken: nothing that the data at hand is to blame for."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, InterfaceError):
            return True
        error = error.orig or error
    if isinstance(error, psycopg.Error):
        state = error.sqlstate
        if state is None:
            return isinstance(error, psycopg.OperationalError)
        return state[:2] not in _DATA_CLASSES
    # QueuePool's own time-out: every connection is in use.
    if isinstance(error, TimeoutError | OperationalError) or type(error).__name__ == "TimeoutError":
        return True
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _DATA_ERRORS)


def _postgres_engine(
    url: URL,
    pool: int,
    statement_timeout: float,
    *,
    autocommit: bool = False,
    plans: str = "force_custom_plan",
) -> Engine:
    options = {
        "statement_timeout": f"{int(statement_timeout * 1000)}",
        "lock_timeout": "10000",
        # A frozen process must not keep its rows from the others for ever.
        "idle_in_transaction_session_timeout": "5000",
        # Plans made while a queue table was empty scan the whole index once it is not.
        "plan_cache_mode": plans,
        # The same for statistics taken then: a queue goes from nothing to a million rows between two looks at it.
        "enable_seqscan": "off",
        # Compiling a statement pays for reports, not for a page of fifty.
        "jit": "off",
        "timezone": "UTC",
    }
    return create_engine(
        url,
        # Parameters are what customers wrote; errors that show them end in logs.
        hide_parameters=True,
        **({"isolation_level": "AUTOCOMMIT"} if autocommit else {}),
        pool_size=pool,
        max_overflow=2,
        pool_timeout=3,
        connect_args={
            "connect_timeout": 3,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20000,
            "target_session_attrs": "read-write",
            "application_name": "okno",
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
    )
