"""A gate on the way to a server: it keeps single requests or answers, and knows what was answered and read."""

import itertools
import socket
import socketserver
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

_CHUNK = 65536


class _Line:
    """A client's connection: what it asked last, the number of that request, and what came back to it."""

    def __init__(self, client: socket.socket) -> None:
        self.port = int(client.getpeername()[1])
        self.asked = self.answer = b""
        self.turn = 0
        # Some of the answer is not with the client's kernel yet; all of it is to be kept.
        self.passing = self.kept = False

    def is_read(self) -> bool:
        """Whether the client has taken in all that came back."""
        return not self.passing and _unread(self.port) == 0


class Gate:
    """Passes everything on to a port of 127.0.0.1, but for what it is told to catch.

    A word is whatever tells the requests of a kind: a part of their addresses. `server` may be said later than the gate
    is there.
    """

    def __init__(self, port: int = 0) -> None:
        self.server = ("127.0.0.1", port)
        self._change = threading.Condition()
        self._lines: set[_Line] = set()
        self._turns = itertools.count(1)
        # What the next request must have in it to be caught; whether one was; whether it goes on, once that is decided.
        self._word, self._caught = b"", False
        self._goes_on: bool | None = None
        # Not the request itself is caught, but what comes back to it; what waits here now.
        self._back, self._waiting = False, 0
        self._door = _Door(self)
        self.url = f"http://127.0.0.1:{self._door.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._door.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.lose()
        self._door.shutdown()
        self._door.server_close()

    def catch(self, word: bytes) -> None:
        """Keep the next request with this word."""
        with self._change:
            self._word, self._caught, self._goes_on, self._back = word, False, None, False

    def catch_answer(self, word: bytes) -> None:
        """Keep the answer to the next request with this word."""
        with self._change:
            self._word, self._caught, self._goes_on, self._back = word, False, None, True

    def caught(self) -> bool:
        """Whether such a request waits here, of which its server has not seen a byte; or such an answer."""
        return self._caught

    def release(self) -> None:
        """What is kept goes on, whether or not somebody still waits for its answer."""
        self._decide(goes_on=True)

    def lose(self) -> None:
        """What is kept never arrives."""
        self._decide(goes_on=False)

    def is_asked(self, word: bytes) -> bool:
        """Whether a request with this word is at the server and has no answer yet."""
        with self._change:
            return any(word in line.asked and not line.answer for line in self._lines)

    def answer(self, word: bytes) -> bytes:
        """What came back to the last request with this word; nothing until who asked has read all of it."""
        with self._change:
            last = max((line for line in self._lines if word in line.asked), key=lambda line: line.turn, default=None)
            return last.answer if last and last.is_read() else b""

    # ---- behind the door ----

    def opened(self, client: socket.socket) -> _Line:
        """Somebody has connected."""
        line = _Line(client)
        with self._change:
            self._lines.add(line)
        return line

    def closed(self, line: _Line) -> None:
        """He is gone."""
        with self._change:
            self._lines.discard(line)

    def admits(self, line: _Line, data: bytes) -> bool:
        """Whether it goes on to the server; comes back once that is decided."""
        with self._change:
            if self._word and self._word in data:
                self._word, line.kept = b"", self._back
                if not line.kept and not self._kept():
                    return False
            # The body of a request may come behind its head.
            line.asked = data if line.answer else line.asked + data
            line.answer, line.turn = b"", next(self._turns)
            return True

    def answers(self, line: _Line, data: bytes) -> bool:
        """Whether it goes back to the client; comes back once that is decided."""
        with self._change:
            if line.kept and not self._kept():
                return False
            line.kept, line.passing = False, True
            line.answer += data
            return True

    def _kept(self) -> bool:
        """Whether what is caught now goes on in the end."""
        self._caught = True
        self._waiting += 1
        self._change.wait_for(lambda: self._goes_on is not None)
        self._waiting -= 1
        self._change.notify_all()
        return bool(self._goes_on)

    def _decide(self, *, goes_on: bool) -> None:
        with self._change:
            self._word, self._caught, self._goes_on = b"", False, goes_on
            self._change.notify_all()
            # Until then the gate would know nothing of it but what came before.
            self._change.wait_for(lambda: not self._waiting)


class _Door(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        super().__init__(("127.0.0.1", 0), _Passage)


class _Passage(socketserver.BaseRequestHandler):
    """One connection, in both directions."""

    server: _Door

    def handle(self) -> None:
        """Pass on until one of them hangs up."""
        gate, client = self.server.gate, self.request
        with suppress(OSError), socket.create_connection(gate.server) as server:
            line = gate.opened(client)
            back = threading.Thread(target=self._pass_back, args=(line, server), daemon=True)
            back.start()
            with suppress(OSError):
                while (data := client.recv(_CHUNK)) and gate.admits(line, data):
                    server.sendall(data)
            with suppress(OSError):
                server.shutdown(socket.SHUT_WR)
            back.join(1)
            gate.closed(line)

    def _pass_back(self, line: _Line, server: socket.socket) -> None:
        with suppress(OSError):
            while (data := server.recv(_CHUNK)) and self.server.gate.answers(line, data):
                self.request.sendall(data)
                line.passing = False
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)


def _unread(port: int) -> int:
    """Bytes that wait in the socket of 127.0.0.1 with this port."""
    mine = f"0100007F:{port:04X}"
    for entry in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, _, _, queues = entry.split()[1:5]
        if local == mine:
            return int(queues.partition(":")[2], 16)
    return 0
