"""A database that does not answer, on either kind."""

import contextlib
import sqlite3
from collections.abc import Iterator

from storage.db import Database
from tests.frozen import frozen, postgres


@contextlib.contextmanager
def away(db: Database) -> Iterator[None]:
    """PostgreSQL's processes stand still; SQLite's file is somebody else's to write for so long."""
    if db.is_sqlite:
        with contextlib.closing(sqlite3.connect(str(db.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    with frozen(*postgres(db.url.render_as_string())):
        yield
