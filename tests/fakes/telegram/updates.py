"""The updates that wait for the bot: numbers, offsets, lanes, and what comes twice or in wrong order."""

import copy
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

Json = dict[str, Any]
# What a bot does not get unless it asks for it.
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
# An offset so far ahead of the last update is taken for none.
_FAR = 10


@dataclass
class Waiting:
    """An update that is not confirmed; `lane` is whose order it keeps, `due` when the webhook may be tried again."""

    update: Json
    lane: int
    expires: float
    due: float = 0.0
    fails: int = 0
    flying: bool = False


class Updates:
    """The queue. Whoever waits for it puts a function into `listeners`."""

    def __init__(self, first: int = 100_000_001, lifetime: float = 86_400.0) -> None:
        self.lock = threading.RLock()
        self.listeners: list[Callable[[], None]] = []
        # The types the bot asked for; None is all but those on request.
        self.allowed: frozenset[str] | None = None
        self.lifetime = lifetime
        self._next = first
        self._waiting: dict[int, Waiting] = {}
        self._lanes: dict[int, dict[int, Waiting]] = {}
        self._again: list[Waiting] = []
        self._duplicates = self._swaps = 0.0
        self._chance = random.Random(0)

    def __len__(self) -> int:
        with self.lock:
            return len(self._waiting)

    def add(self, kind: str, body: Json, lane: int = 0) -> Json:
        """An update of this type happens; the bot gets it only if it wants the type."""
        with self.lock:
            update = {"update_id": self._next, kind: body}
            if self.wants(kind):
                waiting = Waiting(update, lane, time.time() + self.lifetime)
                self._waiting[self._next] = self._lanes.setdefault(lane, {})[self._next] = waiting
                self._next += 1
            self._wake()
        return copy.deepcopy(update)

    def wants(self, kind: str) -> bool:
        """Whether updates of this type are kept for the bot."""
        return kind not in ON_REQUEST if self.allowed is None else kind in self.allowed

    def allow(self, kinds: Iterable[str]) -> None:
        """What the bot wants from now on; nothing named is the default."""
        with self.lock:
            self.allowed = frozenset(kinds) or None

    def again(self, update: Json) -> None:
        """The same update comes once more, confirmed or not."""
        with self.lock:
            self._again.append(Waiting(copy.deepcopy(update), 0, time.time() + self.lifetime))
            self._wake()

    def take(self, offset: int, limit: int) -> list[Json]:
        """What getUpdates answers: everything before the offset is confirmed, and gone."""
        with self.lock:
            self._expire()
            self._forget(offset)
            found = [waiting.update for waiting in islice(self._waiting.values(), limit)]
            extra, self._again = [waiting.update for waiting in self._again], []
            return copy.deepcopy(self._shaken((extra + found)[: max(limit, len(extra))]))

    def clear(self) -> None:
        """Nothing waits any more."""
        with self.lock:
            self._waiting.clear()
            self._lanes.clear()
            self._again.clear()

    def shake(self, duplicates: float, swaps: float, seed: int) -> None:
        """A share of the updates comes twice, or after the next one."""
        with self.lock:
            self._duplicates, self._swaps, self._chance = duplicates, swaps, random.Random(seed)

    # ---- for the webhook ----

    def ready(self, now: float, room: int) -> list[Waiting]:
        """Those that may be pushed now: the first of each lane, unless it is on its way or has to wait."""
        with self.lock:
            self._expire()
            found = [waiting for waiting in self._heads() if not waiting.flying and waiting.due <= now]
            extra, self._again = self._again[:room], self._again[room:]
            return (extra + found)[:room]

    def next_due(self, now: float) -> float | None:
        """When the next one that has to wait may be pushed."""
        with self.lock:
            return min((each.due for each in self._heads() if not each.flying and each.due > now), default=None)

    def confirm(self, waiting: Waiting) -> None:
        """It was taken."""
        with self.lock:
            self._drop(waiting.update["update_id"])
            if self._chance.random() < self._duplicates:
                self._again.append(waiting)

    # ---- inside ----

    def _heads(self) -> list[Waiting]:
        """The first of each lane."""
        return [next(iter(lane.values())) for lane in self._lanes.values()]

    def _forget(self, offset: int) -> None:
        if offset < 0:
            gone = list(self._waiting)[:offset]
        elif offset <= self._next + _FAR:
            gone = list(takewhile(lambda number: number < offset, self._waiting))
        else:
            gone = []
        for number in gone:
            self._drop(number)

    def _expire(self) -> None:
        now = time.time()
        for number in list(takewhile(lambda number: self._waiting[number].expires <= now, self._waiting)):
            self._drop(number)

    def _drop(self, number: int) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            lane = self._lanes[waiting.lane]
            del lane[number]
            if not lane:
                del self._lanes[waiting.lane]

    def _shaken(self, found: list[Json]) -> list[Json]:
        twice = [each for update in found for each in [update] * (1 + (self._chance.random() < self._duplicates))]
        for at in range(len(twice) - 1):
            if self._chance.random() < self._swaps:
                twice[at], twice[at + 1] = twice[at + 1], twice[at]
        return twice

    def _wake(self) -> None:
        for listener in self.listeners:
            listener()
