"""The watchdog: ends the process when something in it takes beyond any use, as a raw does that is read without end."""

import faulthandler
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# The timer is the process's own, and there is one of it.
_guard = threading.Lock()
_until: dict[int, float] = {}


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    """What is done here ends within so many seconds, or the process does, after it has told where its threads stand.

    The timer belongs to the C library: it goes off even if what hangs keeps the interpreter to itself, as a regular
    expression does.
    """
    me = threading.get_ident()
    _set(me, time.monotonic() + seconds)
    try:
        yield
    finally:
        _set(me, None)


def _set(thread: int, until: float | None) -> None:
    with _guard:
        if until is None:
            del _until[thread]
        else:
            _until[thread] = until
        if _until:
            faulthandler.dump_traceback_later(max(0.001, min(_until.values()) - time.monotonic()), exit=True)
        else:
            faulthandler.cancel_dump_traceback_later()
