"""The fake as a process of its own."""

import argparse
import signal
import threading
from pathlib import Path

from tests.fakes.vk import FakeVk


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.vk")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--group", type=int, default=240)
    parser.add_argument("--token", default="vk1.a.token")
    asked = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with FakeVk(asked.group, asked.token, asked.port, asked.ledger) as vk:
        print(vk.url, flush=True)
        over.wait()


if __name__ == "__main__":
    main()
