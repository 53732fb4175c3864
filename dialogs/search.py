"""Simple search: a piece of text anywhere in a name, an address or a message, whatever its case."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, exists, or_

from dialogs.access import IDENTITIES, Actor, messages
from dialogs.render import CLIENTS
from storage.db import Tx
from storage.matching import contains
from storage.talk import MESSAGES

# From a row to whether it is what was searched for.
Hits = Callable[[Any], ColumnElement[bool]]


def dialogs(tx: Tx, actor: Actor, wanted: str) -> Hits:
    """Whether the client of a dialog, or one of its messages the actor may see, has it.

    Asked of rows with the dialog's id, its client_id and the client's name.
    """

    def hits(row: Any) -> ColumnElement[bool]:
        text = exists().where(MESSAGES.c.dialog_id == row.id, contains(tx, MESSAGES.c.text, wanted), messages(actor))
        return or_(contains(tx, row.name, wanted), _identity(tx, row.client_id, wanted), text)

    return hits


def clients(tx: Tx, wanted: str) -> ColumnElement[bool]:
    """Clients who have it in their name, e-mail, phone or one of their addresses."""
    own = [contains(tx, CLIENTS.c[name], wanted) for name in ("name", "email", "phone")]
    return or_(*own, _identity(tx, CLIENTS.c.id, wanted))


def _identity(tx: Tx, client_id: Any, wanted: str) -> ColumnElement[bool]:
    own = IDENTITIES.c.client_id == client_id
    found = or_(contains(tx, IDENTITIES.c.address, wanted), contains(tx, IDENTITIES.c.name, wanted))
    return exists().where(own, found)
