"""The tables, one module a neighbourhood: people, talk, flow, house."""

from sqlmodel import SQLModel

from storage.models.flow import Cursor, Halt, Inbox, InboxQueue, Lease, Letter, Parked, Tally
from storage.models.house import Event, Idempotency, Operator, Secret, Token
from storage.models.people import Client, Identity, Proof
from storage.models.talk import Attachment, Dialog, Episode, Message

metadata = SQLModel.metadata

__all__ = [
    "Attachment",
    "Client",
    "Cursor",
    "Dialog",
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
    "Parked",
    "Proof",
    "Secret",
    "Tally",
    "Token",
    "metadata",
]
