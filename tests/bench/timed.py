"""`work pipeline` with a clock around extraction: what it takes inside a process that does all else too.

Run in the place of `python workers.py work pipeline`. Its last line of output is one JSON object: how many seconds of
processor time its thread took to find tasks in messages, without looking anything up or writing it down.
"""

import json
import sys
import time
from collections.abc import Sequence

import log
import settings as config
from pipeline import daemons, queues
from pipeline.stopping import Stop
from tasks.extract.model import Change, New, Said
from tasks.sheet import Sheet

_found = Sheet.found
_spent: list[float] = []


def _timed(self: Sheet, before: Sequence[Said], said: Said) -> Sequence[New | Change]:
    began = time.thread_time()
    changes = _found(self, before, said)
    _spent.append(time.thread_time() - began)
    return changes


if __name__ == "__main__":
    loaded = config.load()
    log.configure(loaded.log.level, loaded.log.format)
    Sheet.found = _timed  # type: ignore[method-assign]
    daemons.work(loaded, Stop().on_signals(), [queues.PIPELINE])
    sys.stdout.write(json.dumps({"seconds": sum(_spent)}) + "\n")
