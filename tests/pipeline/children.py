"""Processes of a test's own: forks of it, so that they start in milliseconds and can be killed like any other."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from storage import leases

PATIENCE = 30.0


class Child:
    """A fork that runs `work` and ends; with exit status 1 and a traceback where `work` raises."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.pid = os.fork()
        if self.pid:
            return
        status = 1
        try:
            # What the parent remembers of itself is not true of its child.
            leases.me.cache_clear()
            work()
            status = 0
        except BaseException:  # noqa: BLE001 - a child must never run on into the parent's test
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)

    def wait(self, patience: float = PATIENCE) -> int:
        """Its exit status, negative for the signal that ended it; fails the test if it does not end."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        self.kill()
        raise AssertionError("the process did not end")

    def kill(self) -> None:
        """End it the hard way, and bury it."""
        self.signal(signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)


def crew(count: int, work: Callable[[], object]) -> None:
    """Run `work` in so many processes at once; each must end well."""
    children = [Child(work) for _ in range(count)]
    assert [child.wait() for child in children] == [0] * count


@contextmanager
def holding(work: Callable[[], object]) -> Iterator[Child]:
    """A process that has run `work` and lives on, doing nothing, until the block ends."""
    ready, said = os.pipe()

    def run() -> None:
        work()
        os.write(said, b".")
        signal.pause()

    child = Child(run)
    os.close(said)
    try:
        assert os.read(ready, 1) == b".", "the process ended early"
        yield child
    finally:
        os.close(ready)
        _end(child)


def _end(child: Child) -> None:
    try:
        child.kill()
    except (ProcessLookupError, ChildProcessError):
        # The test has done so itself.
        return
