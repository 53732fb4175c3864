"""Refusals: a flood of calls with a wrong secret is told, costs the database next to nothing, and holds nobody up."""

import threading
import time

import pytest

from pipeline import refusals as module
from pipeline.refusals import Refusals
from storage import refusals
from storage.db import Database, Tx
from tests.pipeline.rig import Rig
from tests.running import eventually


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each turn to the database, by the channel it was about."""
    note, turns = refusals.note, list[str]()

    def counted(tx: Tx, channel: str, reason: str) -> bool:
        turns.append(channel)
        return note(tx, channel, reason)

    monkeypatch.setattr(refusals, "note", counted)
    return turns


def told(rig: Rig) -> list[dict[str, object]]:
    return [line.data for line in rig.events("channel.refused")]


def test_a_flood_is_one_turn_to_the_database_and_one_event(rig: Rig, asked: list[str]) -> None:
    here = Refusals(rig.db)
    for _ in range(10_000):
        here.note("tg", "wrong secret")
    here.note("vk", "of another community")
    eventually(lambda: len(told(rig)) == 2)
    assert sorted(asked) == ["tg", "vk"]
    expected = [{"channel": "tg", "reason": "wrong secret"}, {"channel": "vk", "reason": "of another community"}]
    assert sorted(told(rig), key=lambda data: str(data["channel"])) == expected


def test_many_processes_and_minutes_make_one_event(rig: Rig, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SILENCE", 0.0)
    for _ in range(5):
        one = Refusals(rig.db)
        for _ in range(3):
            one.note("tg", "wrong secret")
    eventually(lambda: len(asked) == 15)
    eventually(written)
    assert len(told(rig)) == 1


def written() -> bool:
    """Whether nobody is at it any more."""
    return not [each for each in threading.enumerate() if each.name == "refusals"]


def test_nobody_waits_for_a_database_that_is_away(rig: Rig, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def away(*_: object) -> None:
        assert gate.wait(20)
        raise TimeoutError

    monkeypatch.setattr(db, "write", away)
    here, began = Refusals(db), time.monotonic()
    here.note("tg", "wrong secret")
    assert time.monotonic() - began < 1
    gate.set()
    eventually(written)
    assert told(rig) == []
    monkeypatch.undo()
    monkeypatch.setattr(module, "_SILENCE", 0.0)
    Refusals(db).note("tg", "wrong secret")
    eventually(lambda: told(rig))
