"""Verify looks at tasks too: each once, as it is told of, and proved by words that are there."""

import json

import pytest

from storage import journal, tasks, triage
from storage.db import Database, now
from storage.models import Operator
from tests.storage.test_verify import FIRST, arrive, broken, change, person, put

MESSAGE = FIRST + 10_001


@pytest.fixture
def busy(db: Database) -> Database:
    """A client with three tasks: one is done, one was done and is not any more, one waits to be looked at."""
    proof = {"message": MESSAGE, "start": 3, "end": 8, "text": "do it"}
    new = tasks.NewTask(1, "request", "Do it", "open", "rule", evidence=[proof], assignee_id=1, dedupe_key="a")
    still, done = {"status": "open"}, {"status": "done"}
    with db.begin() as tx:
        journal.append(tx, [journal.Entry("dialog.opened", "system", 1, {})])
        put(tx, Operator, id=1, name="Olga", role="operator", active=True, created_at=now())
        person(tx, 1)
        arrive(tx, 1, 3)
        tx.exec_driver_sql(f"UPDATE messages SET text = 'a👋 do it' WHERE id = {MESSAGE}")
        triage.put(tx, [triage.ToRead(MESSAGE, 1, "new")])
        idea = new._replace(dedupe_key="b", status="proposed", assignee_id=None, evidence=[])
        tasks.create(tx, [new, new._replace(dedupe_key=None), idea], "rule", now())
        tasks.change(tx, [tasks.Change(n, 1, "rule", still, done, {"closed_at": now()}) for n in (1, 2)], now())
        (by,) = tasks.change(tx, [tasks.Change(2, 1, "operator:1", done, still, {"closed_at": None})], now())
        tasks.take_back(tx, by - 1, by)
        journal.append(tx, [journal.Entry("task.created", "rule", 1, {"task": n}) for n in (1, 2, 3)])
    return db


def proof(message: int, start: int, end: int, words: str) -> str:
    """A statement that proves every task by these words."""
    told = json.dumps([{"message": message, "start": start, "end": end, "text": words}])
    return f"UPDATE tasks SET evidence = '{told}'"


def test_nothing_is_wrong_with_tasks_that_are_kept_by_the_book(busy: Database) -> None:
    assert broken(busy) == set()


CASES = [
    ("tasks", ["UPDATE tasks SET status = 'lost' WHERE id = 2"]),
    ("tasks", ["UPDATE tasks SET status = 'open', closed_at = NULL WHERE id = 1"]),
    ("tasks", ["UPDATE tasks SET status = 'done', closed_at = :at WHERE id = 2"]),
    ("tasks", ["UPDATE tasks SET closed_at = NULL WHERE id = 1"]),
    ("tasks", ["UPDATE tasks SET closed_at = :at WHERE id = 3"]),
    ("tasks", ["UPDATE tasks SET due_date = '2026-11-27' WHERE id = 2"]),
    ("tasks", ["DELETE FROM task_changes WHERE task_id = 3"]),
    ("tasks", ["UPDATE task_changes SET undone_by = 99 WHERE task_id = 1"]),
    ("tasks", ["UPDATE task_changes SET undone_by = 2 WHERE id = 1"]),
    ("tasks", ["UPDATE task_changes SET undone_by = id WHERE id = 1"]),
    ("shown", ["UPDATE journal SET dialog_id = 2"]),
    ("shown", ["UPDATE journal SET type = 'task.changed'"]),
    ("owner", ["UPDATE operators SET active = false", "UPDATE episodes SET assignee_id = NULL"]),
    ("whole", ["INSERT INTO triage VALUES (5, 1, 1, 'new', 0, 0, :at)"]),
    ("order", ["UPDATE triage SET shard = 2"]),
    ("order", ["UPDATE triage SET dialog_id = 2, shard = 2"]),
    ("dialog", ["UPDATE dialogs SET triaged_seq = 9"]),
    ("evidence", [f"UPDATE messages SET text = 'a👋 do  it' WHERE id = {MESSAGE}"]),
    ("evidence", [f"UPDATE messages SET text = 'a👋 do i' WHERE id = {MESSAGE}"]),
    ("evidence", [f"UPDATE messages SET dialog_id = 2, seq = 9, episode_id = 2 WHERE id = {MESSAGE}"]),
    ("evidence", [proof(5, 3, 8, "do it")]),
    ("evidence", [proof(MESSAGE, 4, 9, "do it")]),
    ("evidence", [proof(MESSAGE, -1, 8, "do it")]),
    ("evidence", [proof(MESSAGE, 8, 3, "")]),
    ("evidence", [proof(MESSAGE, 3, 3, "")]),
    ("evidence", [proof(MESSAGE, 3, 99, "do it and more")]),
]


@pytest.mark.parametrize(("promise", "statements"), CASES)
def test_what_is_broken_is_found(busy: Database, promise: str, statements: list[str]) -> None:
    with busy.begin() as tx:
        person(tx, 2)
    change(busy, *statements)
    assert promise in broken(busy)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("promise", "statements"),
    [
        ("tasks", ["ALTER TABLE tasks DROP CONSTRAINT tasks_dedupe", "UPDATE tasks SET dedupe_key = 'a' WHERE id = 2"]),
        ("whole", ["ALTER TABLE tasks DROP CONSTRAINT tasks_dialog_id_fkey", "UPDATE tasks SET dialog_id = 99"]),
    ],
)
def test_what_the_keys_would_not_let_happen_is_found(busy: Database, promise: str, statements: list[str]) -> None:
    change(busy, *statements)
    assert promise in broken(busy)


@pytest.mark.parametrize("how", ["edited_at", "deleted_at"])
def test_words_may_have_been_changed_since(busy: Database, how: str) -> None:
    change(busy, f"UPDATE messages SET text = '', {how} = :at WHERE id = {MESSAGE}")
    # Nothing else of the message is the business of this test.
    assert "evidence" not in broken(busy)


def test_lines_of_old_tasks_may_be_gone(busy: Database) -> None:
    with busy.begin() as tx:
        journal.append(tx, [journal.Entry("dialog.resolved", "operator:1", 1, {})])
    change(busy, "DELETE FROM journal WHERE type <> 'dialog.resolved'")
    assert broken(busy) == set()
