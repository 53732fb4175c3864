"""The process mails are read in: a time and a mail come in, a reading goes out, until nobody asks any more."""

import os
import resource
import signal
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
            seconds = float(frames.receive(line))
            mail = frames.receive(line)
        except EOFError:
            return
        # Of processor time, for a busy machine makes no mail worse; the kernel ends us when it is over.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        answer = _encoder.encode(reading_of(mail))
        signal.setitimer(signal.ITIMER_PROF, 0)
        frames.send(line, answer)


if __name__ == "__main__":
    main()
