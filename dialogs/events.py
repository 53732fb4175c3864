"""Events: the journal as operators read it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from dialogs import access
from dialogs.access import Staff, demand
from storage import pages
from storage.db import Tx
from storage.journal import EVENTS, Line
from storage.pages import Page

_COLUMNS = [EVENTS.c[name] for name in Line._fields]


def events(tx: Tx, actor: Staff, after: int, page: tuple[int, str | None]) -> Page:
    """A page of events behind the event `after`, oldest first; `page` is (limit, cursor)."""
    demand(actor, "event.read")
    limit, cursor = page
    if cursor is not None:
        after = pages.decode(cursor, int)[0]
    query = select(*_COLUMNS).where(EVENTS.c.id > after, access.events(actor)).order_by(EVENTS.c.id).limit(limit + 1)
    lines: Sequence[Line] = [Line(*row) for row in tx.execute(query)]
    lines, following = pages.cut(lines, limit, lambda line: (line.id,))
    return Page([event(line) for line in lines], following)


def event(line: Line) -> dict[str, Any]:
    """A line of the journal in the form of the API."""
    return {
        "id": line.id,
        "type": line.type,
        "at": line.at,
        "actor": line.actor,
        "dialog": line.dialog_id,
        "data": line.data,
    }
