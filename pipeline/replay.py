"""Replay: parked raws and held letters taken up again, by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, FromClause, Row, and_, true

from pipeline.daemons import open_database
from settings import Settings, SettingsError
from storage import inbox, journal, outbox
from storage.db import Database, Tx
from storage.inbox import INBOX
from storage.outbox import FAILED, HELD, OUTBOX, UNCONFIRMED

_STEP = 1000


class Choice(NamedTuple):
    """Which rows: one by its id, those of a channel, those since a time; without any, all."""

    row: int | None = None
    channel: str | None = None
    since: datetime | None = None

    @classmethod
    def read(cls, row: int | None, channel: str | None, since: str | None, timezone: str) -> "Choice":
        """From the command line; a time without a zone is the business's. Raises SettingsError."""
        at = None
        if since:
            try:
                at = datetime.fromisoformat(since)
            except ValueError:
                raise SettingsError(f"--since: {since!r} is no time; write 2026-11-22 or 2026-11-22T10:00") from None
            at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))
        return cls(row, channel, at.astimezone(UTC) if at else None)


def replay_inbox(settings: Settings, choice: Choice) -> int:
    """Queue parked raws again; one named by its id, or all since a time, also when processed. Gives back how many.

    What was processed before is read once more by today's code: messages that are there already stay as they are.
    """
    where = _where(choice, INBOX, INBOX.c.received_at)
    db = open_database(settings)
    try:
        count = _parked(db, where)
        if choice.row is not None or choice.since is not None:
            count += _processed(db, where)
        return count
    finally:
        db.close()


def replay_outbox(settings: Settings, choice: Choice) -> int:
    """Queue held and unconfirmed letters again; one named by its id also when it failed. Gives back how many."""
    states = (HELD, UNCONFIRMED, FAILED) if choice.row is not None else (HELD, UNCONFIRMED)
    where = _where(choice, OUTBOX, OUTBOX.c.created_at)
    db = open_database(settings)
    try:
        return db.write(lambda tx: _letters(tx, where, states))
    finally:
        db.close()


def _parked(db: Database, where: ColumnElement[bool]) -> int:
    # By id: what still cannot be read is parked again meanwhile, and would be found without end.
    count, last = 0, 0
    while rows := db.write(partial(_some_parked, where=where, after=last)):
        count += len(rows)
        last = rows[-1].id
    return count


def _some_parked(tx: Tx, *, where: ColumnElement[bool], after: int) -> Sequence[Row[Any]]:
    rows = inbox.replay_parked(tx, where, after, _STEP)
    told = [{"inbox": row.id, "channel": row.channel} for row in rows]
    journal.append(tx, [journal.Entry("inbox.replayed", journal.SYSTEM, None, each) for each in told])
    return rows


def _processed(db: Database, where: ColumnElement[bool]) -> int:
    count, last = 0, 0
    while rows := db.write(partial(inbox.replay_processed, where=where, after=last, limit=_STEP)):
        count += len(rows)
        last = rows[-1].id
    return count


def _letters(tx: Tx, where: ColumnElement[bool], states: tuple[str, ...]) -> int:
    rows = outbox.retry(tx, where, states)
    told = [
        journal.Entry("message.retried", journal.SYSTEM, row.dialog_id, {"message": row.message_id, "letter": row.id})
        for row in rows
    ]
    journal.append(tx, told)
    return len(rows)


def _where(choice: Choice, table: FromClause, at: ColumnElement[datetime]) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = [true()]
    if choice.row is not None:
        wanted.append(table.c.id == choice.row)
    if choice.channel:
        wanted.append(table.c.channel == choice.channel)
    if choice.since is not None:
        wanted.append(at >= choice.since)
    return and_(*wanted)
