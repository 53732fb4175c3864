"""Admission: who beside the client may write to a dialog, by an operator's word."""

from typing import Any

from sqlalchemy import select

from dialogs import desk
from dialogs.access import IDENTITIES, demand
from dialogs.errors import Invalid
from dialogs.work import Work
from storage import participants
from storage.talk import MESSAGES


def admit(work: Work, dialog_id: int, message_id: int) -> None:
    """Let a message's sender write to this dialog from now on; again changes nothing.

    It is one that claims to be of this dialog, or one held in it for its doubtful sender. It stays where it is.
    """
    demand(work.actor, "dialog.write")
    desk.locked(work, dialog_id)
    query = (
        select(MESSAGES.c.dialog_id, MESSAGES.c.data, IDENTITIES.c.channel, IDENTITIES.c.address)
        .join(IDENTITIES, IDENTITIES.c.id == MESSAGES.c.identity_id)
        .where(MESSAGES.c.id == message_id, MESSAGES.c.direction == "in")
    )
    found = work.tx.execute(query).one_or_none()
    data: dict[str, Any] = (found and found.data) or {}
    if found is None or not (data.get("claims") == dialog_id or (data.get("held") and found.dialog_id == dialog_id)):
        raise Invalid(f"message: {message_id} claims nothing of this dialog.", field="message")
    if participants.admit(work.tx, dialog_id, found.channel, found.address):
        work.tell("dialog.admitted", dialog_id, channel=found.channel, address=found.address, message=message_id)
