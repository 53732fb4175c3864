"""Stopping: one flag, set by a signal, heard by everybody, and a deadline behind it."""

import os
import signal
import threading
import time

import pytest

from pipeline import stopping
from pipeline.stopping import Stop
from tests.pipeline.children import Child, holding

PATIENCE = 20.0


def test_everybody_who_wishes_is_told_once() -> None:
    stop, told = Stop(), list[str]()
    stop.also(lambda: told.append("one"))
    stop.also(lambda: told.append("two"))
    assert not stop.is_set()
    assert not stop.wait(0)
    stop.set()
    stop.set()
    assert stop.is_set()
    assert told == ["one", "two"]


def test_who_waits_is_woken_at_once() -> None:
    stop, woken = Stop(), list[bool]()
    thread = threading.Thread(target=lambda: woken.append(stop.wait(600)))
    thread.start()
    stop.set()
    thread.join(PATIENCE)
    assert woken == [True]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_sets_the_flag_whatever_lock_its_victim_holds(number: signal.Signals) -> None:
    def work() -> None:
        stop, lock = Stop().on_signals(), threading.Lock()
        stop.also(lambda: lock.acquire() and lock.release())  # type: ignore[func-returns-value]
        with lock:
            os.kill(os.getpid(), number)
            time.sleep(0.05)
        assert stop.wait(PATIENCE)

    assert Child(work).wait() == 0


def test_who_does_not_end_by_the_deadline_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(stopping, "_DEADLINE", 0.2)

    def work() -> None:
        Stop().on_signals()
        # Deaf in all threads, as in a driver that waits for a dead server.
        threading.Thread(target=threading.Event().wait).start()

    with holding(work) as child:
        child.signal(signal.SIGTERM)
        assert child.wait() == 1
