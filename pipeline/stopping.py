"""Stopping: one flag a process, set by SIGTERM or SIGINT, and the deadline behind it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

# A call under way may finish; but a process whose database and broker are gone must end as well.
DEADLINE = 25.0


class Stop:
    """Set once, never cleared."""

    def __init__(self, deadline: float = DEADLINE) -> None:
        """`deadline`: seconds from then on after which the process ends hard."""
        self._deadline = deadline
        self._event = threading.Event()
        self._wishes: list[Callable[[], None]] = []

    def on_signals(self) -> "Stop":
        """Obey SIGTERM and SIGINT; call from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        return self

    def also(self, wish: Callable[[], None]) -> None:
        """Call `wish` when the flag is set; at once if it is."""
        self._wishes.append(wish)
        if self._event.is_set():
            wish()

    def set(self) -> None:
        """Ask everything to stop; whatever still runs after the deadline ends hard."""
        if self._event.is_set():
            return
        self._event.set()
        threading.Thread(target=_end_hard, args=(self._deadline,), name="deadline", daemon=True).start()
        for wish in self._wishes:
            wish()

    def is_set(self) -> bool:
        """Whether stopping was asked for."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep so long, or until stopping is asked for; True in that case."""
        return self._event.wait(seconds)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        # Locks are not safe in a handler that may have interrupted their holder.
        threading.Thread(target=self.set, name="stop").start()


def leave() -> NoReturn:
    """End the process, which has given everything back.

    Python's own end waits for every thread, and once it has begun the deadline can no longer strike.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(0)


def _end_hard(deadline: float) -> None:
    time.sleep(deadline)
    try:
        sys.stderr.flush()
    finally:
        # Threads may hang in a driver that waits for a dead server; all that matters is committed or will be done
        # again.
        os._exit(1)
