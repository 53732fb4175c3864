"""Okno's own commands as processes of a test: forks of it, with a channel `shop` of the fake kind."""

import contextlib
import json
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import workers
from tests.fakes.channel import World, register
from tests.pipeline.children import Child

ROOT = Path(workers.__file__).parent
PATIENCE = 30.0


class Said(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


class House:
    """An installation: its folder, its environment, and a channel `shop` of the fake kind."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.world = World(folder / "world")
        own = folder / "own.toml"
        own.write_text(f'[channels.shop]\nkind = "fake"\nworld = "{folder / "world"}"\n')
        self.environ = {
            # For the children of `all`, whose program stands in a folder of its own.
            "PYTHONPATH": str(ROOT),
            "OKNO_SETTINGS": str(own),
            "OKNO_STATE_DIR": str(folder / "var"),
            "OKNO_DATABASE__URL": url,
            "OKNO_LOG__FORMAT": "json",
            "OKNO_WEB__PORT": str(_free_port()),
        }
        self._daemons: list[Daemon] = []

    def start(self, *arguments: str, **environ: str) -> "Daemon":
        """A command, in a process of its own."""
        self._daemons.append(Daemon(self, arguments, {**self.environ, **environ}))
        return self._daemons[-1]

    def run(self, *arguments: str, **environ: str) -> Said:
        """The same, to its end."""
        daemon = self.start(*arguments, **environ)
        status = daemon.child.wait()
        return Said(status, daemon.out.read_text(), daemon.err.read_text())

    def ready(self) -> dict[str, Any]:
        """What the web process says of itself; nothing while it is not ready."""
        try:
            with urllib.request.urlopen(f"{self._address}/readyz", timeout=5) as answer:
                return dict(json.load(answer))
        except OSError:
            return {}

    def post(self, path: str, body: dict[str, str], token: str = "") -> tuple[int, dict[str, Any]]:
        """The status and the JSON of its answer."""
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self._address}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)

    @property
    def _address(self) -> str:
        return f"http://127.0.0.1:{self.environ['OKNO_WEB__PORT']}"

    def close(self) -> None:
        """End what still runs."""
        for daemon in self._daemons:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                daemon.child.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Daemon:
    """A running command, its output in files."""

    def __init__(self, house: House, arguments: tuple[str, ...], environ: Mapping[str, str]) -> None:
        number = len(list(house.folder.glob("*.out")))
        self.out, self.err = (house.folder / f"{number}.{end}" for end in ("out", "err"))

        def work() -> None:
            for stream, path in ((1, self.out), (2, self.err)):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), stream)
            sys.stdout, sys.stderr = (os.fdopen(stream, "w", buffering=1) for stream in (1, 2))
            os.environ.update(environ)
            os.chdir(house.folder)
            register()
            sys.argv = [str(ROOT / "tests/fakes/channel.py"), *arguments]
            _main()

        self.child = Child(work)

    def says(self, what: str) -> None:
        """Wait until its log says so."""
        eventually(lambda: self.err.exists() and what in self.err.read_text())

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its status."""
        self.child.signal(number)
        return self.child.wait()


def _main() -> None:
    """What the interpreter does with a program's end."""
    status: Any = 0
    try:
        workers.main()
    except SystemExit as end:
        status = end.code
    if isinstance(status, str):
        sys.stderr.write(f"{status}\n")
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)


def eventually(what: Callable[[], object]) -> None:
    """Wait for it; fails the test if it does not happen."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
