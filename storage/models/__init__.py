"""The tables, one module a neighbourhood: people, talk, tasks, flow, house."""

from sqlmodel import SQLModel

from storage.models.flow import (
    Cursor,
    Digest,
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
    Spool,
    Tally,
)
from storage.models.house import Department, Event, Idempotency, Operator, Sealed, Secret, Token
from storage.models.people import Client, Identity, Proof, Stranger
from storage.models.talk import Alias, Attachment, Dialog, Episode, Message, Participant
from storage.models.tasks import Opinion, OpinionCount, Task, TaskChange, Triage

metadata = SQLModel.metadata

__all__ = [
    "Alias",
    "Attachment",
    "Client",
    "Cursor",
    "Department",
    "Dialog",
    "Digest",
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
    "Opinion",
    "OpinionCount",
    "Pace",
    "Parked",
    "Participant",
    "Proof",
    "Refusal",
    "Sealed",
    "Secret",
    "Signal",
    "Spool",
    "Stranger",
    "Tally",
    "Task",
    "TaskChange",
    "Token",
    "Triage",
    "metadata",
]
