"""Bots Long Poll: the loop that reads events, and what it does when VK has forgotten where we were."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import aiohttp

import log
from connectors.base import Batch, Denied, Raw, Rejected, Unavailable
from connectors.vk import addresses
from connectors.vk.calls import Calls, Unclear
from connectors.vk.cropped import completed
from connectors.vk.events import raw_of
from connectors.vk.fields import Json, number, record
from connectors.vk.gap import LOOK_BACK, LOST, Place, gap
from connectors.vk.messages import body_of

_log = log.get(__name__)

# Seconds VK holds a poll back when nothing happens, and how much longer its answer may take.
_WAIT, _PATIENCE = 25, 10
# Seconds between polls that failed, or that VK answered with a failure; after the last of them the reader starts anew.
_PAUSES = (0.5, 1.0, 2.0)
_SWITCH_ON = "switch Long Poll API on in the community's settings under API usage, and give the key the right `manage`"


class _Server(NamedTuple):
    url: str
    key: str
    ts: str


class LongPoll:
    """Reads the events of one community."""

    def __init__(self, calls: Calls, http: aiohttp.ClientSession, group_id: int) -> None:
        self._calls, self._http, self._group_id = calls, http, group_id

    async def batches(self, cursor: str | None) -> AsyncIterator[Batch]:
        """See Receive. Without a cursor it begins now."""
        server = await self._server()
        if cursor is None:
            place = Place(server.ts, int(time.time()))
            yield Batch([], place.cursor())
        else:
            place = Place.read(cursor)
            if not place.ts:
                place = place._replace(at=place.at - LOOK_BACK)
        failures = 0
        while True:
            # Where events were pushed before, there is no place among them.
            answer: Json = await self._poll(server, place.ts) if place.ts else {"failed": 3}
            failed = answer.get("failed")
            if failed is None:
                failures = 0
                before, place = place, _after(place, answer)
                if answer["updates"] or place != before:
                    events = await completed(self._calls, answer["updates"])
                    yield Batch([_raw(event) for event in events], place.cursor())
                continue
            if failed == 4:
                raise Denied("VK's Long Poll does not know the version 3 of its protocol any more; update Okno")
            await _rest(failures)
            failures += 1
            if failed != 1:
                server = await self._server()
            if failed != 2:
                # What is said from here on comes by events again: the place is taken first.
                place = Place(str(answer["ts"]) if failed == 1 else server.ts, place.at)
                _log.warning("vk.gap", since=place.at, lost=f"{LOST} that fell into it")
                async for batch in gap(self._calls, self._group_id, place):
                    yield batch
                    place = Place.read(batch.cursor) if batch.cursor else place

    async def _server(self) -> _Server:
        try:
            answer = await self._calls.call("groups.getLongPollServer", group_id=self._group_id)
        except Rejected as error:
            raise Denied(f"VK gives no events: {_SWITCH_ON}: {error}") from None
        return _Server(str(answer["server"]), str(answer["key"]), str(answer["ts"]))

    async def _poll(self, server: _Server, ts: str) -> Json:
        """The answer to one poll. Raises Unavailable when several in a row get none."""
        for pause in _PAUSES:
            try:
                return await self._ask(server, ts)
            except (aiohttp.ClientError, TimeoutError, Unclear) as error:
                _log.info("vk.poll_failed", error=type(error).__name__, again_in=pause)
                await asyncio.sleep(pause)
        raise Unavailable("VK's Long Poll server does not answer")

    async def _ask(self, server: _Server, ts: str) -> Json:
        params = {"act": "a_check", "key": server.key, "ts": ts, "wait": str(_WAIT)}
        patience = aiohttp.ClientTimeout(total=_WAIT + _PATIENCE, sock_connect=_PATIENCE)
        async with self._http.get(server.url, params=params, timeout=patience, allow_redirects=False) as response:
            body = await response.read()
            if response.status != 200:
                raise Unclear(f"HTTP {response.status}")
        return _answer(body)


async def _rest(failures: int) -> None:
    """Wait before another failure of a row is dealt with; the first one is an every-day thing."""
    if failures > len(_PAUSES):
        raise Unavailable("VK's Long Poll server refuses every poll")
    if failures:
        await asyncio.sleep(_PAUSES[failures - 1])


def _answer(body: bytes) -> Json:
    """The answer as an object that has what it needs; raises Unclear."""
    try:
        answer = json.loads(body)
    except ValueError:
        raise Unclear("no JSON") from None
    if not isinstance(answer, dict):
        raise Unclear("no object")
    failed = answer.get("failed")
    fits = isinstance(answer.get("updates"), list) if failed is None else failed in {1, 2, 3, 4}
    if not fits or (failed in {None, 1} and not isinstance(answer.get("ts"), int | str)):
        raise Unclear("no answer of Long Poll")
    return answer


def _after(place: Place, answer: Json) -> Place:
    times = [number(body_of(record(event, "object")), "date") for event in answer["updates"] if isinstance(event, dict)]
    # A time to come would hide a gap.
    return Place(str(answer["ts"]), max([place.at, *(at for at in times if at <= time.time())]))


def _raw(event: Any) -> Raw:
    """The raw of an event; what is none is kept all the same, and parked by whoever reads it."""
    if isinstance(event, dict):
        return raw_of(event, datetime.now(UTC))
    data = json.dumps(event).encode()
    key = addresses.event_key(hashlib.sha256(data).hexdigest())
    return Raw(key, key, data)
