"""Every route against every role: what the policy allows passes the door, everything else is turned away."""

import re
from typing import Any, get_args

import pytest
from fastapi.routing import APIRoute

from api.app import Web
from dialogs import access
from dialogs.access import Action, Staff
from settings import Settings
from tests.api.served import Okno
from tests.dialogs.scene import Scene

PUBLIC = "public"
# What each route asks of the policy; PUBLIC ones stand open, or are let in by tokens of the website chat.
ROUTES: dict[tuple[str, str], Action | str] = {
    ("GET", "/v1/me"): "dialog.read",
    ("GET", "/v1/dialogs"): "dialog.read",
    ("POST", "/v1/dialogs"): "dialog.write",
    ("GET", "/v1/dialogs/{dialog_id}"): "dialog.read",
    ("PATCH", "/v1/dialogs/{dialog_id}"): "dialog.write",
    ("GET", "/v1/dialogs/{dialog_id}/messages"): "dialog.read",
    ("POST", "/v1/dialogs/{dialog_id}/messages"): "dialog.write",
    ("PATCH", "/v1/dialogs/{dialog_id}/messages/{message_id}"): "dialog.write",
    ("DELETE", "/v1/dialogs/{dialog_id}/messages/{message_id}"): "dialog.write",
    ("POST", "/v1/dialogs/{dialog_id}/participants"): "dialog.write",
    ("DELETE", "/v1/dialogs/{dialog_id}/participants/{message_id}"): "dialog.write",
    ("GET", "/v1/dialogs/{dialog_id}/messages/{message_id}/original"): "file.read",
    ("POST", "/v1/dialogs/{dialog_id}/typing"): "dialog.write",
    ("POST", "/v1/dialogs/{dialog_id}/notes"): "dialog.write",
    ("GET", "/v1/tasks"): "task.read",
    ("POST", "/v1/tasks"): "task.write",
    ("GET", "/v1/tasks/{number}"): "task.read",
    ("PATCH", "/v1/tasks/{number}"): "task.write",
    ("POST", "/v1/tasks/{number}/undo"): "task.write",
    ("GET", "/v1/tasks/{number}/changes"): "task.read",
    ("GET", "/v1/clients"): "client.read",
    ("GET", "/v1/clients/{client_id}"): "client.read",
    ("PATCH", "/v1/clients/{client_id}"): "client.write",
    ("GET", "/v1/operators"): "operator.read",
    ("POST", "/v1/operators"): "operator.write",
    ("PATCH", "/v1/operators/{operator_id}"): "operator.write",
    ("GET", "/v1/operators/{operator_id}/tokens"): "token.read",
    ("POST", "/v1/operators/{operator_id}/tokens"): "token.write",
    ("DELETE", "/v1/operators/{operator_id}/tokens/{token_id}"): "token.write",
    ("GET", "/v1/departments"): "department.read",
    ("POST", "/v1/departments"): "department.write",
    ("GET", "/v1/departments/{department_id}"): "department.read",
    ("PATCH", "/v1/departments/{department_id}"): "department.write",
    ("DELETE", "/v1/departments/{department_id}"): "department.write",
    ("GET", "/v1/inbox"): "queue.read",
    ("GET", "/v1/inbox/{inbox_id}/raw"): "queue.read",
    ("POST", "/v1/inbox/{inbox_id}/replay"): "queue.write",
    ("GET", "/v1/outbox"): "queue.read",
    ("POST", "/v1/outbox/{letter_id}/retry"): "queue.write",
    ("POST", "/v1/outbox/{letter_id}/cancel"): "queue.write",
    ("GET", "/v1/channels"): "channel.read",
    ("GET", "/v1/events"): "event.read",
    ("POST", "/v1/files"): "file.write",
    ("GET", "/v1/files/{file_id}"): "file.read",
    ("GET", "/metrics"): "metrics.read",
    ("GET", "/docs"): "docs.read",
    ("GET", "/openapi.json"): "docs.read",
    ("GET", "/healthz"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("OPTIONS", "/chat/{channel}/{rest:path}"): PUBLIC,
    ("POST", "/chat/{channel}/sessions"): PUBLIC,
    ("GET", "/chat/{channel}/messages"): PUBLIC,
    ("GET", "/chat/{channel}/events"): PUBLIC,
    ("POST", "/chat/{channel}/files"): PUBLIC,
    ("GET", "/chat/{channel}/files/{file_id}"): PUBLIC,
    ("GET", "/chat/{channel}/widget.js"): PUBLIC,
}
GUARDED = {route: action for route, action in ROUTES.items() if action != PUBLIC}
FORM = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nabc\r\n--b--\r\n'
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/dialogs"): {"client": 4711, "text": "x"},
    ("POST", "/v1/tasks"): {"dialog": 4711, "title": "x"},
    ("POST", "/v1/operators"): {"name": "new"},
    ("POST", "/v1/departments"): {"name": "new"},
    ("POST", "/v1/dialogs/{dialog_id}/messages"): {"text": "x"},
    ("POST", "/v1/dialogs/{dialog_id}/notes"): {"text": "x"},
}


def routes_of(web: Web) -> set[tuple[str, str]]:
    """All routes the application has, however they are nested."""

    def walk(routes: Any) -> Any:
        for route in routes:
            if isinstance(route, APIRoute):
                yield from ((method, route.path) for method in route.methods or ())
            else:
                yield from walk(
                    getattr(route, "routes", ()) or getattr(getattr(route, "original_router", None), "routes", ())
                )

    return set(walk(web.app._app.routes))  # type: ignore[attr-defined]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_route_has_its_line_in_the_table(settings: Settings) -> None:
    web = Web(settings)
    found = routes_of(web)
    web.close()
    assert found == set(ROUTES)


def ask(okno: Okno, route: tuple[str, str], token: str) -> int:
    """The status a request gets that would do something if it were let in, for things that are not there."""
    method, path = route
    for name in re.findall(r"\{(\w+)\}", path):
        path = path.replace(f"{{{name}}}", "4711")
    if route == ("POST", "/v1/files"):
        headers = {"content-type": "multipart/form-data; boundary=b"}
        return okno.ask(method, path, FORM.encode(), token=token, headers=headers).status
    body = BODIES.get(route, {}) if method in {"POST", "PATCH"} else None
    return okno.ask(method, path, body, token=token).status


@pytest.mark.parametrize("web", [{"open_metrics": "nobody"}])
def test_roles_and_routes(okno: Okno, scene: Scene) -> None:
    tokens = {role: scene.token(scene.operator(role=role)) for role in ("admin", "operator", "read-only")}
    for route, action in GUARDED.items():
        for role, token in tokens.items():
            status = ask(okno, route, token)
            allowed = access.may(Staff(1, "", role), action)  # type: ignore[arg-type]
            assert (status not in {401, 403}) == allowed, (route, role, status)
            assert status < 500, (route, role, status)
        for nobody in ("", "okno_" + "A" * 43, "é"):
            assert ask(okno, route, nobody) == 401, (route, nobody)


@pytest.mark.parametrize("web", [{"open_metrics": "nobody"}])
def test_a_visitor_comes_through_no_door_of_the_desk(okno: Okno, scene: Scene) -> None:
    token = okno.visitor()
    for route in GUARDED:
        assert ask(okno, route, token) == 401, route


def test_a_token_is_good_until_it_is_revoked_expired_or_its_operator_let_go(
    okno: Okno, scene: Scene, admin: str
) -> None:
    vera = scene.operator("Vera")
    issued = okno.ask("POST", f"/v1/operators/{vera.id}/tokens", {}, token=admin)
    assert issued.status == 201
    token = issued.json["token"]
    assert okno.ask("GET", "/v1/me", token=token).json["name"] == "Vera"
    assert okno.ask("DELETE", f"/v1/operators/{vera.id}/tokens/{issued.json['id']}", token=admin).status == 204
    refused = okno.ask("GET", "/v1/me", token=token)
    assert refused.status == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert refused.headers["content-type"] == "application/problem+json"
    other = scene.token(vera)
    assert okno.ask("PATCH", f"/v1/operators/{vera.id}", {"active": False}, token=admin).status == 200
    assert okno.ask("GET", "/v1/me", token=other).status == 401


def test_a_role_counts_from_the_next_request_on(okno: Okno, scene: Scene, admin: str) -> None:
    vera = scene.operator("Vera", "admin")
    token = scene.token(vera)
    assert okno.ask("GET", f"/v1/operators/{vera.id}/tokens", token=token).status == 200
    okno.ask("PATCH", f"/v1/operators/{vera.id}", {"role": "read-only"}, token=admin)
    assert okno.ask("GET", f"/v1/operators/{vera.id}/tokens", token=token).status == 403


def test_what_is_not_there_and_what_is_not_done(okno: Okno, anna: str) -> None:
    for method, path, status in (
        ("GET", "/v1/nowhere", 404),
        ("GET", "/v1/dialogs/4711", 404),
        ("DELETE", "/v1/dialogs", 405),
        ("PUT", "/v1/me", 405),
    ):
        given = okno.ask(method, path, token=anna)
        assert (given.status, given.headers["content-type"]) == (status, "application/problem+json")
        assert given.json["status"] == status
    assert "allow" in okno.ask("PUT", "/v1/me", token=anna).headers


def test_every_action_of_staff_has_a_route() -> None:
    used = {action for action in ROUTES.values() if action != PUBLIC}
    assert used == {action for action in get_args(Action) if not action.startswith("chat.")}
