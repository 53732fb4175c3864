"""The queue of messages to be read for tasks: each once, whatever happens to it while it waits."""

import pytest
from sqlalchemy import select, update

from storage import triage
from storage.db import Database
from storage.triage import TRIAGE, ToRead


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
