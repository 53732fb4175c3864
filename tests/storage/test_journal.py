"""The journal: whoever reads on from the last id he saw misses nothing, however many write at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update

from storage import journal
from storage.db import Database, now
from storage.journal import EVENTS, SYSTEM, Entry


def entry(name: str = "said", dialog: int | None = None, **data: object) -> Entry:
    return Entry(name, SYSTEM, dialog, data)


def write(db: Database, *entries: Entry) -> None:
    with db.begin() as tx:
        journal.append(tx, entries)


def write_and_fail(db: Database, *entries: Entry) -> None:
    with db.begin() as tx:
        journal.append(tx, entries)
        raise KeyError


def test_events_come_back_in_order(db: Database) -> None:
    write(db, entry("one", 7, text="a % b \"q\" 'x' ✓"), Entry("two", "operator:3", None, {"deep": [{"n": None}]}))
    with db.read() as tx:
        first, second = journal.read(tx, 0, 10)
        assert journal.last_id(tx) == second.id
        assert journal.read(tx, first.id, 10) == [second]
        assert journal.read(tx, 0, 1) == [first]
        assert journal.read(tx, 0, 10, dialog_id=7) == [first]
        assert journal.read(tx, second.id, 10) == []
    assert (first.type, first.actor, first.dialog_id, first.data) == ("one", SYSTEM, 7, {"text": "a % b \"q\" 'x' ✓"})
    assert (second.actor, second.dialog_id, second.data) == ("operator:3", None, {"deep": [{"n": None}]})
    assert now() - timedelta(minutes=1) < first.at <= now()


def test_an_empty_journal_ends_at_0(db: Database) -> None:
    write(db)
    with db.read() as tx:
        assert journal.last_id(tx) == 0
        assert journal.read(tx, 0, 10) == []


def test_a_transaction_that_fails_tells_nothing(db: Database) -> None:
    with pytest.raises(KeyError):
        write_and_fail(db, entry())
    with db.read() as tx:
        assert journal.last_id(tx) == 0


WRITERS, EACH = 8, 25


def chatter(db: Database, writer: int) -> None:
    """Two events a commit; each fifth commit fails."""
    for number in range(EACH):
        told = [entry(writer=writer, number=number, part=part) for part in (0, 1)]
        if number % 5 < 4:
            write(db, *told)
            continue
        with suppress(KeyError):
            write_and_fail(db, *told)


def follow(db: Database, over: threading.Event) -> list[journal.Line]:
    """All that can be seen by reading on from the last id seen."""
    seen: list[journal.Line] = []
    while True:
        ending = over.is_set()
        with db.read() as tx:
            lines = journal.read(tx, seen[-1].id if seen else 0, 7)
        seen.extend(lines)
        if ending and not lines:
            return seen


def test_a_reader_who_follows_eight_writers_misses_nothing(db: Database) -> None:
    over = threading.Event()
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reading = pool.submit(follow, db, over)
        writing = [pool.submit(chatter, db, writer) for writer in range(WRITERS)]
        for each in writing:
            each.result(60)
        over.set()
        seen = reading.result(60)
    with db.read() as tx:
        assert seen == journal.read(tx, 0, 10_000)
    assert [line.id for line in seen] == sorted({line.id for line in seen})
    for writer in range(WRITERS):
        told = [line.data["number"] for line in seen if line.data["writer"] == writer]
        assert told == [n for n in range(EACH) if n % 5 < 4 for _ in (0, 1)]


def test_old_events_are_forgotten_and_no_id_comes_twice(db: Database) -> None:
    write(db, *(entry(n=n) for n in range(5)))
    with db.begin() as tx:
        tx.execute(update(EVENTS).where(EVENTS.c.id <= 5).values(at=now() - timedelta(days=10)))
    before = now() - timedelta(days=5)
    with db.begin() as tx:
        assert [journal.forget(tx, before, limit=3) for _ in range(3)] == [3, 2, 0]
    write(db, entry())
    with db.read() as tx:
        assert [line.id for line in journal.read(tx, 0, 10)] == [6]
