"""Fetch: the content of files that came as a reference, after their message and without holding it up."""

import threading
import time
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from sqlalchemy import Row, select
from structlog.contextvars import bound_contextvars

import log
from connectors.abilities import Fetch, Fetched
from connectors.base import Rejected, Unavailable
from connectors.registry import Channels
from pipeline.pace import Pace
from storage import attachments, journal, talk
from storage.attachments import FAILED, STORED
from storage.db import Database, Tx, is_database_fault, now
from storage.files import FileStore, TooLarge, checked_type
from storage.leases import database_now

T = TypeVar("T")

# Seconds to wait after each try but the last.
WAITS = (1, 5, 30, 300, 300, 900, 1800, 3600, 3600)
# Slow servers that are waited for at once, per process.
_AT_ONCE = 4
# Seconds until a server must answer, until it must send more, until it must be done, and until another process may
# think that we are dead.
_OPEN, _STALL, _WHOLE, _TAKEN = 30.0, 30.0, 300.0, 600.0
_GOODBYE = 3.0

_log = log.get(__name__)


class Run(Protocol):
    """Runs a coroutine on the loop that owns the connectors; TimeoutError after `timeout` seconds."""

    def __call__(self, work: Coroutine[Any, Any, T], timeout: float) -> T:
        """The coroutine's result."""


class Stopped(Exception):
    """The process is ending: whoever comes next fetches the file."""


class Means(NamedTuple):
    """What fetching needs."""

    db: Database
    store: FileStore
    channels: Channels
    paces: Mapping[str, Pace]
    run: Run


class Fetcher:
    """Fetches on threads of its own: a slow server holds up nothing but its files."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def sweep(self) -> None:
        """Have somebody look for files to fetch, unless enough are at it; returns at once."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) < _AT_ONCE and not self._stopping.is_set():
            thread = threading.Thread(target=self._work, name="fetch", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Take no more, and leave what is half read to others."""
        self._stopping.set()

    def close(self) -> None:
        """Wait a moment for those at work; who still waits for a server then is left behind."""
        self.stop()
        deadline = time.monotonic() + _GOODBYE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        try:
            fetch_due(self._means, stopping=self._stopping)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the rows wait for the next look
            level = _log.warning if is_database_fault(error) else _log.exception
            level("fetch.failed", error=type(error).__name__)


def fetch_due(means: Means, limit: int = 20, stopping: threading.Event | None = None) -> int:
    """Fetch up to `limit` files whose time has come; gives back how many were tried. What fails waits or stays failed.

    A failed file stays in its message, under its name.
    """
    stopping = stopping or threading.Event()
    tried = 0
    # One by one: taken together, the last would be out of our hands before its turn.
    while tried < limit and not stopping.is_set() and (row := _take(means.db)):
        with bound_contextvars(channel=row.channel, attachment=row.id):
            outcome = _try(means, row, stopping)
        means.db.write(partial(_finish, row=row, outcome=outcome))
        tried += 1
    return tried


def _take(db: Database) -> Row[Any] | None:
    return next(iter(db.write(lambda tx: attachments.take_due(tx, 1, _TAKEN))), None)


def _try(means: Means, row: Row[Any], stopping: threading.Event) -> dict[str, Any]:
    """The values that say what became of one try."""
    try:
        return _fetch(means, row, stopping)
    except Stopped:
        return {"next_at": now()}
    except (Rejected, TooLarge) as error:
        return _gone(error)
    except Exception as error:  # noqa: BLE001 - whatever happened out there, it may not happen again
        if row.attempts > len(WAITS):
            return _gone(error)
        wait: float = WAITS[row.attempts - 1]
        if isinstance(error, Unavailable) and error.retry_after is not None:
            wait = max(wait, error.retry_after)
            if not error.him_alone:
                means.db.write(partial(_silence, pace=means.paces[row.channel], row=row, seconds=error.retry_after))
        _log.info("file.waits", error=type(error).__name__, wait=wait)
        return {"next_at": now() + timedelta(seconds=wait)}


def _silence(tx: Tx, *, pace: Pace, row: Row[Any], seconds: float) -> None:
    """What the channel asked for holds for its letters and its other files too."""
    at = database_now(tx)
    pace.pause(tx, seconds, at)
    attachments.hold(tx, row.channel, at + timedelta(seconds=seconds))


def _fetch(means: Means, row: Row[Any], stopping: threading.Event) -> dict[str, Any]:
    if row.channel not in means.channels:
        raise Unavailable("the channel is switched off")
    connector = means.channels[row.channel]
    if not isinstance(connector, Fetch):
        raise Rejected("the channel has no files to fetch")
    fetched = means.run(connector.fetch(row.source), _OPEN)
    with _chunks(means.run, fetched, stopping) as chunks:
        content = means.store.put_stream(chunks, connector.limits.file)
    kind = checked_type(content.image, fetched.type or row.type)
    return {"state": STORED, "next_at": None, "sha256": content.sha256, "size": content.size, "type": kind}


@contextmanager
def _chunks(run: Run, fetched: Fetched, stopping: threading.Event) -> Iterator[Iterator[bytes]]:
    """The chunks, read one by one from the loop's thread; its connection is given back however the reading ends."""
    try:
        yield _pull(run, fetched.chunks, stopping)
    finally:
        run(fetched.chunks.aclose(), _STALL)


def _pull(run: Run, chunks: AsyncGenerator[bytes, None], stopping: threading.Event) -> Iterator[bytes]:
    deadline = time.monotonic() + _WHOLE
    while (chunk := run(_next(chunks), _STALL)) is not None:
        if stopping.is_set():
            raise Stopped
        if time.monotonic() > deadline:
            raise Unavailable("the file came too slowly")
        yield chunk


async def _next(chunks: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(chunks, None)


def _gone(error: Exception) -> dict[str, Any]:
    _log.warning("file.failed", error=type(error).__name__)
    return {"state": FAILED, "next_at": None}


def _finish(tx: Tx, row: Row[Any], outcome: dict[str, Any]) -> None:
    """Write it down, and tell those who look at the message that it changed."""
    if not attachments.finish(tx, row, **outcome) or "state" not in outcome:
        return
    message = tx.execute(
        select(talk.MESSAGES.c.dialog_id, talk.MESSAGES.c.seq).where(talk.MESSAGES.c.id == row.message_id)
    ).one()
    data = {"message": row.message_id, "seq": message.seq, "channel": row.channel, "file": row.id}
    journal.append(tx, [journal.Entry("message.edited", journal.SYSTEM, message.dialog_id, data)])
