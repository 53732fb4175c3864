"""The queue of messages to be read for tasks: each once, whatever happens to it while it waits."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from storage import triage
from storage.db import Database, now
from storage.talk import DIALOGS, MESSAGES
from storage.triage import LATELY, TRIAGE, ToRead, Waiting
from tests.storage.talks import FIRST, dialog, message


def rows(db: Database) -> dict[int, tuple[str, int]]:
    with db.read() as tx:
        return {row.message_id: (row.kind, row.round) for row in tx.execute(select(TRIAGE))}


def test_a_message_waits_in_its_dialog_s_shard(db: Database) -> None:
    with db.begin() as tx:
        triage.put(tx, [ToRead(5, 33, "new"), ToRead(6, 16, "new"), ToRead(7, 33, "edited")])
        triage.put(tx, [])
        found = tx.execute(select(TRIAGE).order_by(TRIAGE.c.shard, TRIAGE.c.message_id)).all()
    assert [(row.shard, row.message_id, row.dialog_id, row.kind) for row in found] == [
        (0, 6, 16, "new"), (1, 5, 33, "new"), (1, 7, 33, "edited"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("new", "edited", "new"),
        ("new", "deleted", "new"),
        ("edited", "edited", "edited"),
        ("edited", "deleted", "deleted"),
    ],
)
def test_what_changes_while_it_waits_is_read_once_and_as_it_is_then(
    db: Database, first: str, second: str, kept: str
) -> None:
    one, other = ToRead(5, 1, first), ToRead(5, 1, second)  # type: ignore[arg-type]
    with db.begin() as tx:
        triage.put(tx, [one])
        tx.execute(update(TRIAGE).values(attempts=3))
    with db.begin() as tx:
        triage.put(tx, [ToRead(4, 1, "new"), other])
        assert set(tx.execute(select(TRIAGE.c.attempts)).scalars()) == {0}
    # Whoever read it in between sees that the round he saw is over.
    assert rows(db) == {4: ("new", 0), 5: (kept, 1)}
    with db.begin() as tx:
        triage.put(tx, [one._replace(message_id=9), other._replace(message_id=9)])
    assert rows(db)[9] == (kept, 0)


# ---- taking up ----


def test_what_waits_is_told_with_its_place_shard_by_shard_in_order(db: Database) -> None:
    with db.begin() as tx:
        dialog(tx, 1, task_rev=4, triaged_seq=2)
        dialog(tx, 17)
        for number, seq, dialog_id in ((FIRST, 1, 1), (FIRST + 1, 1, 17), (FIRST + 2, 2, 1), (FIRST + 3, 3, 1)):
            message(tx, number, dialog_id, seq)
        old = MESSAGES.c.id == FIRST + 2
        tx.execute(update(MESSAGES).where(old).values(sent_at=now() - LATELY - timedelta(minutes=1)))
        triage.put(tx, [ToRead(FIRST + at, 17 if at == 1 else 1, "new") for at in (3, 2, 1, 0)])
        triage.put(tx, [ToRead(5, 2, "edited"), ToRead(5, 2, "deleted")])
        triage.suspect(tx, [FIRST + 3])
    first = Waiting(FIRST, 1, 1, "new", 0, 0, False, 1, 4, 2)
    with db.read() as tx:
        assert triage.waiting(tx, [1], 100) == [
            first,
            Waiting(FIRST + 1, 17, 1, "new", 0, 0, False, 1, 0, 0),
            first._replace(message_id=FIRST + 2, seq=2, old=True),
            first._replace(message_id=FIRST + 3, seq=3, attempts=1),
        ]
        # One that is not there is told of all the same: somebody has to take it off.
        gone = Waiting(5, 2, 2, "deleted", 0, 0, False, 0, 0, 0)
        assert triage.waiting(tx, [2, 1], 1) == [gone, first]
        assert triage.waiting(tx, [3], 100) == []


def test_what_was_read_is_taken_off_and_its_dialog_has_come_so_far(db: Database) -> None:
    with db.begin() as tx:
        dialog(tx, 1)
        dialog(tx, 2, triaged_seq=9)
        triage.put(tx, [ToRead(5, 1, "new"), ToRead(6, 1, "new"), ToRead(7, 2, "new")])
        triage.put(tx, [ToRead(7, 2, "edited")])
    with db.begin() as tx:
        assert triage.rounds(tx, [5, 7, 8]) == {5: 0, 7: 1}
        triage.take_off(tx, [5, 8])
        triage.take_off(tx, [])
        triage.advance(tx, [(1, 4)])
        triage.advance(tx, [])
        found = tx.execute(select(DIALOGS.c.id, DIALOGS.c.triaged_seq).order_by(DIALOGS.c.id)).all()
    assert [tuple(row) for row in found] == [(1, 4), (2, 9)]
    assert set(rows(db)) == {6, 7}


def test_starts_alone_are_counted_and_suspicion_is_not(db: Database) -> None:
    with db.begin() as tx:
        triage.put(tx, [ToRead(number, 1, "new") for number in (5, 6, 7)])
        triage.suspect(tx, [5, 6])
        triage.start_alone(tx, 5)
        triage.suspect(tx, [5])
        found = tx.execute(select(TRIAGE.c.message_id, TRIAGE.c.attempts)).all()
    assert {row.message_id: row.attempts for row in found} == {5: 2, 6: 1, 7: 0}


def test_how_many_wait_and_since_when(db: Database) -> None:
    with db.begin() as tx:
        assert triage.queued(tx) == (0, None)
        triage.put(tx, [ToRead(5, 1, "new"), ToRead(6, 1, "new")])
        since = now() - timedelta(hours=1)
        tx.execute(update(TRIAGE).where(TRIAGE.c.message_id == 5).values(created_at=since))
        assert triage.queued(tx) == (2, since)
