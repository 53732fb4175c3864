"""Clients, their identities in the channels, and the identifiers that prove two identities are one person."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.types import BigId, Json, KeyText, UtcTime


class Client(SQLModel, table=True):
    """A person who writes to us."""

    __tablename__ = "clients"

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    name: str = Field(sa_type=Text, default="")
    email: str = Field(sa_type=Text, default="")
    phone: str = Field(sa_type=Text, default="")
    note: str = Field(sa_type=Text, default="")
    created_at: datetime = Field(sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)


class Identity(SQLModel, table=True):
    """One address of a client in one channel."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("channel", "address", name="identities_address"),
        Index("identities_client", "client_id"),
        # Those whose channel is to be asked for their names; few at any time.
        Index(
            "identities_asked",
            "channel",
            "ask_at",
            postgresql_where=text("ask_at IS NOT NULL"),
            sqlite_where=text("ask_at IS NOT NULL"),
        ),
    )

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    client_id: int = Field(sa_column=Column(BigId, ForeignKey("clients.id"), nullable=False))
    channel: str = Field(sa_type=KeyText)
    address: str = Field(sa_type=KeyText)
    name: str = Field(sa_type=Text, default="")
    profile: dict[str, Any] = Field(sa_type=Json, default_factory=dict)
    # False once the channel said that this person can no longer be written to.
    reachable: bool = True
    # When the channel is asked who this is; NULL where it tells by itself.
    ask_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    created_at: datetime = Field(sa_type=UtcTime)


class Proof(SQLModel, table=True):
    """An identifier somebody vouched for, such as an e-mail address a signed token named; it belongs to one client."""

    __tablename__ = "proofs"

    kind: str = Field(sa_column=Column(KeyText, primary_key=True))
    value: str = Field(sa_column=Column(KeyText, primary_key=True))
    client_id: int = Field(sa_column=Column(BigId, ForeignKey("clients.id"), nullable=False, index=True))
    created_at: datetime = Field(sa_type=UtcTime)


class Stranger(SQLModel, table=True):
    """What a channel told of somebody who has not written yet, such as the link he came by."""

    __tablename__ = "strangers"

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    address: str = Field(sa_column=Column(KeyText, primary_key=True))
    profile: dict[str, Any] = Field(sa_type=Json)
    told_at: datetime = Field(sa_type=UtcTime)
