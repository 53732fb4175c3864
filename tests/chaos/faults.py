"""Faults: how each kind of the plan is carried out."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable

from tests.chaos.consumer import REFUSED_429, REFUSED_503, TAKEN_THEN_500, TAKEN_THEN_CUT
from tests.chaos.daemons import Daemon, Fleet
from tests.chaos.mail import STRIKES, Mail, Spoil
from tests.chaos.plan import ABSENT, Fault
from tests.chaos.proxy import Proxy
from tests.chaos.servers import Postgres, Redis
from tests.chaos.vendors import BLOWS, Vendors

_SITE = (TAKEN_THEN_CUT, TAKEN_THEN_500, REFUSED_429, REFUSED_503)
_ON_PROCESSES = ("kill", "stop", "freeze")
FailSite = Callable[[str, float], Awaitable[bool]]


class Faults:
    """Strikes; counts what really happened. `site` makes the outside server fail and says whether anybody noticed."""

    def __init__(self, seed: int, fleet: Fleet, redis: Redis, proxies: dict[str, Proxy], site: FailSite) -> None:
        self.happened: Counter[str] = Counter()
        self.postgres: Postgres | None = None
        self.vendors = Vendors([])
        # The mailbox, and how the mail server outside is told to fail.
        self.mail: tuple[Mail, Spoil] | None = None
        self._chance = random.Random(f"faults {seed}")
        self._fleet, self._redis, self._proxies, self._site = fleet, redis, proxies, site
        # One thing at a time happens to each part of the house; to different parts, everything may at once.
        self._parts: dict[str, asyncio.Lock] = {}

    async def strike(self, fault: Fault) -> None:
        """Carry one out, from its beginning to its end."""
        async with self._parts.setdefault(_part(fault.kind), asyncio.Lock()):
            if await self._strike(fault):
                self.happened[fault.kind] += 1

    async def _strike(self, fault: Fault) -> bool:
        verb, _, what = fault.kind.partition(" ")
        if fault.kind in BLOWS:
            return await self.vendors.strike(fault.kind)
        if fault.kind in STRIKES and self.mail:
            mail, spoil = self.mail
            return await mail.strike(fault.kind, fault.seconds, spoil)
        if fault.kind in _SITE:
            return await self._site(fault.kind, fault.seconds)
        if verb in _ON_PROCESSES:
            return await self._process_fault(verb, self._chance.choice(self._fleet.of(what)), fault.seconds)
        if verb == "commit":
            return await self._lose_commits(fault.seconds)
        return await self._server(verb, what, fault.seconds)

    async def _process_fault(self, verb: str, daemon: Daemon, seconds: float) -> bool:
        if verb == "kill":
            return daemon.signal(signal.SIGKILL)
        if verb == "stop":
            return await daemon.restart()
        struck = daemon.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        return daemon.signal(signal.SIGCONT) and struck

    async def _server(self, name: str, what: str, seconds: float) -> bool:
        proxy = self._proxies[name]
        if what == "cut":
            proxy.cut()
        elif what == "black hole":
            await proxy.black_hole(seconds)
        elif what == "slow":
            await proxy.slow(seconds)
        elif what == "answers lost":
            await proxy.lose_answers(seconds)
        elif what == "restarted" and self.postgres:
            await self.postgres.restart_immediately()
        else:
            await self._redis_fault(f"{name} {what}", seconds)
        return True

    async def _redis_fault(self, kind: str, seconds: float) -> None:
        if kind == "redis flushed":
            await self._redis.flush()
        elif kind == "redis frozen":
            await self._redis.freeze(seconds)
        elif kind == "redis killed":
            await self._redis.stop(signal.SIGKILL)
            await asyncio.sleep(seconds)
            await self._redis.start()
        elif kind == ABSENT:
            await self._redis.start()
        else:
            raise ValueError(f"nobody knows how to do this: {kind}")

    async def _lose_commits(self, seconds: float) -> bool:
        proxy = self._proxies["postgresql"]
        before = proxy.lost_commits
        await proxy.lose_commits(seconds)
        return proxy.lost_commits > before


def _part(kind: str) -> str:
    """What a kind of fault strikes."""
    if kind in _SITE:
        return "site"
    first, *rest = kind.split()
    if first in _ON_PROCESSES:
        return rest[0]
    return "postgresql" if first == "commit" else first
