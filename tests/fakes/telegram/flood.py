"""How fast calls may come, and who did not wait when told to."""

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.fakes.telegram.faults import BotError, too_many

# What a wait holds back: everybody's messages, those to one chat, or calls of a method that sends none.
Scope = int | str
BOT = 0


class Limit(NamedTuple):
    """So many calls within so many seconds."""

    calls: int
    seconds: float


# Telegram's limits, with some slack in time: no line is exact.
_BOT_LIMIT, _CHAT_LIMIT, _GROUP_LIMIT = Limit(30, 0.9), Limit(1, 0.9), Limit(20, 59.0)


@dataclass
class Flood:
    """Counts calls; with `on` the limits hold."""

    on: bool = False
    bot: Limit = _BOT_LIMIT
    chat: Limit = _CHAT_LIMIT
    group: Limit = _GROUP_LIMIT
    # How many answers were 429, and how many calls came although a retry_after was not over.
    throttled: int = 0
    violations: int = 0
    _until: dict[Scope, float] = field(default_factory=dict)
    _calls: defaultdict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def pending(self, *scopes: Scope) -> BotError | None:
        """The answer to a call that should have waited; counts it."""
        now = time.monotonic()
        left = max(self._until.get(scope, now) - now for scope in scopes)
        if left <= 0:
            return None
        self.violations += 1
        self.throttled += 1
        return too_many(math.ceil(left))

    def hold(self, scope: Scope, retry_after: float) -> BotError:
        """From now on it waits."""
        self.throttled += 1
        self._until[scope] = time.monotonic() + retry_after
        return too_many(retry_after)

    def count(self, chat: int, messages: int = 1) -> BotError | None:
        """The answer to a call that is too many; else it counts, to a person as one however many it sends."""
        if not self.on:
            return None
        now = time.monotonic()
        limits = {BOT: (self.bot, messages), chat: (self.chat, 1) if chat > 0 else (self.group, messages)}
        for scope, (limit, count) in limits.items():
            calls = self._calls[scope]
            while calls and calls[0] <= now - limit.seconds:
                calls.popleft()
            if len(calls) + count > limit.calls:
                return self.hold(scope, max(1, math.ceil(calls[0] + limit.seconds - now)))
        for scope, (_, count) in limits.items():
            self._calls[scope].extend([now] * count)
        return None
