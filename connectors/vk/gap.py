"""Gaps: how far events have come, and what is read from the history where VK has left some out."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import log
from connectors.base import Batch
from connectors.vk.backfill import missed
from connectors.vk.calls import Calls
from connectors.vk.events import as_event, raw_of
from connectors.vk.fields import number

_log = log.get(__name__)

# Raws of a gap that are stored together.
_BATCH = 500
# Seconds between two signs that we are there, and what a start looks back for beyond the last of them: the sign is of
# this machine's clock, and the messages of VK's.
_SIGN, LOOK_BACK = 60.0, 600
# What no history has.
LOST = "comments, reactions and edits"


class Place(NamedTuple):
    """How far the events have been read: VK's `ts`, empty where they are pushed, and the unix time of the newest."""

    ts: str
    at: int

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """The place a cursor names."""
        kept = json.loads(cursor)
        return cls(str(kept["ts"]), int(kept["at"]))

    def cursor(self) -> str:
        """The cursor that names the place."""
        return json.dumps(self._asdict())


async def gap(calls: Calls, group_id: int, place: Place) -> AsyncIterator[Batch]:
    """What the gap left out; the cursor moves with the last batch, so that a crash before it repeats the whole."""
    newest, count = place.at, 0
    async for messages in missed(calls, place.at):
        newest = max([newest, *(number(message, "date") for message in messages)])
        count += len(messages)
        now = datetime.now(UTC)
        raws = [raw_of(as_event(message, group_id), now) for message in messages]
        for start in range(0, len(raws), _BATCH):
            yield Batch(raws[start : start + _BATCH])
    _log.info("vk.gap_read", since=place.at, messages=count)
    yield Batch([], Place(place.ts, newest).cursor())


async def standing_by(calls: Calls, group_id: int, cursor: str | None) -> AsyncIterator[Batch]:
    """See Receive, where events are pushed: what came while nobody was there to take it, and signs that we are there.

    VK pushes an event a few times only. Most of what is read here it has pushed, or will: the same keys say so.
    """
    if cursor is not None:
        since = Place.read(cursor).at
        if time.time() - since > LOOK_BACK:
            _log.warning("vk.gap", since=since, lost=f"{LOST} VK has given up calling about")
        async for batch in gap(calls, group_id, Place("", since - LOOK_BACK)):
            yield batch
    while True:
        yield Batch([], Place("", int(time.time())).cursor())
        await asyncio.sleep(_SIGN)
