"""The journal: whoever reads on from the last id he saw misses nothing, however many write at once."""

import threading
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
    with pytest.raises(KeyError), db.begin() as tx:
        journal.append(tx, [entry()])
        raise KeyError
    with db.read() as tx:
        assert journal.last_id(tx) == 0


@pytest.mark.parametrize("writers", [8])
def test_a_reader_who_follows_eight_writers_misses_nothing(db: Database, writers: int) -> None:
    each, seen = 25, list[tuple[int, int, int]]()
    over = threading.Event()
    faults: list[BaseException] = []

    def say(writer: int) -> None:
        for number in range(each):
            try:
                with db.begin() as tx:
                    journal.append(tx, [entry(writer=writer, number=number, part=part) for part in (0, 1)])
                    if number % 5 == 4:
                        raise KeyError
            except KeyError:
                continue
            except Exception as error:  # noqa: BLE001 - told in the test's own thread
                faults.append(error)

    def follow() -> None:
        last = 0
        while True:
            ending = over.is_set()
            with db.read() as tx:
                lines = journal.read(tx, last, 7)
            seen.extend((line.id, line.data["writer"], line.data["number"]) for line in lines)
            if lines:
                last = lines[-1].id
            elif ending:
                return

    reader = threading.Thread(target=follow)
    threads = [threading.Thread(target=say, args=(n,)) for n in range(writers)]
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join(60)
    over.set()
    reader.join(60)
    assert not faults
    ids = [id_ for id_, *_ in seen]
    assert ids == sorted(set(ids))
    with db.read() as tx:
        assert ids == [line.id for line in journal.read(tx, 0, 10_000)]
    for writer in range(writers):
        told = [number for _, who, number in seen if who == writer]
        assert told == [n for n in range(each) if n % 5 != 4 for _ in (0, 1)]


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
