"""A database that does not answer, on either kind."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from storage.db import Database


@contextlib.contextmanager
def away(db: Database) -> Iterator[None]:
    """PostgreSQL's processes stand still; SQLite's file is somebody else's to write for so long."""
    if db.is_sqlite:
        with contextlib.closing(sqlite3.connect(str(db.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    processes = _processes(str(db.url.query["host"]))
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _processes(folder: str) -> list[int]:
    first = int(Path(f"{folder}/data/postmaster.pid").read_text().split()[0])
    return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
