"""Receive: channels that are read by us, one process at a time each, raws and cursor in one commit."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import NamedTuple, TypeVar

from structlog.contextvars import bind_contextvars

import log
from connectors.abilities import Check, Contested, Receive, Warm
from connectors.base import ConnectorError, Denied
from connectors.registry import Channels
from pipeline import queues
from pipeline.daemons import await_schema, file_store, open_database
from pipeline.intake import Ring, store
from pipeline.stopping import Stop
from pipeline.vault import give
from settings import Settings, SettingsError
from storage import cursors, halts, journal, leases
from storage.db import Database, Tx
from storage.files import FileStore

T = TypeVar("T")

_log = log.get(__name__)

# Seconds a reader may be silent before another takes over, and how often it says that it lives.
_LEASE, _BEAT = 15.0, 5.0
# Seconds until the next try: at first, at most, and with credentials that were refused.
_FIRST_WAIT, _LONGEST_WAIT, _DENIED_WAIT = 1.0, 15.0, 300.0
# Seconds of reading after which what failed before is forgotten; so it is when something was read.
_SOUND = 60.0


class Into(NamedTuple):
    """Where what is read goes, and what rings when it is there."""

    db: Database
    files: FileStore
    ring: Ring


def run(settings: Settings, stop: Stop, names: Sequence[str]) -> None:
    """The receivers' process; without `names` it reads every channel that is read. Raises SettingsError."""
    channels = Channels(settings.channels)
    readers = readable(channels)
    for name in names:
        if name not in readers:
            raise SettingsError(f"{name!r} is no channel that is read; those are: {', '.join(readers) or 'none'}")
    chosen = {name: reader for name, reader in readers.items() if not names or name in names}
    # Also by who stands by: he has to read at once when his turn comes.
    threading.Thread(target=_warm, args=[chosen], name="warm", daemon=True).start()
    if not chosen:
        _log.info("receive.nothing", why="every channel pushes; webhooks come in at the web process")
    db = open_database(settings)
    give(db, channels)
    bells = queues.Bells(queues.make_broker(queues.broker_url(settings)))
    try:
        if await_schema(db, stop):
            into = Into(db, file_store(settings), lambda: bells.ring(queues.PIPELINE, [queues.INBOX]))
            asyncio.run(_receive_and_close(into, channels, chosen, stop))
    finally:
        bells.close()
        db.close()


async def _receive_and_close(into: Into, channels: Channels, chosen: dict[str, Receive], stop: Stop) -> None:
    try:
        await receive(into, chosen, stop)
    finally:
        await channels.close()


def _warm(chosen: dict[str, Receive]) -> None:
    for reader in chosen.values():
        if isinstance(reader, Warm):
            reader.warm()


def readable(channels: Channels) -> dict[str, Receive]:
    """The channels whose connector reads its source itself."""
    return {name: found for name, found in channels.connectors.items() if isinstance(found, Receive)}


async def receive(into: Into, readers: dict[str, Receive], stop: Stop) -> None:
    """Read all channels until told to stop."""
    tasks = [asyncio.create_task(_Reader(into, name, reader).run()) for name, reader in readers.items()]
    while not await asyncio.to_thread(stop.wait, 3600):
        pass
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Reader:
    """Reads one channel while it holds its lease, for ever: no error makes it give up."""

    def __init__(self, into: Into, name: str, source: Receive) -> None:
        self._into, self._db, self._name, self._source = into, into.db, name, source
        self._wait = _FIRST_WAIT
        # What people have been told of another program that reads the source too.
        self._told = ""
        # Whether the channel is shown as one that stands still for its credentials.
        self._halted = False

    async def run(self) -> None:
        # For this task alone, and those it starts.
        bind_contextvars(channel=self._name)
        while True:
            wait = await self._turn()
            await asyncio.sleep(wait)

    async def _turn(self) -> float:
        """Read as long as that goes well; gives back the seconds until the next try."""
        try:
            held = await self._write(self._take)
            if held is not None:
                await self._read(held)
        except leases.Lost:
            _log.warning("receive.taken_over")
        except Denied as error:
            _log.error("channel.stopped", reason=str(error))
            wait = error.retry_after or _DENIED_WAIT
            await self._alarm(str(error), wait)
            return wait
        except Exception as error:  # noqa: BLE001 - a reader that gives up is a channel gone silent
            wait, self._wait = self._wait, min(self._wait * 2, _LONGEST_WAIT)
            _log.warning("receive.failed", error=type(error).__name__, again_in=wait)
            return wait
        # Also while another one reads: his place may be free any moment.
        self._wait = _FIRST_WAIT
        return _FIRST_WAIT

    async def _read(self, held: leases.Held) -> None:
        """Read until something fails; the batches and our sign of life each check that the lease is ours."""
        self._told = ""
        await self._tell()
        self._halted = not self._told and await self._write(lambda tx: halts.known(tx, self._name, halts.READING))
        await self._lift()
        began = time.monotonic()
        beat = asyncio.create_task(self._beat(held))
        read = asyncio.create_task(self._batches(held))
        try:
            done, _ = await asyncio.wait((beat, read), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            if time.monotonic() - began > _SOUND:
                self._wait = _FIRST_WAIT
            beat.cancel()
            read.cancel()
            await asyncio.gather(beat, read, return_exceptions=True)
            await asyncio.shield(self._write(partial(leases.give_back, held=held)))

    async def _alarm(self, reason: str, wait: float) -> None:
        """Tell the house that the channel stands still; what cannot be told now the next refusal will tell."""
        with suppress(Exception):
            await self._write(lambda tx: self._halt(tx, reason, wait))

    def _halt(self, tx: Tx, reason: str, wait: float = _DENIED_WAIT) -> bool:
        until = leases.database_now(tx) + timedelta(seconds=wait)
        fresh = halts.put(tx, self._name, halts.READING, reason, until)
        if fresh:
            told = {"channel": self._name, "reason": reason}
            journal.append(tx, [journal.Entry("channel.stopped", journal.SYSTEM, None, told)])
        return fresh

    async def _lift(self) -> None:
        """Show no longer that the channel stands still, if its credentials are right by now."""
        if self._halted and isinstance(self._source, Check):
            # It tries more than reading: where it fails for another reason, what is read will tell.
            with suppress(ConnectorError):
                await self._source.check()
                await self._go_on()

    async def _go_on(self) -> None:
        if self._halted:
            self._halted = False
            await self._write(self._resume)

    async def _tell(self) -> None:
        """Show for as long as it lasts that another program reads the source too: what it takes never comes here."""
        found = self._source.contested() if isinstance(self._source, Contested) else ""
        if found and not self._told and await self._write(lambda tx: self._halt(tx, found)):
            _log.error("channel.stopped", reason=found)
        elif self._told and not found:
            await self._write(self._resume)
        self._told = found

    def _resume(self, tx: Tx) -> None:
        if halts.lift(tx, self._name, halts.READING):
            entry = journal.Entry("channel.resumed", journal.SYSTEM, None, {"channel": self._name})
            journal.append(tx, [entry])
            _log.info("channel.resumed")

    async def _batches(self, held: leases.Held) -> None:
        cursor = await self._write(lambda tx: cursors.get(tx, self._name))
        async for batch in self._source.receive(cursor):
            new = await asyncio.to_thread(store, self._db, self._name, batch, held, self._into.files)
            self._wait = _FIRST_WAIT
            await self._go_on()
            if new:
                self._into.ring()

    async def _beat(self, held: leases.Held) -> None:
        while True:
            await asyncio.sleep(_BEAT)
            await self._write(partial(leases.renew, held=held, seconds=_LEASE))
            await self._tell()
            await self._lift()

    def _take(self, tx: Tx) -> leases.Held | None:
        return leases.take(tx, f"receive:{self._name}", _LEASE)

    async def _write(self, work: Callable[[Tx], T]) -> T:
        return await asyncio.to_thread(self._db.write, work)
