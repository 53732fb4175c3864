"""Stopping: one flag, set by a signal, heard by everybody, and a deadline behind it."""

import os
import signal
import sys
import threading
import time

import pytest

from pipeline.stopping import Stop, leave
from tests.pipeline.children import Child

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
        stop.also(lock.acquire)  # type: ignore[arg-type]
        with lock:
            os.kill(os.getpid(), number)
            time.sleep(0.05)
        assert stop.wait(PATIENCE)

    assert Child(work).wait() == 0


def test_who_does_not_end_by_the_deadline_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    ready, said = os.pipe()

    def deaf() -> None:
        """As in a driver that waits for a dead server."""
        Stop(0.2).on_signals()
        os.write(said, b".")
        while True:
            signal.pause()

    child = Child(deaf)
    assert os.read(ready, 1) == b"."
    child.signal(signal.SIGTERM)
    assert child.wait() == 1
    os.close(ready)
    os.close(said)


def test_who_leaves_waits_for_no_thread_and_loses_no_word(capfd: pytest.CaptureFixture[str]) -> None:
    def stuck() -> None:
        threading.Thread(target=threading.Event().wait).start()
        sys.stdout.write("last words")
        leave()

    assert Child(stuck).wait() == 0
    assert capfd.readouterr().out.endswith("last words")
