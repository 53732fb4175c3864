"""SQLite: who wants to write has his turn beside those who always do, and nobody keeps it after his death."""

import errno
import fcntl
import os
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import inbox, schema, sqlite
from storage.db import Database
from storage.inbox import Arrival
from tests.pipeline.children import Child

TURNS = 30


@pytest.fixture
def url(tmp_path: Path) -> str:
    db = Database(f"sqlite:///{tmp_path / 'okno.db'}")
    schema.migrate(db)
    db.close()
    return str(db.url)


def test_a_new_folder_is_nobody_else_s_to_read(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        Database(f"sqlite:///{tmp_path / 'new' / 'okno.db'}").close()
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def note(db: Database, who: str, pause: float = 0.0) -> None:
    with db.begin() as tx:
        key = {"name": f"{who}{time.monotonic_ns()}", "value": b""}
        tx.execute(text("INSERT INTO secrets VALUES (:name, :value)"), key)
        time.sleep(pause)


def noted(db: Database, who: str) -> int:
    with db.read() as tx:
        found = tx.execute(text("SELECT count(*) FROM secrets WHERE name LIKE :who"), {"who": f"{who}%"})
        return int(found.scalar_one())


def always(url: str) -> None:
    db = Database(url)
    while True:
        note(db, "busy", 0.01)


def hold(url: str) -> None:
    with Database(url).begin() as tx:
        tx.execute(text("INSERT INTO secrets VALUES ('held', :value)"), {"value": b""})
        time.sleep(60)


def test_a_writer_has_his_turn_beside_two_who_always_write(url: str) -> None:
    others = [Child(lambda: always(url)) for _ in range(2)]
    db = Database(url)
    try:
        while noted(db, "busy") < 10:
            time.sleep(0.01)
        before = noted(db, "busy")
        for _ in range(TURNS):
            note(db, "mine")
        between = noted(db, "busy") - before
    finally:
        for other in others:
            other.kill()
    db.close()
    # Two in turn; SQLite alone lets some twenty go first.
    assert between <= 5 * TURNS


def test_a_turn_ends_with_whoever_had_it(url: str) -> None:
    db = Database(url)
    holder = Child(lambda: hold(url))
    with closing(sqlite3.connect(str(db.url.database), timeout=0)) as probe:
        while _is_free(probe):
            time.sleep(0.01)
    holder.signal(signal.SIGSTOP)
    holder.kill()
    note(db, "mine")
    assert (noted(db, "mine"), noted(db, "held")) == (1, 0)
    db.close()


def test_one_thread_asks_for_all_of_its_process(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db, asking = Database(url), []
    ask = sqlite.Writer._try_turn

    def noting(writer: sqlite.Writer, folder: int) -> bool:
        asking.append(threading.get_ident())
        return ask(writer, folder)

    monkeypatch.setattr(sqlite.Writer, "_try_turn", noting)
    holder = Child(lambda: hold(url))
    with closing(sqlite3.connect(str(db.url.database), timeout=0)) as probe:
        while _is_free(probe):
            time.sleep(0.01)
    threads = [threading.Thread(target=note, args=(db, "mine")) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(asking) < 100:
        time.sleep(0.01)
    assert len({*asking}) == 1
    holder.kill()
    for thread in threads:
        thread.join()
    assert noted(db, "mine") == 8
    db.close()


def _is_free(probe: sqlite3.Connection) -> bool:
    try:
        probe.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    probe.rollback()
    return True


def test_a_failed_transaction_and_one_alone_end_their_turn(url: str) -> None:
    one, two = Database(url), Database(url)
    with pytest.raises(ZeroDivisionError), one.begin():
        raise ZeroDivisionError
    note(two, "two")
    with pytest.raises(ZeroDivisionError):
        one.write(lambda _tx: 1 // 0, single=True)
    note(two, "two")
    assert one.write(lambda tx: inbox.put(tx, [Arrival("shop", "1", "anna", b"x")]), single=True) == 1
    note(two, "two")
    assert noted(one, "two") == 3
    for db in (one, two):
        db.close()


def test_who_looks_waits_for_no_turn(url: str) -> None:
    db = Database(url)
    with db.begin() as tx:
        tx.execute(text("INSERT INTO secrets VALUES ('new', :value)"), {"value": b""})
        assert noted(db, "new") == 0
    db.close()


def test_connections_that_are_closed_leave_no_folder_open(url: str) -> None:
    before = _open_files()
    for _ in range(3):
        db = Database(url)
        note(db, "mine")
        db.close()
    assert _open_files() == before


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_turn_nobody_ends_is_not_waited_for_for_ever(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.1)
    db = Database(url)
    folder = os.open(Path(str(db.url.database)).parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    note(db, "mine")
    os.close(folder)
    assert noted(db, "mine") == 1
    db.close()


def test_a_folder_that_cannot_be_locked_is_written_in_all_the_same(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    db = Database(url)
    note(db, "mine")
    assert noted(db, "mine") == 1
    db.close()
