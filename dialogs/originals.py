"""Originals: what a message was before it was read, where its channel knows that as a file."""

from typing import Any

from sqlalchemy import Row, select

from dialogs.access import IDENTITIES, Staff, demand, messages
from errors import NotFound
from storage.db import Tx
from storage.inbox import INBOX
from storage.talk import MESSAGES


def find(tx: Tx, actor: Staff, dialog_id: int, message_id: int) -> Row[Any]:
    """The raw a message came in: its channel, external_id, address and data; raises NotFound."""
    demand(actor, "file.read")
    query = (
        select(MESSAGES.c.data.label("told"), INBOX)
        .outerjoin(IDENTITIES, IDENTITIES.c.id == MESSAGES.c.identity_id)
        .join(INBOX, (INBOX.c.channel == MESSAGES.c.channel) & (INBOX.c.external_id == MESSAGES.c.external_id))
        .where(MESSAGES.c.id == message_id, MESSAGES.c.dialog_id == dialog_id, messages(actor))
    )
    row = tx.execute(query).one_or_none()
    if row is None or not (row.told or {}).get("original"):
        raise NotFound("There is no original of this message.")
    if not row.data:
        raise NotFound("The original of this message is not kept any more.")
    return row
