"""Restore: notice that the database went back in time, and keep its letters from going out a second time.

A backup holds letters as they stood; some were sent after it was made. So after a restore all of them wait until
somebody says `replay outbox`. A restore shows in two ways: the database lives elsewhere than it says of itself, or its
journal ends before the number this machine has seen.
"""

import os
from pathlib import Path

from sqlalchemy import select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import journal, outbox
from storage.db import Database, Tx, is_postgres
from storage.models import Secret

SECRETS = Secret.__table__  # type: ignore[attr-defined]
_HOME = "home"


class Watermark:
    """The newest journal number this machine has seen, beside the files it keeps."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "watermark"
        self._written = ""

    def seen(self, home: str) -> int:
        """The number seen in the database of this home; 0 when there is none."""
        try:
            where, _, number = self._path.read_text().strip().rpartition(" ")
        except OSError:
            return 0
        return int(number) if where == home and number.isdigit() else 0

    def note(self, home: str, number: int) -> None:
        """Remember the number."""
        line = f"{home} {number}"
        if line != self._written:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Each process writes a file of its own: several deliver on one machine.
            fresh = self._path.with_suffix(f".{os.getpid()}")
            fresh.write_text(line)
            fresh.replace(self._path)
            self._written = line


def hold_after_restore(db: Database, mark: Watermark) -> int:
    """Hold every letter under way if the database was restored; gives back how many."""
    home, newest, held = db.write(lambda tx: _check(tx, mark))
    # Not before the commit: a mark set back without the letters held would hide the restore for ever.
    mark.note(home, newest)
    return held


def remember(db: Database, mark: Watermark) -> None:
    """Note how far the journal has come; if it went back under our feet, hold the letters instead."""
    with db.read() as tx:
        home = _home(tx)
        # The mark before the journal: another process may note a newer number in between.
        seen = mark.seen(home)
        newest = journal.last_id(tx)
    if seen > newest:
        hold_after_restore(db, mark)
    else:
        mark.note(home, newest)


def _check(tx: Tx, mark: Watermark) -> tuple[str, int, int]:
    home = _home(tx)
    # The mark before the journal: another process may note a newer number in between.
    seen = mark.seen(home)
    newest = journal.last_id(tx)
    recorded = tx.execute(select(SECRETS.c.value).where(SECRETS.c.name == _HOME)).scalar_one_or_none()
    moved = recorded is not None and bytes(recorded).decode() != home
    if recorded is None or moved:
        insert = (postgresql if is_postgres(tx) else sqlite).insert(SECRETS)
        value = {"value": home.encode()}
        tx.execute(insert.values(name=_HOME, **value).on_conflict_do_update(index_elements=["name"], set_=value))
    held = 0
    if moved or seen > newest:
        under_way = outbox.OUTBOX.c.state.in_(outbox.UNDER_WAY)
        held = tx.execute(update(outbox.OUTBOX).where(under_way).values(state=outbox.HELD)).rowcount
        journal.append(tx, [journal.Entry("outbox.held", journal.SYSTEM, None, {"letters": held})])
    return home, newest, held


def _home(tx: Tx) -> str:
    if is_postgres(tx):
        query = "SELECT (SELECT system_identifier FROM pg_control_system()), oid FROM pg_database WHERE datname = "
        system, oid = tx.execute(text(query + "current_database()")).one()
        return f"postgresql:{system}:{oid}"
    path = tx.execute(text("SELECT file FROM pragma_database_list WHERE name = 'main'")).scalar_one()
    if not path:
        return "sqlite:memory"
    # A copy put in its place is another file. Its file system goes by its own name: device numbers are given out anew
    # at each start of the machine or container.
    return f"sqlite:{os.statvfs(path).f_fsid:x}:{Path(path).stat().st_ino}"
