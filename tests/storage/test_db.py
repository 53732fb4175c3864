"""The database itself: what is durable, who waits for whom, and which errors are nobody's fault."""

import sqlite3
import threading
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from storage import inbox, keys
from storage.db import Database, Tx, is_database_fault, now, wants_retry
from storage.inbox import Arrival

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def scalar(db: Database, query: str) -> Any:
    with db.read() as tx:
        return tx.execute(text(query)).scalar_one()


@SQLITE
def test_a_commit_on_sqlite_is_on_the_disk_when_it_is_told(db: Database) -> None:
    full = 2
    assert scalar(db, "PRAGMA synchronous") == full
    assert scalar(db, "PRAGMA journal_mode") == "wal"
    assert scalar(db, "PRAGMA foreign_keys") == 1


@POSTGRESQL
def test_no_statement_on_postgresql_waits_for_ever(db: Database) -> None:
    assert scalar(db, "SHOW statement_timeout") == "30s"
    assert scalar(db, "SHOW lock_timeout") == "10s"
    assert scalar(db, "SHOW idle_in_transaction_session_timeout") == "5s"
    assert scalar(db, "SHOW synchronous_commit") == "on"
    assert scalar(db, "SHOW timezone") == "UTC"
    hasty = Database(db.url.render_as_string(hide_password=False), statement_timeout=0.1)
    with pytest.raises(DBAPIError) as caught, hasty.begin() as tx:
        tx.execute(text("SELECT pg_sleep(20)"))
    hasty.close()
    assert wants_retry(caught.value)
    assert is_database_fault(caught.value)


def test_who_reads_waits_for_no_writer(db: Database) -> None:
    with db.begin() as writer:
        writer.execute(text("INSERT INTO secrets VALUES ('new', :value)"), {"value": b"x"})
        assert scalar(db, "SELECT count(*) FROM secrets") == 0
    assert scalar(db, "SELECT count(*) FROM secrets") == 1


def test_a_snapshot_sees_one_moment_whoever_commits_meanwhile(db: Database) -> None:
    def count(tx: Tx) -> object:
        return tx.execute(text("SELECT count(*) FROM secrets")).scalar_one()

    with db.snapshot() as tx:
        assert count(tx) == 0
        with db.begin() as writer:
            keys.get(writer, "one")
        assert count(tx) == 0
    with db.begin() as tx:
        keys.get(tx, "two")
    with db.read() as tx:
        assert count(tx) == 2, "the next transactions on the connection are like any other"


def test_what_fails_leaves_nothing(db: Database) -> None:
    def work(tx: Tx) -> None:
        keys.get(tx, "one")
        raise KeyError

    with pytest.raises(KeyError):
        db.write(work)
    assert scalar(db, "SELECT count(*) FROM secrets") == 0


def test_writers_come_one_after_the_other_and_none_is_turned_away(db: Database) -> None:
    def add(tx: Tx) -> None:
        before = tx.execute(text("SELECT count FROM tallies WHERE id = 1 " + lock)).scalar_one()
        tx.execute(text("UPDATE tallies SET count = :n WHERE id = 1"), {"n": before + 1})

    lock = "" if db.is_sqlite else "FOR UPDATE"
    with db.begin() as tx:
        tx.execute(text("INSERT INTO tallies VALUES (1, 'shop', 'received', 0, :at)"), {"at": now()})
    threads = [threading.Thread(target=lambda: [db.write(add) for _ in range(10)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert scalar(db, "SELECT count FROM tallies") == 60


@POSTGRESQL
@pytest.mark.parametrize("in_bulk", [True, False])
def test_who_loses_a_deadlock_tries_again(db: Database, in_bulk: bool) -> None:
    """Two that store the same raws in opposite order: each waits for the other's key."""
    meeting = threading.Barrier(2)
    tries: list[str] = []
    faults: list[BaseException] = []

    def store(names: tuple[str, str]) -> None:
        first = True

        def work(tx: Tx) -> None:
            nonlocal first
            tries.append(names[0])
            for name in names:
                if in_bulk:
                    inbox.put(tx, [Arrival("shop", name, "anna", b"")])
                else:
                    key = {"name": name, "value": b""}
                    tx.execute(text("INSERT INTO secrets VALUES (:name, :value) ON CONFLICT DO NOTHING"), key)
                if first:
                    first = False
                    meeting.wait(10)

        try:
            db.write(work)
        except Exception as error:  # noqa: BLE001 - told in the test's own thread
            faults.append(error)

    threads = [threading.Thread(target=store, args=(names,)) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not faults
    assert len(tries) == 3
    assert scalar(db, f"SELECT count(*) FROM {'inbox' if in_bulk else 'secrets'}") == 2


def test_work_that_is_at_fault_itself_is_not_tried_again(db: Database) -> None:
    tries = []

    def work(tx: Tx) -> None:
        tries.append(1)
        tx.execute(text("INSERT INTO secrets VALUES (NULL, NULL)"))

    with pytest.raises(IntegrityError) as caught:
        db.write(work)
    assert len(tries) == 1
    assert not is_database_fault(caught.value)
    assert not wants_retry(caught.value)


@POSTGRESQL
@pytest.mark.parametrize("in_bulk", [True, False])
def test_a_connection_that_was_cut_is_nobodys_fault_and_is_replaced(db: Database, in_bulk: bool) -> None:
    def work(tx: Tx) -> None:
        _cut(db, tx)
        if in_bulk:
            inbox.put(tx, [Arrival("shop", "1", "anna", b"")])
        else:
            tx.execute(text("SELECT 1"))

    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
        db.write(work)
    assert is_database_fault(caught.value)
    with db.begin() as tx:
        assert inbox.put(tx, [Arrival("shop", "1", "anna", b"")]) == 1


def _cut(db: Database, tx: Tx) -> None:
    pid = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with db.read() as other:
        other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_a_server_that_is_not_there_is_nobodys_fault() -> None:
    db = Database("postgresql+psycopg://127.0.0.1:9/okno")
    with pytest.raises(OperationalError) as caught, db.begin():
        pass
    assert is_database_fault(caught.value)
    db.close()


@SQLITE
def test_a_file_that_somebody_else_locks_is_nobodys_fault(db: Database) -> None:
    other = sqlite3.connect(str(db.url.database), timeout=0)
    with db.begin(), pytest.raises(sqlite3.OperationalError) as caught:
        other.execute("BEGIN IMMEDIATE")
    other.close()
    assert is_database_fault(caught.value)
    assert wants_retry(caught.value)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (psycopg.errors.DeadlockDetected(), True),
        (psycopg.errors.DiskFull(), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.ReadOnlySqlTransaction(), True),
        (psycopg.errors.ConnectionFailure(), True),
        (psycopg.OperationalError("the connection is closed"), True),
        (psycopg.errors.IoError(), True),
        (psycopg.errors.IndexCorrupted(), True),
        (psycopg.errors.InsufficientResources(), True),
        (psycopg.errors.InsufficientPrivilege(), True),
        (psycopg.errors.UndefinedTable(), True),
        (psycopg.errors.UniqueViolation(), False),
        (psycopg.errors.ProgramLimitExceeded(), False),
        (psycopg.errors.CharacterNotInRepertoire(), False),
        (psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), False),
        (sqlite3.OperationalError("disk I/O error"), True),
        (sqlite3.OperationalError("database or disk is full"), True),
        (sqlite3.DatabaseError("database disk image is malformed"), True),
        (sqlite3.IntegrityError("UNIQUE constraint failed"), False),
        (sqlite3.DataError("string or blob too big"), False),
        (ValueError("no such thing"), False),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), False),
    ],
)
def test_whose_fault_an_error_is(error: Exception, fault: bool) -> None:
    assert is_database_fault(error) is fault


def test_when_every_connection_is_in_use_it_is_nobodys_fault(db: Database) -> None:
    small = Database(db.url.render_as_string(hide_password=False), pool=1)
    small._engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="QueuePool") as caught:
        _take_all(small)
    assert is_database_fault(caught.value)
    small.close()


def _take_all(db: Database) -> None:
    with db.read():
        _take_all(db)


def test_the_address_is_shown_without_its_password() -> None:
    db = Database("postgresql+psycopg://okno:s3cret@db.example.org/okno")
    assert db.label == "postgresql+psycopg://okno:***@db.example.org/okno"
    db.close()
