"""Operators and their tokens: of a token only its SHA-256 is kept, so a stolen database opens no door."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from storage import bulk, journal
from storage.db import Tx, is_postgres, now
from storage.models import Operator, Token

OPERATORS = Operator.__table__  # type: ignore[attr-defined]
TOKENS = Token.__table__  # type: ignore[attr-defined]

ADMIN, OPERATOR, READ_ONLY = "admin", "operator", "read-only"
ROLES = (ADMIN, OPERATOR, READ_ONLY)

_MARK = "okno_"
_SHOWN = len(_MARK) + 4
# How exactly the last use of a token is known; every request would be a write otherwise.
_USED_EVERY = timedelta(minutes=1)


class NameTaken(Exception):
    """Another one has this name."""


class Holder(NamedTuple):
    """Whom a valid token belongs to; `stale` once its last use is worth writing down again."""

    token_id: int
    operator_id: int
    name: str
    role: str
    expires_at: datetime | None
    stale: bool


def create(tx: Tx, name: str, role: str, department_id: int | None = None) -> Row[Any]:
    """A new operator; raises NameTaken."""
    values = {"name": name, "role": role, "department_id": department_id, "active": True, "created_at": now()}
    with unique_name(tx):
        return tx.execute(OPERATORS.insert().values(**values).returning(OPERATORS)).one()


def change(tx: Tx, operator_id: int, **values: Any) -> Row[Any] | None:
    """Set name, role, department_id or active; None when there is no such operator. Raises NameTaken."""
    with unique_name(tx):
        return tx.execute(
            update(OPERATORS).where(OPERATORS.c.id == operator_id).values(**values).returning(OPERATORS)
        ).one_or_none()


def get(tx: Tx, operator_id: int, *, lock: bool = False) -> Row[Any] | None:
    """One operator, active or not."""
    query = select(OPERATORS).where(OPERATORS.c.id == operator_id)
    return tx.execute(query.with_for_update() if lock else query).one_or_none()


def works() -> ColumnElement[bool]:
    """Of operators those who can be given work: they are active, and may do more than read."""
    return and_(OPERATORS.c.active.is_(True), OPERATORS.c.role != READ_ONLY)


def can_work(*, active: bool, role: str) -> bool:
    """The same of one operator, by his fields."""
    return active and role != READ_ONLY


def at_work(tx: Tx, operator_id: int) -> bool:
    """Whether the operator can be given work, and so until this transaction ends."""
    query = select(OPERATORS.c.id).where(OPERATORS.c.id == operator_id, works())
    if is_postgres(tx):
        query = query.with_for_update(read=True)
    return tx.execute(query).one_or_none() is not None


def everybody(tx: Tx, after: int, limit: int) -> Sequence[Row[Any]]:
    """Operators with ids above `after`, in order."""
    return tx.execute(select(OPERATORS).where(OPERATORS.c.id > after).order_by(OPERATORS.c.id).limit(limit)).all()


def names(tx: Tx, operator_ids: Iterable[int]) -> dict[int, str]:
    """Names by id."""
    wanted = set(operator_ids)
    if not wanted:
        return {}
    query = select(OPERATORS.c.id, OPERATORS.c.name).where(bulk.among(tx, OPERATORS.c.id, wanted))
    return {operator_id: name for operator_id, name in tx.execute(query)}


def other_admins(tx: Tx, operator_id: int) -> int:
    """How many active administrators there are besides this one; those are locked until the transaction ends."""
    query = (
        select(OPERATORS.c.id).where(OPERATORS.c.role == ADMIN, OPERATORS.c.active.is_(True)).order_by(OPERATORS.c.id)
    )
    return sum(other != operator_id for other in tx.execute(query.with_for_update()).scalars())


def issue(tx: Tx, operator_id: int, expires_at: datetime | None = None) -> tuple[Row[Any], str]:
    """A new token: its row, and the token itself, which nobody can ever read again."""
    token = _MARK + secrets.token_urlsafe(32)
    return _store(tx, operator_id, token, expires_at), token


def tokens(tx: Tx, operator_id: int) -> Sequence[Row[Any]]:
    """The operator's tokens, revoked and expired ones too, oldest first."""
    return tx.execute(select(TOKENS).where(TOKENS.c.operator_id == operator_id).order_by(TOKENS.c.id)).all()


def revoke(tx: Tx, operator_id: int, token_id: int) -> bool | None:
    """End a token at once: True when it was valid until now, False when it was not, None when there is none."""
    row = tx.execute(
        select(TOKENS.c.id).where(TOKENS.c.id == token_id, TOKENS.c.operator_id == operator_id)
    ).one_or_none()
    if row is None:
        return None
    done = tx.execute(
        update(TOKENS).where(TOKENS.c.id == token_id, TOKENS.c.revoked_at.is_(None)).values(revoked_at=now())
    )
    return done.rowcount == 1


def by_token(tx: Tx, token: str) -> Holder | None:
    """Who holds the token; None for one that is unknown, revoked or expired, or whose operator was let go."""
    at = now()
    query = (
        select(TOKENS, OPERATORS.c.name, OPERATORS.c.role)
        .join(OPERATORS, OPERATORS.c.id == TOKENS.c.operator_id)
        .where(TOKENS.c.digest == _digest(token), TOKENS.c.revoked_at.is_(None), OPERATORS.c.active.is_(True))
        .where(or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > at))
    )
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    stale = row.last_used_at is None or row.last_used_at <= at - _USED_EVERY
    return Holder(row.id, row.operator_id, row.name, row.role, row.expires_at, stale)


def used(tx: Tx, token_id: int) -> None:
    """Write down that the token was used, unless somebody just did."""
    at = now()
    tx.execute(
        update(TOKENS)
        .where(TOKENS.c.id == token_id)
        .where(or_(TOKENS.c.last_used_at.is_(None), TOKENS.c.last_used_at <= at - _USED_EVERY))
        .values(last_used_at=at)
    )


def enlist(tx: Tx, name: str, role: str) -> str:
    """A new operator from the command line, and the token to hand over; raises NameTaken."""
    row = create(tx, name, role)
    _, token = issue(tx, row.id)
    told = {"operator": row.id, "after": {"name": name, "role": role}}
    journal.append(tx, [journal.Entry("operator.created", journal.SYSTEM, None, told)])
    return token


def first_admin(tx: Tx, token: str | None) -> str | None:
    """Make sure somebody can get in: the token to show, or None when there are operators already.

    A given `token` opens the door as the oldest administrator in any case, until it is revoked.
    """
    admin = tx.execute(
        select(OPERATORS.c.id).where(OPERATORS.c.role == ADMIN).order_by(OPERATORS.c.id).limit(1)
    ).scalar_one_or_none()
    if admin is not None:
        if token and not _known(tx, token):
            _store(tx, admin, token, None)
        return token or None
    taken = tx.execute(select(OPERATORS.c.id).where(OPERATORS.c.name == "admin")).first()
    admin = create(tx, f"admin {secrets.token_hex(2)}" if taken else "admin", ADMIN).id
    if token:
        _store(tx, admin, token, None)
        return token
    return issue(tx, admin)[1]


def _known(tx: Tx, token: str) -> bool:
    return tx.execute(select(TOKENS.c.id).where(TOKENS.c.digest == _digest(token))).one_or_none() is not None


def _store(tx: Tx, operator_id: int, token: str, expires_at: datetime | None) -> Row[Any]:
    # Of a token somebody chose himself even the beginning may tell too much.
    prefix = token[:_SHOWN] if token.startswith(_MARK) else ""
    values = {
        "operator_id": operator_id, "digest": _digest(token), "prefix": prefix, "created_at": now(),
        "expires_at": expires_at,
    }  # fmt: skip
    return tx.execute(TOKENS.insert().values(**values).returning(TOKENS)).one()


@contextmanager
def unique_name(tx: Tx) -> Iterator[None]:
    """Raises NameTaken where what is written meets another one's name."""
    try:
        with tx.begin_nested():
            yield
    except IntegrityError:
        raise NameTaken from None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
