"""The real processes behind the pages, started and stopped the way an administrator does it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.signing import sign

ROOT = Path(__file__).parents[2]
TOKEN = "browser-tests-admin-token"
HOOK_SECRET = "browser-tests-webhook-secret"
IDENTITY_SECRET = "browser-tests-identity-secret-of-32-bytes"
START_SECONDS = 60.0
STOP_SECONDS = 40.0


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Okno:
    """`python workers.py` with its state in `folder`; stopped and started again it keeps its address and its state.

    Only if it `hears` it finds tasks in what is written; other tests put in those they are about.
    """

    def __init__(self, folder: Path, *, hears: bool = False) -> None:
        self.folder = folder
        self._path = {} if hears else {"PYTHONPATH": str(Path(__file__).parent / "unheard")}
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it is ready."""
        environment = {
            **os.environ,
            **self._path,
            "OKNO_ADMIN_TOKEN": TOKEN,
            "OKNO_STATE_DIR": str(self.folder / "var"),
            "OKNO_DATABASE__URL": f"sqlite:///{self.folder / 'okno.db'}",
            "OKNO_WEB__PORT": str(self.port),
            # A site that writes by webhooks and can not be answered, because nobody listens for replies.
            "OKNO_CHANNELS__SHOP__KIND": "webchat",
            "OKNO_CHANNELS__SHOP__SECRET": HOOK_SECRET,
            "OKNO_CHANNELS__SHOP__IDENTITY_SECRET": IDENTITY_SECRET,
        }
        # Tests that are killed take the server with them.
        guard = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        command = [*guard, sys.executable, str(ROOT / "workers.py")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, process_group=0
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command} did not start: {self._log.read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop cleanly, as on Ctrl-C, and wait until everything is down."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise
        finally:
            self._process = None

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def call(url: str, token: str, body: dict[str, Any] | None = None, method: str | None = None) -> dict[str, Any]:
    """A JSON request outside the browser; unless told otherwise GET without a body, else POST."""
    data = None if body is None else json.dumps(body).encode()
    return _answer(urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"}, method=method))


def guest(okno: Okno, name: str, lines: list[str]) -> str:
    """A visitor without a browser who writes some lines; returns his token."""
    token = str(call(f"{okno.url}/chat/site/sessions", "", {"name": name})["token"])
    for number, line in enumerate(lines):
        call(f"{okno.url}/chat/site/messages", token, {"id": f"line-{number}", "text": line})
    return token


def hook(okno: Okno, name: str, text: str) -> None:
    """A message that the shop's back end passes on by its webhook."""
    body = json.dumps({"id": f"hook-{name}", "visitor": name, "name": name, "text": text}).encode()
    signature = sign(HOOK_SECRET.encode(), f"hook-{name}", datetime.now(UTC), body)
    _answer(urllib.request.Request(f"{okno.url}/hooks/shop", body, signature))


def colleague(okno: Okno, name: str, role: str) -> tuple[str, str]:
    """Another operator; returns his token, and the address that revokes it."""
    operator = call(f"{okno.url}/v1/operators", TOKEN, {"name": name, "role": role})
    tokens = f"{okno.url}/v1/operators/{operator['id']}/tokens"
    issued = call(tokens, TOKEN, {})
    return str(issued["token"]), f"{tokens}/{issued['id']}"


def _answer(request: urllib.request.Request) -> dict[str, Any]:
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=15) as answer:
        content = answer.read()
    result: dict[str, Any] = json.loads(content) if content.startswith(b"{") else {}
    return result
