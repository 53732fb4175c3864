"""The daemons under test: started as an administrator would, watched as systemd would."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.servers import dies_with_us

ROOT = Path(__file__).parents[2]
# What systemd's units say: start again at once, and kill what does not stop.
_RESTART_AFTER = 0.2
STOP_SECONDS = 30.0


class Daemon:
    """One process of a kind; it is started again whenever it ends, until it is told to stop."""

    def __init__(self, kind: str, command: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self.kind = kind
        # Ends nobody here asked for: the process gave up on its own.
        self.gave_up = 0
        # Times it did not stop when asked to.
        self.stuck = 0
        self._command = [*dies_with_us(), sys.executable, str(ROOT / "workers.py"), *command]
        self._environ, self._log = environ, log
        self._process: Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._struck = False
        self._stopping = False

    async def start(self) -> None:
        """Start it, and watch it from now on."""
        await self._spawn()
        self._watch = asyncio.create_task(self._restart_always())

    def signal(self, how: signal.Signals) -> bool:
        """Send a signal to the whole process group; an end that follows was asked for. False if it runs not."""
        if self._process is None or self._process.returncode is not None:
            return False
        self._struck = self._struck or how in (signal.SIGKILL, signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
            return True
        return False

    async def restart(self) -> bool:
        """Ask it to stop, and kill it if it does not; it is started again either way. False if it runs not."""
        process = self._process
        if process is None or not self.signal(signal.SIGTERM):
            return False
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.stuck += 1
            self.signal(signal.SIGKILL)
        return True

    async def stop(self) -> None:
        """Stop it for good."""
        self._stopping = True
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        if self._watch is None:
            return
        try:
            await asyncio.wait_for(asyncio.shield(self._watch), STOP_SECONDS)
        except TimeoutError:
            self.stuck += 1
            self.signal(signal.SIGKILL)
            await self._watch

    async def hold_down(self) -> None:
        """Kill it, and leave it dead until `start`."""
        self._stopping = True
        self.signal(signal.SIGKILL)
        if self._watch is not None:
            await self._watch
        self._stopping = False

    async def _spawn(self) -> None:
        self._struck = False
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=DEVNULL, stdout=log, stderr=log, env=self._environ, process_group=0
            )

    async def _spawn_again(self) -> None:
        await asyncio.sleep(_RESTART_AFTER)
        if not self._stopping:
            await self._spawn()

    async def _restart_always(self) -> None:
        while (process := self._process) is not None:
            await process.wait()
            # As a control group would: nobody of the group lives on.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if self._stopping:
                return
            self.gave_up += not self._struck
            await self._spawn_again()


class Fleet:
    """All daemons of a run."""

    def __init__(self, daemons: Sequence[Daemon]) -> None:
        self.daemons = daemons

    def of(self, kind: str) -> list[Daemon]:
        """Those of a kind."""
        return [daemon for daemon in self.daemons if daemon.kind == kind]

    async def start(self) -> None:
        """Start them all."""
        for daemon in self.daemons:
            await daemon.start()

    async def stop(self) -> None:
        """Stop them all."""
        await asyncio.gather(*(daemon.stop() for daemon in self.daemons))
