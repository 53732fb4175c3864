"""The servers underneath: PostgreSQL and Redis of the run's own, that can be killed, frozen and started again."""

import abc
import asyncio
import os
import random
import shutil
import signal
import socket
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from pathlib import Path

import psycopg
import redis.asyncio

_START_SECONDS = 30.0
# Ports are looked for among so many from here on, below those that the kernel gives to connections that go out.
_LOWEST, _MANY = 10_000, 20_000
_given: set[int] = set()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on, nor any connection gets that goes out before somebody does.

    The daemons make many of those while the outside world is still to begin.
    """
    chance = random.SystemRandom()
    while True:
        port = _LOWEST + chance.randrange(_MANY)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def dies_with_us(*how: str) -> list[str]:
    """The beginning of a command whose process ends when ours does, however that ends."""
    return [shutil.which("setpriv") or "setpriv", "--pdeathsig", "KILL", *how]


def postgresql_programs() -> Path | None:
    """The newest installed PostgreSQL's programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    if found:
        return found[-1]
    path = shutil.which("initdb")
    return Path(path).parent if path else None


class Server(abc.ABC):
    """A process on a port that is started, killed and frozen from outside."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command(), stdin=DEVNULL, stdout=log, stderr=log, cwd=self._folder, process_group=0
            )
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not await self._answers():
            if self._process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise RuntimeError((self._folder / "server.log").read_text())
            await asyncio.sleep(0.05)

    async def stop(self, how: signal.Signals) -> None:
        """Signal it and wait for its end; nothing happens when it does not run."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(how)
        await self._process.wait()

    async def freeze(self, seconds: float) -> None:
        """Stop it in its tracks for a while."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    @abc.abstractmethod
    def _command(self) -> list[str]:
        """What starts it."""

    @abc.abstractmethod
    async def _answers(self) -> bool:
        """Whether it can be used by now."""


class Postgres(Server):
    """A cluster in `folder`; not durable against a power cut, which nobody here can cause."""

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__(folder)
        self._programs = programs
        self._prefix = dies_with_us()
        if os.geteuid() == 0:
            self._prefix += ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]

    async def create(self) -> None:
        """Make the cluster."""
        self._folder.mkdir(parents=True)
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        arguments = ["-D", "data", "-U", "postgres", "--no-sync", "--locale=C.UTF-8", "--auth=trust"]
        init = await asyncio.create_subprocess_exec(
            *self._prefix, str(self._programs / "initdb"), *arguments, stdout=DEVNULL, cwd=self._folder
        )
        if await init.wait():
            raise RuntimeError("initdb failed")

    def url(self, port: int) -> str:
        """The address of the database, at this port."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"

    async def restart_immediately(self) -> None:
        """As `pg_ctl restart -m immediate`: no goodbye to anybody, and crash recovery at the start."""
        await self.stop(signal.SIGQUIT)
        await self.start()

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "fsync": "off",
            "restart_after_crash": "on",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [*self._prefix, str(self._programs / "postgres"), "-D", "data", *options]

    async def _answers(self) -> bool:
        try:
            await asyncio.to_thread(self._knock)
        except psycopg.OperationalError:
            return False
        return True

    def _knock(self) -> None:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{self.port}/postgres", connect_timeout=2).close()


class Redis(Server):
    """A Redis that keeps nothing on disk."""

    async def flush(self) -> None:
        """FLUSHALL."""
        async with redis.asyncio.Redis(port=self.port) as client:
            await client.flushall()

    def _command(self) -> list[str]:
        program = shutil.which("redis-server") or "redis-server"
        return [*dies_with_us(), program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]

    async def _answers(self) -> bool:
        try:
            async with redis.asyncio.Redis(port=self.port) as client:
                await client.get("anything")
                return True
        except redis.ConnectionError:
            return False
