"""Rates: how many requests a minute one caller may make at the public doors."""

import ipaddress
import time
from collections.abc import Callable
from functools import lru_cache


class Rates:
    """Counts per caller in windows of a minute. The process counts for itself: a brake, not a ledger."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._window = 0
        self._counts: dict[tuple[str, str], int] = {}

    def wait(self, what: str, caller: str, limit: int) -> int:
        """Count a request; 0 if it may pass, else the seconds until the next window. A `limit` of 0 is no limit."""
        if not limit or is_loopback(caller):
            return 0
        at = self._clock()
        window = int(at // 60)
        if window != self._window:
            self._window = window
            self._counts.clear()
        count = self._counts.get((what, caller), 0) + 1
        self._counts[what, caller] = count
        return 0 if count <= limit else 60 - int(at % 60)


@lru_cache(maxsize=4096)
def is_loopback(caller: str) -> bool:
    """Whether the caller sits on this machine."""
    try:
        return ipaddress.ip_address(caller).is_loopback
    except ValueError:
        return False
