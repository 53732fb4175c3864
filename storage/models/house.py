"""The house itself: journal, operators, their departments and tokens, remembered requests, keys, what is sealed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, SmallInteger, Text
from sqlmodel import Field, SQLModel

from storage.types import BigId, Json, KeyText, UtcTime


class Event(SQLModel, table=True):
    """One numbered line of the journal; ids become visible in order."""

    __tablename__ = "journal"
    __table_args__ = (Index("journal_dialog", "dialog_id", "id"), {"sqlite_autoincrement": True})

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    at: datetime = Field(sa_type=UtcTime)
    type: str = Field(sa_type=Text)
    # "operator:7", "client:12", or "system".
    actor: str = Field(sa_type=Text)
    dialog_id: int | None = Field(sa_column=Column(BigId, nullable=True), default=None)
    data: dict[str, Any] = Field(sa_type=Json)


class Department(SQLModel, table=True):
    """Operators who sign their mails alike."""

    __tablename__ = "departments"

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    # Below what its operators write, instead of the channel's; empty where the channel's will do.
    signature: str = Field(sa_column=Column(Text, nullable=False, server_default=""), default="")
    created_at: datetime = Field(sa_type=UtcTime)


class Operator(SQLModel, table=True):
    """Somebody who answers, or only looks."""

    __tablename__ = "operators"

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    # admin, operator or read-only.
    role: str = Field(sa_type=Text)
    active: bool = True
    created_at: datetime = Field(sa_type=UtcTime)
    department_id: int | None = Field(
        sa_column=Column(BigId, ForeignKey("departments.id"), nullable=True), default=None
    )


class Token(SQLModel, table=True):
    """A key to the API: only its hash is kept."""

    __tablename__ = "tokens"

    id: int = Field(sa_column=Column(BigId, primary_key=True))
    operator_id: int = Field(sa_column=Column(BigId, ForeignKey("operators.id"), nullable=False, index=True))
    digest: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    # The first letters, so that people can tell their tokens apart.
    prefix: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    last_used_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)
    revoked_at: datetime | None = Field(sa_type=UtcTime, default=None, nullable=True)


class Idempotency(SQLModel, table=True):
    """The answer a write got, so that the same request again gets it too."""

    __tablename__ = "idempotency"

    operator_id: int = Field(sa_column=Column(BigId, primary_key=True, autoincrement=False))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    digest: bytes = Field(sa_type=LargeBinary)
    status: int = Field(sa_type=SmallInteger)
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcTime, index=True)


class Secret(SQLModel, table=True):
    """A random key this installation made for itself."""

    __tablename__ = "secrets"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    value: bytes = Field(sa_type=LargeBinary)


class Sealed(SQLModel, table=True):
    """What a connector must not forget; only its channel's settings open it."""

    __tablename__ = "vault"

    channel: str = Field(sa_column=Column(KeyText, primary_key=True))
    # Made of the secret that opens it, and tells nothing of it.
    name: str = Field(sa_column=Column(KeyText, primary_key=True))
    value: bytes = Field(sa_type=LargeBinary)
