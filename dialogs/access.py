"""Who may do and see what: the one policy behind lists, records, search, events and files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select, true

from errors import Forbidden
from storage.attachments import ATTACHMENTS, visitor
from storage.journal import EVENTS, Line
from storage.models import Identity
from storage.operators import ADMIN, OPERATOR, READ_ONLY
from storage.outbox import OUTBOX, SENT
from storage.talk import MESSAGES

IDENTITIES = Identity.__table__  # type: ignore[attr-defined]

Action = Literal[
    "dialog.read", "dialog.write", "client.read", "client.write", "operator.read", "operator.write", "token.read",
    "token.write", "department.read", "department.write", "queue.read", "queue.write", "channel.read", "event.read",
    "file.read", "file.write", "metrics.read", "docs.read", "chat.read", "chat.write", "task.read", "task.write",
]  # fmt: skip

_LOOK: frozenset[Action] = frozenset(
    {
        "dialog.read", "client.read", "operator.read", "department.read", "queue.read", "channel.read", "event.read",
        "file.read", "docs.read", "task.read",
    }
)  # fmt: skip
_WORK: frozenset[Action] = _LOOK | {"dialog.write", "client.write", "queue.write", "file.write", "task.write"}
_RUN: frozenset[Action] = _WORK | {
    "operator.write", "token.read", "token.write", "department.write", "metrics.read",
}  # fmt: skip
VISITOR = "visitor"
ALLOWED: dict[str, frozenset[Action]] = {
    READ_ONLY: _LOOK,
    OPERATOR: _WORK,
    ADMIN: _RUN,
    VISITOR: frozenset({"chat.read", "chat.write"}),
}
# What is told of tokens is for those who may see tokens.
_OF_TOKENS = "operator.token_"


@dataclass(frozen=True, slots=True)
class Staff:
    """An operator, and the token he came with; `until` is when that runs out."""

    id: int
    name: str
    role: str
    token_id: int = 0
    until: datetime | None = None

    @property
    def label(self) -> str:
        """The actor's name in the journal."""
        return f"operator:{self.id}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A client at the public door of one channel, known there by his address."""

    channel: str
    address: str

    @property
    def role(self) -> str:
        """What the policy knows him as."""
        return VISITOR


Actor = Staff | Visitor


def may(actor: Actor, action: Action) -> bool:
    """Whether the actor's role allows the action at all; which rows it touches is for the scopes below."""
    return action in ALLOWED.get(actor.role, frozenset())


def demand(actor: Actor, action: Action) -> None:
    """Raise Forbidden unless the actor may."""
    if not may(actor, action):
        raise Forbidden(f"The role {actor.role} does not allow this.")


def messages(actor: Actor) -> ColumnElement[bool]:
    """The messages the actor may see.

    A visitor sees what his own address wrote and what was sent to it: no notes, and no letter still under way.
    """
    if isinstance(actor, Staff):
        return true()
    mine = (IDENTITIES.c.channel == actor.channel, IDENTITIES.c.address == actor.address)
    sent = exists().where(
        OUTBOX.c.message_id == MESSAGES.c.id,
        OUTBOX.c.channel == actor.channel,
        OUTBOX.c.recipient == actor.address,
        OUTBOX.c.state == SENT,
    )
    # What our side wrote elsewhere has no letter; it came from the channel, so it is out there.
    elsewhere = and_(MESSAGES.c.operator_id.is_(None), MESSAGES.c.external_id.is_not(None))
    return and_(
        MESSAGES.c.identity_id == select(IDENTITIES.c.id).where(*mine).scalar_subquery(),
        or_(MESSAGES.c.direction == "in", and_(MESSAGES.c.direction == "out", or_(elsewhere, sent))),
    )


def files(actor: Actor) -> ColumnElement[bool]:
    """The attachments the actor may open: those of messages he may see, and his own that no message has yet."""
    if isinstance(actor, Staff):
        return true()
    seen = exists().where(MESSAGES.c.id == ATTACHMENTS.c.message_id, MESSAGES.c.deleted_at.is_(None), messages(actor))
    own = and_(ATTACHMENTS.c.message_id.is_(None), ATTACHMENTS.c.owner == visitor(actor.channel, actor.address))
    return or_(seen, own)


def events(actor: Staff) -> ColumnElement[bool]:
    """The journal's lines the operator may read; `sees` says the same of one line."""
    return true() if may(actor, "token.read") else ~EVENTS.c.type.startswith(_OF_TOKENS, autoescape=True)


def sees(actor: Staff, line: Line | Row[Any]) -> bool:
    """Whether the operator may read this line of the journal."""
    return may(actor, "token.read") or not line.type.startswith(_OF_TOKENS)


def ends(actor: Staff, line: Line) -> bool:
    """Whether this line of the journal takes the actor's token or role from him, so that his streams must end."""
    if line.type == "operator.token_revoked":
        return line.data.get("token") == actor.token_id
    return line.type == "operator.updated" and line.data.get("operator") == actor.id
