"""Times mean the same moment on both databases, and one that could mean several is refused."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from storage.cursors import CURSORS
from storage.db import Database


def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    naive = datetime(2026, 11, 22, 10)  # noqa: DTZ001 - what must not pass
    with pytest.raises(StatementError, match="time zone"), db.begin() as tx:
        tx.execute(insert(CURSORS).values(channel="mail", value="", updated_at=naive))


def test_a_time_comes_back_in_utc(db: Database) -> None:
    at = datetime.fromisoformat("2026-11-22T01:30:00.000001+03:00")
    with db.begin() as tx:
        tx.execute(insert(CURSORS).values(channel="mail", value="", updated_at=at))
    with db.read() as tx:
        found = tx.execute(select(CURSORS.c.updated_at)).scalar_one()
    assert found == at
    assert found.tzinfo is UTC
