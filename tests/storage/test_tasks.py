"""Tasks at rest: made once, changed together with what is told of them, on both databases."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from storage import tasks
from storage.db import Database, Tx
from storage.tasks import CHANGES, TASKS, Change, NewTask

AT = datetime(2026, 11, 23, 9, 30, 15, 123456, UTC)


def dialog(tx: Tx, number: int = 1) -> int:
    """A dialog to have tasks in."""
    values = {"at": AT.isoformat(), "id": number}
    tx.execute(
        text(
            "INSERT INTO clients (id, name, email, phone, note, created_at, updated_at) "
            "VALUES (:id, '', '', '', '', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
        ),
        values,
    )
    tx.execute(
        text(
            "INSERT INTO dialogs (id, client_id, last_seq, last_in_seq, read_seq, unread, last_at, created_at) "
            "VALUES (:id, :id, 0, 0, 0, 0, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
        ),
        values,
    )
    return number


def new(dialog_id: int, **more: Any) -> NewTask:
    plain = {"kind": "request", "title": "Send the act", "status": "open", "origin": "rule"}
    return NewTask(dialog_id, **{**plain, **more})


WHOLE: dict[str, Any] = {
    "kind": "commitment", "title": "Перезвонить до 12:00 👋🏽", "status": "proposed", "origin": "llm",
    "confidence": 0.4375, "promised_by": "operator", "due_date": date(2026, 11, 27), "due_time": time(18, 5),
    "due_at": AT, "due_phrase": "до 18:05", "priority": "high", "rules": ["ru.promise", "ru.due"], "extractor": "1.0",
    "evidence": [{"message": 5, "start": 0, "end": 3, "text": "а👋б"}], "source_message_id": 5, "related_id": 7,
    "dedupe_key": "k1", "owned": ["title"], "suggestion": {"status": "done", "message": 6}, "nudged_at": AT,
}  # fmt: skip


def test_what_is_kept_comes_back_as_it_was(db: Database) -> None:
    with db.begin() as tx:
        made = tasks.create(tx, [new(dialog(tx)), new(1, **WHOLE)], "rule", AT)
        assert [one and one.task_id for one in made] == [1, 2]
        bare, whole = tx.execute(select(TASKS).order_by(TASKS.c.id)).all()
    assert {name: getattr(whole, name) for name in WHOLE} == WHOLE
    assert (whole.created_at, whole.updated_at, whole.closed_at) == (AT, AT, None)
    empty = NewTask._field_defaults | {"rules": [], "evidence": [], "owned": []}
    assert {name: getattr(bare, name) for name in empty} == empty


def test_one_find_makes_one_task(db: Database) -> None:
    with db.begin() as tx:
        dialog(tx)
        first = tasks.create(tx, [new(1, dedupe_key="a"), new(1), new(1, dedupe_key="b")], "rule", AT)
        again = tasks.create(
            tx, [new(1, dedupe_key="b"), new(1), new(1, dedupe_key="a"), new(1, dedupe_key="c")], "rule", AT
        )
        kept = tx.execute(select(CHANGES.c.task_id, CHANGES.c.before)).all()
    assert None not in first
    assert [one is None for one in again] == [True, False, True, False]
    # Each has its first change, and none was told of twice.
    assert sorted(kept) == sorted((one.task_id, {}) for one in [*first, *again] if one)


def test_the_first_change_tells_how_it_began(db: Database) -> None:
    with db.begin() as tx:
        dialog(tx)
        tasks.create(tx, [new(1, **WHOLE)], "llm", AT)
        (made,) = tasks.changes_of(tx, 1)
    assert (made.actor, made.at, made.message_id, made.rules, made.undone_by) == ("llm", AT, 5, WHOLE["rules"], None)
    assert made.after == {
        "kind": "commitment", "title": WHOLE["title"], "status": "proposed", "confidence": 0.4375, "related": 7,
        "promised_by": "operator", "due": "2026-11-27", "due_time": "18:05", "due_phrase": "до 18:05",
        "priority": "high", "suggestion": WHOLE["suggestion"], "nudged_at": "2026-11-23T09:30:15.123456Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "question"),
        ("promised_by", None),
        ("title", "%s'\""),
        ("due", "2027-01-31"),
        ("due", None),
        ("due_time", "00:00"),
        ("due_time", None),
        ("due_phrase", ""),
        ("priority", "normal"),
        ("status", "done"),
        ("confidence", 1.0),
        ("evidence", []),
        ("evidence", [{"message": 9, "start": 1, "end": 2, "text": "я"}]),
        ("suggestion", None),
        ("suggestion", {"due": "2026-12-01", "confidence": 0.5}),
        ("related", None),
        ("nudged_at", "2026-11-24T00:00:00.000001Z"),
    ],
)
def test_every_field_can_change_and_change_back(db: Database, name: str, value: Any) -> None:
    later = AT + timedelta(hours=1)
    with db.begin() as tx:
        dialog(tx)
        tasks.create(tx, [new(1, **WHOLE)], "rule", AT)
        before = tasks.fields(tasks.get(tx, 1), [name])
        tasks.change(tx, [Change(1, 1, "operator:1", before, {name: value})], later)
        row = tasks.get(tx, 1)
        assert row is not None
        assert tasks.fields(row) == {**tasks.fields(NewTask(1, **WHOLE)), name: value}
        assert row.updated_at == later
        tasks.change(tx, [Change(1, 1, "operator:1", {name: value}, before)], later)
        assert tasks.fields(tasks.get(tx, 1)) == tasks.fields(NewTask(1, **WHOLE))


def test_many_changes_at_once(db: Database) -> None:
    with db.begin() as tx:
        dialog(tx)
        dialog(tx, 2)
        tasks.create(tx, [new(1), new(2), new(1), new(1)], "rule", AT)
        changes = [
            Change(
                1, 1, "rule", {"status": "open"}, {"status": "done"}, {"closed_at": AT}, 5, "he says so", ["ru.done"]
            ),
            Change(2, 2, "rule", {"title": "Send the act"}, {"title": "B"}),
            Change(3, 1, "rule", {"title": "Send the act"}, {"title": "C"}),
            # Twice the same: the later one counts.
            Change(1, 1, "rule", {"status": "done"}, {"status": "open"}, {"closed_at": None}),
            Change(1, 1, "rule", {"due": None}, {"due": "2026-11-27"}, {"due_at": AT, "owned": ["due"]}),
        ]
        ids = tasks.change(tx, changes, AT)
        rows = tx.execute(select(TASKS).order_by(TASKS.c.id)).all()
        assert [(row.title, row.status) for row in rows] == [
            ("Send the act", "open"), ("B", "open"), ("C", "open"), ("Send the act", "open"),
        ]  # fmt: skip
        assert (rows[0].closed_at, rows[0].due_date, rows[0].due_at, rows[0].owned) == (
            None,
            date(2026, 11, 27),
            AT,
            ["due"],
        )
        told = tasks.changes_of(tx, 1)
        assert [one.id for one in told[1:]] == [ids[0], ids[3], ids[4]]
        assert (told[1].message_id, told[1].reason, told[1].rules) == (5, "he says so", ["ru.done"])
        assert (told[1].before, told[1].after) == ({"status": "open"}, {"status": "done"})


def test_every_change_moves_its_dialog_s_revision(db: Database) -> None:
    def revisions(tx: Tx) -> list[int]:
        return list(tx.execute(select(tasks.DIALOGS.c.task_rev).order_by(tasks.DIALOGS.c.id)).scalars())

    with db.begin() as tx:
        dialog(tx)
        dialog(tx, 2)
        assert revisions(tx) == [0, 0]
        tasks.create(tx, [new(1, dedupe_key="a"), new(1)], "rule", AT)
        assert revisions(tx) == [1, 0]
        tasks.change(tx, [Change(1, 1, "rule", {}, {"title": "x"})], AT)
        assert revisions(tx) == [2, 0]
        # What was there already is no change.
        tasks.create(tx, [new(1, dedupe_key="a")], "rule", AT)
        assert revisions(tx) == [2, 0]


def test_what_a_message_may_be_about(db: Database) -> None:
    with db.begin() as tx:
        dialog(tx)
        dialog(tx, 2)
        dialog(tx, 3)
        tasks.create(tx, [new(1) for _ in range(60)], "rule", AT - timedelta(days=60))
        tasks.create(tx, [new(2, status=status) for status in tasks.STATUSES], "rule", AT)
        for number, days in ((63, 29), (64, 31), (65, 31), (60, 1), (59, 31)):
            also = {"closed_at": AT - timedelta(days=days)}
            tasks.change(tx, [Change(number, 1, "rule", {}, {"status": "done"}, also)], AT)
        found = tasks.of_dialogs(tx, [1, 2, 3], AT)
    assert {dialog_id: [row.id for row in rows] for dialog_id, rows in found.items()} == {
        1: [*range(10, 59), 60],
        2: [61, 62, 63],
    }


def test_what_stands_and_what_is_open(db: Database) -> None:
    with db.begin() as tx:
        dialog(tx)
        dialog(tx, 2)
        tasks.create(tx, [new(1, status=status) for status in (*tasks.STATUSES, "open")], "rule", AT)
        assert [row.status for row in tasks.standing(tx, 1)] == ["proposed", "open", "open"]
        assert tasks.open_of(tx, [1, 2]) == {1: 2}
