"""Extraction alone, on one core: messages of conversations, each read with what was said before it and its tasks.

A process of its own, which imports nothing else: `python -m tests.bench.extraction COUNT` prints what it measured.
"""

import gc
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tasks.calendar import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.model import Said
from tests.bench import ordinary
from tests.tasks.extract.hostile import CLAUSES, MARKS, filled

# Messages of a conversation, and those read before anything is counted: words are looked up in a dictionary once.
_LENGTH, _WARM = 8, 2_000
_BEGIN = datetime(2026, 11, 23, 10)  # noqa: DTZ001 - by the business's own clock


def _conversations(texts: Sequence[str]) -> list[list[Said]]:
    return [
        [
            Said(number, "client", _BEGIN + timedelta(minutes=at + number), text)
            for number, text in enumerate(texts[at : at + _LENGTH])
        ]
        for at in range(0, len(texts), _LENGTH)
    ]


def _slowest(calendar: Calendar) -> float:
    """Seconds that the dearest long message takes, behind two others."""
    before = [
        # With a slip: what mends those is built once, as a worker does before its first message.
        Said(0, "client", _BEGIN, "Пришлите счёт, пожалйста. Когда починят?"),
        Said(1, "operator", _BEGIN + timedelta(minutes=5), "Вышлю завтра"),
    ]
    tasks_of(before, calendar)
    dearest = 0.0
    for piece in (*MARKS, *CLAUSES):
        last = Said(2, "client", _BEGIN + timedelta(hours=1), filled(piece))
        began = time.process_time()
        tasks_of([*before, last], calendar)
        dearest = max(dearest, time.process_time() - began)
    return dearest


def _main() -> None:
    count = int(sys.argv[1])
    calendar = Calendar()
    found = _conversations(ordinary.texts(_WARM + count))
    warm = _WARM // _LENGTH
    for conversation in found[:warm]:
        tasks_of(conversation, calendar)
    # As a worker does once it is warm.
    gc.collect()
    gc.freeze()

    began = time.process_time()
    for conversation in found[warm:]:
        tasks_of(conversation, calendar)
    spent = time.process_time() - began
    # What `getrusage` tells is never less than what the process had that started this one.
    told = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in told.splitlines() if line.startswith("VmHWM")) * 1024 / 1e6
    print(json.dumps({"messages": count, "seconds": spent, "peak_mb": peak, "slowest_s": _slowest(calendar)}))


if __name__ == "__main__":
    _main()
