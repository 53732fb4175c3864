"""Mails are read in a process of its own: what a hostile one can do ends with that process."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from connectors.email.reading import Reading
from connectors.email.sandbox import frames

# Seconds a mail may take, and one more for each so many bytes; and seconds until the child has loaded what it needs.
_SECONDS, _BYTES_A_SECOND, _START = 2.0, 8 << 20, 30.0
_decoder = msgspec.msgpack.Decoder(Reading)


class Unreadable(Exception):
    """The mail was too much for the process that read it."""


class Reader:
    """Reads mails in a child, one after the other; a child that fails is replaced. Safe to call from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def read(self, data: bytes) -> Reading:
        """Read a mail; raises Unreadable.

        Once more with a new child where one fails: it may have been killed, or the machine have stood still.
        """
        with self._lock:
            try:
                return self._ask(data)
            except (OSError, EOFError):
                self._end()
            try:
                return self._ask(data)
            except (OSError, EOFError) as error:
                self._end()
                raise Unreadable(f"it took too long or too much to read ({type(error).__name__})") from error

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, data: bytes) -> Reading:
        line = self._ready()
        line.settimeout(_SECONDS + len(data) / _BYTES_A_SECOND)
        frames.send(line, data)
        return _decoder.decode(frames.receive(line))

    def _ready(self) -> socket.socket:
        if self._line is None:
            ours, theirs = socket.socketpair()
            with theirs:
                command = [sys.executable, "-m", "connectors.email.sandbox.child"]
                root = str(Path(__file__).parents[3])
                environ = {"PYTHONPATH": root, "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}
                end = theirs.fileno()
                self._child = subprocess.Popen(command, stdin=end, stdout=end, env=environ, cwd="/")
            self._line = ours
            ours.settimeout(_START)
            # Once it has loaded all it needs: that is no mail's fault.
            frames.receive(ours)
        return self._line

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        self._line = self._child = None
