"""Clients' identities: what channels tell of them after they were made."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, update

from storage import bulk
from storage.db import Tx, now
from storage.models import Client, Dialog, Identity, Letter

CLIENTS = Client.__table__  # type: ignore[attr-defined]
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
    return dialogs(tx, list(tx.execute(changed).scalars()))


def move(tx: Tx, channel: str, before: str, after: str) -> list[int]:
    """The identity at `before` is at `after` from now on, and so are its letters that have not left; its dialogs.

    Where somebody is at `after` already, both stay what they are.
    """
    taken = select(IDENTITIES.c.id).where(_at(channel, after)).exists()
    moved = update(IDENTITIES).where(_at(channel, before), ~taken).values(address=after)
    clients = list(tx.execute(moved.returning(IDENTITIES.c.client_id)).scalars())
    waiting = (OUTBOX.c.channel == channel, OUTBOX.c.recipient == before, OUTBOX.c.state.in_(("queued", "held")))
    tx.execute(update(OUTBOX).where(*waiting).values(recipient=after))
    return dialogs(tx, clients)


def nameless(tx: Tx, channel: str) -> bool:
    """Whether there is anybody in the channel whose name is to be asked for by now."""
    return tx.execute(_due(channel).limit(1)).first() is not None


def take_nameless(tx: Tx, channel: str, limit: int, again: datetime) -> Sequence[Row[Any]]:
    """Those whose names are to be asked for, at most so many; nobody else takes them before `again`."""
    rows = tx.execute(_due(channel).limit(limit).with_for_update(skip_locked=True)).all()
    these = bulk.among(tx, IDENTITIES.c.id, [row.id for row in rows])
    tx.execute(update(IDENTITIES).where(these).values(ask_at=again))
    return rows


def name(tx: Tx, identity: Row[Any], called: str, details: Mapping[str, str], again: datetime) -> None:
    """Keep what the channel told of somebody, to be asked for again then; the client takes the name if he has none."""
    # Read anew: more may have been learnt while the channel was asked.
    own = IDENTITIES.c.id == identity.id
    profile = tx.execute(select(IDENTITIES.c.profile).where(own).with_for_update()).scalar_one()
    values: dict[str, Any] = {"ask_at": again, "profile": {**profile, **details}}
    if called:
        values["name"] = called
        unnamed = (CLIENTS.c.id == identity.client_id, CLIENTS.c.name == "")
        tx.execute(update(CLIENTS).where(*unnamed).values(name=called))
    tx.execute(update(IDENTITIES).where(own).values(**values))


def learn(tx: Tx, channel: str, address: str, details: Mapping[str, str]) -> bool:
    """Keep what is told anew of somebody; False when nobody is known there."""
    own = _at(channel, address)
    profile = tx.execute(select(IDENTITIES.c.profile).where(own).with_for_update()).scalar_one_or_none()
    if profile is not None and details.items() - profile.items():
        tx.execute(update(IDENTITIES).where(own).values(profile={**profile, **details}))
    return profile is not None


def dialogs(tx: Tx, clients: list[int]) -> list[int]:
    """The ids of these clients' dialogs."""
    if not clients:
        return []
    return list(tx.execute(select(DIALOGS.c.id).where(DIALOGS.c.client_id.in_(clients))).scalars())


def _due(channel: str) -> Select[Any]:
    asked = (IDENTITIES.c.channel == channel, IDENTITIES.c.ask_at.is_not(None), IDENTITIES.c.ask_at <= now())
    return select(IDENTITIES).where(*asked).order_by(IDENTITIES.c.ask_at)


def _at(channel: str, address: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (IDENTITIES.c.channel == channel) & (IDENTITIES.c.address == address)
    return found
