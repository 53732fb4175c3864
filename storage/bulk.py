"""Many rows in one statement: arrays unnested on PostgreSQL, lists of values on SQLite."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, Text, any_, bindparam, column, func, select
from sqlalchemy.dialects import postgresql

from storage.db import Tx, cursor, is_postgres

Row = tuple[Any, ...]
_POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]
# Rows a statement takes on SQLite. The driver keeps so many compiled ones, and a statement for every number of rows
# would be too many.
_SQLITE_STEP = 64


def insert(tx: Tx, table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert all rows; the database refuses the whole lot if one breaks a constraint."""
    _insert(tx, table, columns, rows, "")


def insert_under_lock(tx: Tx, table: Table, columns: tuple[str, ...], rows: Sequence[Row], lock: int) -> None:
    """Insert all rows once the advisory lock is ours; it is held until the transaction ends.

    One statement, for whoever waits for the lock waits for every turn to the database we take under it. On SQLite the
    writer's own lock is that lock.
    """
    if rows and is_postgres(tx):
        shape = _Shape(rows)
        locked = f"WITH l AS MATERIALIZED (SELECT pg_advisory_xact_lock({lock})) "
        # Ids are given out row by row, after the join has waited for the lock.
        sql = locked + _postgres_insert_sql(table, columns, shape.same, ", l")
        cursor(tx).execute(sql, shape.parameters)
    else:
        insert(tx, table, columns, rows)


def insert_new(
    tx: Tx, table: Table, columns: tuple[str, ...], rows: Sequence[Row], returning: tuple[str, ...]
) -> list[Row]:
    """Insert the rows no unique key stands against; give back `returning` of those, in any order."""
    if not rows:
        return []
    tail = f" ON CONFLICT DO NOTHING RETURNING {', '.join(returning)}"
    if is_postgres(tx):
        return _postgres_insert(tx, table, columns, rows, tail).fetchall()  # type: ignore[no-any-return]
    steps = _sqlite_steps(table, columns, rows, tail)
    return [found for sql, values in steps for found in cursor(tx).execute(sql, values).fetchall()]


def insert_or_change(tx: Tx, table: Table, columns: tuple[str, ...], rows: Sequence[Row], conflict: str) -> None:
    """Insert the rows; those whose key is there already change that row as `conflict` says, "(key) DO UPDATE SET …".

    No key may come twice in the rows.
    """
    _insert(tx, table, columns, rows, f" ON CONFLICT {conflict}")


def update(tx: Tx, table: Table, key: str, columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Set `columns` of the rows whose `key` is the first value of each tuple."""
    if not rows:
        return
    if is_postgres(tx):
        shape = _Shape(rows)
        sql = _postgres_update(table, (key, *columns), shape.same)
        cursor(tx).execute(sql, shape.parameters)
        return
    assignments = ", ".join(f"{name} = ?" for name in columns)
    cursor(tx).executemany(
        f"UPDATE {table.name} SET {assignments} WHERE {key} = ?",
        [(*row[1:], row[0]) for row in rows],
    )


def delete(tx: Tx, table: Table, columns: tuple[str, ...], keys: Sequence[Row]) -> None:
    """Delete the rows whose `columns` have these values."""
    if not keys:
        return
    if is_postgres(tx):
        match = " AND ".join(f"t.{name} = x.c{at}" for at, name in enumerate(columns))
        arrays = [list(values) for values in zip(*keys, strict=True)]
        cursor(tx).execute(f"DELETE FROM {table.name} t USING {_unnest(table, columns)} WHERE {match}", arrays)
        return
    match = " AND ".join(f"{name} = ?" for name in columns)
    cursor(tx).executemany(f"DELETE FROM {table.name} WHERE {match}", keys)


def among(tx: Tx, col: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """`col IN values` as one parameter, so that a statement is compiled once for any number of values."""
    return _any_of(col, bindparam(None, packed(tx, values), type_=_packed_type(col, is_postgres(tx))), is_postgres(tx))


def one_of(col: Any, name: str, *, postgres: bool) -> ColumnElement[bool]:
    """The same for a statement that is put together once and executed with `packed` values under `name`.

    Putting one together for each batch costs more than the database's own work.
    """
    return _any_of(col, bindparam(name, type_=_packed_type(col, postgres)), postgres)


def packed(tx: Tx, values: Iterable[Any]) -> Any:
    """Many values as one parameter."""
    return list(values) if is_postgres(tx) else json.dumps(list(values))


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


def _any_of(col: Any, parameter: Any, postgres: bool) -> ColumnElement[bool]:
    if postgres:
        return col == any_(parameter)  # type: ignore[no-any-return]
    listed = func.json_each(parameter).table_valued(column("value", col.type))
    return col.in_(select(listed.c.value))  # type: ignore[no-any-return]


def _packed_type(col: Any, postgres: bool) -> Any:
    return ARRAY(col.type) if postgres else Text()


class _Shape:
    """Rows turned into columns. One that is the same in all rows travels once: arrays are what a batch costs most."""

    def __init__(self, rows: Sequence[Row]) -> None:
        columns = [list(values) for values in zip(*rows, strict=True)]
        # The first column always varies: without an array there would be no rows.
        self.same = (False, *(values.count(values[0]) == len(rows) for values in columns[1:]))
        scalars = [values[0] for values, same in zip(columns, self.same, strict=True) if same]
        # In the order of the statement: the select or set list comes before the arrays.
        self.parameters = scalars + [values for values, same in zip(columns, self.same, strict=True) if not same]


def _insert(tx: Tx, table: Table, columns: tuple[str, ...], rows: Sequence[Row], tail: str) -> None:
    if not rows:
        return
    if is_postgres(tx):
        _postgres_insert(tx, table, columns, rows, tail)
    else:
        for sql, values in _sqlite_steps(table, columns, rows, tail):
            cursor(tx).execute(sql, values)


def _postgres_insert(tx: Tx, table: Table, columns: tuple[str, ...], rows: Sequence[Row], tail: str) -> Any:
    shape = _Shape(rows)
    return cursor(tx).execute(_postgres_insert_sql(table, columns, shape.same, tail), shape.parameters)


@lru_cache(maxsize=1024)
def _postgres_insert_sql(table: Table, columns: tuple[str, ...], same: tuple[bool, ...], tail: str) -> str:
    picked = ", ".join(_values(table, columns, same))
    arrays = _unnest(table, _varying(columns, same))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {picked} FROM {arrays}{tail}"


@lru_cache(maxsize=1024)
def _postgres_update(table: Table, columns: tuple[str, ...], same: tuple[bool, ...]) -> str:
    values = _values(table, columns, same)
    assignments = ", ".join(f"{name} = {value}" for name, value in zip(columns[1:], values[1:], strict=True))
    arrays = _unnest(table, _varying(columns, same))
    return f"UPDATE {table.name} t SET {assignments} FROM {arrays} WHERE t.{columns[0]} = x.c0"


def _values(table: Table, columns: tuple[str, ...], same: tuple[bool, ...]) -> list[str]:
    """An expression for each column's value: a parameter of its own, or its place in the arrays."""
    places = iter(range(len(columns)))
    return [
        f"%b::{_type(table, name)}" if once else f"x.c{next(places)}{_after(table, name)}"
        for name, once in zip(columns, same, strict=True)
    ]


def _varying(columns: tuple[str, ...], same: tuple[bool, ...]) -> tuple[str, ...]:
    return tuple(name for name, once in zip(columns, same, strict=True) if not once)


def _sqlite_steps(
    table: Table, columns: tuple[str, ...], rows: Sequence[Row], tail: str
) -> Iterator[tuple[str, list[Any]]]:
    """Statements and their values. The driver's executemany would let a busy thread come in between any two rows."""
    for at in range(0, len(rows), _SQLITE_STEP):
        step = rows[at : at + _SQLITE_STEP]
        yield _sqlite_insert_sql(table, columns, len(step), tail), list(chain.from_iterable(step))


@lru_cache(maxsize=1024)
def _sqlite_insert_sql(table: Table, columns: tuple[str, ...], count: int, tail: str) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES {', '.join([row] * count)}{tail}"


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
