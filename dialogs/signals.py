"""Signals: what a client may see of an operator at work, where his channel has a form for it."""

from typing import Any

from sqlalchemy import Row, select

from dialogs.access import IDENTITIES, demand
from dialogs.work import Work
from errors import NotFound
from storage.talk import DIALOGS, MESSAGES


def typing(work: Work, dialog_id: int) -> None:
    """The operator types; the client sees it for some seconds."""
    demand(work.actor, "dialog.write")
    dialog = work.tx.execute(select(DIALOGS).where(DIALOGS.c.id == dialog_id)).one_or_none()
    if dialog is None:
        raise NotFound(f"There is no dialog {dialog_id}.")
    last = _last(work, dialog, dialog.last_in_seq)
    if last is not None:
        work.signal(last.channel, last.address, "typing")


def read(work: Work, dialog: Row[Any], seq: int) -> None:
    """The client's messages up to `seq` were read."""
    last = _last(work, dialog, seq)
    if last is not None and last.external_id:
        work.signal(last.channel, last.address, "read", last.external_id)


def _last(work: Work, dialog: Row[Any], seq: int) -> Row[Any] | None:
    """What the client wrote last, no later than `seq`, and his address."""
    query = (
        select(MESSAGES.c.channel, MESSAGES.c.external_id, IDENTITIES.c.address)
        .join(IDENTITIES, IDENTITIES.c.id == MESSAGES.c.identity_id)
        .where(MESSAGES.c.dialog_id == dialog.id, MESSAGES.c.direction == "in", MESSAGES.c.seq <= seq)
        .order_by(MESSAGES.c.seq.desc())
        .limit(1)
    )
    return work.tx.execute(query).one_or_none()
