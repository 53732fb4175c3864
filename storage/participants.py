"""Participants: addresses beside the client's own that an operator admitted to a dialog."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from storage import bulk
from storage.db import Tx, now
from storage.models import Participant

PARTICIPANTS = Participant.__table__  # type: ignore[attr-defined]


def admitted(tx: Tx, dialog_ids: Iterable[int]) -> set[tuple[int, str, str]]:
    """Who was admitted to these dialogs: (dialog id, channel, address)."""
    query = select(PARTICIPANTS.c.dialog_id, PARTICIPANTS.c.channel, PARTICIPANTS.c.address)
    return {tuple(row) for row in tx.execute(query.where(bulk.among(tx, PARTICIPANTS.c.dialog_id, dialog_ids)))}


def admit(tx: Tx, dialog_id: int, channel: str, address: str) -> bool:
    """Admit an address; False when it was admitted before."""
    rows = [(dialog_id, channel, address, now())]
    return bool(
        bulk.insert_new(tx, PARTICIPANTS, ("dialog_id", "channel", "address", "admitted_at"), rows, ("address",))
    )


def dismiss(tx: Tx, dialog_id: int, channel: str, address: str) -> bool:
    """Admit an address no longer; False when it was not admitted."""
    own = (PARTICIPANTS.c.dialog_id == dialog_id, PARTICIPANTS.c.channel == channel, PARTICIPANTS.c.address == address)
    return tx.execute(delete(PARTICIPANTS).where(*own)).rowcount > 0
