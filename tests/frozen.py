"""Processes that stand still, as a machine under pressure or a debugger leaves them."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url


@contextlib.contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """These stand still, as far as they still live."""
    try:
        for pid in pids:
            _send(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            _send(pid, signal.SIGCONT)


def postgres(url: str) -> list[int]:
    """Every process of the server that listens in the folder the address names."""
    folder = make_url(url).query["host"]
    first = int(Path(f"{folder}/data/postmaster.pid").read_text().split()[0])
    return [first, *children(first)]


def children(pid: int) -> list[int]:
    """The processes a process has started itself."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _send(pid: int, number: signal.Signals) -> None:
    # One of them may have ended since they were counted; the others must not be left as they are for that.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
