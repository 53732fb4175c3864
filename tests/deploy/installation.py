"""An installation as an administrator has one: a folder of state, a database, and the real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from connectors.signing import sign
from storage import outbox
from storage.db import Database
from tests.deploy.tools import run

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
SECRET = "a shared secret of more than thirty-two characters"
START_SECONDS = 60.0
STOP_SECONDS = 40.0


class Installation:
    """Okno at `url`, with its state in `folder` and its replies posted to `reply_url`; `code` is the tree that runs."""

    def __init__(self, folder: Path, database_url: str, reply_url: str = "") -> None:
        self.folder, self.code = folder, ROOT
        self.state = folder / "state"
        self.token = ""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            "OKNO_STATE_DIR": str(self.state),
            "OKNO_DATABASE__URL": database_url,
            "OKNO_WEB__PORT": str(port),
            "OKNO_CHANNELS__SITE__SECRET": SECRET,
            "OKNO_CHANNELS__SITE__REPLY_URL": reply_url,
            "OKNO_CHANNELS__SITE__ALLOW_PRIVATE": '["127.0.0.1"]',
            "OKNO_CHANNELS__SITE__RETRY": "[0.3]",
        }

    def run(self, *command: str, status: int = 0) -> str:
        """What a command wrote; fails the test when it ended otherwise than with `status`."""
        return run(*self._command(*command), cwd=self.folder, env=self._environ(), status=status)

    @contextmanager
    def running(self, *commands: str) -> Iterator[None]:
        """Processes of these kinds ("work deliver"), stopped cleanly at the end."""
        started = [self.start(command) for command in commands]
        try:
            if "web" in commands:
                wait_for(self._ready, seconds=START_SECONDS)
            yield
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                end(process)

    def start(self, command: str) -> "subprocess.Popen[bytes]":
        """A process of this kind; to be ended."""
        with self._log(command).open("ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._command(*command.split())],
                env=self._environ(), cwd=self.folder, stdout=log, stderr=log, process_group=0,
            )  # fmt: skip

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The API's answer to the administrator."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)

    def post_signed(self, body: dict[str, Any]) -> int:
        """The status a signed webhook of the site's server gets."""
        data = json.dumps(body).encode()
        headers = sign(SECRET.encode(), body["id"], datetime.now(UTC), data)
        request = urllib.request.Request(f"{self.url}/hooks/site", data, headers, method="POST")
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)

    def letters(self) -> dict[str, int]:
        """How many letters stand in each state."""
        db = Database(self.environment["OKNO_DATABASE__URL"])
        with closing(db), db.read() as tx:
            return outbox.counts(tx).get("site", {})

    def log(self, command: str) -> str:
        """What the processes of a kind have logged so far."""
        return self._log(command).read_text()

    def _log(self, command: str) -> Path:
        return self.folder / f"{command.replace(' ', '-')}.log"

    def _command(self, *command: str) -> list[str]:
        return [sys.executable, str(self.code / "workers.py"), *command]

    def _environ(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def end(process: "subprocess.Popen[bytes]") -> int:
    """The status of a process that was told to stop; fails the test for one that has to be killed."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"{process.args!r} did not stop within {STOP_SECONDS:.0f} s")


def wait_for(look: Callable[[], T], *, seconds: float = 30.0) -> T:
    """What `look` finds as soon as that is true; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain")
        time.sleep(0.1)
    return found


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
