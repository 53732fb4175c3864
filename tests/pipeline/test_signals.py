"""Signals: fleeting, each once at most, and never more of them than the channel's pace leaves room for."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.abilities import Signal
from connectors.base import Unavailable
from storage import signals
from storage.db import Database
from storage.models import Signal as Row
from storage.paces import PACES
from storage.signals import NewSignal
from tests.fakes.channel import Fake, raw
from tests.pipeline.rig import CHANNEL, Rig, Sending

SIGNALS = Row.__table__  # type: ignore[attr-defined]


@pytest.fixture
def make(db: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A rig and its delivery with other settings; nothing was signalled yet."""

    def made(**section: Any) -> tuple[Rig, Sending]:
        Fake.signs.clear()
        rig = Rig(db, tmp_path, **section)
        rig.take(raw("anna", "0"), raw("bert", "0"))
        sending = Sending(rig)
        request.addfinalizer(sending.close)
        return rig, sending

    return made


def put(rig: Rig, *told: tuple[str, str, str]) -> None:
    with rig.db.begin() as tx:
        signals.put(tx, [NewSignal(CHANNEL, who, kind, data) for who, kind, data in told])


def given() -> list[tuple[str, str, str]]:
    return [(sign.recipient, sign.kind, sign.data) for sign in Fake.signs]


def wait_for(count: int) -> None:
    until(lambda: len(Fake.signs) >= count)


def until(what: Callable[[], bool]) -> None:
    ticks = threading.Event()
    for _ in range(500):
        if what():
            return
        ticks.wait(0.01)
    raise AssertionError(f"signals given: {given()}")


def test_of_what_is_said_again_the_newest_is_given(make: Any) -> None:
    rig, sending = make()
    put(rig, ("anna", "read", "1"), ("anna", "typing", ""), ("anna", "read", "2"), ("bert", "read", "3"))
    put(rig, ("anna", "press", "q1"), ("anna", "press", "q2"))
    sending.deliver.channel(CHANNEL)
    wait_for(5)
    assert sorted(given()) == [
        ("anna", "press", "q1"), ("anna", "press", "q2"), ("anna", "read", "2"), ("anna", "typing", ""),
        ("bert", "read", "3"),
    ]  # fmt: skip
    assert rig.rows(SIGNALS) == []


def test_in_a_full_channel_presses_go_before_letters_and_the_rest_waits_behind_them(make: Any) -> None:
    rig, sending = make(rate=0.1)
    put(rig, *((f"n{number}", "read", "1") for number in range(30)), ("bert", "press", "q"))
    letter = rig.letter("ok")
    sending.deliver.channel(CHANNEL)
    wait_for(1)
    assert given() == [("bert", "press", "q")]
    assert rig.letter_row(letter).state == "queued"
    with rig.db.begin() as tx:
        tx.execute(PACES.delete())
    sending.sweep()
    assert rig.letter_row(letter).state == "sent"
    assert given() == [("bert", "press", "q")], "the letter took the room there was"


def test_letters_and_signals_together_keep_the_pace(make: Any) -> None:
    rig, sending = make(rate=30)
    put(rig, *((f"n{number}", "read", "1") for number in range(100)))
    with rig.db.begin() as tx:
        _, found = sending.deliver._signals.waiting(tx, CHANNEL)
        pace, at = sending.deliver._paces[CHANNEL], rig.dialogs()[0].last_at
        taken, wait = sending.deliver._signals.take(tx, found, pace, at)
    assert (len(taken), wait > 0) == (5, True)


def test_what_a_channel_asks_for_because_of_a_signal_holds_for_letters(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, sending = make()

    async def refuse(self: Fake, signal: Signal) -> None:
        Fake.signs.append(signal)
        raise Unavailable("slow down", 60)

    monkeypatch.setattr(Fake, "signal", refuse)
    put(rig, ("anna", "typing", ""))
    sending.deliver.channel(CHANNEL)
    wait_for(1)
    until(lambda: bool(rig.rows(PACES)))
    letter = rig.letter("ok")
    sending.sweep()
    assert rig.letter_row(letter).state == "queued"


def test_signals_that_hang_hold_up_no_letter(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rig, sending = make()

    async def hang(self: Fake, signal: Signal) -> None:
        Fake.signs.append(signal)
        await asyncio.sleep(2)

    monkeypatch.setattr(Fake, "signal", hang)
    put(rig, *((f"n{number}", "read", "1") for number in range(50)))
    letter = rig.letter("ok")
    sending.settle()
    assert rig.letter_row(letter).state == "sent"
    assert len(Fake.signs) == 20, "no more of them at once"
    assert len(rig.rows(SIGNALS)) == 30
