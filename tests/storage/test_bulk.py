"""Many rows in one statement: every type keeps its value, on both databases, and conflicts stay what they are."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Time,
    select,
)

from connectors.text import clean_text
from storage import bulk, talk
from storage.db import Database
from storage.types import BigId, Json, KeyText, UtcTime

SCRATCH = Table(
    "scratch",
    MetaData(),
    Column("id", BigId, primary_key=True),
    Column("key", KeyText, unique=True),
    Column("words", Text),
    Column("data", LargeBinary),
    Column("told", Json),
    Column("at", UtcTime),
    Column("yes", Boolean),
    Column("small", SmallInteger),
    Column("number", Integer),
    Column("day", Date),
    Column("hour", Time),
    Column("share", Float),
)
COLUMNS = tuple(SCRATCH.c.keys())
AT = datetime(2026, 11, 22, 10, 30, 15, 123456, UTC)
# One database serves all examples of a test: each puts its rows under new ids.
ON_ONE_DATABASE = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
TEXTS = st.text(max_size=60).map(clean_text)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def scratch(db: Database) -> Iterator[Database]:
    with db.begin() as tx:
        SCRATCH.create(tx)
    yield db
    with db.begin() as tx:
        SCRATCH.drop(tx)


def row(id_: int, **changed: Any) -> tuple[Any, ...]:
    whole = {
        "id": id_, "key": f"k{id_}", "words": "words", "data": b"bytes", "told": "{}", "at": AT, "yes": True,
        "small": 1, "number": 2, "day": date(2026, 11, 22), "hour": time(9, 30), "share": 0.5,
    }  # fmt: skip
    return tuple({**whole, **changed}.values())


def rows_of(db: Database) -> list[dict[str, Any]]:
    with db.read() as tx:
        return [dict(found) for found in tx.execute(select(SCRATCH).order_by(SCRATCH.c.id)).mappings()]


def put(db: Database, *rows: tuple[Any, ...]) -> None:
    with db.begin() as tx:
        bulk.insert(tx, SCRATCH, COLUMNS, rows)


VALUES: list[tuple[str, Any]] = [
    ("words", ""),
    ("words", "Здравствуйте 👋🏽 \u200f\ufffd"),
    ("words", "NULL"),
    ("words", "{},\"'\\%s%%:name;--\n\t"),
    ("words", "x" * 1_000_000),
    ("data", b""),
    ("data", bytes(range(256))),
    ("at", datetime(1, 1, 1, tzinfo=UTC)),
    ("at", datetime(999, 12, 31, 23, 59, 59, 999999, UTC)),
    ("at", datetime(2026, 11, 22, tzinfo=UTC)),
    ("at", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ("yes", False),
    ("small", -(2**15)),
    ("number", 2**31 - 1),
    ("day", date(1, 1, 1)),
    ("day", date(9999, 12, 31)),
    ("hour", time(0, 0)),
    ("hour", time(23, 59, 59, 999999)),
    ("share", 0.1),
    *((name, None) for name in COLUMNS[2:]),
]
PLAIN = list(enumerate(VALUES, 1))


@pytest.mark.parametrize("way", ["insert", "insert_new", "update"])
def test_every_value_comes_back_as_it_went_in(scratch: Database, way: str) -> None:
    # Twice each in a statement of its own, and then all that differ in one.
    alike = [[row(n, **{column: value}), row(n + 100, key=None, **{column: value})] for n, (column, value) in PLAIN]
    mixed = [[row(n + 200, **{"key": f"m{n}", column: value}) for n, (column, value) in PLAIN]]
    for lot in alike + mixed:
        with scratch.begin() as tx:
            if way == "insert":
                bulk.insert(tx, SCRATCH, COLUMNS, lot)
            elif way == "insert_new":
                assert len(bulk.insert_new(tx, SCRATCH, COLUMNS, lot, ("id", "key"))) == len(lot)
            else:
                bulk.insert(tx, SCRATCH, ("id",), [each[:1] for each in lot])
                bulk.update(tx, SCRATCH, "id", COLUMNS[1:], lot)
    found = {each["id"]: each for each in rows_of(scratch)}
    for n, (column, value) in PLAIN:
        for number in (n, n + 100, n + 200):
            back = found[number][column]
            assert (type(back), back) == (type(value), value), column


def test_a_time_of_another_zone_is_the_same_moment(scratch: Database) -> None:
    put(scratch, row(1, at=AT.astimezone(timezone(timedelta(hours=-9, minutes=-30)))))
    found = rows_of(scratch)[0]["at"]
    assert found == AT
    assert found.utcoffset() == timedelta(0)


def test_times_written_in_bulk_compare_with_those_written_one_by_one(scratch: Database) -> None:
    put(scratch, *(row(n, at=AT + timedelta(microseconds=n - 2)) for n in (1, 2, 3)))
    with scratch.read() as tx:
        older = tx.execute(select(SCRATCH.c.id).where(SCRATCH.c.at < AT)).scalars().all()
        same = tx.execute(select(SCRATCH.c.id).where(SCRATCH.c.at == AT)).scalars().all()
    assert (older, same) == ([1], [2])


@ON_ONE_DATABASE
@given(values=st.lists(st.tuples(TEXTS, st.binary(max_size=40), JSON), min_size=1, max_size=8))
def test_whatever_the_border_lets_through_is_stored_as_it_is(
    scratch: Database, values: list[tuple[str, bytes, Any]]
) -> None:
    with scratch.begin() as tx:
        tx.execute(SCRATCH.delete())
        rows = [row(n, words=text, data=data, told=json.dumps(told)) for n, (text, data, told) in enumerate(values)]
        bulk.insert(tx, SCRATCH, COLUMNS, rows)
    assert [(found["words"], bytes(found["data"]), found["told"]) for found in rows_of(scratch)] == values


def test_a_conflict_refuses_the_whole_lot(scratch: Database) -> None:
    put(scratch, row(1))
    with pytest.raises(Exception, match=r"(?i)unique"):
        put(scratch, row(2), row(3, key="k1"))
    assert [found["id"] for found in rows_of(scratch)] == [1]


def test_only_new_rows_are_given_back(scratch: Database) -> None:
    put(scratch, row(1))
    with scratch.begin() as tx:
        given = [row(1), row(2), row(3, key="k1"), row(4), row(5, key="k4")]
        fresh = bulk.insert_new(tx, SCRATCH, COLUMNS, given, ("id", "key"))
        assert bulk.insert_new(tx, SCRATCH, COLUMNS, given, ("id", "key")) == []
    assert sorted(fresh) == [(2, "k2"), (4, "k4")]
    assert [found["id"] for found in rows_of(scratch)] == [1, 2, 4]


def test_nothing_to_do_is_done(scratch: Database) -> None:
    with scratch.begin() as tx:
        bulk.insert(tx, SCRATCH, COLUMNS, [])
        assert bulk.insert_new(tx, SCRATCH, COLUMNS, [], ("id",)) == []
        bulk.update(tx, SCRATCH, "id", ("words",), [])
        bulk.delete(tx, SCRATCH, ("id",), [])
        assert list(bulk.reserve_ids(tx, "no_such_sequence", 1, SCRATCH, 0)) == []
    assert rows_of(scratch) == []


def test_an_update_touches_the_rows_it_names_and_their_named_columns(scratch: Database) -> None:
    put(scratch, *(row(n) for n in range(1, 5)))
    with scratch.begin() as tx:
        later = AT + timedelta(days=1)
        bulk.update(tx, SCRATCH, "id", ("words", "told", "at"), [(2, "two", '{"n":2}', later), (4, None, None, None)])
        bulk.update(tx, SCRATCH, "id", ("words",), [(99, "nobody")])
    found = {each["id"]: (each["words"], each["told"], each["at"], each["key"]) for each in rows_of(scratch)}
    assert found == {
        1: ("words", {}, AT, "k1"),
        2: ("two", {"n": 2}, later, "k2"),
        3: ("words", {}, AT, "k3"),
        4: (None, None, None, "k4"),
    }


def test_a_deletion_needs_every_column_to_match(scratch: Database) -> None:
    put(scratch, *(row(n, small=n % 2) for n in range(1, 5)))
    with scratch.begin() as tx:
        bulk.delete(tx, SCRATCH, ("key", "small"), [("k1", 1), ("k2", 1), ("k4", 0), ("k9", 1)])
    assert [found["id"] for found in rows_of(scratch)] == [2, 3]


@pytest.mark.parametrize("count", [0, 1, 40_000])
def test_among_takes_any_number_of_values(scratch: Database, count: int) -> None:
    put(scratch, row(1), row(2, key="it's {\"k\",'2'} \\ %s ый"), row(3))
    keys = [f"other {n}" for n in range(count - 1)] + ["it's {\"k\",'2'} \\ %s ый"] * bool(count)
    with scratch.read() as tx:
        by_text = tx.execute(select(SCRATCH.c.id).where(bulk.among(tx, SCRATCH.c.key, keys))).scalars().all()
        ids = range(2, 2 + count)
        by_number = tx.execute(select(SCRATCH.c.id).where(bulk.among(tx, SCRATCH.c.id, ids))).scalars().all()
    assert by_text == [2] * bool(count)
    assert sorted(by_number) == [n for n in (2, 3) if n in ids]


def test_reserved_ids_are_fresh_whoever_asks(db: Database) -> None:
    # On SQLite the writer lock stands guard, so the rows must be there before the next one asks.
    got: list[int] = []
    guard = threading.Lock()

    def reserve(channel: int) -> None:
        for lot in range(5):
            with db.begin() as tx:
                ids = list(talk.message_ids(tx, 3))
                client = bulk.reserve_ids(tx, "clients_id_seq", 1, CLIENTS, 1)[0]
                bulk.insert(tx, CLIENTS, CLIENT_COLUMNS, [(client, "", "", "", "", AT, AT)])
                dialog = [(client, client, 0, 0, 0, 0, AT, AT)]
                bulk.insert(tx, talk.DIALOGS, DIALOG_COLUMNS, dialog)
                rows = [
                    talk.NewMessage(n, client, seq, 1, "in", "", AT, "shop", f"{channel}:{lot}:{seq}")
                    for seq, n in enumerate(ids)
                ]
                bulk.insert(tx, talk.MESSAGES, talk.NewMessage._fields, rows)
            with guard:
                got.extend(ids)

    threads = [threading.Thread(target=reserve, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == len(set(got)) == 4 * 5 * 3
    assert min(got) > 1_000_000_000


CLIENTS = talk.DIALOGS.metadata.tables["clients"]
CLIENT_COLUMNS = ("id", "name", "email", "phone", "note", "created_at", "updated_at")
DIALOG_COLUMNS = ("id", "client_id", "last_seq", "last_in_seq", "read_seq", "unread", "last_at", "created_at")
