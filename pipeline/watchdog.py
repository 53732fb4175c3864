"""The watchdog: ends the process when something in it takes beyond any use, as a raw does that is read without end."""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import log

_log = log.get(__name__)

# The timer is the process's own, and there is one of it.
_guard = threading.Lock()
_until: dict[int, float] = {}
# Set in a process that has no timer: forked while it ran, or without a place to tell or a thread for it.
_unwatched = threading.Event()


@contextmanager
def watched(seconds: float) -> Iterator[None]:
    """What is done here ends within so many seconds, or the process does, after it has told where its threads stand.

    The timer belongs to the C library: it goes off even if what hangs keeps the interpreter to itself, as a regular
    expression does.
    """
    me = threading.get_ident()
    try:
        with _guard:
            _until[me] = time.monotonic() + seconds
            _wind()
        yield
    finally:
        with _guard:
            _until.pop(me, None)
            _wind()


def _wind() -> None:
    """Set the timer for whoever is due first."""
    if _unwatched.is_set():
        return
    if not _until:
        faulthandler.cancel_dump_traceback_later()
        return
    try:
        left = min(_until.values()) - time.monotonic()
        # Not the stderr that a host of ours may have put in its place.
        faulthandler.dump_traceback_later(max(0.001, left), file=sys.__stderr__ or sys.stderr, exit=True)
    except (RuntimeError, ValueError, OSError) as error:
        # What is done here is not to blame, and goes on unwatched; a timer set before would end it all the same.
        _unwatched.set()
        faulthandler.cancel_dump_traceback_later()
        _log.warning("watchdog.missing", error=type(error).__name__)


def _forked() -> None:
    """The timer's thread did not come along, and whoever set the timer again would wait for its end for ever."""
    if _until:
        _until.clear()
        _unwatched.set()
    _guard.release()


os.register_at_fork(before=_guard.acquire, after_in_parent=_guard.release, after_in_child=_forked)
