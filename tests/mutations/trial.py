"""Lot after lot of mails through intake, the real reader and the pipeline into a database."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import orjson
from sqlalchemy import select

from connectors.base import Batch, Envelope, Message, Raw
from connectors.email.connector import Email
from connectors.email.raws import Known, raw_of
from connectors.email.settings import EmailSettings
from connectors.registry import Channels
from connectors.text import is_storable
from pipeline.attach import Shelf
from pipeline.drain import Drain
from pipeline.intake import store
from settings import WorkSettings
from storage.db import Database
from storage.files import FileStore
from storage.inbox import INBOX, PARKED, QUEUE
from storage.talk import MESSAGES

CHANNEL = "mail"
SECTION = {"kind": "email", "address": "help@shop.example", "imap": {"host": "127.0.0.1"}}
STUB = "не удалось прочитать"
# Seconds in which a lot must have gone through, on however busy a machine.
_PATIENCE = 600.0


@dataclass
class Figures:
    """What came of the mails so far; `faults` says by a mail's number what is wrong with it, `stubs` what is
    shown in place of one that was too much for its reader."""

    mails: int = 0
    exceptions: int = 0
    not_stored: int = 0
    stubs: dict[int, str] = field(default_factory=dict)
    slowest_ms: float = 0.0
    slowest: int = 0
    faults: dict[int, str] = field(default_factory=dict)


class _Watched(Email):
    """The connector, watched at what it makes of the mails."""

    def __init__(self, settings: EmailSettings, figures: Figures) -> None:
        super().__init__(CHANNEL, settings)
        # The start of the child is no mail's time.
        super().parse(raw_of("INBOX:1:0", Known(), b""))
        self._figures = figures

    def parse(self, raw: Raw) -> list[Envelope]:
        """See Connector."""
        figures, number = self._figures, int(raw.external_id.rpartition(":")[2])
        began = time.perf_counter()
        try:
            envelopes = super().parse(raw)
        except Exception as error:
            if number not in figures.faults:
                figures.exceptions += 1
                figures.faults[number] = repr(error)
            raise
        took = (time.perf_counter() - began) * 1000
        if took > figures.slowest_ms:
            figures.slowest_ms, figures.slowest = round(took, 1), number
        if wrong := fault_of(raw, envelopes):
            figures.faults[number] = wrong
        elif isinstance(envelopes[-1], Message) and STUB in envelopes[-1].text:
            figures.stubs[number] = envelopes[-1].text
        return envelopes


class Trial:
    """Takes mails through the channel `mail` into a database."""

    def __init__(self, db: Database, folder: Path, figures: Figures) -> None:
        self._db, self.figures = db, figures
        self._channels = Channels({CHANNEL: SECTION})
        self._channels.connectors[CHANNEL] = _Watched(EmailSettings.model_validate(SECTION), figures)
        shelf, work = Shelf(FileStore(folder / "files")), WorkSettings(lease=_PATIENCE)
        self._drain = Drain(db, self._channels, shelf, work)

    def run(self, mails: Mapping[int, bytes]) -> None:
        """Take these mails, by their numbers."""
        raws = {number: raw_of(f"INBOX:1:{number}", Known(at=int(time.time())), mails[number]) for number in mails}
        store(self._db, CHANNEL, Batch(list(raws.values())))
        self._settle()
        self.figures.mails += len(mails)
        self._count({raw.external_id: number for number, raw in raws.items()}, mails)

    def close(self) -> None:
        """End the child."""
        asyncio.run(self._channels[CHANNEL].close())

    def _settle(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._ids(select(QUEUE.c.inbox_id)):
            assert time.monotonic() < deadline, "the queue is never empty"
            self._drain.visit()

    def _count(self, numbers: Mapping[str, int], mails: Mapping[int, bytes]) -> None:
        """Each has its message and its bytes, as they came."""
        there = set(self._ids(select(MESSAGES.c.external_id).where(MESSAGES.c.external_id.in_(numbers))))
        with self._db.read() as tx:
            rows = tx.execute(select(INBOX.c.external_id, INBOX.c.data).where(INBOX.c.external_id.in_(numbers)))
            kept = {key: bytes(data) for key, data in rows}
            query = select(INBOX.c.external_id, PARKED.c.reason).join(PARKED, PARKED.c.inbox_id == INBOX.c.id)
            parked = {key: reason for key, reason in tx.execute(query)}
        for key, number in numbers.items():
            whole = kept.get(key, b"").endswith(mails[number])
            if key not in there or not whole:
                self.figures.not_stored += 1
                self.figures.faults[number] = parked.get(key, "no message" if whole else "not its bytes")

    def _ids(self, query: Any) -> list[Any]:
        with self._db.read() as tx:
            return list(tx.execute(query).scalars())


def fault_of(raw: Raw, envelopes: list[Envelope]) -> str:
    """Why these cannot be what the raw became; nothing if they can."""
    messages = [one for one in envelopes if isinstance(one, Message)]
    if [one.external_id for one in messages] != [raw.external_id]:
        return "it became no message, or an other one"
    (message,) = messages
    if not message.sender.address:
        return "nobody wrote it"
    if not (message.text or message.files):
        return "it says nothing"
    spoiled = [text for one in envelopes for text in _strings(msgspec.structs.asdict(one)) if not is_storable(text)]
    if spoiled:
        return f"cannot be stored: {spoiled[0][:200]!r}"
    try:
        orjson.dumps([message.data, message.thread, message.sender.profile])
    except TypeError as error:
        return f"is no JSON: {error}"
    return ""


def _strings(value: Any) -> Iterator[str]:
    """Every string in there."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        yield from _strings(msgspec.structs.asdict(value))
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for one in pair for text in _strings(one))
    elif isinstance(value, list | tuple):
        yield from (text for one in value for text in _strings(one))
