"""Installations to measure: each on a database of its own, its processes started as an administrator starts them."""

import itertools
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psycopg
from sqlalchemy import make_url

import settings as config
from connectors.abilities import Chat
from connectors.registry import Channels
from pipeline.daemons import open_database
from settings import Settings
from storage import keys
from storage.db import Database
from tests.bench import proc, servers
from tests.chaos.daemons import ROOT
from tests.chaos.servers import dies_with_us, free_port

CHANNEL = "site"
_START_SECONDS, _STOP_SECONDS = 60.0, 40.0
_PIPELINE = ("work", "pipeline")


class Process:
    """A process of an installation; its output stands in a log of its own."""

    def __init__(self, arguments: list[str], environ: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                [*dies_with_us(), sys.executable, *arguments],
                cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """Of the process itself."""
        return self._popen.pid

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def await_line(self, words: str, times: int = 1) -> None:
        """Wait until its log holds these words so many times."""
        deadline = time.monotonic() + _START_SECONDS
        while self.log.read_text().count(words) < times:
            self.must_live(deadline, f"said {words!r}")
            time.sleep(0.02)

    def must_live(self, deadline: float, what: str) -> None:
        """Raises RuntimeError with its log when it has ended, or the deadline passed before it did `what`."""
        if not self.lives or time.monotonic() > deadline:
            raise RuntimeError(f"{self.log.stem} never {what}:\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """Ask it to stop; kill it if it does not."""
        self._popen.terminate()
        try:
            self._popen.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


class House:
    """One installation, closed as a whole."""

    def __init__(self, folder: Path, url: str, broker: str) -> None:
        """Migrates the database. Without `broker`, `all` starts its own."""
        self.folder, self.url, self.broker = folder, url, broker
        self.port = free_port()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OKNO_")},
            "OKNO_DATABASE__URL": url,
            "OKNO_STATE_DIR": str(folder / "var"),
            "OKNO_WEB__PORT": str(self.port),
            "OKNO_LOG__FORMAT": "json",
            **({"OKNO_BROKER__URL": broker} if broker else {}),
        }
        self._stack = ExitStack()
        self._numbers = itertools.count(1)
        self.run("migrate")
        self.settings: Settings = config.load(self.environ)
        self.db: Database = open_database(self.settings)
        self._stack.callback(self.db.close)
        # What the chat's sessions are signed with: the same for all its processes.
        self.key = self.db.write(lambda tx: keys.get(tx, keys.SESSIONS))
        self.chat = cast(Chat, Channels(self.settings.channels)[CHANNEL])

    def run(self, *command: str) -> str:
        """What one of the tools prints."""
        called = [sys.executable, "workers.py", *command]
        done = subprocess.run(called, cwd=ROOT, env=self.environ, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def start(self, *arguments: str, **environ: str) -> Process:
        """Start Python with these arguments; it ends with the installation."""
        log = self.folder / f"{next(self._numbers)}.log"
        process = Process(list(arguments), {**self.environ, **environ}, log)
        self._stack.callback(process.stop)
        return process

    def daemon(self, *command: str, **environ: str) -> Process:
        """Start `python workers.py COMMAND`; `environ` is what it gets besides."""
        return self.start("workers.py", *command, **environ)

    def web(self, *arguments: str) -> Process:
        """Start the web process, or another server in its place, and wait until it answers."""
        process = self.start(*(arguments or ("workers.py", "web")))
        self.await_web(process)
        return process

    def worker(self, *program: str, **environ: str) -> Process:
        """Start a pipeline worker, or another program in its place, and wait until it is ready."""
        process = self.start(*(program or ("workers.py", *_PIPELINE)), **environ)
        process.await_line("worker.ready")
        return process

    def everything(self, *program: str, **environ: str) -> Process:
        """Start `python workers.py all`, or the `all` of another program, and wait until all of it is ready."""
        process = self.start(*(program or ("workers.py",)), "all", **environ)
        self.await_web(process)
        process.await_line("worker.ready", self.settings.work.pipeline + self.settings.work.deliver)
        return process

    def await_web(self, process: Process) -> None:
        """Wait until the web process says that it is ready."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                process.must_live(deadline, "became ready")
                time.sleep(0.05)

    @property
    def address(self) -> str:
        """Where its web process answers."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """End all its processes, the newest first."""
        self._stack.close()


@dataclass(frozen=True)
class Stage:
    """One kind of database, on which installations are set up."""

    kind: str
    folder: Path
    broker: servers.Server
    cluster: servers.Server | None
    quick: bool
    # A folder with mails to measure with, in place of made ones.
    corpus: Path | None = None

    def database_cpu(self) -> float:
        """Seconds of processor time the database's own processes have taken."""
        return proc.cpu_seconds(proc.family(self.cluster.pid)) if self.cluster else 0.0

    def size(self, full: int, quick: int) -> int:
        """How much of something: all of it, or as little as shows that the benchmark works."""
        return quick if self.quick else full

    @contextmanager
    def house(self, *, embedded: bool = False) -> Iterator[House]:
        """A new installation, thrown away afterwards; `embedded` has the broker that comes with it."""
        folder = self.folder / f"{self.kind}-{time.monotonic_ns()}"
        folder.mkdir()
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            house = House(folder, self._database(folder, stack), "" if embedded else self.broker.url)
            stack.callback(house.close)
            yield house

    def _database(self, folder: Path, stack: ExitStack) -> str:
        if self.cluster is None:
            return f"sqlite:///{folder / 'okno.db'}"
        name = folder.name.replace("-", "_")
        url = make_url(self.cluster.url)
        plain = url.set(drivername="postgresql").render_as_string()
        admin = stack.enter_context(psycopg.connect(plain, autocommit=True))
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        stack.callback(lambda: admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode()))
        return url.set(database=name).render_as_string()


@contextmanager
def stage(kind: str, folder: Path, *, quick: bool, corpus: Path | None = None) -> Iterator[Stage]:
    """The servers for one kind of database: "postgresql" or "sqlite", each with a Redis."""
    with ExitStack() as stack:
        broker = stack.enter_context(servers.broker(folder / f"redis-{kind}"))
        cluster = stack.enter_context(servers.postgresql(folder / "cluster")) if kind == "postgresql" else None
        yield Stage(kind, folder, broker, cluster, quick, corpus)
