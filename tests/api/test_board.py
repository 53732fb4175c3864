"""Tasks over HTTP: the contract's answers and errors, races, and what holds a dialog open."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from api import schemas
from storage.db import Database
from tests.api.served import Okno
from tests.tasks.desk import Desk


@pytest.fixture
def desk(db: Database) -> Desk:
    """The house behind it, with tasks."""
    return Desk(db)


def me(okno: Okno, token: str) -> dict[str, Any]:
    return {name: okno.ask("GET", "/v1/me", token=token).json[name] for name in ("id", "name")}


def test_a_task_from_its_making_to_its_end(okno: Okno, desk: Desk, anna: str) -> None:
    dialog = desk.says("v1", "Пришлите акт до пятницы", name="Вера")
    (message,) = okno.ask("GET", f"/v1/dialogs/{dialog}/messages", token=anna).json["items"]
    wanted = {"dialog": dialog, "title": " Отправить\nакт ", "due": "2026-11-27", "message": message["id"]}
    made = okno.ask("POST", "/v1/tasks", {**wanted, "assignee": "me"}, token=anna)
    assert made.status == 201
    shown = schemas.Task.model_validate_json(made.body)
    assert (shown.title, shown.due, shown.status, shown.origin) == (
        "Отправить акт",
        date(2026, 11, 27),
        "open",
        "operator",
    )
    assert (shown.rules, shown.extractor) == ([], None)
    assert shown.assignee is not None
    assert shown.assignee.model_dump() == me(okno, anna)
    assert (shown.client.name, shown.evidence[0].text) == ("Вера", "Пришлите акт до пятницы")
    assert made.json["due"] == "2026-11-27"
    assert made.json["due_at"] == "2026-11-27T15:00:00Z"
    path = f"/v1/tasks/{shown.number}"
    (listed,) = okno.ask("GET", f"/v1/tasks?dialog={dialog}&assignee=me&q=акт", token=anna).json["items"]
    assert listed == made.json == okno.ask("GET", path, token=anna).json
    assert okno.ask("GET", f"/v1/dialogs/{dialog}", token=anna).json["open_tasks"] == 1
    edited = okno.ask("PATCH", path, {"due": "2026-11-30", "due_time": "12:30", "priority": "high"}, token=anna)
    assert [edited.json[name] for name in ("due", "due_time", "priority")] == ["2026-11-30", "12:30", "high"]
    done = okno.ask("PATCH", path, {"status": "done"}, token=anna).json
    assert (done["status"], done["closed_at"]) == ("done", done["updated_at"])
    assert okno.ask("GET", "/v1/tasks", token=anna).json == {"items": [], "next": None}
    back = okno.ask("POST", f"{path}/undo", token=anna)
    assert (back.status, back.json["status"]) == (200, "open")
    history = schemas.Page[schemas.TaskChange].model_validate_json(okno.ask("GET", f"{path}/changes", token=anna).body)
    assert [one.after for one in history.items[:2]] == [{"status": "open"}, {"status": "done"}]
    assert history.items[1].undone_by == history.items[0].id
    first = history.items[2].id
    taken = okno.ask("POST", f"{path}/undo", {"change": first}, token=anna).json
    assert [taken[name] for name in ("due", "due_time", "priority")] == ["2026-11-27", None, "normal"]
    kinds = [event["type"] for event in okno.ask("GET", "/v1/events", token=anna).json["items"]]
    assert [kind for kind in kinds if kind.startswith("task.")] == ["task.created", *["task.changed"] * 4]


def test_what_machines_found_is_shown_as_it_is(okno: Okno, desk: Desk, anna: str) -> None:
    proof = {"message": 5, "start": 3, "end": 7, "text": "акт👋"}
    number = desk.finds(
        desk.says("v1"), kind="commitment", promised_by="client", status="proposed", confidence=0.4, evidence=[proof],
        related_id=7, source_message_id=5, due_phrase="завтра", origin="llm",
        rules=["llm"], extractor="llm-1",
    )  # fmt: skip
    desk.moves(number, suggestion={"status": "done", "message": 6}, nudged_at="2026-11-24T10:00:00Z")
    shown = okno.ask("GET", f"/v1/tasks/{number}", token=anna)
    schemas.Task.model_validate_json(shown.body)
    expected = {
        "promised_by": "client", "confidence": 0.4, "evidence": [proof], "related": 7, "message": 5, "origin": "llm",
        "rules": ["llm"], "extractor": "llm-1",
        "due": None, "due_phrase": "завтра", "assignee": None, "suggestion": {"status": "done", "message": 6},
        "nudged_at": "2026-11-24T10:00:00Z", "overdue": False,
    }  # fmt: skip
    assert {name: shown.json[name] for name in expected} == expected
    accepted = okno.ask("PATCH", f"/v1/tasks/{number}", {"suggestion": "accept"}, token=anna).json
    assert (accepted["status"], accepted["suggestion"]) == ("done", None)
    (told,) = okno.ask("GET", f"/v1/tasks/{number}/changes?limit=1", token=anna).json["items"]
    assert told["after"] == {"status": "done", "suggestion": None}


WRONG: list[dict[str, Any]] = [
    {"title": ""}, {"title": " \u200b"}, {"title": "x" * 201}, {"title": None}, {"kind": "wish"}, {"kind": None},
    {"status": "proposed"}, {"status": None}, {"priority": "low"}, {"priority": None}, {"due": "tomorrow"},
    {"due": "2026-02-30"}, {"due": "2026-11-27T00:00:00Z"}, {"due": 1}, {"due": "0001-01-01"}, {"due": "9999-12-31"},
    {"due_time": "24:00", "due": "2026-11-27"}, {"due_time": "9:00", "due": "2026-11-27"}, {"due_time": "12:00"},
    {"assignee": "you"}, {"assignee": 4711}, {"assignee": "1"}, {"assignee": 0}, {"promised_by": "client"},
    {"promised_by": None}, {"suggestion": "maybe"}, {"updated_at": "yesterday"}, {"number": 5}, {"evidence": []},
]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_makes_no_sense_is_refused_with_its_field(okno: Okno, desk: Desk, anna: str) -> None:
    dialog = desk.says("v1")
    number = desk.finds(dialog)
    for body in WRONG:
        given = okno.ask("PATCH", f"/v1/tasks/{number}", body, token=anna)
        assert (given.status, given.headers["content-type"]) == (422, "application/problem+json"), body
        if not {"status", "suggestion", "updated_at", "promised_by"} & body.keys():
            assert okno.ask("POST", "/v1/tasks", {"dialog": dialog, "title": "x", **body}, token=anna).status == 422, (
                body
            )
    for body in (
        {"title": "x"},
        {"dialog": dialog},
        {"dialog": 4711, "title": "x"},
        {"dialog": dialog, "title": "x", "message": 1},
    ):
        assert okno.ask("POST", "/v1/tasks", body, token=anna).status == 422, body
    for query in (
        "status=all", "kind=x", "assignee=you", "dialog=x", "due_after=x", "due_before=20261127", "overdue=maybe",
        "sort=title", "cursor=x", "limit=0", "owner=1", "due_after=1764201600",
    ):  # fmt: skip
        assert okno.ask("GET", f"/v1/tasks?{query}", token=anna).status == 422, query
    assert desk.history(number)[1:] == []


def test_lists_go_on_to_their_end(okno: Okno, desk: Desk, anna: str) -> None:
    dialog = desk.says("v1")
    for day in (3, None, 1, 2, None):
        fields = {} if day is None else {"due": f"2026-12-0{day}"}
        okno.ask("POST", "/v1/tasks", {"dialog": dialog, "title": "x", **fields}, token=anna)
    for sort, expected in (("due", [3, 4, 1, 2, 5]), ("-created", [5, 4, 3, 2, 1]), ("created", [1, 2, 3, 4, 5])):
        found: list[int] = []
        cursor = ""
        for _ in range(3):
            page = okno.ask("GET", f"/v1/tasks?limit=2&sort={sort}{cursor}", token=anna).json
            found += [item["number"] for item in page["items"]]
            cursor = f"&cursor={page['next']}"
        assert found == expected
        assert page["next"] is None
    late = okno.ask("GET", "/v1/tasks?due_after=2026-12-02&due_before=2026-12-02", token=anna).json["items"]
    assert [item["number"] for item in late] == [4]


def test_of_fifty_who_accept_at_once_one_did_and_all_are_told_so(okno: Okno, desk: Desk) -> None:
    tokens = [desk.token(desk.operator()) for _ in range(50)]
    number = desk.finds(desk.says("v1"), status="proposed")
    seen = okno.ask("GET", f"/v1/tasks/{number}", token=tokens[0]).json["updated_at"]

    def patch(token: str, **body: Any) -> Any:
        return okno.ask("PATCH", f"/v1/tasks/{number}", body, token=token)

    def accept(at: int) -> Any:
        # Some say what they saw, some do not: he is told of the other, or that it is as he wants it.
        return patch(tokens[at], status="open", **({"updated_at": seen} if at % 2 else {}))

    with ThreadPoolExecutor(10) as pool:
        given = list(pool.map(accept, range(50)))
    assert {one.status for one in given[::2]} == {200}
    assert {one.json["status"] for one in given[::2]} == {"open"}
    refused = [one for one in given[1::2] if one.status == 409]
    assert len(refused) >= 24
    assert all(one.json["updated_at"] != seen for one in refused)
    assert len(desk.journal("task.changed")) == 1
    ends = ("done", "cancelled")
    with ThreadPoolExecutor(10) as pool:
        given = list(pool.map(lambda n: patch(tokens[n], status=ends[n % 2]), range(50)))
    (won,) = {one.json["status"] for one in given if one.status == 200}
    assert {one.json["status"] for one in given if one.status == 409} == {409}
    assert okno.ask("GET", f"/v1/tasks/{number}", token=tokens[0]).json["status"] == won
    assert len(desk.journal("task.changed")) == 2


def test_the_same_request_twice_has_one_effect(okno: Okno, desk: Desk, anna: str) -> None:
    dialog = desk.says("v1")
    number = desk.finds(dialog)
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/tasks", {"dialog": dialog, "title": "x"}),
        ("PATCH", f"/v1/tasks/{number}", {"status": "done"}),
        ("POST", f"/v1/tasks/{number}/undo", {}),
    ]
    for at, (method, path, body) in enumerate(calls):
        headers = {"idempotency-key": f"k{at}"}
        first, again = (okno.ask(method, path, body, token=anna, headers=headers) for _ in range(2))
        assert first.status < 300
        assert first == again._replace(headers=first.headers)
    assert len(desk.journal("task.created")) == 1
    assert [line.data["after"] for line in desk.journal("task.changed")] == [{"status": "done"}, {"status": "open"}]


def test_who_may_what(okno: Okno, desk: Desk, guest: str) -> None:
    number = desk.finds(desk.says("v1"))
    assert okno.ask("GET", f"/v1/tasks/{number}", token=guest).status == 200
    assert okno.ask("PATCH", f"/v1/tasks/{number}", {"status": "done"}, token=guest).status == 403
    assert desk.task(number)["status"] == "open"


# ---- resolving ----


def test_a_dialog_with_open_tasks_is_not_resolved_without_a_word_on_them(okno: Okno, desk: Desk, anna: str) -> None:
    dialog = desk.says("v1")
    path = f"/v1/dialogs/{dialog}"
    first, second = desk.finds(dialog), desk.finds(dialog)
    proposed, closed = desk.finds(dialog, status="proposed"), desk.finds(dialog, status="done")
    assert okno.ask("GET", "/v1/dialogs", token=anna).json["items"][0]["open_tasks"] == 2
    lines = len(desk.journal())
    refused = okno.ask("PATCH", path, {"status": "resolved", "read_up_to": 1}, token=anna)
    assert (refused.status, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json["open_tasks"] == [first, second]
    shown = okno.ask("GET", path, token=anna).json
    assert (shown["episode"]["status"], shown["unread"], len(desk.journal())) == ("open", 1, lines)
    given = okno.ask("PATCH", path, {"status": "resolved", "tasks": "done"}, token=anna)
    assert (given.status, given.json["episode"]["status"], given.json["open_tasks"]) == (200, "resolved", 0)
    assert [desk.task(number)["status"] for number in (first, second, proposed, closed)] == [
        "done", "done", "cancelled", "done",
    ]  # fmt: skip
    kinds = [line.type for line in desk.journal()[lines:]]
    assert kinds == ["dialog.resolved", *["task.changed"] * 3]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_kept_holds_nobody_up_twice(okno: Okno, desk: Desk, anna: str) -> None:
    dialog = desk.says("v1")
    path = f"/v1/dialogs/{dialog}"
    number = desk.finds(dialog)
    assert okno.ask("PATCH", path, {"status": "resolved", "tasks": "keep"}, token=anna).status == 200
    assert desk.task(number)["status"] == "open"
    # It is resolved already: nothing is asked again.
    assert okno.ask("PATCH", path, {"status": "resolved"}, token=anna).status == 200
    assert okno.ask("PATCH", path, {"status": "resolved", "tasks": "done"}, token=anna).json["open_tasks"] == 0
    okno.ask("POST", f"/v1/tasks/{number}/undo", token=anna)
    okno.ask("PATCH", path, {"status": "open"}, token=anna)
    assert okno.ask("PATCH", path, {"status": "resolved"}, token=anna).json["open_tasks"] == [number]
    for body in ({"tasks": "done"}, {"status": "open", "tasks": "done"}, {"status": "resolved", "tasks": "rejected"}):
        assert okno.ask("PATCH", path, body, token=anna).status == 422
    assert okno.ask("PATCH", path, {"status": "resolved", "tasks": "cancelled"}, token=anna).status == 200
    assert desk.task(number)["status"] == "cancelled"


def test_what_the_client_just_wrote_comes_before_the_tasks(okno: Okno, desk: Desk, anna: str) -> None:
    dialog = desk.says("v1")
    number = desk.finds(dialog)
    desk.says("v1", "wait")
    body = {"status": "resolved", "read_up_to": 1, "tasks": "done"}
    refused = okno.ask("PATCH", f"/v1/dialogs/{dialog}", body, token=anna)
    assert refused.json["type"] == "urn:okno:problem:stale-view"
    assert desk.task(number)["status"] == "open"


@pytest.mark.parametrize("change", [{"active": False}, {"role": "read-only"}])
def test_who_works_no_more_leaves_his_tasks_to_nobody(okno: Okno, desk: Desk, admin: str, change: Any) -> None:
    vera, boris = desk.operator("Vera"), desk.operator("Boris")
    dialogs = [desk.says(f"v{n}") for n in range(3)]
    mine = [desk.finds(dialog, assignee_id=vera.id) for dialog in dialogs]
    his, done = desk.finds(dialogs[0], assignee_id=boris.id), desk.finds(dialogs[0], assignee_id=vera.id, status="done")
    assert okno.ask("PATCH", f"/v1/operators/{vera.id}", change, token=admin).status == 200
    assert [desk.task(number)["assignee"] for number in mine] == [None] * 3
    assert [desk.stored(number).assignee_id for number in (his, done)] == [boris.id, vera.id]
    # Nobody has decided on whose they are now: machines may.
    assert [desk.stored(number).owned for number in mine] == [[]] * 3
    told = [line.data for line in desk.journal("task.changed")]
    assert told == [{"task": n, "before": {"assignee": vera.id}, "after": {"assignee": None}} for n in mine]


def test_who_only_reads_is_given_no_work(okno: Okno, desk: Desk, anna: str) -> None:
    guest, dialog = desk.operator("Reader", "read-only"), desk.says("v1")
    number = desk.finds(dialog)
    for path in (f"/v1/tasks/{number}", f"/v1/dialogs/{dialog}"):
        refused = okno.ask("PATCH", path, {"assignee": guest.id}, token=anna)
        assert (refused.status, refused.json["field"]) == (422, "assignee")
    assert desk.stored(number).assignee_id is None
    assert okno.ask("GET", f"/v1/dialogs/{dialog}", token=anna).json["episode"]["assignee"] is None
