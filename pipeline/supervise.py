"""Supervise: keep a set of processes running, restart what dies, and end them all together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import log

_log = log.get(__name__)

# A process that lives shorter than this waits twice as long before its next start, up to the longest wait.
_HEALTHY, _FIRST_WAIT, _LONGEST_WAIT = 10.0, 0.1, 1.0
# Seconds a child has to stop: a little more than it gives itself (stopping.DEADLINE), so that only one that cannot end
# itself is killed; and our own deadline, which comes after that and before a service manager's.
_GRACE, DEADLINE = 26.0, 29.0
PARENT_VARIABLE = "OKNO_SUPERVISOR"

Start = Callable[[], "subprocess.Popen[bytes]"]


def command(*arguments: str, **told: str) -> Start:
    """Start this program again with other arguments and these variables, as a child that ends with us."""

    def start() -> "subprocess.Popen[bytes]":
        environment = {**os.environ, **told, PARENT_VARIABLE: str(os.getpid())}
        return subprocess.Popen(
            [sys.executable, sys.argv[0], *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            # A Ctrl-C reaches the supervisor alone; it ends the others in order.
            start_new_session=True,
        )

    return start


@dataclass
class _Child:
    name: str
    start: Start
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    wait: float = _FIRST_WAIT
    restart_at: float = field(default=0.0)


class Supervisor:
    """Runs children until told to stop. All of it happens in the calling thread."""

    def __init__(self, daemons: Sequence[tuple[str, Start]], servers: Sequence[tuple[str, Start]] = ()) -> None:
        """All are started in order, `servers` before the `daemons` that need them."""
        self._servers = [_Child(name, start) for name, start in servers]
        self._daemons = [_Child(name, start) for name, start in daemons]

    def tick(self) -> None:
        """Start what is not running and due."""
        at = time.monotonic()
        for child in (*self._servers, *self._daemons):
            if child.process is not None and child.process.poll() is not None:
                self._buried(child, at)
            if child.process is None and at >= child.restart_at:
                child.process, child.started = child.start(), at

    def stop(self) -> None:
        """End all, politely, and what does not listen by force: the daemons at once, and then what served them."""
        deadline = time.monotonic() + _GRACE
        self._end(self._daemons, deadline)
        self._end(self._servers, deadline)

    def _buried(self, child: _Child, at: float) -> None:
        assert child.process is not None
        lived = at - child.started
        child.wait = _FIRST_WAIT if lived > _HEALTHY else min(child.wait * 2, _LONGEST_WAIT)
        child.restart_at = at + child.wait
        _log.warning("process.ended", process=child.name, status=child.process.returncode, lived=round(lived, 1))
        child.process = None

    def _end(self, children: Sequence[_Child], deadline: float) -> None:
        running = [child.process for child in children if child.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
