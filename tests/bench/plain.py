"""The plain way: one message a transaction through SQLModel sessions, on the same tables with the same constraints.

A helper process: `python -m tests.bench.plain URL NUMBER OF` takes every OF-th shard. What it leaves in the database
is what the pipeline leaves there; only how it gets there differs.
"""

import sys
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

import settings as config
from connectors.base import Connector, Raw
from connectors.base import Message as Written
from connectors.registry import Channels
from storage import inbox, shards, talk
from storage.db import Database, is_postgres, now
from storage.journal import _LOCK
from storage.models import Client, Dialog, Episode, Event, Identity, Inbox, InboxQueue, Message, Tally
from tests.bench import helper

# Keys looked up at once; each is then taken in a transaction of its own.
_PAGE = 200

Key = tuple[int, str, int]


class Plain:
    """Takes raws into dialogs, one by one."""

    def __init__(self, db: Database, connector: Connector) -> None:
        self._db, self._connector = db, connector

    def drain(self, shard: int) -> None:
        """Empty the shard."""
        while keys := self._waiting(shard):
            for key in keys:
                with Session(self._db._engine) as session:
                    self._take(session, key)
                    session.commit()

    def _waiting(self, shard: int) -> Sequence[Key]:
        order = (col(InboxQueue.address), col(InboxQueue.inbox_id))
        query = select(InboxQueue.shard, *order).where(InboxQueue.shard == shard).order_by(*order).limit(_PAGE)
        with Session(self._db._plain) as session:
            return [(row[0], row[1], row[2]) for row in session.exec(query)]

    def _take(self, session: Session, key: Key) -> None:
        queued = session.get(InboxQueue, key, with_for_update=True)
        if queued is None:
            return
        raw = session.get_one(Inbox, queued.inbox_id)
        events: list[Event] = []
        for envelope in self._connector.parse(Raw(raw.external_id, raw.address, raw.data)):
            assert isinstance(envelope, Written)
            events += self._write(session, raw.channel, envelope)
        session.add(Tally(channel=raw.channel, kind=inbox.PROCESSED, count=1, at=now()))  # type: ignore[call-arg]
        session.delete(queued)
        session.flush()
        # As in the pipeline, the journal comes last, so that its numbers become visible in order.
        if is_postgres(session.connection()):
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        session.add_all(events)

    def _write(self, session: Session, channel: str, written: Written) -> list[Event]:
        own = (Message.channel == channel, Message.external_id == written.external_id)
        if session.exec(select(Message.id).where(*own)).first() is not None:
            return []
        identity = self._identity(session, channel, written)
        of_client = select(Dialog).where(Dialog.client_id == identity.client_id)
        dialog = session.exec(of_client.with_for_update(key_share=True)).one()
        episode, events = self._episode(session, dialog, written)
        dialog.last_seq += 1
        message = Message(
            id=talk.message_ids(session.connection(), 1)[0], dialog_id=dialog.id, seq=dialog.last_seq,
            episode_id=episode.id, direction="in", channel=channel, external_id=written.external_id,
            identity_id=identity.id, text=written.text, sent_at=written.sent_at, source_key=written.source_key,
        )  # fmt: skip
        session.add(message)
        dialog.last_in_seq, dialog.last_message_id = dialog.last_seq, message.id
        dialog.unread += 1
        dialog.last_at = max(dialog.last_at, written.sent_at)
        told = {"message": message.id, "seq": message.seq, "channel": channel, "direction": "in"}
        events.append(_event("message.received", f"client:{identity.client_id}", dialog, told))
        return events

    def _identity(self, session: Session, channel: str, written: Written) -> Identity:
        sender = written.sender
        query = select(Identity).where(Identity.channel == channel, Identity.address == sender.address)
        known = session.exec(query).first()
        if known is not None:
            return known
        at = now()
        client = Client(name=sender.name, email=sender.email, created_at=at, updated_at=at)  # type: ignore[call-arg]
        session.add(client)
        session.flush()
        identity = Identity(  # type: ignore[call-arg]
            client_id=client.id, channel=channel, address=sender.address, name=sender.name, created_at=at
        )
        session.add_all([identity, Dialog(client_id=client.id, last_at=at, created_at=at)])  # type: ignore[call-arg]
        session.flush()
        return identity

    def _episode(self, session: Session, dialog: Dialog, written: Written) -> tuple[Episode, list[Event]]:
        newest = session.get(Episode, dialog.episode_id) if dialog.episode_id else None
        if newest is not None and newest.status != talk.RESOLVED:
            return newest, []
        number = newest.number + 1 if newest else 1
        opened = Episode(  # type: ignore[call-arg]
            dialog_id=dialog.id, number=number, status=talk.OPEN, opened_at=written.sent_at
        )
        session.add(opened)
        session.flush()
        dialog.episode_id = opened.id
        return opened, [_event("dialog.opened", "system", dialog, {"episode": number})]


def _event(kind: str, actor: str, dialog: Dialog, data: dict[str, Any]) -> Event:
    return Event(at=now(), type=kind, actor=actor, dialog_id=dialog.id, data=data)  # type: ignore[call-arg]


def _main() -> None:
    url, number, of = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    db = Database(url)
    channels = Channels(config.load({}).channels)
    plain = Plain(db, next(iter(channels.connectors.values())))
    with db.read() as tx:
        shards.look(tx, shards.INBOX)

    def work() -> dict[str, Any]:
        began, spent = time.monotonic(), time.process_time()
        for shard in range(number, inbox.SHARDS, of):
            plain.drain(shard)
        return {"seconds": time.monotonic() - began, "cpu": time.process_time() - spent}

    helper.serve(work)


if __name__ == "__main__":
    _main()
