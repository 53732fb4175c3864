"""People who write at an even pace, and the time it takes until what was accepted is stored."""

import asyncio
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp
from sqlalchemy import select

from storage import bulk, journal
from storage.db import Database
from storage.talk import MESSAGES
from tests.bench import load
from tests.bench.house import CHANNEL, House

# Seconds between two looks at the journal.
_LOOK = 0.002
_SETTLE_SECONDS = 60.0


class Watch:
    """Notes when each message became visible to others: the journal is read all the time, by a thread of its own.

    Used as a context; what it saw is asked for afterwards.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        with self._db.read() as tx:
            self._after = journal.last_id(tx)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def stored(self) -> dict[str, float]:
        """By the id its writer gave it, when each message was seen; on the monotonic clock."""
        with self._db.read() as tx:
            query = select(MESSAGES.c.id, MESSAGES.c.external_id).where(bulk.among(tx, MESSAGES.c.id, self._seen))
            return {key.rpartition(":")[2]: self._seen[message_id] for message_id, key in tx.execute(query)}

    def _run(self) -> None:
        while not self._stop.wait(_LOOK):
            with self._db.read() as tx:
                lines = journal.read(tx, self._after, 1000)
            at = time.monotonic()
            for line in lines:
                self._after = line.id
                if line.type == "message.received":
                    self._seen[line.data["message"]] = at


class Crowd:
    """So many visitors with sessions of their own; together they write `rate` messages a second."""

    def __init__(self, house: House, visitors: int, rate: float) -> None:
        self._house, self._visitors, self._rate = house, visitors, rate
        self._texts = load.texts(100)
        # By message id: when its acceptance was read, on the monotonic clock.
        self.accepted: dict[str, float] = {}
        self.begun = asyncio.Event()

    async def write(self, seconds: float) -> None:
        """Write for so long. A slow answer holds nobody else up; raises for one that is no acceptance."""
        async with aiohttp.ClientSession(self._house.address) as http:
            tokens = [await self._arrive(http) for _ in range(self._visitors)]
            began = time.monotonic()
            self.begun.set()
            async with asyncio.TaskGroup() as tasks:
                for number in range(round(seconds * self._rate)):
                    await asyncio.sleep(began + number / self._rate - time.monotonic())
                    tasks.create_task(self._post(http, tokens[number % len(tokens)], number))

    async def _arrive(self, http: aiohttp.ClientSession) -> str:
        async with http.post(f"/chat/{CHANNEL}/sessions", json={}, raise_for_status=True) as answer:
            return str((await answer.json())["token"])

    async def _post(self, http: aiohttp.ClientSession, token: str, number: int) -> None:
        key = f"steady{number}"
        body = {"id": key, "text": self._texts[number % len(self._texts)]}
        headers = {"authorization": f"Bearer {token}"}
        path = f"/chat/{CHANNEL}/messages"
        async with http.post(path, json=body, headers=headers, raise_for_status=True) as answer:
            await answer.read()
        self.accepted[key] = time.monotonic()


def await_seen(watch: Watch, crowd: Crowd) -> dict[str, float]:
    """Wait until all the crowd wrote is stored; when each message was."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while not crowd.accepted.keys() <= (stored := watch.stored()).keys():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(crowd.accepted.keys() - stored.keys())} messages were accepted and never stored")
        time.sleep(0.2)
    return stored


def delays(accepted: Mapping[str, float], stored: Mapping[str, float]) -> list[float]:
    """Milliseconds from acceptance to visibility, sorted; 0 for what was visible before its sender had the answer."""
    return sorted(max(0.0, stored[key] - at) * 1000 for key, at in accepted.items())


def percentile(values: Sequence[float], percent: int) -> float:
    """Of sorted values, rounded to a tenth."""
    return round(statistics.quantiles(values, n=100)[percent - 1], 1)


def summary(values: Sequence[float]) -> dict[str, Any]:
    """p50, p95 and p99 of sorted milliseconds."""
    return {f"p{percent}_ms": percentile(values, percent) for percent in (50, 95, 99)}
