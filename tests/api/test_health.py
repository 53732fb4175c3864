"""Probes, figures and the reference page."""

import sqlite3
import threading
import time
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api import health
from api.app import Web
from settings import Settings
from storage import halts, inbox, opinions, tasks
from storage.db import now
from storage.schema import head
from tests.api.served import Okno
from tests.dialogs.scene import Scene


def test_alive_and_ready(okno: Okno) -> None:
    assert okno.ask("GET", "/healthz").json == {"ok": True}
    ready = okno.ask("GET", "/readyz")
    assert ready.status == 200
    shown = health.Readiness.model_validate_json(ready.body)
    assert (shown.ok, shown.database, shown.broker) == (True, "up", "none")
    assert shown.lag_seconds == {"inbox": 0.0, "outbox": 0.0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_runs_while_the_schema_becomes_newer_stays_ready_and_says_so(okno: Okno, scene: Scene) -> None:
    okno.visitor()
    set_schema(scene, "next")
    ready = okno.ask("GET", "/readyz")
    assert (ready.status, ready.json["database"]) == (200, "newer schema")
    health.Readiness.model_validate_json(ready.body)
    okno.visitor()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_starts_on_a_newer_schema_is_not_ready_and_lets_nobody_write(settings: Settings, scene: Scene) -> None:
    set_schema(scene, "next")
    with Okno(settings) as okno:
        ready = okno.ask("GET", "/readyz")
        assert (ready.status, ready.json["database"]) == (503, "wrong schema")
        assert okno.ask("POST", "/chat/site/sessions", {}).status == 503
        assert okno.ask("GET", "/healthz").status == 200
        set_schema(scene, str(head()))
        okno.visitor()
        assert okno.ask("GET", "/readyz").status == 200


def set_schema(scene: Scene, revision: str) -> None:
    with scene.db.begin() as tx:
        tx.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")


@pytest.mark.parametrize("web", [{"patience": 0.5}])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_answers_in_time_while_the_database_hangs(okno: Okno, scene: Scene, anna: str) -> None:
    with scene.db.begin() as tx:
        tx.exec_driver_sql("LOCK TABLE alembic_version, tokens IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        answers: list[int] = []
        probes = [threading.Thread(target=lambda: answers.append(okno.ask("GET", "/readyz").status)) for _ in range(5)]
        for probe in probes:
            probe.start()
        for probe in probes:
            probe.join()
        assert answers == [503] * 5
        assert time.monotonic() - started < 3
        assert okno.ask("GET", "/healthz").status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_is_away_is_a_503_and_not_a_500(okno: Okno, scene: Scene, anna: str, monkeypatch: Any) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error"))

    for look in ("read", "snapshot"):
        monkeypatch.setattr(okno.web.db, look, away)
    for path in ("/v1/dialogs", "/v1/me", "/metrics"):
        given = okno.ask("GET", path, token=anna)
        assert (given.status, given.headers["content-type"]) == (503, "application/problem+json")
        assert given.headers["retry-after"]
    assert okno.ask("GET", "/readyz").status == 503


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "request_and_place",
    [
        ("GET /v1/dialogs", "dialogs.view.dialogs"),
        ("POST /hooks/site", "connectors.webchat.connector.Webchat.accept"),
    ],
)
def test_a_fault_of_ours_has_an_id_that_is_in_the_log(
    okno: Okno, anna: str, monkeypatch: Any, caplog: pytest.LogCaptureFixture, request_and_place: tuple[str, str]
) -> None:
    request, place = request_and_place
    method, path = request.split()

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(place, broken)
    given = okno.ask(method, path, token=anna)
    assert given.status == 500
    assert "secret" not in given.body.decode()
    lines: list[Any] = [record.msg for record in caplog.records]
    (line,) = [line for line in lines if line["event"] == "request.failed"]
    assert (line["request"], line["path"]) == (given.json["id"], path)


def test_figures(okno: Okno, scene: Scene, admin: str) -> None:
    assert 'okno_channel_stopped{channel="site"} 0.0' in okno.ask("GET", "/metrics").body.decode().splitlines()
    with scene.db.begin() as tx:
        halts.put(tx, "site", halts.SENDING, "wrong secret", now())
        inbox.put(tx, [inbox.Arrival("site", f"v1:{n}", "v1", b"x") for n in (1, 1, 2)])
    dialog = scene.says("v1")
    scene.replies(scene.operator(), dialog)
    with scene.db.begin() as tx:
        hours = [now() + timedelta(hours=at) for at in (-1, 1)]
        found = [
            tasks.NewTask(dialog, "request", "x", status, "rule", due_at=at)
            for status in tasks.STATUSES
            for at in hours
        ]
        tasks.create(tx, found, "rule", now())
        opinions.put(tx, [opinions.Wanted(1, dialog), opinions.Wanted(2, dialog)])
        opinions.count(tx, {opinions.ANSWERED: 3, opinions.DROPPED: 4})
    figures = okno.ask("GET", "/metrics")
    assert figures.headers["content-type"].startswith("text/plain")
    lines = figures.body.decode().splitlines()
    for line in (
        'okno_raws_total{channel="site",fate="received"} 3.0',
        'okno_raws_total{channel="site",fate="duplicate"} 1.0',
        'okno_raws_in_flight{channel="site"} 2.0',
        'okno_raws_parked{channel="site"} 0.0',
        'okno_letters{channel="site",state="queued"} 1.0',
        'okno_channel_stopped{channel="site"} 1.0',
        "okno_to_read 2.0",
        'okno_tasks{state="proposed"} 2.0',
        'okno_tasks{state="open"} 2.0',
        'okno_tasks{state="overdue"} 1.0',
        "okno_opinions_waiting 2.0",
        'okno_opinions_total{outcome="answered"} 3.0',
        'okno_opinions_total{outcome="failed"} 0.0',
        'okno_opinion_tasks_total{fate="dropped"} 4.0',
        "okno_feed_readers 0.0",
    ):
        assert line in lines
    for name in (
        "okno_inbox_lag_seconds",
        "okno_outbox_oldest_seconds",
        "okno_to_read_oldest_seconds",
        "process_resident_memory_bytes",
    ):
        assert any(line.startswith(name) for line in lines)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json"])
def test_figures_and_reference_are_open_on_this_machine_alone(okno: Okno, admin: str, path: str) -> None:
    assert okno.ask("GET", path).status == 200
    # A proxy on this machine speaks for somebody who is not on it.
    elsewhere = {"x-forwarded-for": "203.0.113.9"}
    assert okno.ask("GET", path, headers=elsewhere).status == 401
    assert okno.ask("GET", path, headers=elsewhere, token=admin).status == 200


class Links(HTMLParser):
    """What a page loads or points to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.targets: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if name in {"href", "src"} and value:
                self.targets.add(value)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_reference_needs_nothing_from_elsewhere(okno: Okno) -> None:
    page = okno.ask("GET", "/docs")
    found = Links()
    found.feed(page.body.decode())
    assert "script" not in found.tags
    assert {target for target in found.targets if not target.startswith("#")} == {"/openapi.json"}
    assert {target.removeprefix("#") for target in found.targets if target.startswith("#")} <= found.ids
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "/v1/dialogs/{dialog_id}/messages" in page.body.decode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_description_is_complete(settings: Settings) -> None:
    web = Web(settings)
    schema = web.app._app.openapi()  # type: ignore[attr-defined]
    web.close()
    assert schema["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for path, methods in schema["paths"].items():
        if not path.startswith("/v1/"):
            continue
        for method, route in methods.items():
            where = f"{method} {path}"
            assert route["description"], where
            assert route["security"] == [{"token": []}], where
            answers = route["responses"]
            assert "401" in answers, where
            assert all(
                "application/problem+json" in answers[status]["content"] for status in answers if status >= "4"
            ), where
            success = next(answers[status] for status in answers if status < "3")
            if "204" not in answers and not path.endswith(("/raw", "/{file_id}", "/original")):
                assert success["content"]["application/json"]["schema"], where
            if method != "get":
                assert "403" in answers, where
                assert "Idempotency-Key" in {parameter["name"] for parameter in route["parameters"]}, where
