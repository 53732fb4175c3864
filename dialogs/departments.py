"""Departments: made, changed and removed by administrators; the operators in them sign their mails alike."""

from typing import Any

from sqlalchemy import Row

from dialogs.access import Staff, demand
from dialogs.work import Work
from errors import Conflict, NotFound
from storage import departments, operators, pages
from storage.db import Tx
from storage.pages import Page


def listing(tx: Tx, actor: Staff, page: tuple[int, str | None]) -> Page:
    """A page of departments; `page` is (limit, cursor)."""
    demand(actor, "department.read")
    limit, cursor = page
    after = 0 if cursor is None else pages.decode(cursor, int)[0]
    rows, following = pages.cut(departments.all_of_them(tx, after, limit + 1), limit, lambda row: (row.id,))
    return Page([_department(row) for row in rows], following)


def department(tx: Tx, actor: Staff, department_id: int) -> dict[str, Any]:
    """One department; raises NotFound."""
    demand(actor, "department.read")
    row = departments.get(tx, department_id)
    if row is None:
        raise _unknown(department_id)
    return _department(row)


def create(work: Work, name: str, signature: str) -> dict[str, Any]:
    """A new department; raises Conflict when the name is taken."""
    demand(work.actor, "department.write")
    try:
        row = departments.create(work.tx, name, signature)
    except operators.NameTaken:
        raise _taken(name) from None
    work.tell("department.created", None, department=row.id, after={"name": name, "signature": signature})
    return _department(row)


def change(work: Work, department_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """Set name or signature; letters that are written already keep theirs."""
    demand(work.actor, "department.write")
    before = _locked(work, department_id)
    changed = {name: value for name, value in values.items() if value != getattr(before, name)}
    if not changed:
        return _department(before)
    try:
        row = departments.change(work.tx, department_id, **changed)
    except operators.NameTaken:
        raise _taken(changed["name"]) from None
    assert row is not None
    old = {name: getattr(before, name) for name in changed}
    work.tell("department.updated", None, department=department_id, before=old, after=changed)
    return _department(row)


def remove(work: Work, department_id: int) -> None:
    """Remove a department; its operators are in none then."""
    demand(work.actor, "department.write")
    before = _locked(work, department_id)
    was, none = {"department": department_id}, {"department": None}
    for operator_id in departments.remove(work.tx, department_id):
        work.tell("operator.updated", None, operator=operator_id, before=was, after=none)
    old = {"name": before.name, "signature": before.signature}
    work.tell("department.deleted", None, department=department_id, before=old)


def _locked(work: Work, department_id: int) -> Row[Any]:
    row = departments.get(work.tx, department_id, lock=True)
    if row is None:
        raise _unknown(department_id)
    return row


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a department named {name} already.", field="name")


def _unknown(department_id: int) -> NotFound:
    return NotFound(f"There is no department {department_id}.")


def _department(row: Row[Any]) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "signature": row.signature, "created_at": row.created_at}
