"""Helper processes: prepared first, begun together by a line on their standard input, answered by a line of JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tests.chaos.daemons import ROOT
from tests.chaos.servers import dies_with_us

_READY = "ready"


class Helper:
    """A module of this package, run as a process of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        """Returns once it has prepared itself."""
        self._popen = subprocess.Popen(
            [*dies_with_us(), sys.executable, "-m", f"tests.bench.{module}", *arguments],
            cwd=ROOT, env=_clean(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        if self._read() != _READY:
            raise RuntimeError(f"{module} did not get ready")

    def go(self) -> None:
        """Let it begin."""
        assert self._popen.stdin is not None
        self._popen.stdin.write("go\n")
        self._popen.stdin.flush()

    def result(self) -> dict[str, Any]:
        """Wait for its end and give back what it measured."""
        answer: dict[str, Any] = json.loads(self._read())
        self._popen.wait()
        return answer

    def _read(self) -> str:
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline().strip()
        if not line:
            self._popen.kill()
            raise RuntimeError("a helper process failed; what it said stands above")
        return line


def together(module: str, arguments: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Run one helper for each of `arguments`, all at the same time."""
    helpers = [Helper(module, *each) for each in arguments]
    for helper in helpers:
        helper.go()
    return [helper.result() for helper in helpers]


def serve(work: Callable[[], dict[str, Any]]) -> None:
    """The helper's side: called once prepared."""
    print(_READY, flush=True)
    sys.stdin.readline()
    print(json.dumps(work()), flush=True)


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OKNO_")}
