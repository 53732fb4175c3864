"""Dialogs, their episodes, the messages in them and the files those carry."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.types import BigId, Json, KeyText, UtcTime


class Dialog(SQLModel, table=True):
    """Everything said with one client, over all channels."""

    __tablename__ = "dialogs"
    __table_args__ = (Index("dialogs_last_at", "last_at", "id"),)

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    client_id: int = Field(sa_column=Column(BigId, ForeignKey("clients.id"), nullable=False, unique=True))
    # The newest episode, open or not: what the reopen policy looks at.
    episode_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    # The last arrival number given out, and that of the client's last message.
    last_seq: int = Field(sa_type=BigId, default=0)
    last_in_seq: int = Field(sa_type=BigId, default=0)
    read_seq: int = Field(sa_type=BigId, default=0)
    unread: int = 0
    last_message_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    last_at: datetime = Field(sa_type=UtcTime)
    created_at: datetime = Field(sa_type=UtcTime)
    # Grows with every change of a task of the dialog: who found tasks in it sees whether that was on what still is.
    task_rev: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"), default=0)
    # Up to which arrival number its messages were read for tasks: what is put in again is no news.
    triaged_seq: int = Field(sa_column=Column(BigId, nullable=False, server_default="0"), default=0)


class Participant(SQLModel, table=True):
    """Somebody beside the client whom an operator admitted to the dialog."""

    __tablename__ = "participants"

    dialog_id: int = Field(sa_column=Column(BigId, ForeignKey("dialogs.id"), primary_key=True, autoincrement=False))
    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    address: str = Field(sa_column=Column(KeyText, primary_key=True))
    admitted_at: datetime = Field(sa_type=UtcTime)


class Episode(SQLModel, table=True):
    """One stretch of work in a dialog, from the first message until it is resolved."""

    __tablename__ = "episodes"
    __table_args__ = (
        UniqueConstraint("dialog_id", "number", name="episodes_number"),
        # At most one open episode a dialog, whoever races.
        Index(
            "episodes_open",
            "dialog_id",
            unique=True,
            postgresql_where=text("status <> 'resolved'"),
            sqlite_where=text("status <> 'resolved'"),
        ),
        Index("episodes_assignee", "assignee_id", "status"),
    )

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    dialog_id: int = Field(sa_column=Column(BigId, ForeignKey("dialogs.id"), nullable=False))
    number: int
    status: str = Field(sa_type=Text)
    # Nobody yet: the episode stands in the general queue.
    assignee_id: int | None = Field(sa_column=Column(BigId, ForeignKey("operators.id"), nullable=True), default=None)
    opened_at: datetime = Field(sa_type=UtcTime)
    first_reply_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    resolved_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)


class Message(SQLModel, table=True):
    """One entry of a dialog: in, out, note or event."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("dialog_id", "seq", name="messages_seq"),
        # A message without a key of its own in the channel (a note, a reply not sent yet) has NULL there.
        UniqueConstraint("channel", "external_id", name="messages_key"),
        Index(
            "messages_shown",
            "dialog_id",
            "shown",
            postgresql_where=text("shown IS NOT NULL"),
            sqlite_where=text("shown IS NOT NULL"),
        ),
    )

    id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    dialog_id: int = Field(sa_column=Column(BigId, ForeignKey("dialogs.id"), nullable=False))
    seq: int = Field(sa_type=BigId)
    episode_id: int = Field(sa_type=BigId)
    direction: str = Field(sa_type=Text)
    channel: str | None = Field(sa_type=KeyText, default=None, nullable=True)
    external_id: str | None = Field(sa_type=KeyText, default=None, nullable=True)
    identity_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    operator_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    text: str = Field(sa_type=Text, default="")
    html: str | None = Field(sa_type=Text, default=None, nullable=True)
    reply_to: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    # Of a reply: the arrival number at which the client saw it. He reads on from the last thing he saw, and a reply
    # written before that may have left after it.
    shown: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    # The source's own time and its own order within that time.
    sent_at: datetime = Field(sa_type=UtcTime)
    source_key: str = Field(sa_type=Text, default="")
    edited_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    deleted_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    # What has no column: placeholders, reactions, what the channel told of delivery.
    data: dict[str, Any] | None = Field(sa_type=Json, default=None, nullable=True)


class Alias(SQLModel, table=True):
    """One more key of a message in its channel: of a reply's further letters, of an album and those in it."""

    __tablename__ = "aliases"

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    external_id: str = Field(sa_column=Column(KeyText, primary_key=True))
    # No foreign key: making one locks the table of messages, and so whoever works while this is migrated.
    message_id: int = Field(sa_column=Column(BigId, nullable=False, index=True))


class Attachment(SQLModel, table=True):
    """A file of a message, or one that was uploaded and waits for its message."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("attachments_message", "message_id", "position"),
        Index("attachments_owner", "owner", "created_at"),
    )

    # Random and unguessable; the file itself lies under the hash of its content.
    id: str = Field(sa_column=Column(KeyText, primary_key=True))
    message_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    position: int = 0
    # Whose it is until a message takes it: "visitor:channel:address" or "operator:id".
    owner: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    size: int = Field(sa_type=BigId)
    # Empty while the content is still to be fetched from `source`.
    sha256: str = Field(sa_type=KeyText, default="")
    state: str = Field(sa_type=Text, default="stored")
    source: str | None = Field(sa_type=Text, default=None, nullable=True)
    channel: str | None = Field(sa_type=KeyText, default=None, nullable=True)
    attempts: int = 0
    next_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    created_at: datetime = Field(sa_type=UtcTime)
    # What the source calls the content: tells files of a message again when that is edited, and those its page shows.
    key: str | None = Field(sa_type=KeyText, default=None, nullable=True)


# Uploads nobody used yet and files still to be fetched, for the clock and the fetcher; few at any time.
Index(
    "attachments_loose",
    Attachment.__table__.c.created_at,  # type: ignore[attr-defined]
    postgresql_where=text("message_id IS NULL OR state = 'pending'"),
    sqlite_where=text("message_id IS NULL OR state = 'pending'"),
)
# The same content may belong to many attachments; a file leaves the disk with the last of them.
Index("attachments_content", Attachment.__table__.c.sha256)  # type: ignore[attr-defined]
