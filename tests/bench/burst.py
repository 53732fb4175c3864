"""What one visitor's 10,000 messages at once do to the messages of 200 others."""

import asyncio
import time
from typing import Any

from sqlalchemy import select

from storage import inbox
from storage.db import Database
from tests.bench import load
from tests.bench.helper import Helper
from tests.bench.house import CHANNEL, House, Stage
from tests.bench.steady import Crowd, Watch, await_seen, delays, percentile

_RATE, _VISITORS, _COUNT = 100, 200, 10_000
# Seconds before anything is counted, between two bursts, and a burst may take at most.
_WARM, _PAUSE, _PATIENCE = 2.0, 2.0, 60.0

Window = tuple[float, float]


def measure(stage: Stage) -> dict[str, Any]:
    """The others' p95 from acceptance to storage, while a burst is being worked off and while there is none.

    Only messages accepted between a burst's beginning and the moment its last message is stored count as disturbed.
    """
    bursts, quiet = stage.size(5, 2), stage.size(15, 4)
    with stage.house(embedded=stage.kind == "sqlite") as house:
        house.everything()
        crowd = Crowd(house, _VISITORS, _RATE)
        with Watch(house.db) as watch:
            calm, busy = asyncio.run(_both(house, crowd, quiet, bursts))
            stored = await_seen(watch, crowd)
    alone = delays(_within(crowd, [calm]), stored)
    disturbed = delays(_within(crowd, busy), stored)
    return {
        "burst": _COUNT,
        "bursts": len(busy),
        "burst_seconds": round(sum(end - begin for begin, end in busy) / len(busy), 2),
        "messages_alone": len(alone),
        "messages_beside": len(disturbed),
        "p95_alone_ms": percentile(alone, 95),
        "p95_beside_ms": percentile(disturbed, 95),
        "times": round(percentile(disturbed, 95) / percentile(alone, 95), 2),
    }


async def _both(house: House, crowd: Crowd, quiet: float, bursts: int) -> tuple[Window, list[Window]]:
    """The crowd writes all the time; the window without bursts, and those of the bursts."""
    writing = asyncio.create_task(crowd.write(3600))
    await crowd.begun.wait()
    await asyncio.sleep(_WARM)
    began = time.monotonic()
    await asyncio.sleep(quiet)
    calm = (began, time.monotonic())
    busy = []
    for number in range(bursts):
        busy.append(await asyncio.to_thread(_burst, house, 1_000_000 + number))
        await asyncio.sleep(_PAUSE)
    writing.cancel()
    await asyncio.wait([writing])
    return calm, busy


def _burst(house: House, number: int) -> Window:
    """From the first message offered to the last one stored."""
    broker = house.broker or f"unix://{house.settings.socket}"
    helper = Helper("flood", house.url, broker, str(number), str(_COUNT))
    time.sleep(_PAUSE)
    began = time.monotonic()
    helper.go()
    helper.result()
    address = load.visitor(number).address
    while _waits(house.db, address):
        if time.monotonic() > began + _PATIENCE:
            raise RuntimeError("a burst was never worked off")
        time.sleep(0.01)
    return began, time.monotonic()


def _waits(db: Database, address: str) -> bool:
    shard = inbox.shard_of(CHANNEL, address)
    query = select(inbox.QUEUE.c.inbox_id).where(inbox.QUEUE.c.shard == shard, inbox.QUEUE.c.address == address)
    with db.read() as tx:
        return tx.execute(query.limit(1)).first() is not None


def _within(crowd: Crowd, windows: list[Window]) -> dict[str, float]:
    return {key: at for key, at in crowd.accepted.items() if any(begin <= at <= end for begin, end in windows)}
