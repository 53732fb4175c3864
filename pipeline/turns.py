"""Turns: one thread of a process at a thing, and whoever finds it taken leaves a knock that is answered."""

import threading
from collections.abc import Callable, Hashable


class Turns:
    """Exclusive runs by name.

    A bell that rings while its work is being done must not go unheard: the work it rang for may have come after the
    last look. So the thread at work looks again before it goes.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._knocked: dict[Hashable, bool] = {}

    def run(self, name: Hashable, work: Callable[[], None]) -> None:
        """Run `work`, again for each knock meanwhile; if another thread is at it, only knock."""
        with self._guard:
            if name in self._knocked:
                self._knocked[name] = True
                return
            self._knocked[name] = False
        try:
            while True:
                work()
                with self._guard:
                    if not self._knocked[name]:
                        return
                    self._knocked[name] = False
        finally:
            with self._guard:
                del self._knocked[name]
