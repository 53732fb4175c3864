"""What the processes hold in memory: after their start, and after half a million messages have gone through them."""

import time
from typing import Any

from storage.db import Database
from tests.bench import proc
from tests.bench.house import Process, Stage
from tests.bench.pipeline import await_empty
from tests.bench.post import Door, stored_raws

_MESSAGES, _WARM_UP = 500_000, 50_000
_FEW, _FEWER = 10_000, 5_000
# Seconds of one volley.
_VOLLEY = 10
# A pipeline worker must not carry the library of a messenger: it would cost more than all the rest of it.
_HEAVY = "aiogram"


def measure(stage: Stage) -> dict[str, Any]:
    """Megabytes of resident memory of the web process and of one pipeline worker.

    Growth counts from the end of the warm-up to the end; both are taken when nothing waits.
    """
    warm_up, messages = stage.size(_WARM_UP, _FEWER), stage.size(_MESSAGES, _FEW)
    volley = stage.size(_VOLLEY, 2)
    with stage.house() as house:
        watched = {"web": house.web(), "worker": house.worker(PYTHONPROFILEIMPORTTIME="1")}
        started = _sizes(watched)
        door = Door(house)
        while stored_raws(house) < warm_up:
            door.shoot("messages", volley)
        warm, before = _quiet_sizes(house.db, watched), stored_raws(house)
        while stored_raws(house) < before + messages:
            door.shoot("messages", volley)
        ended, after = _quiet_sizes(house.db, watched), stored_raws(house)
        imported = watched["worker"].log.read_text()
    found: dict[str, Any] = {"messages": after - before, "worker_imports_aiogram": _HEAVY in imported}
    for name in watched:
        found[f"{name}_started_mb"] = round(started[name], 1)
        found[f"{name}_warm_mb"] = round(warm[name], 1)
        found[f"{name}_ended_mb"] = round(ended[name], 1)
        found[f"{name}_growth"] = round(ended[name] / warm[name] - 1, 4)
    return found


def _quiet_sizes(db: Database, watched: dict[str, Process]) -> dict[str, float]:
    await_empty(db)
    time.sleep(2)
    return _sizes(watched)


def _sizes(watched: dict[str, Process]) -> dict[str, float]:
    return {name: proc.resident(process.pid) for name, process in watched.items()}
