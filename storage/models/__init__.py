"""The tables, one module a neighbourhood: people, talk, flow, house."""

from sqlmodel import SQLModel

from storage.models.flow import (
    Cursor,
    EarlyChange,
    Halt,
    Inbox,
    InboxQueue,
    Lease,
    Letter,
    Pace,
    Parked,
    Refusal,
    Signal,
    Tally,
)
from storage.models.house import Event, Idempotency, Operator, Secret, Token
from storage.models.people import Client, Identity, Proof, Stranger
from storage.models.talk import Alias, Attachment, Dialog, Episode, Message

metadata = SQLModel.metadata

__all__ = [
    "Alias",
    "Attachment",
    "Client",
    "Cursor",
    "Dialog",
    "EarlyChange",
    "Episode",
    "Event",
    "Halt",
    "Idempotency",
    "Identity",
    "Inbox",
    "InboxQueue",
    "Lease",
    "Letter",
    "Message",
    "Operator",
    "Pace",
    "Parked",
    "Proof",
    "Refusal",
    "Secret",
    "Signal",
    "Stranger",
    "Tally",
    "Token",
    "metadata",
]
