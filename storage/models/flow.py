"""What is on its way in or out: inbox, outbox, cursors, leases and the counts that must balance."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, SmallInteger, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.types import BigId, Json, KeyText, UtcTime


class Inbox(SQLModel, table=True):
    """A raw as it came: the claim check. Retention empties `data`; the key stays for ever."""

    __tablename__ = "inbox"
    __table_args__ = (UniqueConstraint("channel", "external_id", name="inbox_key"),)

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    channel: str = Field(sa_type=KeyText)
    external_id: str = Field(sa_type=KeyText)
    address: str = Field(sa_type=KeyText)
    shard: int = Field(sa_type=SmallInteger)
    data: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=UtcTime)


class Digest(SQLModel, table=True):
    """A content that was stored, where its source may bring it again under another key."""

    __tablename__ = "digests"
    __table_args__ = {"sqlite_with_rowid": False}

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    digest: str = Field(sa_column=Column(KeyText, primary_key=True))


class Spool(SQLModel, table=True):
    """A raw too large for its row: its data lies among the files."""

    __tablename__ = "spools"
    __table_args__ = (Index("spools_content", "sha256"),)

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    external_id: str = Field(sa_column=Column(KeyText, primary_key=True))
    sha256: str = Field(sa_type=KeyText)
    stored_at: datetime = Field(sa_type=UtcTime, index=True)


class InboxQueue(SQLModel, table=True):
    """A raw that still has to be processed; the row goes when that is done.

    A narrow table of its own: it stays small, so claiming does not slow down as the inbox grows.
    """

    __tablename__ = "inbox_queue"
    __table_args__ = {
        # Rows live for milliseconds: without frequent vacuums look-ups wade through the dead ones.
        "postgresql_with": {
            "autovacuum_vacuum_scale_factor": 0.0,
            "autovacuum_vacuum_threshold": 5000,
            "autovacuum_vacuum_cost_delay": 0,
        },
        # The key is all there is to it: a table beside it would be pages written twice.
        "sqlite_with_rowid": False,
    }

    shard: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    address: str = Field(sa_column=Column(KeyText, primary_key=True))
    inbox_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    # 0: nothing against it. Else it was in a batch that failed. Below zero: it may run with others, so many in all.
    # 1: it runs alone. Each start alone adds one, counted before the start.
    attempts: int = Field(sa_type=SmallInteger, default=0)


class Parked(SQLModel, table=True):
    """A raw that failed alone too often; it waits here for `replay`."""

    __tablename__ = "parked"

    inbox_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    channel: str = Field(sa_type=KeyText)
    reason: str = Field(sa_type=Text)
    parked_at: datetime = Field(sa_type=UtcTime)


class Tally(SQLModel, table=True):
    """Counts of one batch; appended, never updated, so that no row is hot. The clock adds old ones up."""

    __tablename__ = "tallies"
    __table_args__ = (Index("tallies_channel", "channel", "kind"),)

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    channel: str = Field(sa_type=KeyText)
    # received, duplicate or processed.
    kind: str = Field(sa_type=Text)
    count: int = Field(sa_type=BigId)
    at: datetime = Field(sa_type=UtcTime)


class Cursor(SQLModel, table=True):
    """How far a channel has been read."""

    __tablename__ = "cursors"

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    value: str = Field(sa_type=Text)
    updated_at: datetime = Field(sa_type=UtcTime)


class Lease(SQLModel, table=True):
    """The right to do a thing alone, in database time; the token grows with each change of hands."""

    __tablename__ = "leases"

    name: str = Field(sa_column=Column(KeyText, primary_key=True))
    # Host, process and its start time, so that a neighbour can see whether the holder is dead; empty when given back.
    holder: str = Field(sa_type=Text, default="")
    token: int = Field(sa_type=BigId, default=0)
    expires_at: datetime = Field(sa_type=UtcTime)
    # The inbox ids under work: what the next holder must suspect if this one never comes back.
    claims: list[int] | None = Field(sa_type=Json, default=None, nullable=True)


class Letter(SQLModel, table=True):
    """One outbound call with an effect; a long text is several letters."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_message", "message_id", "part"),
        # What deliver looks at: the letters under way, lane by lane in order.
        Index(
            "outbox_lane",
            "channel",
            "dialog_id",
            "recipient",
            "id",
            postgresql_where=text("state IN ('queued', 'sending')"),
            sqlite_where=text("state IN ('queued', 'sending')"),
        ),
        Index(
            "outbox_stuck",
            "state",
            "id",
            postgresql_where=text("state <> 'sent'"),
            sqlite_where=text("state <> 'sent'"),
        ),
    )

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    message_id: int = Field(sa_type=BigId)
    dialog_id: int = Field(sa_type=BigId)
    part: int = Field(sa_type=SmallInteger, default=0)
    channel: str = Field(sa_type=KeyText)
    recipient: str = Field(sa_type=KeyText)
    # send, edit or delete.
    action: str = Field(sa_type=Text, default="send")
    # Frozen with the letter: text, file ids, what it answers.
    payload: dict[str, Any] = Field(sa_type=Json)
    # Written by a machine: on an unknown outcome it is held, never sent twice.
    automatic: bool = False
    # queued, sending, sent, failed, unconfirmed, cancelled or held.
    state: str = Field(sa_type=Text, default="queued")
    attempts: int = 0
    # True once it was sent again after a call nobody knows the end of.
    maybe_twice: bool = False
    # True from a call nobody knows the end of until the next one whose end is known.
    in_doubt: bool = False
    send_at: datetime = Field(sa_type=UtcTime)
    next_at: datetime = Field(sa_type=UtcTime)
    # While sending: who makes the call, its fencing token, and when its outcome counts as unknown.
    worker: str | None = Field(sa_type=Text, default=None, nullable=True)
    token: int = Field(sa_type=BigId, default=0)
    expires_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    error: str | None = Field(sa_type=Text, default=None, nullable=True)
    receipt: list[str] | None = Field(sa_type=Json, default=None, nullable=True)
    created_at: datetime = Field(sa_type=UtcTime)
    sent_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)


class Halt(SQLModel, table=True):
    """What of a channel stands still because it takes nothing from us, as with wrong credentials."""

    __tablename__ = "halts"

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    # sending or reading: the one may go on without the other.
    what: str = Field(sa_column=Column(KeyText, primary_key=True, server_default="sending"))
    reason: str = Field(sa_type=Text)
    since: datetime = Field(sa_type=UtcTime)
    # When it is tried again.
    until: datetime = Field(sa_type=UtcTime)


class Refusal(SQLModel, table=True):
    """A channel whose hook turns calls away for a wrong secret. Nothing of it stands still."""

    __tablename__ = "refusals"

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    reason: str = Field(sa_type=Text)
    since: datetime = Field(sa_type=UtcTime)
    last: datetime = Field(sa_type=UtcTime)


class EarlyChange(SQLModel, table=True):
    """What was told of a message that is not there yet."""

    __tablename__ = "early"
    __table_args__ = (Index("early_message", "channel", "external_id"), Index("early_due", "next_at"))

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    channel: str = Field(sa_type=KeyText)
    # The message's.
    external_id: str = Field(sa_type=KeyText)
    data: str = Field(sa_type=Text)
    kept_at: datetime = Field(sa_type=UtcTime)
    # When the message is looked for again.
    next_at: datetime = Field(sa_type=UtcTime)


class Pace(SQLModel, table=True):
    """When the next letter may go: to a recipient, or with an empty one, of the whole channel."""

    __tablename__ = "paces"

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    recipient: str = Field(sa_column=Column(KeyText, primary_key=True))
    free_at: datetime = Field(sa_type=UtcTime, index=True)


class Signal(SQLModel, table=True):
    """Something fleeting for a client, such as that we type: given once and soon, or never."""

    __tablename__ = "signals"

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    channel: str = Field(sa_type=KeyText)
    recipient: str = Field(sa_type=KeyText)
    # typing, read or press.
    kind: str = Field(sa_type=Text)
    data: str = Field(sa_type=Text, default="")
    created_at: datetime = Field(sa_type=UtcTime)
