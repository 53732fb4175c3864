"""The watchdog: it bites whoever overstays, the first in time first, and nobody who has left."""

import faulthandler
import threading
import time

import pytest

from pipeline import watchdog
from pipeline.watchdog import watched
from tests.pipeline.children import Child


def overstay(seconds: float, stay: float) -> None:
    with watched(seconds):
        time.sleep(stay)


def test_who_overstays_ends_the_process() -> None:
    assert Child(lambda: overstay(0.1, 20)).wait() == 1


def test_who_leaves_in_time_is_forgotten() -> None:
    def work() -> None:
        for _ in range(3):
            overstay(0.2, 0.01)
        time.sleep(0.5)

    assert Child(work).wait() == 0


def test_another_who_comes_and_goes_does_not_call_it_off() -> None:
    def work() -> None:
        threading.Thread(target=overstay, args=(0.3, 20), daemon=True).start()
        for _ in range(1000):
            overstay(30, 0.01)

    assert Child(work).wait() == 1


def test_who_cannot_be_watched_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise RuntimeError("sys.stderr is None")

    monkeypatch.setattr(faulthandler, "dump_traceback_later", refused)
    monkeypatch.setattr(watchdog, "_unwatched", threading.Event())
    with watched(0.01):
        time.sleep(0.05)
    assert not watchdog._until


def test_a_timer_that_cannot_be_set_again_ends_nobody() -> None:
    def refused(*_: object, **__: object) -> None:
        raise ValueError("stderr is closed")

    def work() -> None:
        with watched(0.3):
            faulthandler.dump_traceback_later = refused
            overstay(30, 0.01)
            time.sleep(1)

    assert Child(work).wait() == 0


def test_a_fork_of_a_watched_process_does_not_wait_for_a_timer_it_has_not() -> None:
    with watched(30):
        child = Child(lambda: overstay(30, 0.01))
        assert child.wait() == 0
    assert not watchdog._unwatched.is_set()
