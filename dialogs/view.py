"""The view: lists of dialogs and messages as operators see them, each page a handful of statements."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, Text, exists, literal_column, select, tuple_

from dialogs import pages, render, search
from dialogs.access import IDENTITIES, Staff, demand, messages
from dialogs.errors import NotFound
from dialogs.pages import Page
from dialogs.render import CLIENTS
from storage import bulk
from storage.db import Tx
from storage.operators import OPERATORS
from storage.talk import DIALOGS, EPISODES, MESSAGES

# What a list may be sorted by: the column, and whether its largest value comes first.
_SORTS: dict[str, tuple[Any, bool]] = {
    "-last_at": (DIALOGS.c.last_at, True),
    "last_at": (DIALOGS.c.last_at, False),
    "opened_at": (EPISODES.c.opened_at, False),
}
Sort = Literal["-last_at", "last_at", "opened_at"]


class Filter(NamedTuple):
    """Which dialogs are wanted; `assignee` is an operator's id or "none"."""

    status: Literal["open", "resolved"] | None = None
    assignee: int | Literal["none"] | None = None
    channel: str | None = None
    unread: bool | None = None
    q: str | None = None
# What consoles may count on being there, though nothing routes, sorts or snoozes episodes yet.
_UNROUTED: dict[str, Any] = {
    "department": None,
    "category": None,
    "priority": "normal",
    "tags": [],
    "snoozed_until": None,
}


def dialogs(tx: Tx, actor: Staff, wanted: Filter, sort: Sort, page: tuple[int, str | None]) -> Page:
    """A page of dialogs; `page` is (limit, cursor)."""
    demand(actor, "dialog.read")
    limit, cursor = page
    column, falling = _SORTS[sort]
    query = _dialogs().where(column.is_not(None), *_conditions(tx, actor, wanted))
    if cursor is not None:
        mark = pages.decode(cursor, datetime, int)
        place = tuple_(column, DIALOGS.c.id)
        query = query.where(place < tuple_(*mark) if falling else place > tuple_(*mark))
    order = (column.desc(), DIALOGS.c.id.desc()) if falling else (column, DIALOGS.c.id)
    found = tx.execute(query.order_by(*order).limit(limit + 1)).all()
    rows, following = pages.cut(found, limit, lambda row: (getattr(row, column.name), row.id))
    return Page(_rendered(tx, rows), following)


def dialog(tx: Tx, actor: Staff, dialog_id: int) -> dict[str, Any]:
    """One dialog; raises NotFound."""
    demand(actor, "dialog.read")
    rows = tx.execute(_dialogs().where(DIALOGS.c.id == dialog_id)).all()
    if not rows:
        raise NotFound(f"There is no dialog {dialog_id}.")
    return _rendered(tx, rows)[0]


def dialog_messages(tx: Tx, actor: Staff, dialog_id: int, falling: bool, page: tuple[int, str | None]) -> Page:
    """A page of a dialog's messages by arrival, on the page in the order they were written; raises NotFound."""
    demand(actor, "dialog.read")
    limit, cursor = page
    if tx.execute(select(DIALOGS.c.id).where(DIALOGS.c.id == dialog_id)).one_or_none() is None:
        raise NotFound(f"There is no dialog {dialog_id}.")
    seq = MESSAGES.c.seq
    query = render.query((MESSAGES.c.dialog_id == dialog_id) & messages(actor))
    if cursor is not None:
        (mark,) = pages.decode(cursor, int)
        query = query.where(seq < mark if falling else seq > mark)
    found = tx.execute(query.order_by(seq.desc() if falling else seq).limit(limit + 1)).all()
    rows, following = pages.cut(found, limit, lambda row: (row.seq,))
    return Page(render.messages(tx, sorted(rows, key=as_written, reverse=falling)), following)


def message(tx: Tx, actor: Staff, message_id: int) -> dict[str, Any]:
    """One message; raises NotFound."""
    demand(actor, "dialog.read")
    rows = tx.execute(render.query((MESSAGES.c.id == message_id) & messages(actor))).all()
    if not rows:
        raise NotFound(f"There is no message {message_id}.")
    return render.messages(tx, rows)[0]


def as_written(row: Row[Any]) -> tuple[datetime, str, int]:
    """The order messages are shown in: by the time they were written, then the source's own order, then arrival."""
    return row.sent_at, row.source_key, row.seq


def _dialogs() -> Select[Any]:
    episode = (
        EPISODES.c.id.label("episode"), EPISODES.c.number, EPISODES.c.status, EPISODES.c.assignee_id,
        EPISODES.c.opened_at, EPISODES.c.first_reply_at, EPISODES.c.resolved_at,
    )  # fmt: skip
    return (
        select(DIALOGS, *episode, CLIENTS.c.name, OPERATORS.c.name.label("assignee"))
        .join(CLIENTS, CLIENTS.c.id == DIALOGS.c.client_id)
        .outerjoin(EPISODES, EPISODES.c.id == DIALOGS.c.episode_id)
        .outerjoin(OPERATORS, OPERATORS.c.id == EPISODES.c.assignee_id)
    )


def _conditions(tx: Tx, actor: Staff, wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status:
        # Written out: only then can both databases see that the small index of open episodes serves.
        resolved = literal_column("'resolved'", Text)
        found.append(EPISODES.c.status == resolved if wanted.status == "resolved" else EPISODES.c.status != resolved)
    if wanted.assignee == "none":
        found.append(EPISODES.c.assignee_id.is_(None))
    elif wanted.assignee is not None:
        found.append(EPISODES.c.assignee_id == wanted.assignee)
    if wanted.channel:
        own = IDENTITIES.c.client_id == DIALOGS.c.client_id
        found.append(exists().where(own, IDENTITIES.c.channel == wanted.channel))
    if wanted.unread is not None:
        found.append(DIALOGS.c.unread > 0 if wanted.unread else DIALOGS.c.unread == 0)
    if wanted.q:
        found.append(search.dialogs(tx, actor, wanted.q))
    return found


def _rendered(tx: Tx, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    if not rows:
        return []
    identities = identities_of(tx, [row.client_id for row in rows])
    last = _last_messages(tx, [row.last_message_id for row in rows if row.last_message_id is not None])
    return [_dialog(row, identities.get(row.client_id, []), last.get) for row in rows]


def identities_of(tx: Tx, client_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The identities of each client, the oldest first."""
    query = select(IDENTITIES).where(bulk.among(tx, IDENTITIES.c.client_id, client_ids)).order_by(IDENTITIES.c.id)
    found: dict[int, list[Row[Any]]] = {}
    for row in tx.execute(query):
        found.setdefault(row.client_id, []).append(row)
    return found


def identity(row: Row[Any]) -> dict[str, Any]:
    """An identity as clients show it."""
    return {"channel": row.channel, "address": row.address, "name": row.name, "reachable": row.reachable}


def _last_messages(tx: Tx, message_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = tx.execute(render.query(bulk.among(tx, MESSAGES.c.id, message_ids))).all()
    return {shown["id"]: shown for shown in render.messages(tx, rows)}


def _dialog(
    row: Row[Any], identities: Sequence[Row[Any]], last: Callable[[int], dict[str, Any] | None]
) -> dict[str, Any]:
    name = render.client_name(row.name, identities)
    return {
        "id": row.id,
        "client": {"id": row.client_id, "name": name, "identities": [identity(one) for one in identities]},
        "episode": None if row.episode is None else _episode(row),
        "channels": sorted({one.channel for one in identities}),
        "last_message": None if row.last_message_id is None else last(row.last_message_id),
        "last_at": row.last_at,
        "unread": row.unread,
        # Nothing makes tasks yet.
        "open_tasks": 0,
    }


def _episode(row: Row[Any]) -> dict[str, Any]:
    owner = None if row.assignee_id is None else {"id": row.assignee_id, "name": row.assignee or ""}
    return {
        "number": row.number,
        "status": row.status,
        "assignee": owner,
        "opened_at": row.opened_at,
        "first_reply_at": row.first_reply_at,
        "resolved_at": row.resolved_at,
        **_UNROUTED,
    }
