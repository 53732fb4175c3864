"""Clients as operators know them: look them up, and put right what is known of them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from dialogs import search
from dialogs.access import Staff, demand
from dialogs.render import CLIENTS
from dialogs.view import identities_of, identity
from dialogs.work import Work
from errors import Conflict, NotFound
from storage import pages
from storage.db import Tx
from storage.pages import Page
from storage.talk import DIALOGS

FIELDS = ("name", "email", "phone", "note")


def clients(tx: Tx, actor: Staff, q: str | None, page: tuple[int, str | None]) -> Page:
    """A page of clients, the newest first; `page` is (limit, cursor)."""
    demand(actor, "client.read")
    limit, cursor = page
    query = _clients()
    if q:
        query = query.where(search.clients(tx, q))
    if cursor is not None:
        query = query.where(CLIENTS.c.id < pages.decode(cursor, int)[0])
    found = tx.execute(query.order_by(CLIENTS.c.id.desc()).limit(limit + 1)).all()
    rows, following = pages.cut(found, limit, lambda row: (row.id,))
    identities = identities_of(tx, [row.id for row in rows]) if rows else {}
    return Page([_client(row, identities.get(row.id, [])) for row in rows], following)


def client(tx: Tx, actor: Staff, client_id: int) -> dict[str, Any]:
    """One client; raises NotFound."""
    demand(actor, "client.read")
    row = tx.execute(_clients().where(CLIENTS.c.id == client_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no client {client_id}.")
    return _client(row, identities_of(tx, [client_id]).get(client_id, []))


def edit(work: Work, client_id: int, values: dict[str, str], known: datetime | None) -> None:
    """Set some of FIELDS; with `known`, the `updated_at` the operator saw, only if nobody changed the client since."""
    demand(work.actor, "client.write")
    before = work.tx.execute(select(CLIENTS).where(CLIENTS.c.id == client_id).with_for_update()).one_or_none()
    if before is None:
        raise NotFound(f"There is no client {client_id}.")
    if known is not None and known != before.updated_at:
        raise Conflict("Somebody else changed the client meanwhile.", updated_at=before.updated_at)
    changed = {name: value for name, value in values.items() if value != getattr(before, name)}
    if not changed:
        return
    work.tx.execute(update(CLIENTS).where(CLIENTS.c.id == client_id).values(**changed, updated_at=work.at))
    dialog_id = work.tx.execute(select(DIALOGS.c.id).where(DIALOGS.c.client_id == client_id)).scalar_one_or_none()
    old = {name: getattr(before, name) for name in changed}
    work.tell("client.updated", dialog_id, client=client_id, before=old, after=changed)


def _clients() -> Any:
    return select(CLIENTS, DIALOGS.c.id.label("dialog")).outerjoin(DIALOGS, DIALOGS.c.client_id == CLIENTS.c.id)


def _client(row: Row[Any], identities: list[Row[Any]]) -> dict[str, Any]:
    return {
        "id": row.id,
        **{name: getattr(row, name) for name in FIELDS},
        "identities": [identity(one) for one in identities],
        "dialog": row.dialog,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
