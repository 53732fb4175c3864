"""Pace: how soon the next letter of a channel may go. It never sleeps; it says how long to wait."""

import time
from collections.abc import Callable


class Pace:
    """A token bucket a channel: `rate` letters a second, with a burst of one second's worth."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        """A `rate` of 0 is no limit. `clock` gives seconds."""
        self._rate, self._clock = rate, clock
        self._tokens, self._at = max(rate, 1.0), clock()
        self._paused_until = 0.0

    def wait(self) -> float:
        """Seconds until the next letter may go; 0 takes the place at once."""
        at = self._clock()
        if at < self._paused_until:
            return self._paused_until - at
        if not self._rate:
            return 0.0
        self._tokens = min(max(self._rate, 1.0), self._tokens + (at - self._at) * self._rate)
        self._at = at
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0

    def pause(self, seconds: float) -> None:
        """The channel asked for silence: nothing goes for `seconds`."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)
