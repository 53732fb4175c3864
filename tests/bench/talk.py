"""A message typed in the chat until the console shows it, and the reply until the chat does: over HTTP alone."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import aiohttp
import orjson

from tests.bench import load
from tests.bench.house import CHANNEL, House, Stage
from tests.bench.post import open_session
from tests.bench.steady import percentile

_EXCHANGES = 100
# Seconds after which nothing comes any more.
_PATIENCE = 30.0


def measure(stage: Stage) -> dict[str, Any]:
    """Milliseconds from the first byte of the POST until the other side has read it in his stream of events."""
    with stage.house(embedded=stage.kind == "sqlite") as house:
        operator = house.run("operator", "add", "Bench").strip()
        house.everything()
        there, back = asyncio.run(_talk(house, operator, stage.size(_EXCHANGES, 10)))
    return {"exchanges": len(there), **_figures("there", there), **_figures("back", back)}


async def _talk(house: House, operator: str, count: int) -> tuple[list[float], list[float]]:
    visitor, staff = ({"authorization": f"Bearer {token}"} for token in (open_session(house), operator))
    there, back = [], []
    async with (
        aiohttp.ClientSession(house.address, timeout=aiohttp.ClientTimeout(None), raise_for_status=True) as http,
        http.get("/v1/events", headers={**staff, "accept": "text/event-stream"}) as console,
        http.get(f"/chat/{CHANNEL}/events", headers=visitor) as chat,
    ):
        for number, text in enumerate(load.texts(count)):
            began = time.monotonic()
            await _post(http, f"/chat/{CHANNEL}/messages", visitor, {"id": f"talk{number}", "text": text})
            seen = await _told(console, partial(_holds, "type", "message.received"))
            there.append((time.monotonic() - began) * 1000)
            reply, began = f"reply {number}", time.monotonic()
            await _post(http, f"/v1/dialogs/{seen['dialog']}/messages", staff, {"text": reply})
            await _told(chat, partial(_holds, "text", reply))
            back.append((time.monotonic() - began) * 1000)
    return sorted(there), sorted(back)


async def _post(http: aiohttp.ClientSession, path: str, headers: Mapping[str, str], body: Mapping[str, str]) -> None:
    async with http.post(path, json=body, headers=headers) as answer:
        await answer.read()


def _holds(name: str, value: str, event: Mapping[str, Any]) -> bool:
    return bool(event.get(name) == value)


async def _told(stream: aiohttp.ClientResponse, wanted: Callable[[Any], bool]) -> Any:
    """The next event of this kind; raises TimeoutError, or RuntimeError when the stream ends before."""
    async with asyncio.timeout(_PATIENCE):
        async for line in stream.content:
            if line.startswith(b"data: ") and wanted(found := orjson.loads(line.removeprefix(b"data: "))):
                return found
    raise RuntimeError("a stream of events ended")


def _figures(way: str, values: Sequence[float]) -> dict[str, float]:
    found = {f"{way}_p{percent}_ms": percentile(values, percent) for percent in (50, 99)}
    return {**found, f"{way}_max_ms": round(values[-1], 1)}
