"""The fake as a process of its own."""

import argparse
import signal
import threading
from pathlib import Path

from tests.fakes.telegram import TOKEN, Telegram


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.telegram")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--any-chat", action="store_true")
    parser.add_argument("--limits", action="store_true")
    asked = parser.parse_args()
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with Telegram(asked.token, asked.port, asked.ledger, any_chat=asked.any_chat) as telegram:
        telegram.limit(asked.limits)
        print(telegram.url, flush=True)
        over.wait()


if __name__ == "__main__":
    main()
