"""Restore: a database that went back in time keeps its letters until somebody lets them go."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from storage import journal, outbox, restore
from storage.db import Database, now
from storage.outbox import HELD, OUTBOX, QUEUED, SENT
from storage.restore import SECRETS, Watermark
from tests.pipeline.children import crew

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def letters(db: Database, *states: str) -> None:
    """A letter in each of these states, told in the journal."""
    with db.begin() as tx:
        new = outbox.NewLetter(1_000_000_001, 1, 0, "shop", "anna", "send", {"text": ""}, now() - timedelta(minutes=1))
        outbox.put(tx, [new._replace(part=part) for part in range(len(states))])
        for part, state in enumerate(states):
            tx.execute(update(OUTBOX).where(OUTBOX.c.part == part).values(state=state))
        journal.append(tx, [journal.Entry("message.created", journal.SYSTEM, 1, {}) for _ in states])


def states(db: Database) -> list[str]:
    with db.read() as tx:
        return list(tx.execute(select(OUTBOX.c.state).order_by(OUTBOX.c.part)).scalars())


def events(db: Database) -> list[str]:
    with db.read() as tx:
        return [line.type for line in journal.read(tx, 0, 100)]


def check(db: Database, state: Path) -> int:
    """What a starting worker does."""
    return restore.hold_after_restore(db, Watermark(state))


def test_a_database_that_stays_where_it_is_goes_on(db: Database, state: Path) -> None:
    assert check(db, state) == 0
    letters(db, QUEUED)
    restore.remember(db, Watermark(state))
    for _ in range(2):
        assert check(db, state) == 0
    assert states(db) == [QUEUED]


def test_a_new_machine_holds_nothing_of_a_database_that_never_moved(db: Database, state: Path) -> None:
    check(db, state)
    letters(db, QUEUED)
    assert check(db, state / "new machine") == 0


def test_a_journal_that_ends_before_what_was_seen_holds_what_is_under_way(db: Database, state: Path) -> None:
    check(db, state)
    letters(db, QUEUED, outbox.SENDING, SENT, outbox.FAILED, HELD)
    mark = Watermark(state)
    with db.read() as tx:
        mark.note(restore._home(tx), journal.last_id(tx) + 1)
    assert check(db, state) == 2
    assert states(db) == [HELD, HELD, SENT, outbox.FAILED, HELD]
    assert events(db)[-1] == "outbox.held"
    assert check(db, state) == 0, "it is told once"


def test_a_database_that_says_it_lives_elsewhere_holds_what_is_under_way(db: Database, state: Path) -> None:
    check(db, state)
    letters(db, QUEUED)
    with db.begin() as tx:
        tx.execute(update(SECRETS).where(SECRETS.c.name == "home").values(value=b"another:place"))
    assert check(db, state) == 1
    assert states(db) == [HELD]
    assert check(db, state) == 0


def test_what_could_not_be_held_is_held_at_the_next_start(
    db: Database, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(db, state)
    letters(db, QUEUED)
    mark = Watermark(state)
    with db.read() as tx:
        mark.note(restore._home(tx), journal.last_id(tx) + 1)

    def away(*_: object) -> None:
        raise KeyError

    with monkeypatch.context() as patch:
        patch.setattr(journal, "append", away)
        with pytest.raises(KeyError):
            check(db, state)
    assert states(db) == [QUEUED]
    assert check(db, state) == 1


def _cp(backup: Path, path: Path) -> None:
    shutil.copyfile(backup, path)


def _mv(backup: Path, path: Path) -> None:
    shutil.copyfile(backup, path.with_suffix(".tmp")).replace(path)


@SQLITE
@pytest.mark.parametrize("put_back", [_cp, _mv])
@pytest.mark.parametrize("machine", ["the same", "new"])
def test_a_sqlite_file_from_a_backup_is_noticed(
    db: Database, state: Path, put_back: Callable[[Path, Path], None], machine: str
) -> None:
    if put_back is _cp and machine == "new":
        pytest.skip("no file is written over on a machine that has none")
    path = Path(str(db.url.database))
    check(db, state)
    letters(db, QUEUED)
    db.close()
    backup = Path(shutil.copyfile(path, path.with_suffix(".backup")))
    with db.begin() as tx:
        tx.execute(update(OUTBOX).values(state=SENT, sent_at=now()))
        journal.append(tx, [journal.Entry("message.sent", journal.SYSTEM, 1, {})])
    restore.remember(db, Watermark(state))
    db.close()
    for leftover in path.parent.glob(f"{path.name}-*"):
        leftover.unlink()
    put_back(backup, path)
    assert check(db, state if machine == "the same" else state / "new") == 1
    assert states(db) == [HELD]


@SQLITE
def test_a_device_number_given_out_anew_is_no_restore(
    db: Database, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restart of the machine, with device mapper, over NFS and in containers."""
    check(db, state)
    letters(db, QUEUED)
    stat = Path.stat

    def renumbered(path: Path) -> os.stat_result:
        return os.stat_result([*(found := stat(path))[:2], found.st_dev + 1, *found[3:]])

    monkeypatch.setattr(Path, "stat", renumbered)
    assert check(db, state) == 0
    assert states(db) == [QUEUED]


@SQLITE
def test_a_file_of_the_same_number_in_another_file_system_is_noticed(
    db: Database, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(db, state)
    letters(db, QUEUED)
    statvfs = os.statvfs

    def elsewhere(path: str) -> SimpleNamespace:
        return SimpleNamespace(f_fsid=statvfs(path).f_fsid ^ 1)

    monkeypatch.setattr(os, "statvfs", elsewhere)
    assert check(db, state) == 1
    assert states(db) == [HELD]


def test_two_processes_note_what_they_saw_side_by_side(tmp_path: Path) -> None:
    def note() -> None:
        mark = Watermark(tmp_path)
        for number in range(300):
            mark.note("home", number)

    crew(3, note)
    assert Watermark(tmp_path).seen("home") == 299
    assert [path.name for path in tmp_path.iterdir()] == ["watermark"]


@pytest.mark.parametrize("said", ["", "nonsense", "home", "home x", "home -3", "elsewhere 7", "\x00"])
def test_a_watermark_that_cannot_be_read_says_nothing(tmp_path: Path, said: str) -> None:
    (tmp_path / "watermark").write_text(said)
    assert Watermark(tmp_path).seen("home") == 0


def test_an_ordinary_user_of_the_database_may_ask_where_it_lives(db: Database, state: Path) -> None:
    if db.is_sqlite:
        pytest.skip("a file has no users")
    with db.begin() as tx:
        tx.exec_driver_sql("CREATE ROLE plain")
        tx.exec_driver_sql("SET LOCAL ROLE plain")
        home = restore._home(tx)
        tx.exec_driver_sql("RESET ROLE")
        tx.exec_driver_sql("DROP ROLE plain")
    assert home.startswith("postgresql:")
