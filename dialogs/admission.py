"""Admission: who beside the client may write to a dialog, by an operator's word."""

from typing import Any

from sqlalchemy import Row, Select, select

from dialogs import desk
from dialogs.access import IDENTITIES, demand
from dialogs.work import Work
from errors import Invalid
from storage import participants
from storage.talk import MESSAGES


def admit(work: Work, dialog_id: int, message_id: int) -> None:
    """Let a message's sender write to this dialog from now on; again changes nothing.

    It is one that claims to be of this dialog, or one held in it for its doubtful sender. It stays where it is.
    """
    found = _doubted(work, dialog_id, message_id)
    if participants.admit(work.tx, dialog_id, found.channel, found.address):
        _tell(work, "dialog.admitted", dialog_id, found)


def dismiss(work: Work, dialog_id: int, message_id: int) -> None:
    """Take back that a message's sender may write to this dialog; what he wrote stays."""
    found = _doubted(work, dialog_id, message_id)
    if participants.dismiss(work.tx, dialog_id, found.channel, found.address):
        _tell(work, "dialog.dismissed", dialog_id, found)


def _doubted(work: Work, dialog_id: int, message_id: int) -> Row[Any]:
    """The message with its sender's channel and address."""
    demand(work.actor, "dialog.write")
    desk.locked(work, dialog_id)
    query: Select[Any] = (
        select(MESSAGES.c.id, MESSAGES.c.dialog_id, MESSAGES.c.data, IDENTITIES.c.channel, IDENTITIES.c.address)
        .join(IDENTITIES, IDENTITIES.c.id == MESSAGES.c.identity_id)
        .where(MESSAGES.c.id == message_id, MESSAGES.c.direction == "in")
    )
    found: Row[Any] | None = work.tx.execute(query).one_or_none()
    data: dict[str, Any] = (found and found.data) or {}
    if found is None or not (data.get("claims") == dialog_id or (data.get("held") and found.dialog_id == dialog_id)):
        raise Invalid(f"message: {message_id} claims nothing of this dialog.", field="message")
    return found


def _tell(work: Work, event: str, dialog_id: int, found: Row[Any]) -> None:
    work.tell(event, dialog_id, channel=found.channel, address=found.address, message=found.id)
