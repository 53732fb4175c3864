"""A mailbox full of mails that nobody has read: how fast a receiver takes it, and how much memory that takes."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from storage.db import Database
from storage.inbox import RECEIVED, TALLIES
from tests.bench.house import House, Process, Stage
from tests.fakes.dovecot import PASSWORD, Dovecot

_USER = "backlog@example.org"
_BYTES = 100_000
# So many contents are enough where the number of mails is what counts.
_CONTENTS = 20
# Seconds.
_PATIENCE = 3600.0


def measure(stage: Stage) -> dict[str, Any]:
    """Of `receive` alone: with gigabytes in 20,000 mails, and with 500,000 small mails, of which most are repeats."""
    much, many = stage.size(20_000, 200), stage.size(500_000, 2_000)
    with _mailbox(stage, "much") as server, stage.house() as house:
        server.drop(_USER, ((_mail(number, _BYTES), time.time()) for number in range(much)))
        rate, peak = _taken(house, server, much)
    found = {"much_mb": much * _BYTES // 10**6, "much_mb_per_s": round(rate * _BYTES / 1e6, 1), "much_peak_mb": peak}
    with _mailbox(stage, "many") as server, stage.house() as house:
        server.drop(_USER, ((_mail(number, 500), time.time()) for number in range(_CONTENTS)))
        _multiply(server.folder / "mail" / _USER / "new", many)
        rate, peak = _taken(house, server, many)
    return {**found, "many": many, "many_per_s": round(rate), "many_peak_mb": peak}


@contextmanager
def _mailbox(stage: Stage, name: str) -> Iterator[Dovecot]:
    server = Dovecot(stage.folder / f"dovecot-{stage.kind}-{name}").start()
    try:
        with server.client(_USER) as client:
            # It is there from the first visit on.
            client.select()
        yield server
    finally:
        server.stop()


def _mail(number: int, size: int) -> bytes:
    line = b"What follows is as long as mails with a picture in them are, and is nothing to read.\n"
    head = f"From: p{number % 500}@example.com\nMessage-ID: <{number}@example.com>\nSubject: {number}\n\n".encode()
    return head + line * ((size - len(head)) // (len(line) + 1))


def _multiply(folder: Path, count: int) -> None:
    """So many mails, of the files that are there under other names."""
    files = sorted(folder.iterdir())
    for number in range(len(files), count):
        file = files[number % len(files)]
        os.link(file, folder / f"{int(time.time())}.L{number}.here,{file.name.partition(',')[2]}")


def _taken(house: House, server: Dovecot, count: int) -> tuple[float, int]:
    """Mails a second from the first batch on, and the most megabytes the receiver ever held."""
    section = {"KIND": "email", "ADDRESS": _USER, "IMAP__HOST": "127.0.0.1", "IMAP__PORT": str(server.port)}
    section |= {"IMAP__SECURITY": "none", "IMAP__PASSWORD": PASSWORD}
    receiver = house.daemon("receive", **{f"OKNO_CHANNELS__MAIL__{name}": value for name, value in section.items()})
    deadline = time.monotonic() + _PATIENCE
    _await(house.db, 1, receiver, deadline)
    began, before = time.monotonic(), _received(house.db)
    _await(house.db, count, receiver, deadline)
    rate = (count - before) / (time.monotonic() - began)
    # The look behind the last batch counts too.
    time.sleep(5)
    return rate, _peak(receiver.pid)


def _await(db: Database, count: int, receiver: Process, deadline: float) -> None:
    while _received(db) < count:
        receiver.must_live(deadline, f"took {count} mails")
        time.sleep(0.05)


def _received(db: Database) -> int:
    query = select(func.coalesce(func.sum(TALLIES.c.count), 0)).where(TALLIES.c.kind == RECEIVED)
    with db.read() as tx:
        return int(tx.execute(query).scalar_one())


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024 // 10**6
