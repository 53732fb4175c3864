"""A shop that answers mails: intake, drain and delivery over one database, with a real server for what goes out."""

import email
import time
from collections.abc import Sequence
from concurrent.futures import wait
from email.message import Message as Sent
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from connectors.base import Batch
from connectors.email.raws import Known, raw_of
from connectors.registry import Channels
from dialogs import admission, work, writing
from dialogs.access import Staff
from pipeline import intake, letters
from pipeline.attach import Shelf
from pipeline.deliver import Deliver
from pipeline.drain import Drain
from pipeline.loop import LoopThread
from settings import WorkSettings
from storage import operators
from storage.attachments import ATTACHMENTS
from storage.db import Database
from storage.files import FileStore
from storage.inbox import QUEUE
from storage.models import Identity
from storage.outbox import OUTBOX
from storage.talk import EPISODES, MESSAGES, OPEN, RESOLVED
from tests.fakes.smtp import PASSWORD, USER, SmtpServer

IDENTITIES = Identity.__table__  # type: ignore[attr-defined]
# The name the shop's own mail server signs its findings with.
SERVER = "mx.shop.example"
PATIENCE = 30.0


def mail(sender: str, text: str = "hello", **headers: str) -> bytes:
    """A mail of plain text; headers by their names, with _ for -, the last ones on top."""
    told = {"From": sender, "To": USER, "Subject": "order", **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in told.items() if value)
    return f"{lines}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()


class Shop:
    """Okno with one mailbox, in one process."""

    def __init__(self, db: Database, folder: Path, server: SmtpServer, **section: Any) -> None:
        self.db, self.server, self.store = db, server, FileStore(folder / "files")
        smtp = {"host": "127.0.0.1", "port": server.port, "security": "none", "password": PASSWORD}
        told = {"kind": "email", "address": USER, "authserv_id": SERVER, "smtp": smtp, "retry": [0.05]}
        self.channels = Channels({"mail": {**told, **section}})
        self.drain = Drain(db, self.channels, Shelf(self.store), WorkSettings())
        self._loop = LoopThread()
        self._deliver = Deliver(db, self.channels, self._loop, self.store, WorkSettings())
        self._uids = 0
        with db.begin() as tx:
            olga = operators.create(tx, "Olga", "operator")
        self._olga = Staff(olga.id, olga.name, olga.role)

    def comes(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Mails arrive, in this order, and are taken."""
        raws = []
        for each in mails:
            self._uids += 1
            raws.append(raw_of(f"{folder}:7:{self._uids}", Known(at=int(time.time())), each))
        intake.store(self.db, "mail", Batch(raws))
        deadline = time.monotonic() + PATIENCE
        while self.rows(QUEUE):
            assert time.monotonic() < deadline, "the inbox does not run empty"
            self.drain.visit()

    def replies(self, dialog: int, text: str = "on its way") -> Sent:
        """Olga answers; gives back the mail as it left."""
        before = len(self.server.mails)
        split = partial(letters.split, self.channels)
        work.perform(self.db, self._olga, lambda job: writing.reply(job, dialog, writing.Draft(text), split))
        self.deliver()
        (sent,) = self.server.mails[before:]
        return email.message_from_bytes(sent.data, policy=default)

    def admit(self, dialog: int, message: int, *, away: bool = False) -> None:
        """Olga lets the message's sender into the dialog, or out of it."""
        act = admission.dismiss if away else admission.admit
        work.perform(self.db, self._olga, lambda job: act(job, dialog, message))

    def deliver(self) -> None:
        """What is due goes out."""
        self._deliver.sweep()
        wait([call for calls in self._deliver._calls.values() for call in calls], PATIENCE)

    def resolve(self) -> None:
        """Every open episode is closed."""
        with self.db.begin() as tx:
            tx.execute(EPISODES.update().where(EPISODES.c.status == OPEN).values(status=RESOLVED, resolved_at=None))

    def messages(self) -> Sequence[Row[Any]]:
        """All messages in order of arrival."""
        with self.db.read() as tx:
            return tx.execute(select(MESSAGES).order_by(MESSAGES.c.id)).all()

    def in_dialog(self, dialog: int) -> list[str]:
        """What was said there."""
        return [row.text.strip() for row in self.messages() if row.dialog_id == dialog]

    def dialog_of(self, address: str) -> int:
        """The dialog of who has this address."""
        with self.db.read() as tx:
            found = select(MESSAGES.c.dialog_id).join(IDENTITIES, IDENTITIES.c.id == MESSAGES.c.identity_id)
            return int(tx.execute(found.where(IDENTITIES.c.address == address).limit(1)).scalar_one())

    def recipients(self) -> set[str]:
        """To whom anything was ever sent."""
        return {row.recipient for row in self.rows(OUTBOX)}

    def files(self) -> list[str]:
        """The names of all files."""
        return [row.name for row in self.rows(ATTACHMENTS)]

    def rows(self, table: Any) -> Sequence[Row[Any]]:
        """All rows of a table."""
        with self.db.read() as tx:
            return tx.execute(select(table)).all()

    def close(self) -> None:
        """Give threads, connections and the child back."""
        self._deliver.stop()
        self._deliver.close()
        self._loop.run(self.channels.close(), PATIENCE)
        self._loop.close()
