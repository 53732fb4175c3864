"""What raws that cannot be read, and one that kills who reads it, do to the messages of everybody else."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
from sqlalchemy import select

from connectors.base import Raw
from storage.db import Database
from storage.inbox import INBOX, PARKED, shard_of
from tests.bench.house import House, Stage
from tests.bench.pipeline import await_empty
from tests.bench.steady import Crowd, Watch, await_seen, delays
from tests.chaos.daemons import ROOT
from tests.fakes.channel import SECRET, raw

_RATE, _VISITORS = 100, 200
# Seconds of writing, and those before the first poison; then comes one a second for half of the time that is left.
_SECONDS, _WARM = 20, 2
# Good ones that come in one commit with each poison, and share its shard.
_NEIGHBOURS = 5
_SHOP, _POISON = "shop", "poison"
# workers.py, with the kind that knows poison.
_PROGRAM = ("-m", "tests.fakes.channel")
# What the supervisor says of a worker's.
_DEATH = "process.ended"


def measure(stage: Stage) -> dict[str, Any]:
    """The good ones' delay from acceptance to storage, how often the killer was started, and who was parked."""
    seconds = stage.size(_SECONDS, _WARM + 6)
    with stage.house(embedded=stage.kind == "sqlite") as house:
        environ = {
            # What `all` starts is found by its path.
            "PYTHONPATH": str(ROOT),
            "OKNO_CHANNELS__SHOP__KIND": "fake",
            "OKNO_CHANNELS__SHOP__WORLD": str(house.folder / "world"),
        }
        everything = house.everything(*_PROGRAM, **environ)
        crowd = Crowd(house, _VISITORS, _RATE)
        with Watch(house.db) as watch:
            poisons = asyncio.run(_write(house, crowd, seconds))
            await_empty(house.db)
            stored = await_seen(watch, crowd)
        parked, deaths = _parked(house.db), everything.log.read_text().count(_DEATH)
    innocents = [key for key in parked if _POISON not in key]
    if len(parked) - len(innocents) != poisons:
        raise RuntimeError(f"of {poisons} poisons {parked} are parked")
    waited = delays(crowd.accepted, stored)
    return {
        "messages": len(waited),
        "poisons": poisons,
        "longest_s": round(waited[-1] / 1000, 2),
        "killer_starts": deaths,
        "innocents_parked": len(innocents),
    }


async def _write(house: House, crowd: Crowd, seconds: int) -> int:
    """The crowd writes; meanwhile poison comes in, the second of which kills. How many there were."""
    async with aiohttp.ClientSession(house.address, raise_for_status=True) as http:
        writing = asyncio.create_task(crowd.write(seconds))
        await crowd.begun.wait()
        await asyncio.sleep(_WARM)
        poisons = max(3, (seconds - _WARM) // 2)
        for number in range(poisons):
            await _push(http, crowd, number, "kill" if number == 1 else "raise")
            await asyncio.sleep(1)
        await writing
    return poisons


async def _push(http: aiohttp.ClientSession, crowd: Crowd, number: int, how: str) -> None:
    """One commit: a poison, and good ones of its shard before and after it."""
    bad = f"bad{number}"
    good = [
        raw(name, f"good{number}-{place}")
        for place, name in enumerate(itertools.islice(_neighbours(bad), 2 * _NEIGHBOURS))
    ]
    raws = [*good[:_NEIGHBOURS], raw(bad, f"{_POISON}{number}", poison=how), *good[_NEIGHBOURS:]]
    async with http.post(f"/hooks/{_SHOP}", json=[_told(one) for one in raws], headers={"x-secret": SECRET}) as answer:
        await answer.read()
    at = time.monotonic()
    crowd.accepted.update({one.external_id.rpartition(":")[2]: at for one in good})


def _told(one: Raw) -> dict[str, str]:
    return {"id": one.external_id, "hint": one.address_hint, "data": one.data.decode()}


def _neighbours(address: str) -> Iterator[str]:
    """Others of the same shard."""
    shard = shard_of(_SHOP, address)
    names = (f"n{number}" for number in itertools.count())
    return (name for name in names if shard_of(_SHOP, name) == shard)


def _parked(db: Database) -> list[str]:
    """The keys of what is parked."""
    query = select(INBOX.c.external_id).join(PARKED, PARKED.c.inbox_id == INBOX.c.id)
    with db.read() as tx:
        return list(tx.execute(query).scalars())
