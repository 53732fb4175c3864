"""The team: operators, their roles, and the tokens by which they come in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from dialogs.access import Staff, demand
from dialogs.work import Work
from errors import Conflict, Invalid, NotFound
from storage import departments, operators, pages
from storage.db import Tx
from storage.operators import ADMIN
from storage.pages import Page
from storage.talk import EPISODES, OPEN

# Fields whose columns have other names.
_COLUMNS = {"department": "department_id"}


def team(tx: Tx, actor: Staff, page: tuple[int, str | None]) -> Page:
    """A page of operators; `page` is (limit, cursor)."""
    demand(actor, "operator.read")
    limit, cursor = page
    after = 0 if cursor is None else pages.decode(cursor, int)[0]
    rows, following = pages.cut(operators.everybody(tx, after, limit + 1), limit, lambda row: (row.id,))
    return Page([_operator(row) for row in rows], following)


def hire(work: Work, name: str, role: str, department: int | None = None) -> dict[str, Any]:
    """A new operator; raises Conflict when the name is taken, and Invalid when there is no such department."""
    demand(work.actor, "operator.write")
    _hold(work, department)
    try:
        row = operators.create(work.tx, name, role, department)
    except operators.NameTaken:
        raise _taken(name) from None
    after = {"name": name, "role": role, "department": department}
    work.tell("operator.created", None, operator=row.id, after=after)
    return _operator(row)


def change(work: Work, operator_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """Set name, role, department or active; raises Invalid when there is no such department.

    Who is let go, or may only read from now on, leaves his open dialogs to the queue; one administrator stays.
    """
    demand(work.actor, "operator.write")
    # Before the operator: in the order in which removing a department locks them.
    _hold(work, values.get("department"))
    before = _operator_row(work, operator_id)
    shown = _operator(before)
    changed = {name: value for name, value in values.items() if value != shown[name]}
    if not changed:
        return shown
    _keep_an_admin(work, before, changed)
    columns = {_COLUMNS.get(name, name): value for name, value in changed.items()}
    try:
        row = operators.change(work.tx, operator_id, **columns)
    except operators.NameTaken:
        raise _taken(changed["name"]) from None
    assert row is not None
    old = {name: shown[name] for name in changed}
    work.tell("operator.updated", None, operator=operator_id, before=old, after=changed)
    if not operators.can_work(active=row.active, role=row.role):
        _leave_dialogs(work, operator_id)
    return _operator(row)


def issue(work: Work, operator_id: int, expires_at: datetime | None) -> tuple[dict[str, Any], str]:
    """A new token of an operator at work: what may be shown of it, and the token itself."""
    demand(work.actor, "token.write")
    if not _operator_row(work, operator_id).active:
        raise Conflict("This operator was let go.")
    if expires_at is not None and expires_at <= work.at:
        raise Invalid("expires_at: give a time ahead.", field="expires_at")
    row, token = operators.issue(work.tx, operator_id, expires_at)
    work.tell("operator.token_issued", None, operator=operator_id, token=row.id, expires_at=expires_at)
    return _token(row), token


def tokens(tx: Tx, actor: Staff, operator_id: int) -> Page:
    """All tokens an operator ever had; raises NotFound."""
    demand(actor, "token.read")
    if operators.get(tx, operator_id) is None:
        raise _unknown(operator_id)
    return Page([_token(row) for row in operators.tokens(tx, operator_id)], None)


def revoke(work: Work, operator_id: int, token_id: int) -> None:
    """End a token at once; twice is once."""
    demand(work.actor, "token.write")
    ended = operators.revoke(work.tx, operator_id, token_id)
    if ended is None:
        raise NotFound(f"The operator {operator_id} has no token {token_id}.")
    if ended:
        work.tell("operator.token_revoked", None, operator=operator_id, token=token_id)


def _operator_row(work: Work, operator_id: int) -> Row[Any]:
    row = operators.get(work.tx, operator_id, lock=True)
    if row is None:
        raise _unknown(operator_id)
    return row


def _hold(work: Work, department: int | None) -> None:
    if department is not None and not departments.stays(work.tx, department):
        raise Invalid(f"department: there is no department {department}.", field="department")


def _keep_an_admin(work: Work, before: Row[Any], changed: dict[str, Any]) -> None:
    was_admin = before.role == ADMIN and before.active
    stays_admin = changed.get("role", before.role) == ADMIN and changed.get("active", before.active)
    if was_admin and not stays_admin and not operators.other_admins(work.tx, before.id):
        raise Conflict("This is the last administrator; make another one first.")


def _leave_dialogs(work: Work, operator_id: int) -> None:
    own = (EPISODES.c.assignee_id == operator_id, EPISODES.c.status == OPEN)
    query = select(EPISODES.c.id, EPISODES.c.dialog_id, EPISODES.c.number).where(*own).order_by(EPISODES.c.id)
    rows = work.tx.execute(query.with_for_update()).all()
    work.tx.execute(update(EPISODES).where(*own).values(assignee_id=None))
    for row in rows:
        before, after = {"assignee": operator_id}, {"assignee": None}
        work.tell("dialog.assigned", row.dialog_id, episode=row.number, before=before, after=after)


def _taken(name: str) -> Conflict:
    return Conflict(f"There is an operator named {name} already.", field="name")


def _unknown(operator_id: int) -> NotFound:
    return NotFound(f"There is no operator {operator_id}.")


def _operator(row: Row[Any]) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in ("id", "name", "role", "active", "created_at")}
    return {**shown, "department": row.department_id}


def _token(row: Row[Any]) -> dict[str, Any]:
    shown = ("id", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at")
    return {name: getattr(row, name) for name in shown}
