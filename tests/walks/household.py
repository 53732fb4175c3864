"""The real `python workers.py` in a folder of its own, and what a person would do with it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TREE = Path(__file__).resolve().parents[2]
TOKEN = "okno_" + "w" * 43
_PATIENCE = 60.0


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], Any], patience: float = _PATIENCE) -> Any:
    """The first true value of `what`; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


class Household:
    """A running `all`, or any other command."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder, self.port = folder, free_port()
        self.log = folder / "log.txt"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("OKNO_")},
            "OKNO_STATE_DIR": str(folder / "var"),
            "OKNO_DATABASE__URL": f"sqlite:///{folder}/var/okno.db",
            "OKNO_WEB__PORT": str(self.port),
            "OKNO_ADMIN_TOKEN": TOKEN,
            **settings,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(TREE / "workers.py"), *arguments],
                cwd=folder,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command of the same installation."""
        command = [sys.executable, str(TREE / "workers.py"), *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self._environment, capture_output=True, text=True, check=False, timeout=60
        )

    def ready(self) -> None:
        """Wait until it serves."""
        until(lambda: self.ask("GET", "/readyz")[0] == 200)

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> tuple[int, Any]:
        """(status, JSON) of a request; status 0 while nobody answers."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")
        except OSError:
            return 0, None

    def upload(self, name: str, kind: str, content: bytes) -> str:
        """The id of a file that an operator has put in."""
        head = (
            f'--edge\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\ncontent-type: {kind}\r\n\r\n'
        )
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "multipart/form-data; boundary=edge"}
        form = head.encode() + content + b"\r\n--edge--\r\n"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/files", form, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return str(json.loads(answer.read())["id"])

    def knock(self, path: str, body: Any, headers: dict[str, str]) -> int:
        """The status of what somebody posts from outside."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def children(self) -> dict[int, str]:
        """Pids of our children with their command lines."""
        found = {}
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            found[int(pid)] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def kill_child(self, kind: str) -> None:
        """`kill -9` for the one child of a kind; comes back when it is dead."""
        (victim,) = [pid for pid, line in self.children().items() if kind in line]
        handle = os.pidfd_open(victim)
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            # Readable from its end on.
            assert select.select([handle], [], [], 10)[0]
        finally:
            os.close(handle)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to the process itself."""
        self.process.send_signal(number)


@contextmanager
def household(folder: Path, *arguments: str, **settings: str) -> Iterator[Household]:
    """A household that is ended with the block, whatever happened in it."""
    home = Household(folder, *arguments, **settings)
    try:
        yield home
    finally:
        if home.process.poll() is None:
            home.kill(signal.SIGTERM)
            try:
                home.process.wait(35)
            except subprocess.TimeoutExpired:
                home.kill()
                home.process.wait()
