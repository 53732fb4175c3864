"""Turns: one thread of a process at a thing, and whoever finds it taken leaves a knock that is answered."""

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager


class Turns:
    """Exclusive runs by name.

    A bell that rings while its work is being done must not go unheard: the work it rang for may have come after the
    last look. So the thread at work looks again before it goes, as long as its time is not over: under constant bells
    it would never go, and nobody would serve the others.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._knocked: dict[Hashable, bool] = {}

    def run(self, name: Hashable, work: Callable[[float], bool], seconds: float) -> bool:
        """Run `work`, again for each knock meanwhile; if another thread is at it, only knock.

        `work` gets the monotonic time at which it is to make room for others, and says whether it left something
        behind. True when it did, or when that time came: there may be more to do, and the caller sees to it that
        somebody looks again.
        """
        with self._guard:
            if name in self._knocked:
                self._knocked[name] = True
                return False
            self._knocked[name] = False
        until = time.monotonic() + seconds
        try:
            while True:
                left = work(until)
                with self._guard:
                    over = left or time.monotonic() >= until
                    if over or not self._knocked[name]:
                        # In one step with the look: a knock in between would be heard by nobody.
                        del self._knocked[name]
                        return over
                    self._knocked[name] = False
        except BaseException:
            with self._guard:
                del self._knocked[name]
            raise


class Room:
    """Where many work together or one alone; who wants to be alone is the next to come in."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._inside = 0
        self._taken = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """With others, but with nobody who wants to be alone."""
        with self._change:
            self._change.wait_for(lambda: not self._taken)
            self._inside += 1
        try:
            yield
        finally:
            with self._change:
                self._inside -= 1
                self._change.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody else."""
        with self._change:
            self._change.wait_for(lambda: not self._taken)
            self._taken = True
            self._change.wait_for(lambda: not self._inside)
        try:
            yield
        finally:
            with self._change:
                self._taken = False
                self._change.notify_all()
