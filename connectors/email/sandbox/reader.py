"""Mails are read in a process of its own: what a hostile one can do ends with that process."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from connectors.email.reading import Reading
from connectors.email.sandbox import frames

# Seconds of processor time a mail may take, and one more for each so many bytes; seconds beyond that until the child is
# given up, and seconds until it has loaded what it needs.
_SECONDS, _BYTES_A_SECOND, _BEYOND, _START = 2.0, 8 << 20, 6.0, 30.0
# Ends that others bring about. Any other end of the child the mail brought about that it was reading.
_FOREIGN = {0, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
_DYING = 5.0
_WHY = "it took too long or too much to read"
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
        """Read a mail; raises Unreadable, and RuntimeError if there is no child to be had.

        Once more with a new child where one was killed, or said nothing: the machine may have stood still.
        """
        with self._lock:
            try:
                return self._ask(data)
            except (OSError, EOFError) as error:
                if self._died(error):
                    raise Unreadable(_WHY) from error
            try:
                return self._ask(data)
            except (OSError, EOFError) as error:
                self._died(error)
                raise Unreadable(_WHY) from error

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, data: bytes) -> Reading:
        line = self._ready()
        seconds = _SECONDS + len(data) / _BYTES_A_SECOND
        line.settimeout(seconds + _BEYOND)
        frames.send(line, str(seconds).encode())
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
            try:
                frames.receive(ours)
            except (OSError, EOFError) as error:
                self._end()
                raise RuntimeError("the process that reads mails does not start") from error
        return self._line

    def _died(self, error: Exception) -> bool:
        """Whether the child ended of the mail; it is ended in any case."""
        child = self._child
        if child is not None and not isinstance(error, TimeoutError):
            with suppress(subprocess.TimeoutExpired):
                child.wait(_DYING)
        ended = child.returncode if child is not None else None
        self._end()
        return ended is not None and ended not in _FOREIGN

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        self._line = self._child = None
