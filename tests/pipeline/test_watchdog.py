"""The watchdog: it bites whoever overstays, the first in time first, and nobody who has left."""

import threading
import time

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
