"""Remembered answers: the same request twice has one effect, because its key and its effect are one commit."""

import hashlib
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from storage.db import Tx, is_postgres, now, wants_retry
from storage.models import Idempotency

KEYS = Idempotency.__table__  # type: ignore[attr-defined]


class Reused(Exception):
    """The key was used for another request."""


class Busy(Exception):
    """The first request with this key is still being carried out."""


class Answer(NamedTuple):
    """What a write is answered with; `body` is JSON."""

    status: int
    body: bytes


class Request(NamedTuple):
    """A write that may come twice: whose it is, its key, and everything that says what is to be done."""

    operator_id: int
    key: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """Tells two requests apart."""
        return hashlib.sha256(self.content).digest()


def claim(tx: Tx, request: Request) -> Answer | None:
    """Take the key: None if the request is to be carried out now, in this transaction, else what it was answered.

    Where the same key is being worked on by another transaction this waits for its end. Raises Reused or Busy.
    """
    insert = (postgresql if is_postgres(tx) else sqlite).insert(KEYS)
    values = {"operator_id": request.operator_id, "key": request.key, "digest": request.digest}
    statement = insert.values(**values, status=0, body=b"", created_at=now()).on_conflict_do_nothing()
    try:
        ours = tx.execute(statement.returning(KEYS.c.key)).one_or_none()
    except DBAPIError as error:
        if wants_retry(error):
            raise Busy from error
        raise
    if ours:
        return None
    row = tx.execute(select(KEYS).where(*_own(request))).one_or_none()
    if row is None:
        # Its first holder was rolled back, or thrown away for age, between the two statements.
        raise Busy
    if row.digest != request.digest:
        raise Reused
    return Answer(row.status, row.body)


def settle(tx: Tx, request: Request, answer: Answer) -> None:
    """Keep the answer with the key, in the transaction that claimed it."""
    tx.execute(update(KEYS).where(*_own(request)).values(status=answer.status, body=answer.body))


def forget(tx: Tx, before: datetime) -> int:
    """Throw away keys older than `before`; how many those were."""
    return tx.execute(delete(KEYS).where(KEYS.c.created_at < before)).rowcount


def _own(request: Request) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (KEYS.c.operator_id == request.operator_id, KEYS.c.key == request.key)
