"""Pages of a list: opaque cursors that say where the next one begins."""

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import text

from errors import Invalid
from storage.db import Tx, is_postgres

T = TypeVar("T")
MOST = 200
_LARGEST_ID = 2**63 - 1


class Page(NamedTuple):
    """Items, and the cursor of the page after them, None at the end."""

    items: list[dict[str, Any]]
    next: str | None

    def to_dict(self) -> dict[str, Any]:
        """The page as lists are answered."""
        return {"items": self.items, "next": self.next}


@contextmanager
def along_the_index(tx: Tx) -> Iterator[None]:
    """Have a page read in the order of its index, up to its end and no further.

    PostgreSQL knows how long dialogs are on average. In one that is a hundred times longer it would rather collect
    all that is left, and sort that; or compile the statement first, for what it thinks the walk costs.
    """
    if not is_postgres(tx):
        yield
        return
    tx.execute(text("SELECT set_config('enable_sort', 'off', true), set_config('jit', 'off', true)"))
    yield
    tx.execute(text("SELECT set_config('enable_sort', 'on', true)"))


def cut(rows: Sequence[T], limit: int, mark: Callable[[T], Sequence[Any]]) -> tuple[Sequence[T], str | None]:
    """The first `limit` of the rows and, if one more was found, the cursor behind them, made of the last one's mark."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode(mark(rows[limit - 1]))


def encode(mark: Sequence[Any]) -> str:
    """The cursor behind a row with this mark: ids and times."""
    return base64.urlsafe_b64encode(orjson.dumps(list(mark))).rstrip(b"=").decode()


def decode(cursor: str, *kinds: type[int] | type[datetime]) -> list[Any]:
    """The mark inside a cursor; raises Invalid for what `encode` did not make of such values."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return [_read(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (ValueError, TypeError, OverflowError):
        raise Invalid("cursor: this is not the `next` of a page of this list.", field="cursor") from None


def _read(value: Any, kind: type[int] | type[datetime]) -> Any:
    if kind is int:
        if type(value) is not int or not 0 <= value <= _LARGEST_ID:
            raise ValueError
        return value
    at = datetime.fromisoformat(value)
    if at.utcoffset() is None:
        raise ValueError
    return at.astimezone(UTC)
