"""Clients' identities: what channels tell of them after they were made."""

from sqlalchemy import ColumnElement, select, update

from storage.db import Tx
from storage.models import Dialog, Identity, Letter

IDENTITIES = Identity.__table__  # type: ignore[attr-defined]
DIALOGS = Dialog.__table__  # type: ignore[attr-defined]
OUTBOX = Letter.__table__  # type: ignore[attr-defined]


def set_reachable(tx: Tx, channel: str, address: str, *, reachable: bool) -> list[int]:
    """Whether somebody can be written to at this address; the ids of the dialogs for which that is new."""
    changed = (
        update(IDENTITIES)
        .where(_at(channel, address), IDENTITIES.c.reachable.is_not(reachable))
        .values(reachable=reachable)
        .returning(IDENTITIES.c.client_id)
    )
    return _dialogs(tx, list(tx.execute(changed).scalars()))


def move(tx: Tx, channel: str, before: str, after: str) -> list[int]:
    """The identity at `before` is at `after` from now on, and so are its letters that have not left; its dialogs.

    Where somebody is at `after` already, both stay what they are.
    """
    taken = select(IDENTITIES.c.id).where(_at(channel, after)).exists()
    moved = update(IDENTITIES).where(_at(channel, before), ~taken).values(address=after)
    clients = list(tx.execute(moved.returning(IDENTITIES.c.client_id)).scalars())
    waiting = (OUTBOX.c.channel == channel, OUTBOX.c.recipient == before, OUTBOX.c.state.in_(("queued", "held")))
    tx.execute(update(OUTBOX).where(*waiting).values(recipient=after))
    return _dialogs(tx, clients)


def _at(channel: str, address: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (IDENTITIES.c.channel == channel) & (IDENTITIES.c.address == address)
    return found


def _dialogs(tx: Tx, clients: list[int]) -> list[int]:
    if not clients:
        return []
    return list(tx.execute(select(DIALOGS.c.id).where(DIALOGS.c.client_id.in_(clients))).scalars())
