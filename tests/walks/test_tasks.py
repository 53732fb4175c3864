"""A walk with the real processes: what two people type becomes tasks, whoever is killed meanwhile."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.calendar import Calendar
from tests.pipeline.listeners import REPORT, STAND
from tests.walks.household import Household, household, until

READER = "workers.py work pipeline"


def tasks(home: Household, **query: str) -> list[dict[str, Any]]:
    """The tasks as the API tells them, the oldest first."""
    asked = "&".join(f"{name}={value}" for name, value in {"sort": "created", **query}.items())
    status, page = home.ask("GET", f"/v1/tasks?{asked}")
    assert status == 200, page
    found: list[dict[str, Any]] = page["items"]
    return found


def read(home: Household) -> bool:
    """Whether nothing waits to be read."""
    answer = home.run("status", "--json")
    return '"to_read":{"messages":0' in answer.stdout


def test_three_sentences_typed_by_two_people_are_three_tasks(tmp_path: Path) -> None:
    with household(tmp_path, OKNO_WORK__PIPELINE="1") as home:
        home.ready()
        until(lambda: READER in " ".join(home.children().values()))
        _, session = home.ask("POST", "/chat/site/sessions", {"name": "Николай Петрович"})
        token: str = session["token"]

        def types(key: str, text: str) -> None:
            assert home.ask("POST", "/chat/site/messages", {"id": key, "text": text}, token)[0] == 202
            home.kill_child(READER)

        types("1", STAND)
        until(lambda: len(tasks(home)) == 2)
        dialog = tasks(home)[0]["dialog"]
        reply = {"text": "Хорошо, Николай Петрович, сделаем."}
        assert home.ask("POST", f"/v1/dialogs/{dialog}/messages", reply)[0] == 202
        until(lambda: READER in " ".join(home.children().values()))
        types("2", REPORT)
        until(lambda: len(tasks(home)) == 3)

        stand, details, report = tasks(home)
        today = Calendar().local(datetime.fromisoformat(stand["created_at"])).date()
        assert [one["kind"] for one in (stand, details, report)] == ["request", "commitment", "request"]
        assert [one["promised_by"] for one in (stand, details, report)] == [None, "client", None]
        assert [one["due"] for one in (stand, details, report)] == [
            f"{today + timedelta(days=7)}", None, f"{Calendar().end_of_week(today)}",
        ]  # fmt: skip
        assert {one["status"] for one in tasks(home)} == {"open"}
        assert stand["evidence"][0]["text"] in STAND

        until(lambda: READER in " ".join(home.children().values()))
        types("3", "Стенд больше не нужен, спасибо.")
        (gone,) = until(lambda: tasks(home, status="cancelled"))
        assert gone["number"] == stand["number"]
        until(lambda: read(home))
        assert len(tasks(home)) == 2
        assert home.run("verify").returncode == 0
