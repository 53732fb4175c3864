"""The rows of files, on both databases."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from storage import attachments
from storage.attachments import ATTACHMENTS, Claim, NewFile
from storage.db import Database, now
from storage.files import UNKNOWN, Content, FileStore

ANNA = attachments.visitor("site", "anon:anna")
BERT = attachments.visitor("site", "anon:bert")
PNG = Content("a" * 64, 10, "image/png")
TEXT = Content("b" * 64, 20, "")


def _add(db: Database, *rows: NewFile) -> None:
    with db.begin() as tx:
        attachments.add(tx, rows)


def _upload(db: Database, owner: str = ANNA, content: Content = TEXT) -> str:
    row = attachments.stored(owner, "a.txt", "text/plain", content)
    _add(db, row)
    return row.id


def _attach(db: Database, *claims: Claim) -> set[str]:
    with db.begin() as tx:
        return attachments.attach(tx, claims)


def test_a_row_says_what_may_be_said_of_a_file(db: Database) -> None:
    _add(db, row := attachments.stored(ANNA, "../\u202ephoto.exe", "text/html", PNG))
    with db.read() as tx:
        (found,) = attachments.by_ids(tx, [row.id])
    assert (found.name, found.type, found.size, found.state) == ("photo.exe", "image/png", 10, "stored")
    assert len(row.id) == 22
    assert attachments.stored(ANNA, "a.svg", "image/svg+xml", TEXT).type == UNKNOWN
    with db.read() as tx:
        assert attachments.by_ids(tx, ["nothing"]) == []


def test_uploads_are_given_to_their_message_in_order(db: Database) -> None:
    first, second = _upload(db), _upload(db)
    assert _attach(db, Claim(7, 1, ANNA, first), Claim(7, 0, ANNA, second)) == {first, second}
    with db.read() as tx:
        found = attachments.of_messages(tx, [7, 8])
        assert [row.id for row in attachments.by_ids(tx, [first, second])] == [first, second]
    assert [row.id for row in found[7]] == [second, first]
    assert 8 not in found


def test_nobody_takes_anothers_upload_or_one_twice(db: Database) -> None:
    mine, his = _upload(db), _upload(db, BERT)
    claims = [Claim(7, 0, ANNA, mine), Claim(8, 0, ANNA, mine), Claim(7, 1, ANNA, his), Claim(7, 2, ANNA, "nothing")]
    assert _attach(db, *claims) == {mine}
    assert _attach(db, Claim(9, 0, ANNA, mine)) == set()
    assert _attach(db) == set()
    with db.read() as tx:
        assert [row.id for row in attachments.of_messages(tx, [7, 8, 9])[7]] == [mine]


def test_the_bytes_of_a_day_are_counted_per_owner(db: Database) -> None:
    for _ in range(3):
        _upload(db)
    _upload(db, BERT, PNG)
    with db.begin() as tx:
        last_week = now() - timedelta(days=7)
        newest = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.owner == ANNA).limit(1).scalar_subquery()
        tx.execute(update(ATTACHMENTS).where(ATTACHMENTS.c.id == newest).values(created_at=last_week))
    with db.read() as tx:
        day = now() - timedelta(days=1)
        assert attachments.bytes_since(tx, ANNA, day) == 40
        assert attachments.bytes_since(tx, BERT, day) == 10
        assert attachments.bytes_since(tx, "visitor:site:nobody", day) == 0


def test_uploads_nobody_used_are_forgotten(db: Database) -> None:
    used, old, new = _upload(db), _upload(db), _upload(db)
    _attach(db, Claim(7, 0, ANNA, used))
    with db.begin() as tx:
        past = now() - timedelta(hours=25)
        tx.execute(update(ATTACHMENTS).where(ATTACHMENTS.c.id.in_([used, old])).values(created_at=past))
        assert attachments.drop_loose(tx, now() - timedelta(hours=24)) == 1
    with db.read() as tx:
        assert set(tx.execute(select(ATTACHMENTS.c.id)).scalars()) == {used, new}


# ---- contents nobody names ----


def _old(store: FileStore, data: bytes) -> Content:
    content = store.put(data)
    then = time.time() - 3 * 3600
    os.utime(store.path(content.sha256), (then, then))
    return content


def test_a_content_goes_with_the_last_row_that_names_it(db: Database, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    named, nameless, young = _old(store, b"named"), _old(store, b"nameless"), store.put(b"young")
    first, second = (_upload(db, content=named) for _ in range(2))
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert attachments.collect(db, store, hour_ago) == 1
    assert [store.path(one.sha256).exists() for one in (named, nameless, young)] == [True, False, True]
    for row_id, left in ((first, True), (second, False)):
        with db.begin() as tx:
            tx.execute(ATTACHMENTS.delete().where(ATTACHMENTS.c.id == row_id))
        attachments.collect(db, store, hour_ago)
        assert store.path(named.sha256).exists() is left


def test_many_contents_are_looked_at_in_steps(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "_STEP", 7)
    store = FileStore(tmp_path / "files")
    contents = [_old(store, str(number).encode()) for number in range(30)]
    kept = [content for number, content in enumerate(contents) if number % 3 == 0]
    _add(db, *(attachments.stored(ANNA, "a", "", content) for content in kept))
    assert attachments.collect(db, store, datetime.now(UTC) - timedelta(hours=1)) == 20
    assert all(store.path(content.sha256).exists() for content in kept)


# ---- still to be fetched ----


def _pending(db: Database, source: str = "https://example.org/a") -> str:
    row = attachments.pending(ANNA, "a.png", "image/png", "site", source)._replace(message_id=7)
    _add(db, row)
    return row.id


def test_a_file_to_be_fetched_is_taken_by_one(db: Database) -> None:
    first, second = _pending(db), _pending(db)
    _upload(db)
    with db.begin() as tx:
        taken = attachments.take_due(tx, 1, 60)
    assert [(row.id, row.attempts, row.type) for row in taken] == [(first, 1, UNKNOWN)]
    with db.begin() as tx:
        assert [row.id for row in attachments.take_due(tx, 10, 60)] == [second]
    with db.begin() as tx:
        assert attachments.take_due(tx, 10, 60) == []


def test_whose_time_is_up_has_lost_it(db: Database) -> None:
    _pending(db)
    with db.begin() as tx:
        (slow,) = attachments.take_due(tx, 1, 0)
    with db.begin() as tx:
        (quick,) = attachments.take_due(tx, 1, 60)
        assert quick.attempts == 2
    with db.begin() as tx:
        assert not attachments.finish(tx, slow, state="failed")
        assert attachments.finish(tx, quick, state="stored", sha256="c" * 64, next_at=None)
        assert not attachments.finish(tx, quick, state="failed")
    with db.begin() as tx:
        assert attachments.take_due(tx, 10, 60) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_who_look_at_once_take_different_ones(db: Database) -> None:
    ids = {_pending(db), _pending(db)}
    with db.begin() as one, db.begin() as other:
        taken = attachments.take_due(one, 1, 60) + attachments.take_due(other, 10, 60)
    assert {row.id for row in taken} == ids
    assert len(taken) == 2


def test_files_to_be_fetched_are_found_by_the_small_index(db: Database) -> None:
    asked: list[tuple[str, Any]] = []
    with db.begin() as tx:
        event.listen(tx, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        attachments.take_due(tx, 5, 60)
    query, values = next(found for found in asked if "FROM attachments" in found[0])
    with db.begin() as tx:
        plan = tx.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if db.is_sqlite else ''}{query}", values).all()
    assert "attachments_loose" in str(plan)
