"""Many rows in one statement: arrays unnested on PostgreSQL, the driver's own loop on SQLite."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, any_, bindparam, column, func, select
from sqlalchemy.dialects import postgresql

from storage.db import Tx, cursor, is_postgres
from storage.types import sqlite_text

Row = tuple[Any, ...]
_POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]


def insert(tx: Tx, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert all rows; the database refuses the whole lot if one breaks a constraint."""
    if rows:
        _insert(tx, _insert_sql(table, columns, is_postgres(tx), "", ()), rows, returning=False)


def insert_new(
    tx: Tx, table: Table, columns: tuple[str, ...], rows: Sequence[Row], returning: tuple[str, ...]
) -> list[Row]:
    """Insert the rows no unique key stands against; give back `returning` of those, in any order."""
    if not rows:
        return []
    sql = _insert_sql(table, columns, is_postgres(tx), " ON CONFLICT DO NOTHING", returning)
    return _insert(tx, sql, rows, returning=True)


def update(tx: Tx, table: Table, key: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Set `columns` of the rows whose `key` is the first value of each tuple."""
    if not rows:
        return
    if is_postgres(tx):
        cursor(tx).execute(_update_sql(table, key, columns), _arrays(rows))
        return
    assignments = ", ".join(f"{name} = ?" for name in columns)
    cursor(tx).executemany(
        f"UPDATE {table.name} SET {assignments} WHERE {key} = ?",
        [_sqlite_row((*row[1:], row[0])) for row in rows],
    )


def delete(tx: Tx, table: Table, columns: tuple[str, ...], keys: Sequence[Row]) -> None:
    """Delete the rows whose `columns` have these values."""
    if not keys:
        return
    if is_postgres(tx):
        match = " AND ".join(f"t.{name} = x.c{at}" for at, name in enumerate(columns))
        cursor(tx).execute(f"DELETE FROM {table.name} t USING {_unnest(table, columns)} WHERE {match}", _arrays(keys))
        return
    match = " AND ".join(f"{name} = ?" for name in columns)
    cursor(tx).executemany(f"DELETE FROM {table.name} WHERE {match}", keys)


def among(tx: Tx, col: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`col IN values` as one parameter, so that a statement is compiled once for any number of values."""
    items = list(values)
    if is_postgres(tx):
        return col == any_(bindparam(None, items, type_=ARRAY(col.type)))  # type: ignore[no-any-return]
    listed = func.json_each(json.dumps(items)).table_valued(column("value", col.type))
    return col.in_(select(listed.c.value))  # type: ignore[no-any-return]


def reserve_ids(tx: Tx, sequence: str, first: int, table: Table, count: int) -> Sequence[int]:
    """`count` fresh ids for `table`: from its sequence on PostgreSQL, behind the writer lock on SQLite.

    Known before the rows are written, they can be named by other rows of the same commit.
    """
    if count == 0:
        return []
    cur = cursor(tx)
    if is_postgres(tx):
        cur.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", (sequence, count))
        return [row[0] for row in cur.fetchall()]
    cur.execute(f"SELECT coalesce(max(id), {first - 1}) FROM {table.name}")
    start = cur.fetchone()[0] + 1
    return range(start, start + count)


def _insert(tx: Tx, sql: str, rows: Sequence[Row], *, returning: bool) -> list[Row]:
    cur = cursor(tx)
    if is_postgres(tx):
        cur.execute(sql, _arrays(rows))
        return cur.fetchall() if returning else []
    if not returning:
        cur.executemany(sql, [_sqlite_row(row) for row in rows])
        return []
    # SQLite's driver gives nothing back from executemany.
    found: list[Row] = []
    for row in rows:
        found.extend(cur.execute(sql, _sqlite_row(row)).fetchall())
    return found


def _arrays(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(values) for values in zip(*rows, strict=True)]


def _sqlite_row(row: Row) -> Row:
    return tuple(sqlite_text(value) if isinstance(value, datetime) else value for value in row)


@lru_cache(maxsize=256)
def _insert_sql(
    table: Table, columns: tuple[str, ...], postgres: bool, conflict: str, returning: tuple[str, ...]
) -> str:
    names = ", ".join(columns)
    tail = conflict + (f" RETURNING {', '.join(returning)}" if returning else "")
    if not postgres:
        return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))}){tail}"
    picked = ", ".join(f"x.c{at}{_after(table, name)}" for at, name in enumerate(columns))
    return f"INSERT INTO {table.name} ({names}) SELECT {picked} FROM {_unnest(table, columns)}{tail}"


@lru_cache(maxsize=256)
def _update_sql(table: Table, key: str, columns: tuple[str, ...]) -> str:
    assignments = ", ".join(f"{name} = x.c{at}{_after(table, name)}" for at, name in enumerate(columns, 1))
    return f"UPDATE {table.name} t SET {assignments} FROM {_unnest(table, (key, *columns))} WHERE t.{key} = x.c0"


def _unnest(table: Table, columns: tuple[str, ...]) -> str:
    arrays = ", ".join(f"%b::{_wire_type(table, name)}[]" for name in columns)
    return f"unnest({arrays}) AS x({', '.join(f'c{at}' for at in range(len(columns)))})"


def _wire_type(table: Table, name: str) -> str:
    """JSON travels as text: psycopg would have to be told of each value."""
    kind = _type(table, name)
    return "text" if kind.startswith("JSON") else kind


def _after(table: Table, name: str) -> str:
    kind = _type(table, name)
    return f"::{kind}" if kind.startswith("JSON") else ""


def _type(table: Table, name: str) -> str:
    kind: str = table.c[name].type.compile(_POSTGRES)
    return kind.split(" COLLATE ", maxsplit=1)[0]
