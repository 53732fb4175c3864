"""Two readers of one bot: one reads, and whoever falls silent is replaced within twenty seconds."""

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.telegram import Telegram
from tests.walks.household import Household, household, until

ANNA = 5
TAKEOVER = 20.0


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with Telegram() as telegram:
        yield telegram


@contextmanager
def readers(folder: Path, telegram: Telegram) -> Iterator[tuple[Household, Household]]:
    """Two processes `receive` on one database; the first one reads."""
    settings = {
        "OKNO_DATABASE__URL": f"sqlite:///{folder}/okno.db",
        "OKNO_CHANNELS__TG__KIND": "telegram",
        "OKNO_CHANNELS__TG__TOKEN": telegram.token,
        "OKNO_CHANNELS__TG__API_BASE": telegram.url,
    }
    for name in ("one", "two"):
        (folder / name).mkdir()
    with household(folder / "one", "receive", **settings) as one:
        assert one.run("migrate").returncode == 0
        telegram.says(ANNA, "first")
        until(lambda: stored(folder) == 1)
        with household(folder / "two", "receive", **settings) as two:
            yield one, two


def stored(folder: Path) -> int:
    db = sqlite3.connect(folder / "okno.db")
    try:
        return int(db.execute("SELECT count(*) FROM inbox").fetchone()[0])
    finally:
        db.close()


def test_a_frozen_reader_is_replaced_and_writes_nothing_when_it_wakes(tmp_path: Path, telegram: Telegram) -> None:
    with readers(tmp_path, telegram) as (one, _two):
        one.kill(signal.SIGSTOP)
        began = time.monotonic()
        telegram.says(ANNA, "while it is frozen")
        until(lambda: stored(tmp_path) == 2)
        assert time.monotonic() - began <= TAKEOVER
        one.kill(signal.SIGCONT)
        until(lambda: "receive.taken_over" in one.log.read_text())
        for number in range(5):
            telegram.says(ANNA, f"later {number}")
        until(lambda: stored(tmp_path) == 7)
        until(lambda: telegram.pending == 0)
        assert stored(tmp_path) == 7


def test_a_killed_reader_is_replaced_at_once(tmp_path: Path, telegram: Telegram) -> None:
    with readers(tmp_path, telegram) as (one, _two):
        one.kill()
        one.process.wait()
        began = time.monotonic()
        telegram.says(ANNA, "after its death")
        until(lambda: stored(tmp_path) == 2)
        assert time.monotonic() - began <= TAKEOVER
