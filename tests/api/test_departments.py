"""Departments over HTTP: everybody sees them, administrators make them, and operators are put into them."""

from typing import Any

from api import schemas
from tests.api.served import Okno
from tests.dialogs.scene import Scene


def listed(okno: Okno, token: str, query: str = "") -> schemas.Page[schemas.Department]:
    body = okno.ask("GET", f"/v1/departments{query}", token=token).body
    return schemas.Page[schemas.Department].model_validate_json(body)


def test_a_department_from_its_beginning_to_its_end(okno: Okno, admin: str, guest: str) -> None:
    text = "  {author}\r\nОтдел продаж\n"
    made = okno.ask("POST", "/v1/departments", {"name": " Sales ", "signature": text}, token=admin)
    assert made.status == 201
    sales = schemas.Department.model_validate_json(made.body)
    assert (sales.name, sales.signature) == ("Sales", "{author}\r\nОтдел продаж")
    path = f"/v1/departments/{sales.id}"
    assert okno.ask("GET", path, token=guest).json == made.json
    assert listed(okno, guest).items == [sales]
    changed = okno.ask("PATCH", path, {"signature": ""}, token=admin)
    assert (changed.status, changed.json) == (200, {**made.json, "signature": ""})
    assert okno.ask("DELETE", path, token=admin).status == 204
    for method in ("GET", "PATCH", "DELETE"):
        gone = okno.ask(method, path, {} if method == "PATCH" else None, token=admin)
        assert (gone.status, gone.headers["content-type"]) == (404, "application/problem+json")
    assert listed(okno, guest).items == []


def test_a_list_goes_on_page_by_page(okno: Okno, admin: str) -> None:
    for number in range(5):
        okno.ask("POST", "/v1/departments", {"name": f"{number}"}, token=admin)
    query = "?limit=2"
    for names in (["0", "1"], ["2", "3"], ["4"]):
        page = listed(okno, admin, query)
        assert [one.name for one in page.items] == names
        query = f"?limit=2&cursor={page.next}"
    assert page.next is None
    assert okno.ask("GET", "/v1/departments?cursor=x", token=admin).status == 422


def test_what_makes_no_department(okno: Okno, scene: Scene, admin: str) -> None:
    made = okno.ask("POST", "/v1/departments", {"name": "Sales", "signature": "я" * 5000}, token=admin)
    other = okno.ask("POST", "/v1/departments", {"name": "Other"}, token=admin).json["id"]
    assert (made.status, len(made.json["signature"])) == (201, 5000)
    before = len(scene.journal())
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"name": "Sales"}, 409), ({"name": ""}, 422), ({"name": None}, 422), ({"signature": None}, 422),
        ({"name": "x", "signature": "я" * 5001}, 422), ({"name": "x", "id": 1}, 422),
    ]  # fmt: skip
    for body, status in wrong:
        for method, path in (("POST", "/v1/departments"), ("PATCH", f"/v1/departments/{other}")):
            given = okno.ask(method, path, body, token=admin)
            assert (given.status, given.headers["content-type"]) == (status, "application/problem+json"), (method, body)
    assert okno.ask("POST", "/v1/departments", {"name": "Sales"}, token=admin).json["field"] == "name"
    assert okno.ask("POST", "/v1/departments", {}, token=admin).status == 422
    assert len(scene.journal()) == before


def test_the_same_request_again_makes_one(okno: Okno, scene: Scene, admin: str) -> None:
    body, headers = {"name": "Sales", "signature": "we"}, {"idempotency-key": "k"}
    first, again = (okno.ask("POST", "/v1/departments", body, token=admin, headers=headers) for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert [one.id for one in listed(okno, admin).items] == [first.json["id"]]
    assert len(scene.journal("department.created")) == 1


def test_operators_are_in_a_department_or_in_none(okno: Okno, admin: str, guest: str) -> None:
    sales = okno.ask("POST", "/v1/departments", {"name": "Sales"}, token=admin).json["id"]
    vera = okno.ask("POST", "/v1/operators", {"name": "Vera", "department": sales}, token=admin)
    assert (vera.status, vera.json["department"]) == (201, sales)
    path = f"/v1/operators/{vera.json['id']}"

    def now() -> list[int | None]:
        body = okno.ask("GET", "/v1/operators", token=guest).body
        items = schemas.Page[schemas.Operator].model_validate_json(body).items
        return [one.department for one in items if one.name == "Vera"]

    for body, department in (({"role": "admin"}, sales), ({"department": None}, None), ({"department": sales}, sales)):
        assert okno.ask("PATCH", path, body, token=admin).json["department"] == department
        assert now() == [department]
    for wrong in (4711, "x", 0, True):
        unknown = okno.ask("PATCH", path, {"department": wrong}, token=admin)
        hired = okno.ask("POST", "/v1/operators", {"name": "Olga", "department": wrong}, token=admin)
        assert (unknown.status, hired.status) == (422, 422)
        assert "department" in unknown.json["detail"]
    assert okno.ask("DELETE", f"/v1/departments/{sales}", token=admin).status == 204
    assert now() == [None]


def test_who_is_no_administrator_reads_and_writes_nothing(okno: Okno, admin: str, anna: str, guest: str) -> None:
    sales = okno.ask("POST", "/v1/departments", {"name": "Sales"}, token=admin).json["id"]
    path = f"/v1/departments/{sales}"
    for token in (anna, guest):
        assert okno.ask("GET", path, token=token).json["name"] == "Sales"
        for method, at, body in (("POST", "/v1/departments", {"name": "x"}), ("PATCH", path, {"name": "x"}),
                                 ("DELETE", path, None)):  # fmt: skip
            assert okno.ask(method, at, body, token=token).status == 403
    assert [one.name for one in listed(okno, anna).items] == ["Sales"]
