"""What tasks cost: extraction alone, and reading the messages of a full pipeline for them."""

import json
import random
import subprocess
import sys
from typing import Any

from sqlalchemy import func, select

from storage import shards
from storage.db import Database
from storage.tasks import TASKS
from tests.bench import load, ordinary
from tests.bench.house import House, Stage
from tests.bench.pipeline import drained, keep, worked_off
from tests.chaos.daemons import ROOT

# Messages of each visitor, as in the conversations of `extraction`.
_EACH = 8


def measure(stage: Stage) -> dict[str, Any]:
    """Processor time a message, of extraction, of the drain, and of reading for tasks; and how fast all that is."""
    alone = _extraction(stage.size(40_000, 2_000))
    count = stage.size(60_000, 3_000)
    with stage.house() as house:
        _keep(house, count, 0)
        into_dialogs = drained(stage, house, count)
        read = worked_off(stage, house, count, [shards.TRIAGE])
        found = _tasks(house.db)
        _keep(house, count, count)
        both = worked_off(stage, house, count, [shards.INBOX, shards.TRIAGE], "-m", "tests.bench.timed")
        inside = sum(json.loads(log.read_text().splitlines()[-1])["seconds"] for log in both.logs)
        if _tasks(house.db) < found * 3 // 2:
            raise RuntimeError("tasks are missing: what was measured is worth nothing")
    return {
        "messages": count,
        "extraction_per_s": round(alone["messages"] / alone["seconds"]),
        "extraction_cpu_us": round(alone["seconds"] / alone["messages"] * 1e6),
        "extraction_peak_mb": round(alone["peak_mb"], 1),
        "slowest_ms": round(alone["slowest_s"] * 1000),
        "tasks_a_message": round(found / count, 2),
        "drained_per_s": round(into_dialogs.rate),
        "drained_cpu_us": into_dialogs.cost(),
        "read_per_s": round(read.rate),
        "read_cpu_us": read.cost(),
        "added_cpu_us": sum(read.cost().values()),
        "both_per_s": round(both.rate),
        "both_cpu_us": both.cost(),
        "inside_cpu_us": round(inside / count * 1e6),
    }


def _extraction(count: int) -> dict[str, Any]:
    called = [sys.executable, "-m", "tests.bench.extraction", str(count)]
    done = subprocess.run(called, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _keep(house: House, count: int, first: int) -> None:
    """Of so many visitors, whose numbers begin there, in a random order."""
    chance = random.Random(13)
    people = [load.visitor(first + number) for number in range(count // _EACH)]
    texts = enumerate(ordinary.texts(count), first)
    keep(house, (load.raw(house.chat, chance.choice(people), f"o{number}", text) for number, text in texts))


def _tasks(db: Database) -> int:
    with db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(TASKS)).scalar_one())
