"""Frames: messages of known size on a socket between two processes."""

import socket
import struct
import time

_SIZE = struct.Struct(">I")
_PIECE = 1 << 20


def send(line: socket.socket, data: bytes) -> None:
    """Send a frame; raises OSError."""
    line.sendall(_SIZE.pack(len(data)))
    line.sendall(data)


def receive(line: socket.socket) -> bytes:
    """The next frame; raises EOFError, and TimeoutError when all of it takes longer than the socket's time-out."""
    seconds = line.gettimeout()
    until = float("inf") if seconds is None else time.monotonic() + seconds
    size: int = _SIZE.unpack(_exactly(line, _SIZE.size, until))[0]
    return _exactly(line, size, until)


def _exactly(line: socket.socket, size: int, until: float) -> bytes:
    pieces: list[bytes] = []
    while size:
        if time.monotonic() > until:
            raise TimeoutError
        piece = line.recv(min(size, _PIECE))
        if not piece:
            raise EOFError
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
