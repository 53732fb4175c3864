"""Walks with the real processes: a talk from end to end, and every way to end them."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.walks.household import TOKEN, Household, household, until

CANARY = "канарейка-4471"
MAIL = "anna.canary@example.org"


def talk(home: Household) -> str:
    """Write as a visitor, answer as an operator, and see the answer arrive; gives back the visitor's token."""
    _, session = home.ask("POST", "/chat/site/sessions", {"name": "Анна", "email": MAIL})
    token: str = session["token"]
    assert home.ask("POST", "/chat/site/messages", {"id": "1", "text": CANARY}, token)[0] == 202
    dialog = until(lambda: home.ask("GET", "/v1/dialogs")[1]["items"])[0]
    assert dialog["last_message"]["text"] == CANARY
    assert home.ask("POST", f"/v1/dialogs/{dialog['id']}/messages", {"text": "ответ"})[0] == 202
    until(lambda: "ответ" in [item["text"] for item in home.ask("GET", "/chat/site/messages", None, token)[1]["items"]])
    return token


def gone(pids: list[int]) -> bool:
    """Whether none of these processes lives any more."""
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            return False
    return True


def test_a_talk_from_end_to_end_and_a_clean_stop(tmp_path: Path) -> None:
    with household(tmp_path) as home:
        home.ready()
        talk(home)
        until(lambda: "Okno is open." in home.log.read_text())
        assert home.run("verify").returncode == 0
        pids = list(home.children())
        home.kill(signal.SIGTERM)
        assert home.process.wait(30) == 0
        assert gone(pids)


def test_neither_words_nor_addresses_nor_tokens_are_logged(tmp_path: Path) -> None:
    with household(tmp_path, OKNO_LOG__FORMAT="json") as home:
        home.ready()
        token = talk(home)
        home.kill(signal.SIGTERM)
        home.process.wait(30)
    logged = "".join(line for line in home.log.read_text().splitlines(keepends=True) if line.startswith("{"))
    assert "letter.sent" in logged
    for secret in (CANARY, MAIL, TOKEN, token):
        assert secret not in logged


@pytest.mark.parametrize("kind", ["web", "work pipeline", "work deliver", "clock", "valkey"])
def test_what_dies_is_started_again(tmp_path: Path, kind: str) -> None:
    with household(tmp_path) as home:
        home.ready()
        victim = until(lambda: [pid for pid, line in home.children().items() if kind in line])[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: [pid for pid, line in home.children().items() if kind in line and pid != victim])
        home.ready()
        talk(home)


def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    with household(tmp_path) as home:
        home.ready()
        pids = list(home.children())
        assert len(pids) >= 5
        home.kill()
        home.process.wait()
        until(lambda: gone(pids), 40)


def test_a_second_all_on_the_same_state_says_so(tmp_path: Path) -> None:
    with household(tmp_path) as home:
        home.ready()
        second = home.run()
        assert second.returncode != 0
        assert "another `all`" in second.stderr


def test_written_while_the_workers_are_dead_is_there_when_they_are_back(tmp_path: Path) -> None:
    with household(tmp_path, OKNO_WORK__PIPELINE="0", OKNO_WORK__DELIVER="0") as home:
        home.ready()
        _, session = home.ask("POST", "/chat/site/sessions", {})
        for number in range(20):
            assert home.ask("POST", "/chat/site/messages", {"id": str(number), "text": "x"}, session["token"])[0] == 202
        assert home.ask("GET", "/v1/dialogs")[1]["items"] == []
        home.kill()
        home.process.wait()
        time.sleep(0.5)
    with household(tmp_path) as home:
        home.ready()
        dialog = until(lambda: home.ask("GET", "/v1/dialogs")[1]["items"])[0]
        until(lambda: home.ask("GET", f"/v1/dialogs/{dialog['id']}")[1]["unread"] == 20)
        _, page = home.ask("GET", f"/v1/dialogs/{dialog['id']}/messages")
        assert [item["seq"] for item in page["items"]] == list(range(1, 21))
