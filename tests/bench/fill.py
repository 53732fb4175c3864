"""A past: a million messages with everything that belongs to them, made by the database itself in seconds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from storage import bulk, inbox, talk
from storage.db import Database, Tx, is_postgres, now
from storage.models import metadata
from tests.bench import load
from tests.bench.house import CHANNEL

_STEP = 100_000
_FIRST_ID = 1_000_000_001
_TEXTS = 500
# Days ago the first message came; each of the others a second after the one before it.
_DAYS = 30
_SEQUENCES = ("clients", "identities", "dialogs", "episodes", "inbox", "journal", "messages")

# Message i (from 0) is number i / people + 1 of the dialog of person i % people + 1. A person has one number for
# client, identity, dialog and episode.
_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last), "
    "m AS (SELECT i, i / :people + 1 AS seq, {at} AS at, p.id AS person, p.address, p.shard, t.words "
    "FROM n JOIN bench_people p ON p.id = n.i % :people + 1 JOIN bench_texts t ON t.id = n.i % :texts) "
)
_INBOX = (
    "INSERT INTO inbox (id, channel, external_id, address, shard, data, received_at) "
    "SELECT i + 1, :channel, address || ':' || 'f' || i, address, shard, {data}, at FROM m ORDER BY i"
)
_MESSAGES = (
    "INSERT INTO messages (id, dialog_id, seq, episode_id, direction, channel, external_id, identity_id, text, "
    "sent_at, source_key) SELECT :id + i, person, seq, person, 'in', :channel, address || ':' || 'f' || i, person, "
    "words, at, '' FROM m ORDER BY i"
)
_JOURNAL = (
    "INSERT INTO journal (at, type, actor, dialog_id, data) "
    "SELECT at, 'message.received', 'client:' || person, person, {told} FROM m ORDER BY i"
)
_POSTGRESQL = {
    "at": "CAST(:began AS timestamptz) + n.i * interval '1 second'",
    "data": "convert_to(:head || words, 'UTF8')",
    "told": "jsonb_build_object('message', :id + i, 'seq', seq, 'channel', CAST(:channel AS text), 'direction', 'in')",
}
_SQLITE = {
    "at": "strftime('%Y-%m-%d %H:%M:%S', :began, '+' || n.i || ' seconds') || '.000000'",
    "data": "CAST(:head || words AS BLOB)",
    "told": "json_object('message', :id + i, 'seq', seq, 'channel', :channel, 'direction', 'in')",
}
# As long as what the door writes before a message's text.
_HEAD = '{"at":"2026-11-22T10:00:00.000000Z","visitor":{"address":"anon:00000000benchmark00000"}}\n{"id":"","text":'


def fill(db: Database, messages: int, people: int) -> None:
    """Put so many messages of so many people into an empty database; each has as many as the others.

    The people are load.visitor(0) and on. Nothing waits, and `verify` finds nothing.
    """
    if messages % people:
        raise ValueError("each of the people has as many messages as the others")
    began = now().replace(microsecond=0) - timedelta(days=_DAYS)
    with db.begin() as tx:
        if is_postgres(tx):
            for setting in ("statement_timeout = 0", "idle_in_transaction_session_timeout = 0", "enable_seqscan = on"):
                tx.execute(text(f"SET LOCAL {setting}"))
        _make_people(tx, messages, people, began)
        _make_texts(tx)
        for first in range(0, messages, _STEP):
            _make_messages(tx, first=first, last=min(first + _STEP, messages), people=people, began=began)
        for kind in (inbox.RECEIVED, inbox.PROCESSED):
            bulk.insert(tx, inbox.TALLIES, ("channel", "kind", "count", "at"), [(CHANNEL, kind, messages, now())])
        if is_postgres(tx):
            for name in _SEQUENCES:
                tx.execute(text(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))"))
    _tidy(db)


def _make_people(tx: Tx, messages: int, people: int, began: datetime) -> None:
    each, ids = messages // people, range(1, people + 1)
    senders = [load.visitor(number) for number in range(people)]
    known = list(zip(ids, senders, strict=True))
    last = {number: messages - people + number - 1 for number in ids}
    _insert(
        tx, "clients", "id name email phone note created_at updated_at",
        [(n, sender.name, "", "", "", began, began) for n, sender in known],
    )  # fmt: skip
    _insert(
        tx, "identities", "id client_id channel address name profile reachable created_at",
        [(n, n, CHANNEL, sender.address, sender.name, "{}", True, began) for n, sender in known],
    )  # fmt: skip
    _insert(
        tx,
        "dialogs",
        "id client_id episode_id last_seq last_in_seq read_seq unread last_at last_message_id created_at",
        [(n, n, n, each, each, 0, each, began + timedelta(seconds=last[n]), _FIRST_ID + last[n], began) for n in ids],
    )  # fmt: skip
    _insert(
        tx, "episodes", "id dialog_id number status opened_at",
        [(n, n, 1, talk.OPEN, began) for n in ids],
    )  # fmt: skip
    tx.execute(text("CREATE TEMPORARY TABLE bench_people (id bigint PRIMARY KEY, address text, shard smallint)"))
    rows = [(n, sender.address, inbox.shard_of(CHANNEL, sender.address)) for n, sender in known]
    _load(tx, "bench_people", ("id", "address", "shard"), rows)


def _make_texts(tx: Tx) -> None:
    tx.execute(text("CREATE TEMPORARY TABLE bench_texts (id bigint PRIMARY KEY, words text)"))
    _load(tx, "bench_texts", ("id", "words"), list(enumerate(load.texts(_TEXTS))))


def _make_messages(tx: Tx, **values: Any) -> None:
    forms = _POSTGRESQL if is_postgres(tx) else _SQLITE
    known = {**values, "texts": _TEXTS, "channel": CHANNEL, "id": _FIRST_ID, "head": _HEAD}
    if not is_postgres(tx):
        known["began"] = values["began"].strftime("%Y-%m-%d %H:%M:%S")
    for statement in (_INBOX, _MESSAGES, _JOURNAL):
        query = text((_NUMBERS + statement).format(**forms))
        tx.execute(query, {name: known[name] for name in query._bindparams})


def _insert(tx: Tx, table: str, columns: str, rows: Sequence[bulk.Row]) -> None:
    bulk.insert(tx, metadata.tables[table], tuple(columns.split()), rows)


def _load(tx: Tx, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    values = ", ".join(f":{name}" for name in columns)
    tx.execute(text(f"INSERT INTO {table} VALUES ({values})"), [dict(zip(columns, row, strict=True)) for row in rows])


def _tidy(db: Database) -> None:
    """What the database would have done by itself over the days."""
    with db._engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if is_postgres(connection):
            connection.rollback()
            driver.autocommit = True
            for command in ("SET statement_timeout = 0", "VACUUM ANALYZE", "CHECKPOINT"):
                driver.execute(command)
        else:
            connection.rollback()
            driver.execute("ANALYZE")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.invalidate()
