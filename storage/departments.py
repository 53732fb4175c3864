"""Departments: operators who sign their mails alike."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select, update

from storage.db import Tx, is_postgres, now
from storage.models import Department
from storage.operators import OPERATORS, unique_name

DEPARTMENTS = Department.__table__  # type: ignore[attr-defined]


def create(tx: Tx, name: str, signature: str) -> Row[Any]:
    """A new department; raises NameTaken."""
    values = {"name": name, "signature": signature, "created_at": now()}
    with unique_name(tx):
        return tx.execute(DEPARTMENTS.insert().values(**values).returning(DEPARTMENTS)).one()


def change(tx: Tx, department_id: int, **values: Any) -> Row[Any] | None:
    """Set name or signature; None when there is no such department. Raises NameTaken."""
    with unique_name(tx):
        return tx.execute(
            update(DEPARTMENTS).where(DEPARTMENTS.c.id == department_id).values(**values).returning(DEPARTMENTS)
        ).one_or_none()


def remove(tx: Tx, department_id: int) -> Sequence[int]:
    """Remove a department that `get` has locked; the operators who were in it, and are in none from now on."""
    inside = select(OPERATORS.c.id).where(OPERATORS.c.department_id == department_id).order_by(OPERATORS.c.id)
    # In order: whoever else locks operators does so too.
    left = tx.execute(inside.with_for_update()).scalars().all()
    tx.execute(update(OPERATORS).where(OPERATORS.c.department_id == department_id).values(department_id=None))
    tx.execute(delete(DEPARTMENTS).where(DEPARTMENTS.c.id == department_id))
    return left


def get(tx: Tx, department_id: int, *, lock: bool = False) -> Row[Any] | None:
    """One department."""
    query = select(DEPARTMENTS).where(DEPARTMENTS.c.id == department_id)
    return tx.execute(query.with_for_update() if lock else query).one_or_none()


def stays(tx: Tx, department_id: int) -> bool:
    """Whether there is such a department, and will be until this transaction ends."""
    query = select(DEPARTMENTS.c.id).where(DEPARTMENTS.c.id == department_id)
    if is_postgres(tx):
        query = query.with_for_update(read=True)
    return tx.execute(query).one_or_none() is not None


def all_of_them(tx: Tx, after: int, limit: int) -> Sequence[Row[Any]]:
    """Departments with ids above `after`, in order."""
    query = select(DEPARTMENTS).where(DEPARTMENTS.c.id > after)
    return tx.execute(query.order_by(DEPARTMENTS.c.id).limit(limit)).all()


def signature_of(tx: Tx, operator_id: int) -> str:
    """The signature of the operator's department; empty where he is in none, or it has none."""
    joined = DEPARTMENTS.join(OPERATORS, OPERATORS.c.department_id == DEPARTMENTS.c.id)
    query = select(DEPARTMENTS.c.signature).select_from(joined).where(OPERATORS.c.id == operator_id)
    return tx.execute(query).scalar_one_or_none() or ""
