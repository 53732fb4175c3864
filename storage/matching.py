"""Matching: whether a text stands anywhere in a column, whatever its case."""

from typing import Any

from sqlalchemy import ColumnElement, collate, func

from storage.db import Tx, is_postgres

_ESCAPE = "\\"


def contains(tx: Tx, column: Any, wanted: str) -> ColumnElement[bool]:
    """Whether the column has the text in it; its %, _ and backslashes stand for themselves."""
    if is_postgres(tx):
        # Keys are compared byte by byte, which would tell а from А.
        return collate(column, "default").ilike(_pattern(wanted), escape=_ESCAPE)
    return func.fold(column).like(_pattern(wanted.casefold()), escape=_ESCAPE)


def _pattern(wanted: str) -> str:
    escaped = wanted
    for special in (_ESCAPE, "%", "_"):
        escaped = escaped.replace(special, _ESCAPE + special)
    return f"%{escaped}%"
