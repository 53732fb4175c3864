"""Mails made to stop us: each is read, by the child that reads all of them, and so is the next one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.base import Batch, Message, Raw
from connectors.email.connector import Email
from connectors.email.raws import Known, line_of, raw_of
from connectors.email.sandbox import reader
from connectors.registry import Channels
from pipeline.attach import Shelf
from pipeline.drain import Drain
from pipeline.intake import store
from settings import WorkSettings
from storage import spools
from storage.db import Database
from storage.files import FileStore
from storage.inbox import INBOX
from storage.talk import MESSAGES
from tests.connectors.email.hostile import HEAD, MAILS
from tests.mutations.trial import SECTION, STUB, fault_of

CAME = Known(at=1_800_000_000)
ORDINARY = "From: Анна <anna@example.org>\r\nSubject: заказ\r\n\r\nГде он?\r\n".encode()
# Seconds: how fast it is on a busy machine is nothing a test can tell.
LONG = 60.0
TOO_LARGE = 250 << 20


@pytest.fixture(scope="module")
def channels() -> Iterator[Channels]:
    """One connector for all, and one child as long as it lives."""
    found = Channels({"mail": SECTION})
    yield found
    mailbox = found["mail"]
    assert isinstance(mailbox, Email)
    mailbox._reader().close()


def shown(channels: Channels, mail: bytes) -> str:
    raw = raw_of("INBOX:1:1", CAME, mail)
    envelopes = channels["mail"].parse(raw)
    assert fault_of(raw, envelopes) == ""
    assert isinstance(envelopes[-1], Message)
    return envelopes[-1].text


@pytest.mark.parametrize("name", MAILS)
def test_a_hostile_mail_is_read_and_so_is_the_next(
    name: str, channels: Channels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_SECONDS", LONG)
    assert STUB not in shown(channels, MAILS[name]())
    assert shown(channels, ORDINARY) == "Где он?"


def test_one_that_takes_too_long_is_shown_as_such(channels: Channels) -> None:
    shown(channels, ORDINARY)
    with pytest.MonkeyPatch.context() as hurry:
        hurry.setattr(reader, "_SECONDS", 0.05)
        assert STUB in shown(channels, MAILS["formats"]())
    assert shown(channels, ORDINARY) == "Где он?"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_that_takes_too_much_memory_is_shown_as_such_and_its_bytes_stay(
    channels: Channels, db: Database, tmp_path: Path
) -> None:
    files = FileStore(tmp_path / "files")
    large = tmp_path / "large"
    large.write_bytes(line_of(CAME) + HEAD + b"\r\n")
    os.truncate(large, TOO_LARGE)
    raws = [
        raw_of("INBOX:1:1", CAME, ORDINARY),
        Raw("INBOX:1:2", "eve@example.org", b"", file=str(large)),
        raw_of("INBOX:1:3", CAME, ORDINARY),
    ]
    store(db, "mail", Batch(raws), files=files)
    drain = Drain(db, channels, Shelf(files), WorkSettings())
    while drain.visit():
        pass
    with db.read() as tx:
        said = {row.external_id: row.text for row in tx.execute(select(MESSAGES))}
        kept = tx.execute(select(INBOX.c.data).where(INBOX.c.external_id == "INBOX:1:2")).scalar_one()
    assert said.keys() == {"INBOX:1:1", "INBOX:1:2", "INBOX:1:3"}
    assert STUB in said["INBOX:1:2"]
    assert said["INBOX:1:1"] == said["INBOX:1:3"] == "Где он?"
    sha256 = spools.sha256_of(bytes(kept))
    assert sha256 is not None
    assert files.path(sha256).stat().st_size == TOO_LARGE
