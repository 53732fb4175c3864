"""The queue of events of a community, as Bots Long Poll gives it out."""

import hashlib
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


class EventLog:
    """Numbered events: whoever asks with a ts gets what came after it, as often as he asks."""

    def __init__(self, group_id: int) -> None:
        self.group_id, self.history, self.longest_wait = group_id, 10_000, 90.0
        self.listeners: list[Callable[[Json], None]] = []
        self._events: deque[tuple[int, Json]] = deque()
        self._ts, self._count = 1000, 0
        self._keys: set[str] = set()
        self._lost: set[str] = set()
        self._changed = threading.Condition()
        self._stopped = False
        self._duplicates, self._swaps, self._random = 0.0, 0.0, random.Random(0)
        self._held: Json | None = None

    def event(self, kind: str, body: Json) -> Json:
        """An event with an id of its own."""
        with self._changed:
            self._count += 1
            name = hashlib.sha1(f"{self.group_id}:{self._count}".encode(), usedforsecurity=False).hexdigest()
        return {"group_id": self.group_id, "type": kind, "event_id": name, "v": "5.199", "object": body}

    def add(self, event: Json) -> None:
        """The event happened; shaken, it comes twice, or after the next one."""
        with self._changed:
            out = [event] * (2 if self._random.random() < self._duplicates else 1)
            if self._held is not None:
                out.append(self._held)
                self._held = None
            elif self._random.random() < self._swaps:
                self._held, out = event, out[1:]
            for each in out:
                self._ts += 1
                self._events.append((self._ts, each))
            while len(self._events) > self.history:
                self._events.popleft()
            self._changed.notify_all()
        for each in out:
            for listener in self.listeners:
                listener(each)

    def shake(self, duplicates: float, swaps: float, seed: int) -> None:
        """From now on this share of events comes twice, and that one late."""
        with self._changed:
            self._duplicates, self._swaps, self._random = duplicates, swaps, random.Random(seed)
            held, self._held = self._held, None
        if held is not None and not swaps:
            self.add(held)

    def open(self) -> tuple[str, str]:
        """A new key, and the ts of now."""
        with self._changed:
            key = hashlib.sha1(f"{self._ts}:{len(self._keys)}:{time.time_ns()}".encode(), usedforsecurity=False)
            self._keys.add(key.hexdigest())
            return key.hexdigest(), str(self._ts)

    def expire_keys(self) -> None:
        """Every key so far answers failed 2, also to who waits."""
        with self._changed:
            self._keys.clear()
            self._lost.clear()
            self._changed.notify_all()

    def lose_info(self) -> None:
        """Every key so far answers failed 3, what was queued is gone, and numbers begin elsewhere."""
        with self._changed:
            self._lost |= self._keys
            self._events.clear()
            self._ts += 100_000
            self._changed.notify_all()

    def forget(self, keep: int = 0) -> None:
        """Only the last `keep` events are still had."""
        with self._changed:
            while len(self._events) > keep:
                self._events.popleft()

    def check(self, key: str, ts: str, wait: float) -> Json:
        """The answer to a_check: at once when there is something, else after the wait."""
        deadline = time.monotonic() + min(max(wait, 0.0), self.longest_wait)
        with self._changed:
            while True:
                wrong = self._wrong(key, ts)
                if wrong:
                    return wrong
                updates = [event for number, event in self._events if number > int(ts)]
                left = deadline - time.monotonic()
                if updates or left <= 0 or self._stopped:
                    return {"ts": str(self._ts), "updates": updates}
                self._changed.wait(left)

    def stop(self) -> None:
        """Let everybody go who waits."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def start(self) -> None:
        """Whoever asks may wait again."""
        self._stopped = False

    def _wrong(self, key: str, ts: str) -> Json | None:
        if key in self._lost:
            return {"failed": 3}
        if key not in self._keys:
            return {"failed": 2}
        oldest = self._events[0][0] if self._events else self._ts + 1
        if not ts.isdigit() or not oldest - 1 <= int(ts) <= self._ts:
            # As in VK's manual a number here, and a string everywhere else.
            return {"failed": 1, "ts": self._ts}
        return None
