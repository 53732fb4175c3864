"""Verify finds each promise that is broken, and nothing in a database that keeps them all."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, text

from storage import claims, inbox, journal, outbox
from storage.db import Database, Tx, now
from storage.files import FileStore
from storage.models import Attachment, Client, Dialog, Episode, Identity, Operator, metadata
from storage.talk import MESSAGES
from storage.verify import SHOWN, verify

FIRST = 1_000_000_001
CHANNEL = "shop"


@pytest.fixture
def healthy(db: Database) -> Database:
    """Two clients, who wrote three messages each; the first has a reply of two letters and a note."""
    with db.begin() as tx:
        journal.append(tx, [journal.Entry("message.created", "operator:1", 1, {"message": FIRST + 20})])
        put(tx, Operator, id=1, name="Olga", role="operator", active=True, created_at=now())
        for client in (1, 2):
            person(tx, client)
            arrive(tx, client, 3)
        answer(tx, 1, FIRST + 20, direction="out", letters=2)
        answer(tx, 1, FIRST + 21, direction="note", letters=0)
    return db


def put(tx: Tx, model: type, **values: object) -> None:
    """Insert a row."""
    tx.execute(metadata.tables[model.__tablename__].insert().values(**values))  # type: ignore[attr-defined]


def person(tx: Tx, client: int) -> None:
    """A client with one identity, a dialog and an open episode."""
    at = now()
    put(tx, Client, id=client, name="", email="", phone="", note="", created_at=at, updated_at=at)
    put(
        tx, Identity, id=client, client_id=client, channel=CHANNEL, address=str(client), name="", profile={},
        reachable=True, created_at=at,
    )  # fmt: skip
    put(
        tx, Dialog, id=client, client_id=client, episode_id=client, last_seq=0, last_in_seq=0, read_seq=0, unread=0,
        last_at=at, created_at=at,
    )  # fmt: skip
    put(tx, Episode, id=client, dialog_id=client, number=1, status="open", assignee_id=1, opened_at=at)


def arrive(tx: Tx, client: int, count: int) -> None:
    """Raws of the client, taken in and processed into messages."""
    keys = [f"{client}:{n}" for n in range(1, count + 1)]
    inbox.put(tx, [inbox.Arrival(CHANNEL, key, str(client), b"{}") for key in keys])
    shard = inbox.shard_of(CHANNEL, str(client))
    rows = claims.claim(tx, {shard: ""}, 100).rows
    inbox.done(tx, rows)
    for seq, row in enumerate(rows, 1):
        number = FIRST + client * 10_000 + seq
        message(tx, client, number, seq, "in", external_id=row.external_id, identity_id=client)
    newest = {"seq": count, "id": client, "message": FIRST + client * 10_000 + count}
    tx.execute(
        text(
            "UPDATE dialogs SET last_seq = :seq, last_in_seq = :seq, unread = :seq, last_message_id = :message "
            "WHERE id = :id"
        ),
        newest,
    )


def answer(tx: Tx, dialog: int, number: int, *, direction: str, letters: int) -> None:
    """What an operator wrote, with its letters, which are sent."""
    seq = tx.execute(
        text("UPDATE dialogs SET last_seq = last_seq + 1 WHERE id = :id RETURNING last_seq"), {"id": dialog}
    )
    message(tx, dialog, number, seq.scalar_one(), direction, operator_id=1)
    put_letters(tx, dialog, number, letters)
    done = outbox.OUTBOX.update().where(outbox.OUTBOX.c.message_id == number)
    tx.execute(done.values(state=outbox.SENT, sent_at=now(), attempts=1))


def put_letters(tx: Tx, dialog: int, number: int, count: int = 1) -> None:
    """Queued letters of a message."""
    new = outbox.NewLetter(number, dialog, 0, CHANNEL, str(dialog), "send", {"text": ""}, now() - timedelta(seconds=1))
    outbox.put(tx, [new._replace(part=part) for part in range(count)])


def message(tx: Tx, dialog: int, number: int, seq: int, direction: str, **values: object) -> None:
    """A message of the dialog's episode."""
    known = {"id": number, "dialog_id": dialog, "episode_id": dialog, "seq": seq, "direction": direction}
    row = {"channel": CHANNEL, "text": "", "sent_at": now(), "source_key": "", **known, **values}
    tx.execute(MESSAGES.insert().values(**row))


def put_file(tx: Tx, name: str, message_id: int | None, sha256: str) -> None:
    """A file of the message, or one nobody used yet."""
    put(
        tx, Attachment, id=name, message_id=message_id, position=0, owner="operator:1", name=name, type="text/plain",
        size=4, sha256=sha256, state="stored", attempts=0, created_at=now(),
    )  # fmt: skip


def broken(db: Database) -> set[str]:
    """The promises that do not hold."""
    with db.snapshot() as tx:
        return {breach.promise for breach in verify(tx)}


def change(db: Database, *statements: str) -> None:
    """Break something, past the keys that would not let it happen."""
    with db.begin() as tx:
        for statement in statements:
            tx.execute(text(statement), {"at": now()} if ":at" in statement else {})


def test_nothing_is_wrong_with_an_empty_database(db: Database) -> None:
    with db.snapshot() as tx:
        assert verify(tx, lambda *_: ["x"]) == []


def test_nothing_is_wrong_with_a_healthy_one(healthy: Database) -> None:
    with healthy.snapshot() as tx:
        assert verify(tx) == []


def test_work_in_flight_is_not_wrong(healthy: Database) -> None:
    with healthy.begin() as tx:
        inbox.put(tx, [inbox.Arrival(CHANNEL, "1:1", "1", b"{}"), inbox.Arrival(CHANNEL, "1:4", "1", b"{}")])
        inbox.put(tx, [inbox.Arrival(CHANNEL, "2:4", "2", b"{}")])
        inbox.park(tx, claims.claim(tx, {inbox.shard_of(CHANNEL, "2"): ""}, 9).rows[-1], "cannot be read")
        message(tx, 1, FIRST + 30, 9, "out", operator_id=1)
        tx.execute(text("UPDATE dialogs SET last_seq = 9 WHERE id = 1"))
        put_letters(tx, 1, FIRST + 30)
        (letter,) = outbox.due(tx, CHANNEL, 9)
        outbox.start(tx, letter.id, 30)
    assert broken(healthy) == set()


SENT_LATE = "UPDATE outbox SET sent_at = :at WHERE id = 1"
CASES = [
    ("stored", ["DELETE FROM inbox WHERE id = 1", "INSERT INTO inbox_queue VALUES (1, '1', 1, 0)"]),
    ("stored", ["INSERT INTO parked VALUES (99, 'shop', '', :at)"]),
    ("once", ["INSERT INTO parked VALUES (1, 'shop', '', :at)", "INSERT INTO inbox_queue VALUES (1, '1', 1, 0)"]),
    ("once", ["INSERT INTO inbox_queue VALUES (1, '1', 1, 0), (2, '1', 1, 0)"]),
    ("order", ["INSERT INTO inbox_queue VALUES (77, '1', 1, 0)"]),
    ("balance", ["INSERT INTO inbox_queue VALUES (1, '1', 1, 0)"]),
    ("balance", ["DELETE FROM tallies WHERE kind = 'processed'"]),
    ("balance", ["DELETE FROM inbox WHERE id = 1"]),
    ("order", [f"UPDATE messages SET seq = -1 WHERE id = {FIRST + 10_002}"]),
    ("one episode", ["DROP INDEX episodes_open", "UPDATE episodes SET dialog_id = 1, number = id"]),
    ("one episode", ["UPDATE episodes SET number = 2 WHERE id = 1", "UPDATE dialogs SET episode_id = 9 WHERE id = 1"]),
    ("owner", ["UPDATE operators SET active = false"]),
    ("dialog", ["UPDATE dialogs SET last_seq = 2 WHERE id = 1"]),
    ("dialog", [f"UPDATE messages SET shown = 9 WHERE id = {FIRST + 20}"]),
    ("dialog", ["UPDATE dialogs SET unread = 4 WHERE id = 2"]),
    ("dialog", ["UPDATE dialogs SET unread = 3, read_seq = 1 WHERE id = 2"]),
    ("dialog", ["UPDATE dialogs SET read_seq = 3 WHERE id = 2"]),
    ("dialog", ["UPDATE dialogs SET last_message_id = NULL WHERE id = 2"]),
    ("dialog", [f"UPDATE dialogs SET last_message_id = {FIRST + 10_001} WHERE id = 2"]),
    (
        "whole",
        ["INSERT INTO attachments VALUES ('x', 5, 0, '', '', '', 1, '', 'stored', NULL, NULL, 0, NULL, :at, NULL)"],
    ),
    ("whole", ["UPDATE messages SET episode_id = 2 WHERE id = 1000000021"]),
    ("whole", ["UPDATE messages SET identity_id = 9 WHERE direction = 'in'"]),
    ("whole", ["UPDATE outbox SET message_id = 5"]),
    ("whole", ["DELETE FROM outbox"]),
    ("notes", [f"UPDATE outbox SET message_id = {FIRST + 21} WHERE id = 2"]),
    ("letters", ["UPDATE outbox SET state = 'gone' WHERE id = 2"]),
    ("letters", ["UPDATE outbox SET sent_at = NULL WHERE id = 2"]),
    ("letters", ["UPDATE outbox SET state = 'sending', worker = 'w', expires_at = '2020-01-01 00:00:00' WHERE id = 2"]),
    ("lanes", [SENT_LATE]),
    ("shown", ["UPDATE outbox SET state = 'failed' WHERE id = 2"]),
    ("shown", ["UPDATE outbox SET state = 'unconfirmed' WHERE id = 2"]),
]


@pytest.mark.parametrize(("promise", "statements"), CASES)
def test_what_is_broken_is_found(healthy: Database, promise: str, statements: list[str]) -> None:
    change(healthy, *statements)
    assert promise in broken(healthy)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_second_dialog_of_a_client_is_found(healthy: Database) -> None:
    change(healthy, "ALTER TABLE dialogs DROP CONSTRAINT dialogs_client_id_key", "UPDATE dialogs SET client_id = 1")
    assert broken(healthy) == {"one dialog"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_missing_line_of_the_journal_is_found(healthy: Database) -> None:
    with healthy.begin() as tx:
        journal.append(tx, [journal.Entry("message.created", "operator:1", 1, {})] * 3)
    change(healthy, "DELETE FROM journal WHERE id = 2")
    assert broken(healthy) == {"journal"}


def test_old_lines_of_the_journal_may_go(healthy: Database) -> None:
    with healthy.begin() as tx:
        journal.append(tx, [journal.Entry("message.created", "operator:1", 1, {})] * 3)
    change(healthy, "DELETE FROM journal WHERE id < 3")
    assert broken(healthy) == set()


LATE_ON_PURPOSE = [
    ["UPDATE outbox SET maybe_twice = true WHERE id = 1"],
    ["UPDATE outbox SET send_at = :at WHERE id = 1", "UPDATE outbox SET send_at = :at WHERE id = 1"],
    ["UPDATE journal SET type = 'message.sending_failed'"],
    ["UPDATE journal SET type = 'message.unconfirmed'"],
    ["INSERT INTO journal (at, type, actor, data) VALUES (:at, 'outbox.held', 'system', '{}')"],
]


@pytest.mark.parametrize("excuse", LATE_ON_PURPOSE)
def test_a_letter_may_be_late_for_a_reason(healthy: Database, excuse: list[str]) -> None:
    with healthy.begin() as tx:
        put_letters(tx, 1, FIRST + 20)
    change(healthy, "UPDATE outbox SET state = 'sent', sent_at = :at", SENT_LATE, *excuse)
    assert broken(healthy) == set()


def test_a_letter_that_waits_behind_later_ones_is_found(healthy: Database) -> None:
    with healthy.begin() as tx:
        answer(tx, 1, FIRST + 40, direction="out", letters=1)
    change(healthy, "UPDATE outbox SET state = 'queued', sent_at = NULL WHERE id = 1")
    assert broken(healthy) == {"lanes"}


def test_a_failed_letter_with_its_line_is_shown(healthy: Database) -> None:
    change(healthy, "UPDATE outbox SET state = 'failed'")
    with healthy.begin() as tx:
        journal.append(tx, [journal.Entry("message.sending_failed", "system", 1, {"message": FIRST + 20})])
    assert broken(healthy) == set()


def test_a_replayed_raw_may_come_late(healthy: Database) -> None:
    change(healthy, f"UPDATE messages SET seq = 8 WHERE id = {FIRST + 10_001}", "UPDATE dialogs SET last_seq = 8")
    change(healthy, "UPDATE dialogs SET last_in_seq = 8, last_seq = 8 WHERE id = 1")
    assert broken(healthy) == {"order"}
    with healthy.begin() as tx:
        journal.append(tx, [journal.Entry("inbox.replayed", "operator:1", None, {"inbox": 1})])
    assert broken(healthy) == set()


def test_a_processed_raw_that_left_no_message_is_found(healthy: Database) -> None:
    with healthy.begin() as tx:
        keys = [f"1:{n}" for n in range(10, 60)]
        inbox.put(tx, [inbox.Arrival(CHANNEL, key, "1", b"{}") for key in keys])
        shard = inbox.shard_of(CHANNEL, "1")
        inbox.done(tx, claims.claim(tx, {shard: ""}, 200).rows)

    def read(channel: str, external_id: str, address: str, data: bytes) -> list[str]:
        if external_id == "1:10":
            raise ValueError("no longer readable")
        # An edit of a message that is there, and a message that should be.
        return {"1:11": ["1:1"], "1:12": []}.get(external_id, [external_id])

    with healthy.snapshot() as tx:
        (breach,) = verify(tx, read)
    assert breach.promise == "stored"
    assert breach.detail.startswith("47 ×")
    assert len(breach.rows) == SHOWN


def test_a_file_that_is_not_in_the_store_is_found(healthy: Database, tmp_path: Path) -> None:
    store = FileStore(tmp_path / "files")
    kept = store.put(b"here")
    with healthy.begin() as tx:
        put_file(tx, "here", FIRST + 20, kept.sha256)
        put_file(tx, "gone", FIRST + 20, "ab" * 32)
        put_file(tx, "loose", None, "cd" * 32)
    with healthy.snapshot() as tx:
        (breach,) = verify(tx, files=store)
    assert breach.rows == [{"attachment_id": "gone"}]


def test_who_works_while_it_looks_breaks_nothing(healthy: Database) -> None:
    def work(*_: object) -> None:
        client = len(statements) + 10
        statements.append(1)
        with healthy.begin() as other:
            person(other, client)
            arrive(other, client, 2)

    statements: list[int] = []
    with healthy.snapshot() as tx:
        event.listen(tx, "after_cursor_execute", work)
        assert verify(tx, lambda _channel, key, *_: [key]) == []
    assert len(statements) > 10
    assert broken(healthy) == set()


def test_a_breach_names_the_rows(healthy: Database) -> None:
    change(healthy, "UPDATE outbox SET state = 'gone' WHERE id = 2")
    with healthy.snapshot() as tx:
        (breach,) = verify(tx)
    assert breach.rows == [{"letter_id": 2, "state": "gone"}]
    assert breach.detail == "1 × a letter in a state that cannot be"
