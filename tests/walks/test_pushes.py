"""`kill -9` for the web process before it has stored what a messenger pushes, and before the messenger hears of it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storage import ledger
from storage.db import Database
from storage.verify import verify
from tests.fakes.telegram import Telegram
from tests.fakes.vk import FakeVk
from tests.walks.gate import Gate
from tests.walks.household import Household, household, until

ANNA = 5


@dataclass
class Street:
    """A running `all` behind a gate, and a messenger that pushes through it; `waiting` is what it would push again."""

    home: Household
    gate: Gate
    channel: str
    says: Callable[[int, str], Any]
    waiting: Callable[[], int]

    @property
    def database(self) -> Path:
        """Where it is."""
        return self.home.folder / "var" / "okno.db"

    def rows(self, query: str) -> list[Any]:
        """What the database says."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(query).fetchall()

    def said(self) -> list[str]:
        """What was written, as it is shown: what is pushed again may come behind what was written later."""
        order = "ORDER BY sent_at, source_key, seq"
        return [text for (text,) in self.rows(f"SELECT text FROM messages WHERE direction = 'in' {order}")]


def _telegram(stack: ExitStack, folder: Path, gate: Gate) -> Street:
    telegram = stack.enter_context(Telegram())
    settings = {
        "OKNO_CHANNELS__PUSHED__KIND": "telegram",
        "OKNO_CHANNELS__PUSHED__MODE": "webhook",
        "OKNO_CHANNELS__PUSHED__TOKEN": telegram.token,
        "OKNO_CHANNELS__PUSHED__API_BASE": telegram.url,
        "OKNO_CHANNELS__PUSHED__WEBHOOK_URL": f"{gate.url}/hooks/pushed",
        "OKNO_CHANNELS__PUSHED__WEBHOOK_SECRET": "repeat-after-me",
    }
    home = stack.enter_context(household(folder, "all", **settings))
    until(lambda: telegram.webhook.url)
    return Street(home, gate, "pushed", telegram.says, lambda: telegram.pending)


def _vk(stack: ExitStack, folder: Path, gate: Gate) -> Street:
    vk = stack.enter_context(FakeVk())
    settings = {
        "OKNO_CHANNELS__PUSHED__KIND": "vk",
        "OKNO_CHANNELS__PUSHED__MODE": "callback",
        "OKNO_CHANNELS__PUSHED__TOKEN": vk.token,
        "OKNO_CHANNELS__PUSHED__GROUP_ID": str(vk.group_id),
        "OKNO_CHANNELS__PUSHED__API_BASE": vk.url,
        "OKNO_CHANNELS__PUSHED__SECRET": "known-to-vk",
        "OKNO_CHANNELS__PUSHED__CONFIRMATION": "seen",
    }
    home = stack.enter_context(household(folder, "all", **settings))
    vk.call_back(f"{gate.url}/hooks/pushed", "known-to-vk", "seen", delays=(0.2,) * 200)
    return Street(home, gate, "pushed", vk.says, lambda: not vk.idle(0.1))


@pytest.fixture(params=[_telegram, _vk], ids=["telegram", "vk"])
def street(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Street]:
    with ExitStack() as stack:
        gate = stack.enter_context(Gate())
        street: Street = request.param(stack, tmp_path, gate)
        gate.server = ("127.0.0.1", street.home.port)
        street.home.ready()
        yield street


def test_killed_before_the_commit(street: Street) -> None:
    street.says(ANNA, "hello")
    until(lambda: street.said() == ["hello"] and not street.waiting())
    with closing(sqlite3.connect(street.database, isolation_level=None)) as other:
        # Whoever writes waits for us.
        other.execute("BEGIN IMMEDIATE")
        street.says(ANNA, "one")
        until(lambda: street.gate.is_asked(b"/hooks/pushed"))
        street.home.kill_child("workers.py web")
        assert other.execute("SELECT count(*) FROM inbox").fetchone() == (1,)
        other.execute("ROLLBACK")
    assert street.waiting(), "the messenger knows of no success"
    street.says(ANNA, "two")
    until(lambda: len(street.said()) >= 3 and not street.waiting())
    assert street.said() == ["hello", "one", "two"]
    with closing(Database(f"sqlite:///{street.database}")) as db, db.snapshot() as tx:
        assert verify(tx) == []


def test_killed_after_the_commit_before_the_messenger_hears_of_it(street: Street) -> None:
    street.says(ANNA, "hello")
    until(lambda: street.said() == ["hello"] and not street.waiting())
    street.gate.catch_answer(b"/hooks/pushed")
    street.says(ANNA, "one")
    until(street.gate.caught)
    assert street.rows("SELECT count(*) FROM inbox") == [(2,)]
    street.home.kill_child("workers.py web")
    street.gate.lose()
    assert street.waiting(), "the messenger knows of no success"
    street.says(ANNA, "two")
    until(lambda: len(street.said()) >= 3 and not street.waiting())
    assert street.said() == ["hello", "one", "two"]
    with closing(Database(f"sqlite:///{street.database}")) as db, db.snapshot() as tx:
        assert ledger.flows(tx)[street.channel]["duplicate"] >= 1
        assert verify(tx) == []
