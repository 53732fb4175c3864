"""Mails: how many a second are parsed, and how many come from a mailbox into dialogs."""

import asyncio
import os
import time
from typing import Any

from sqlalchemy import func, select

from connectors.base import Message
from connectors.email.connector import Email
from connectors.email.mailbox import Mailbox
from connectors.email.raws import Known, raw_of
from connectors.email.settings import EmailSettings
from storage import cursors
from storage.db import Database
from storage.talk import DIALOGS, MESSAGES
from tests.bench import mails, pipeline, proc
from tests.bench.house import House, Process, Stage
from tests.fakes.dovecot import PASSWORD, Dovecot

CHANNEL = "mail"
_USER = "shop@example.org"
# Mails of each client.
_EACH = 5
# Seconds.
_PATIENCE = 300.0
_STUB = "не удалось прочитать"


def measure(stage: Stage) -> dict[str, Any]:
    """Mails a second: parsed by one worker, taken from a mailbox into dialogs, and fetched from it and thrown away."""
    count = stage.size(10_000, 300)
    written = mails.mails(count, count // _EACH)
    server = Dovecot(stage.folder / f"dovecot-{stage.kind}").start()
    try:
        server.put(_USER, *written)
        fetched = asyncio.run(_fetched(_settings(server), count))
        with stage.house() as house:
            taken = _taken(stage, house, server, count)
    finally:
        server.stop()
    return {
        **_parsed(mails.corpus(stage.corpus) if stage.corpus else written[: count // 5]),
        "mails": count,
        "taken_per_s": round(taken.rate),
        "taken_cpu_us": taken.cost(),
        "fetched_per_s": round(fetched),
        "share_of_fetched": round(taken.rate / fetched, 3),
    }


# ---- parse, strip, sanitise ----


def _parsed(written: list[bytes]) -> dict[str, Any]:
    """By one thread, as a worker does it, with the child that reads."""
    channel = Email(CHANNEL, EmailSettings(kind="email", address=_USER))
    raws = [raw_of(f"INBOX:1:{number}", Known(at=int(time.time())), mail) for number, mail in enumerate(written)]
    try:
        channel.parse(raws[0])
        family = proc.family(os.getpid())
        began, spent = time.monotonic(), proc.cpu_seconds(family)
        shown = [channel.parse(raw)[-1] for raw in raws]
        seconds, spent = time.monotonic() - began, proc.cpu_seconds(family) - spent
    finally:
        asyncio.run(channel.close())
    if any(not isinstance(one, Message) or _STUB in one.text for one in shown):
        raise RuntimeError("some mails could not be read: what was measured is worth nothing")
    return {
        "parsed": len(raws),
        "parsed_per_s": round(len(raws) / seconds),
        "parsed_cpu_us": round(spent / len(raws) * 1e6),
        "bytes_a_mail": sum(map(len, written)) // len(written),
    }


# ---- from the mailbox ----


async def _fetched(settings: EmailSettings, count: int) -> float:
    """Mails a second, from the moment the folder is open."""
    source = Mailbox(settings).batches(None)
    await anext(source)
    began, found = time.monotonic(), 0
    while found < count:
        found += len((await asyncio.wait_for(anext(source), _PATIENCE)).raws)
    seconds = time.monotonic() - began
    await source.aclose()
    return found / seconds


def _taken(stage: Stage, house: House, server: Dovecot, count: int) -> pipeline.Run:
    """From the moment the receiver has opened the folder until the last mail is a message in its dialog."""
    environ = _environ(server)
    processes = [house.worker(**environ) for _ in range(pipeline.WORKERS)]
    receiver = house.daemon("receive", **environ)
    processes.append(receiver)
    deadline = time.monotonic() + _PATIENCE
    while not _is_open(house.db):
        receiver.must_live(deadline, "opened the folder")
        time.sleep(0.005)
    began, by_processes, by_database = time.monotonic(), _cpu(processes), stage.database_cpu()
    while (found := pipeline.stored(house.db)) < count:
        receiver.must_live(deadline, f"took more than {found} of {count} mails")
        time.sleep(0.02)
    seconds = time.monotonic() - began
    run = pipeline.Run(count, seconds, _cpu(processes) - by_processes, stage.database_cpu() - by_database)
    _must_hold(house.db, count)
    return run


def _cpu(processes: list[Process]) -> float:
    """Of them and of the children they read mails in."""
    return proc.cpu_seconds(pid for process in processes for pid in proc.family(process.pid))


def _is_open(db: Database) -> bool:
    with db.read() as tx:
        return cursors.get(tx, CHANNEL) is not None


def _must_hold(db: Database, count: int) -> None:
    """Each mail is one message, and each client has one dialog."""
    with db.read() as tx:
        stubs = tx.execute(select(func.count()).select_from(MESSAGES).where(MESSAGES.c.text.contains(_STUB))).scalar()
        dialogs = tx.execute(select(func.count()).select_from(DIALOGS)).scalar()
    if (found := (pipeline.stored(db), dialogs, stubs)) != (count, count // _EACH, 0):
        raise RuntimeError(f"messages, dialogs, unreadable ones are {found}: what was measured is worth nothing")


def _environ(server: Dovecot) -> dict[str, str]:
    own = {"KIND": "email", "ADDRESS": _USER} | {f"IMAP__{key.upper()}": value for key, value in _imap(server).items()}
    return {f"OKNO_CHANNELS__{CHANNEL.upper()}__{key}": value for key, value in own.items()}


def _settings(server: Dovecot) -> EmailSettings:
    return EmailSettings.model_validate({"kind": "email", "address": _USER, "imap": _imap(server)})


def _imap(server: Dovecot) -> dict[str, str]:
    return {"host": "127.0.0.1", "port": str(server.port), "security": "none", "password": PASSWORD}
