"""From the acceptance of a message to the message in its dialog, at a quiet 100 messages a second."""

import asyncio
from typing import Any

from tests.bench.house import Stage
from tests.bench.steady import Crowd, Watch, await_seen, delays, summary

RATE, _VISITORS = 100, 200
# Seconds of writing, of which the first are not counted.
_SECONDS, _WARM = 22, 2


def measure(stage: Stage) -> dict[str, Any]:
    """Milliseconds from the 202 that the client has read until another connection sees the message."""
    seconds = stage.size(_SECONDS, _WARM + 4)
    with stage.house(embedded=stage.kind == "sqlite") as house:
        house.everything()
        crowd = Crowd(house, _VISITORS, RATE)
        with Watch(house.db) as watch:
            asyncio.run(crowd.write(seconds))
            stored = await_seen(watch, crowd)
    began = min(crowd.accepted.values()) + _WARM
    counted = {key: at for key, at in crowd.accepted.items() if at >= began}
    return {"messages": len(counted), "rate_per_s": RATE, **summary(delays(counted, stored))}
