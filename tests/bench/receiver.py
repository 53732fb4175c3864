"""A reader of a messenger: how many updates a second it takes from a server that has them all."""

import asyncio
import time
from typing import Any

from sqlalchemy import func, select

from connectors.base import Batch, Raw
from pipeline.intake import store
from storage.db import Database
from storage.inbox import INBOX
from tests.bench.house import House, Stage
from tests.chaos.servers import free_port
from tests.chaos.vendors import FIRST_USER, WHO, Vendor

_QUESTIONS = {"telegram": "getUpdates", "vk": "a_check"}
_PEOPLE, _AT_ONCE = 200, 20
# Seconds.
_PATIENCE = 120.0
# As many as the source gives at once.
_BATCH = 100


def measure(stage: Stage) -> dict[str, Any]:
    """Updates a second from the vendor's server into the inbox, against the same raws stored without a reader."""
    count = stage.size(20_000, 600)
    found: dict[str, Any] = {"updates": count}
    for name in _QUESTIONS:
        with stage.house() as house:
            rate = asyncio.run(_read(house, name, count))
            raws = _raws(house.db, name)
        with stage.house() as house:
            limit = _stored(house.db, name, raws)
        found |= {
            f"{name}_per_s": round(rate),
            f"{name}_intake_per_s": round(limit),
            f"{name}_share_of_intake": round(rate / limit, 3),
        }
    return found


async def _read(house: House, name: str, count: int) -> float:
    vendor = Vendor(name, house.folder, free_port())
    process = await vendor.start()
    try:
        environ = vendor.environ(vendor.port)
        first = house.daemon("receive", **environ)
        # A reader that comes for the first time may begin with what is said from then on.
        while not (known := _kept(house.db)):
            await vendor.ask("says", **{WHO[name]: FIRST_USER, "text": "Is anybody there?"})
            await asyncio.sleep(1)
        first.stop()
        await _fill(vendor, count)
        asked = await _asked(vendor)
        house.daemon("receive", **environ)
        began = await _begun(vendor, asked)
        await _until(house.db, known + count)
        return count / (time.monotonic() - began)
    finally:
        process.kill()
        await process.wait()


async def _begun(vendor: Vendor, asked: int) -> float:
    """When it asks again: from there on it is measured, for the start of a process is the same for any number."""
    while await _asked(vendor) == asked:  # noqa: ASYNC110 - the vendor has no bell to ring for us
        await asyncio.sleep(0.005)
    return time.monotonic()


async def _asked(vendor: Vendor) -> int:
    """How often the vendor was asked for updates."""
    return int((await vendor.ask("requests")).get(_QUESTIONS[vendor.name], 0))


async def _fill(vendor: Vendor, count: int) -> None:
    """Have so much said, while nobody listens."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def say(number: int) -> None:
        async with turns:
            who = FIRST_USER + number % _PEOPLE
            await vendor.ask("says", **{WHO[vendor.name]: who, "text": f"Где мой заказ №{number}? I want it back."})

    await asyncio.gather(*(say(number) for number in range(count)))


async def _until(db: Database, count: int) -> None:
    await asyncio.to_thread(_wait, db, count)


def _wait(db: Database, count: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while _kept(db) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{_kept(db)} updates are stored, not {count}")
        time.sleep(0.02)


def _kept(db: Database) -> int:
    with db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(INBOX)).scalar_one())


def _raws(db: Database, channel: str) -> list[Raw]:
    query = select(INBOX).where(INBOX.c.channel == channel).order_by(INBOX.c.id)
    with db.read() as tx:
        return [Raw(row.external_id, row.address, bytes(row.data)) for row in tx.execute(query)]


def _stored(db: Database, channel: str, raws: list[Raw]) -> float:
    began = time.monotonic()
    for at in range(0, len(raws), _BATCH):
        store(db, channel, Batch(raws[at : at + _BATCH], str(at)))
    return len(raws) / (time.monotonic() - began)
