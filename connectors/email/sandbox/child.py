"""The process mails are read in: frames with mails come in, frames with readings go out, until nobody asks any more."""

import os
import resource
import socket

import msgspec

from connectors.email.reading import reading_of
from connectors.email.sandbox import frames

# Bytes of memory, for all of the process.
_MEMORY = 512 << 20
_encoder = msgspec.msgpack.Encoder()


def main() -> None:
    """Serve whoever started us, on standard input."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    line = socket.socket(fileno=os.dup(0))
    # Everything is loaded: from here on the time counts.
    frames.send(line, b"")
    while True:
        try:
            mail = frames.receive(line)
        except EOFError:
            return
        frames.send(line, _encoder.encode(reading_of(mail)))


if __name__ == "__main__":
    main()
