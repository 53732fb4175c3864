"""The faults that wait to go wrong at a fake."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

EVERY = "*"


class Fault(Protocol):
    """One thing to go wrong, `times` times (-1: always), for calls of `method`; EVERY is all that `usual` says."""

    method: str
    times: int


F = TypeVar("F", bound=Fault)


class Faults(Generic[F]):
    """They strike in the order they were queued."""

    def __init__(self, usual: Callable[[str], bool]) -> None:
        """`usual` says which methods a fault for EVERY is about."""
        self._usual = usual
        self._waiting: deque[F] = deque()
        self._lock = threading.Lock()

    def add(self, fault: F) -> None:
        """Queue it behind the others."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str) -> F | None:
        """What goes wrong with this call, if anything."""
        with self._lock:
            for fault in self._waiting:
                if fault.method == method or (fault.method == EVERY and self._usual(method)):
                    fault.times -= 1
                    if fault.times == 0:
                        self._waiting.remove(fault)
                    return fault
        return None
