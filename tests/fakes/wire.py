"""A wire between an IMAP client and its server, which stalls, is cut or says something of its own when told to."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Self

Fault = Literal["cut", "stall"]
_CHUNK = 1 << 14


class _Link:
    """One client's connection and the one made for it to the server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.stalled = False

    def drop(self) -> None:
        """Both ends are told of a reset."""
        for end in (self.client, self.server):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # A thread that still reads from it wakes; who closes it alone would leave that one asleep.
                end.shutdown(socket.SHUT_RD)
            end.close()


class Wire:
    """Listens on `port` of 127.0.0.1 and passes everything on to the server."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._whens: list[tuple[bytes, Callable[[], object]]] = []
        # What is slipped in, and before which line.
        self._slips: list[tuple[bytes, bytes]] = []
        # What goes wrong next, and after how many bytes of answers.
        self._fault: Fault | None = None
        self._left = 0
        # Every command that was given.
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def when(self, words: bytes, act: Callable[[], object]) -> None:
        """Do this once, before the next command with these words reaches the server."""
        self._whens.append((words, act))

    def fault(self, fault: Fault, after: int = 0) -> None:
        """Once so many bytes more of answers have passed, cut that connection, or let nothing more through it."""
        with self._lock:
            self._fault, self._left = fault, after

    def say(self, words: bytes) -> None:
        """Say this to every client, as if the server did."""
        for link in self._open():
            link.client.sendall(words)

    def slip(self, words: bytes, before: bytes) -> None:
        """Say this once, as if the server did, before its next line with what stands in `before`."""
        self._slips.append((before, words))

    def cut(self) -> None:
        """Drop every connection that is open now."""
        for link in self._open():
            self._end(link)

    def stall(self) -> None:
        """Nothing more passes through any connection that is open now, and nobody is told."""
        for link in self._open():
            link.stalled = True

    @property
    def struck(self) -> bool:
        """Whether the fault that was ordered has happened."""
        return self._fault is None

    def _open(self) -> list[_Link]:
        with self._lock:
            return list(self._links)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    link = _Link(client, socket.create_connection(("127.0.0.1", self._server)))
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._links.append(link)
                for pump in (self._ask, self._answer):
                    threading.Thread(target=pump, args=[link], daemon=True).start()

    def _ask(self, link: _Link) -> None:
        with suppress(OSError):
            while data := link.client.recv(_CHUNK):
                self.heard.append(data)
                for when in [when for when in self._whens if when[0] in data]:
                    self._whens.remove(when)
                    when[1]()
                if not link.stalled:
                    link.server.sendall(data)
        self._end(link)

    def _answer(self, link: _Link) -> None:
        with suppress(OSError):
            while data := link.server.recv(_CHUNK):
                data = self._slipped(data)
                passing, fault = self._judge(data)
                if not link.stalled:
                    link.client.sendall(data[:passing])
                if fault == "cut":
                    break
                link.stalled = link.stalled or fault == "stall"
        self._end(link)

    def _slipped(self, data: bytes) -> bytes:
        for slip in self._slips:
            if slip[0] in data:
                self._slips.remove(slip)
                line = data.rfind(b"\r\n", 0, data.index(slip[0])) + 2
                return data[:line] + slip[1] + data[line:]
        return data

    def _judge(self, data: bytes) -> tuple[int, Fault | None]:
        """How much of it passes, and what happens then."""
        with self._lock:
            if self._fault is None or self._left > len(data):
                self._left -= len(data)
                return len(data), None
            fault, self._fault = self._fault, None
            return self._left, fault

    def _end(self, link: _Link) -> None:
        with self._lock:
            if link not in self._links:
                return
            self._links.remove(link)
        link.drop()
