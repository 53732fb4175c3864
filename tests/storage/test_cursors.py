"""Cursors: how far a channel was read, kept in the commit that stores what was read."""

import pytest

from storage import cursors
from storage.db import Database, Tx


def cursor(db: Database, channel: str) -> str | None:
    with db.read() as tx:
        return cursors.get(tx, channel)


def test_a_channel_is_read_from_the_start_until_its_cursor_moves(db: Database) -> None:
    assert cursor(db, "mail") is None
    for value in ("1:7", "1:8", ""):
        with db.begin() as tx:
            cursors.move(tx, "mail", value)
            cursors.move(tx, "vk", "other")
        assert cursor(db, "mail") == value
    assert cursor(db, "vk") == "other"


def test_a_cursor_stays_where_it_was_when_the_commit_fails(db: Database) -> None:
    def work(tx: Tx) -> None:
        cursors.move(tx, "mail", "2")
        raise KeyError

    with db.begin() as tx:
        cursors.move(tx, "mail", "1")
    with pytest.raises(KeyError):
        db.write(work)
    assert cursor(db, "mail") == "1"
