"""Departments: their names are their own, and no operator is ever in one that is gone."""

from typing import Any

import pytest
from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from storage import departments, operators
from storage.db import Database


def of(db: Database, operator: Row[Any]) -> str:
    with db.read() as tx:
        return departments.signature_of(tx, operator.id)


def test_operators_sign_as_their_department_does_while_there_is_one(db: Database) -> None:
    with db.begin() as tx:
        sales, service = departments.create(tx, "Sales", "the sales"), departments.create(tx, "Service", "")
        anna, boris = (operators.create(tx, name, "operator", sales.id) for name in ("Anna", "Boris"))
        clara, dora = operators.create(tx, "Clara", "operator", service.id), operators.create(tx, "Dora", "operator")
    assert [of(db, who) for who in (anna, boris, clara, dora)] == ["the sales", "the sales", "", ""]
    with db.begin() as tx:
        changed = departments.change(tx, sales.id, signature="still the sales")
        assert changed is not None
        assert (changed.id, changed.name, changed.signature) == (sales.id, "Sales", "still the sales")
        assert departments.change(tx, 4711, signature="nobody") is None
    assert of(db, anna) == "still the sales"
    with db.begin() as tx:
        assert departments.remove(tx, sales.id) == [anna.id, boris.id]
        assert departments.get(tx, sales.id) is None
        assert (departments.stays(tx, sales.id), departments.stays(tx, service.id)) == (False, True)
        assert [row.department_id for row in operators.everybody(tx, 0, 10)] == [None, None, service.id, None]
    assert of(db, anna) == ""


def test_a_name_is_taken_once(db: Database) -> None:
    with db.begin() as tx:
        departments.create(tx, "Sales", "")
        other = departments.create(tx, "Service", "")
        with pytest.raises(operators.NameTaken):
            departments.create(tx, "Sales", "")
        with pytest.raises(operators.NameTaken):
            departments.change(tx, other.id, name="Sales")
        assert [row.name for row in departments.all_of_them(tx, 0, 10)] == ["Sales", "Service"]
        assert [row.name for row in departments.all_of_them(tx, other.id - 1, 1)] == ["Service"]


def test_the_database_itself_keeps_operators_out_of_what_is_not_there(db: Database) -> None:
    with db.begin() as tx:
        sales = departments.create(tx, "Sales", "")
        operators.create(tx, "Anna", "operator", sales.id)
    with db.begin() as tx, pytest.raises(IntegrityError):
        tx.execute(departments.DEPARTMENTS.delete())
