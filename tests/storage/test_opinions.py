"""The queue of messages a model is asked about: each by one at a time, and no answer to what it was before counts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from storage import opinions, talk
from storage.db import Database, now
from storage.opinions import OPINIONS, Wanted
from storage.talk import MESSAGES
from tests.dialogs.scene import Scene


def put(db: Database, *message_ids: int, dialog_id: int = 1) -> None:
    with db.begin() as tx:
        opinions.put(tx, [Wanted(number, dialog_id) for number in message_ids])


def take(db: Database, seconds: float = 60.0) -> Row[Any] | None:
    with db.begin() as tx:
        row = opinions.next_due(tx)
        return None if row is None else opinions.take(tx, row, seconds)


def waiting(db: Database) -> dict[int, int]:
    """Attempts by message."""
    with db.read() as tx:
        return {row.message_id: row.attempts for row in tx.execute(select(OPINIONS))}


def test_each_is_taken_once_in_the_order_it_came(db: Database) -> None:
    put(db, 7)
    put(db, 5, 6)
    put(db)
    found = [take(db) for _ in range(4)]
    assert [row and (row.message_id, row.attempts) for row in found] == [(7, 1), (5, 1), (6, 1), None]
    with db.read() as tx:
        assert not opinions.is_due(tx)


def test_of_many_at_once_nobody_gets_what_another_has(db: Database) -> None:
    put(db, *range(1, 21))

    def work(_: int) -> list[int]:
        return [row.message_id for row in iter(lambda: take(db), None)]

    with ThreadPoolExecutor(4) as crew:
        taken = [number for each in crew.map(work, range(4)) for number in each]
    assert sorted(taken) == list(range(1, 21))


def test_whoever_dies_over_it_leaves_it_to_others_and_has_nothing_more_to_say(db: Database) -> None:
    put(db, 5)
    dead = take(db, -1.0)
    other = take(db)
    assert dead is not None
    assert other is not None
    assert other.attempts == 2
    with db.begin() as tx:
        assert not opinions.finish(tx, dead)
        opinions.postpone(tx, dead, -1.0)
        assert not opinions.is_due(tx)
        assert opinions.finish(tx, other)
        assert not opinions.finish(tx, other)
    assert waiting(db) == {}


def test_one_that_changed_is_asked_about_anew(db: Database) -> None:
    put(db, 5)
    old = take(db)
    put(db, 5, dialog_id=2)
    new = take(db)
    assert old is not None
    assert new is not None
    assert (old.attempts, new.attempts, new.dialog_id) == (1, 1, 2)
    with db.begin() as tx:
        assert not opinions.finish(tx, old)
        assert opinions.finish(tx, new)


def test_one_that_waits_is_not_due_before_its_time(db: Database) -> None:
    put(db, 5)
    row = take(db)
    assert row is not None
    with db.begin() as tx:
        opinions.postpone(tx, row, 60.0)
        assert not opinions.is_due(tx)
        opinions.postpone(tx, row, 0.0)
        assert opinions.is_due(tx)


def test_what_came_of_it_is_counted(db: Database) -> None:
    put(db, 5, 6)
    for _ in range(2):
        with db.begin() as tx:
            opinions.count(tx, {"answered": 1, "kept": 2, "dropped": 0})
    with db.read() as tx:
        assert opinions.figures(tx) == {
            "answered": 2, "failed": 0, "late": 0, "kept": 4, "dropped": 0, "waiting": 2,
        }  # fmt: skip


# ---- what a question is made of ----


@pytest.fixture
def scene(db: Database) -> Scene:
    return Scene(db)


def looked_up(db: Database, message_id: int, dialog_id: int, most: int = 12) -> opinions.Material:
    put(db, message_id, dialog_id=dialog_id)
    row = take(db)
    assert row is not None
    with db.snapshot() as tx:
        found = opinions.look_up(tx, row, most)
    with db.begin() as tx:
        opinions.finish(tx, row)
    return found


def ids(db: Database, dialog_id: int) -> list[int]:
    with db.read() as tx:
        of_dialog = select(MESSAGES.c.id).where(MESSAGES.c.dialog_id == dialog_id).order_by(MESSAGES.c.seq)
        return list(tx.execute(of_dialog).scalars())


def test_a_question_is_made_of_what_people_said_up_to_its_message(db: Database, scene: Scene) -> None:
    staff = scene.operator()
    dialog = scene.says("anna", "one")
    scene.notes(staff, dialog, "between us")
    scene.says("anna", "out of office", automatic=True)
    scene.replies(staff, dialog, "two")
    scene.says("bert", "another dialog")
    scene.says("anna", "three")
    scene.says("anna", "four")
    three = ids(db, dialog)[-2]
    found = looked_up(db, three, dialog)
    assert [(row.direction, row.text) for row in found.said] == [("in", "one"), ("out", "two"), ("in", "three")]
    assert [row.text for row in looked_up(db, three, dialog, most=2).said] == ["two", "three"]


def test_there_is_nothing_to_ask_about_what_no_client_said(db: Database, scene: Scene) -> None:
    staff = scene.operator()
    dialog = scene.says("anna", "one")
    other = scene.says("bert", "two")
    reply = scene.replies(staff, dialog)
    note = scene.notes(staff, dialog)
    (first, *_) = ids(db, dialog)
    for message, where in ((reply, dialog), (note, dialog), (first, other), (first + 10**6, dialog), (first, 10**6)):
        assert looked_up(db, message, where).said == []
    with db.begin() as tx:
        tx.execute(update(MESSAGES).where(MESSAGES.c.id == first).values(deleted_at=now()))
    assert looked_up(db, first, dialog).said == []


def test_words_that_were_changed_or_taken_back_are_said_no_more(db: Database, scene: Scene) -> None:
    dialog = scene.says("anna", "one")
    (first,) = ids(db, dialog)

    def still(said: dict[int, str], where: int = dialog) -> bool:
        with db.begin() as tx:
            talk.lock(tx, [dialog])
            return opinions.still_said(tx, where, said)

    assert still({first: "one"})
    assert still({})
    assert not still({first: "One"})
    assert not still({first: "one"}, dialog + 1)
    with db.begin() as tx:
        tx.execute(update(MESSAGES).where(MESSAGES.c.id == first).values(deleted_at=now() - timedelta(seconds=1)))
    assert not still({first: "one"})
