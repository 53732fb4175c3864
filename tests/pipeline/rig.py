"""The pipeline set up for a test: intake, drain and delivery over one database, with channels of the fake kind."""

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import wait
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Table, and_, select

from connectors.base import Batch, Raw
from connectors.registry import Channels
from pipeline import intake
from pipeline.attach import Shelf
from pipeline.deliver import Deliver
from pipeline.drain import Drain
from pipeline.loop import LoopThread
from pipeline.triage import Triage
from settings import Settings, WorkSettings
from storage import inbox, journal, ledger, outbox, talk
from storage.db import Database, now
from storage.files import FileStore
from storage.inbox import PARKED, QUEUE
from storage.models import Client, Identity
from storage.outbox import OUTBOX
from storage.talk import DIALOGS, EPISODES, MESSAGES
from storage.tasks import TASKS
from storage.triage import TRIAGE
from storage.verify import verify
from tasks.calendar import Calendar
from tests.fakes.channel import World

CLIENTS: Table = Client.__table__  # type: ignore[attr-defined]
IDENTITIES: Table = Identity.__table__  # type: ignore[attr-defined]
CHANNEL = "shop"
PATIENCE = 30.0
# Where `neighbours` live.
SHARD = inbox.shard_of(CHANNEL, "anna")


def neighbours(count: int) -> list[str]:
    """Addresses of one shard, so that what they write comes in one batch."""
    names = (f"n{number}" for number in itertools.count())
    return list(itertools.islice((name for name in names if inbox.shard_of(CHANNEL, name) == SHARD), count))


class Rig:
    """One process's worth of pipeline. The channels `shop` and `mail` are of the fake kind."""

    def __init__(self, db: Database, folder: Path, work: WorkSettings | None = None, **section: Any) -> None:
        self.db, self.folder, self.work, self._section = db, folder, work or WorkSettings(), section
        self.world = World(folder / "world")
        self.store = FileStore(folder / "files")
        self.channels = Channels({name: self.world.section(**section) for name in (CHANNEL, "mail")})
        self.drain = Drain(db, self.channels, Shelf(self.store), self.work)
        self.triage = Triage(db, Calendar(), Settings(state_dir=folder / "var", work=self.work))

    @property
    def url(self) -> str:
        """The database's address, with its password."""
        return self.db.url.render_as_string(hide_password=False)

    def again(self) -> "Rig":
        """The same in another process: nothing shared but the database and the world."""
        return Rig(Database(self.url), self.folder, self.work, **self._section)

    # ---- in ----

    def store_raws(self, *raws: Raw, channel: str = CHANNEL) -> int:
        """Take raws in, and leave them."""
        return intake.store(self.db, channel, Batch(list(raws)))

    def settle(self) -> None:
        """Sweep until nothing is queued."""
        deadline = time.monotonic() + PATIENCE
        while self.queued():
            assert time.monotonic() < deadline, "the inbox does not run empty"
            self.drain.visit()

    def take(self, *raws: Raw, channel: str = CHANNEL) -> None:
        """Take raws in and through."""
        self.store_raws(*raws, channel=channel)
        self.settle()

    def read(self) -> None:
        """Read for tasks until nothing waits for that."""
        deadline = time.monotonic() + PATIENCE
        while self.rows(TRIAGE):
            assert time.monotonic() < deadline, "messages stay unread"
            self.triage.visit()

    # ---- out ----

    def letter(self, text: str = "ok", to: str = "anna", **changed: Any) -> int:
        """A reply of one letter to the client, committed; gives back the letter's id."""
        with self.db.begin() as tx:
            who = select(IDENTITIES.c.id, DIALOGS.c.id, DIALOGS.c.episode_id, DIALOGS.c.last_seq).join(
                DIALOGS, DIALOGS.c.client_id == IDENTITIES.c.client_id
            )
            identity, dialog, episode, last = tx.execute(who.where(IDENTITIES.c.address == to)).one()
            message = talk.message_ids(tx, 1)[0]
            row = talk.NewMessage(message, dialog, last + 1, episode, "out", text, now(), CHANNEL, None, identity, None)
            tx.execute(MESSAGES.insert().values(**row._asdict()))
            moved = {"last_seq": last + 1, "last_message_id": message}
            tx.execute(DIALOGS.update().where(DIALOGS.c.id == dialog).values(**moved))
            new = outbox.NewLetter(message, dialog, 0, CHANNEL, to, "send", {"text": text}, now())
            outbox.put(tx, [new._replace(**changed)])
            letter: int = tx.execute(select(OUTBOX.c.id).order_by(OUTBOX.c.id.desc()).limit(1)).scalar_one()
        return letter

    def letter_row(self, letter_id: int) -> Row[Any]:
        """The letter as it stands."""
        with self.db.read() as tx:
            return tx.execute(select(OUTBOX).where(OUTBOX.c.id == letter_id)).one()

    # ---- what came of it ----

    def rows(self, table: Table) -> Sequence[Row[Any]]:
        """All rows of a table."""
        with self.db.read() as tx:
            return tx.execute(select(table).order_by(*table.primary_key.columns)).all()

    def messages(self) -> Sequence[Row[Any]]:
        """All messages, dialog by dialog in order of arrival."""
        with self.db.read() as tx:
            return tx.execute(select(MESSAGES).order_by(MESSAGES.c.dialog_id, MESSAGES.c.seq)).all()

    def said(self) -> list[str]:
        """Their texts."""
        return [row.text for row in self.messages()]

    def queued(self) -> int:
        """How many raws are queued."""
        return len(self.rows(QUEUE))

    def parked(self) -> dict[int, str]:
        """The reasons of parked raws, by inbox id."""
        return {row.inbox_id: row.reason for row in self.rows(PARKED)}

    def flow(self, channel: str = CHANNEL) -> dict[str, int]:
        """The channel's counts."""
        with self.db.snapshot() as tx:
            return ledger.flows(tx)[channel]

    def events(self, kind: str = "") -> list[journal.Line]:
        """The journal, of one kind of event if asked."""
        with self.db.read() as tx:
            return [line for line in journal.read(tx, 0, 100_000) if not kind or line.type == kind]

    def tasks(self) -> Sequence[Row[Any]]:
        """All tasks."""
        return self.rows(TASKS)

    def dialogs(self) -> Sequence[Row[Any]]:
        """All dialogs."""
        return self.rows(DIALOGS)

    def episodes(self) -> Sequence[Row[Any]]:
        """All episodes."""
        return self.rows(EPISODES)

    def resolve(self) -> None:
        """Close every open episode, as an operator would."""
        with self.db.begin() as tx:
            open_ones = EPISODES.c.status == talk.OPEN
            tx.execute(EPISODES.update().where(open_ones).values(status=talk.RESOLVED, resolved_at=now()))

    def check(self) -> None:
        """Every promise is kept."""
        with self.db.snapshot() as tx:
            assert verify(tx) == []


class Sending:
    """A rig's delivery, with the loop it needs."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._loop = LoopThread()
        self.deliver = Deliver(rig.db, rig.channels, self._loop, rig.store, rig.work)

    def sweep(self) -> None:
        """Sweep once, and see what was begun to its end."""
        self.deliver.sweep()
        wait([call for calls in self.deliver._calls.values() for call in calls], PATIENCE)

    def settle(self) -> None:
        """Sweep until no letter is under way but those for another hour."""
        deadline = time.monotonic() + PATIENCE
        soon = and_(OUTBOX.c.state.in_(outbox.UNDER_WAY), OUTBOX.c.next_at < now() + timedelta(minutes=5))
        while True:
            self.sweep()
            with self._rig.db.read() as tx:
                if tx.execute(select(OUTBOX.c.id).where(soon)).first() is None:
                    return
            assert time.monotonic() < deadline, "letters stay under way"

    def close(self) -> None:
        """Give threads back."""
        self.deliver.stop()
        self.deliver.close()
        self._loop.close()
