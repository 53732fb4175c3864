"""The view: lists of dialogs and messages as operators see them, each page a handful of statements."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, Text, exists, literal_column, select, tuple_

from dialogs import render, search
from dialogs.access import IDENTITIES, Staff, demand, messages
from dialogs.render import CLIENTS
from errors import NotFound
from storage import bulk, pages, tasks
from storage.db import Tx
from storage.operators import OPERATORS
from storage.pages import Page
from storage.talk import DIALOGS, EPISODES, MESSAGES

# What a list may be sorted by: two columns of which the second tells equals apart, and whether the largest comes first.
_SORTS = {
    "-last_at": ((DIALOGS.c.last_at, DIALOGS.c.id), ("last_at", "id"), True),
    "last_at": ((DIALOGS.c.last_at, DIALOGS.c.id), ("last_at", "id"), False),
    "opened_at": ((EPISODES.c.opened_at, EPISODES.c.id), ("opened_at", "episode"), False),
}
Sort = Literal["-last_at", "last_at", "opened_at"]

# Seconds one page of a search may look for more hits, and dialogs it looks through at a time, at first and at most.
_SEARCH_TIME, _SEARCH_FEW, _SEARCH_MANY = 1.0, 64, 512


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
    """A page of dialogs; `page` is (limit, cursor).

    A search that finds little in much gives up after a second: what it found is a page, maybe an empty one, and the
    next one goes on from there.
    """
    demand(actor, "dialog.read")
    limit, cursor = page
    place = None if cursor is None else pages.decode(cursor, datetime, int)
    query = _dialogs().where(_SORTS[sort][0][0].is_not(None), *_conditions(wanted))
    if wanted.q:
        rows, following = _searched(tx, query, search.dialogs(tx, actor, wanted.q), sort, (limit, place))
    else:
        found = tx.execute(_sorted(query, sort, place).limit(limit + 1)).all()
        rows, following = pages.cut(found, limit, lambda row: _place(row, sort))
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
    with pages.along_the_index(tx):
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


def _sorted(query: Select[Any], sort: Sort, place: Sequence[Any] | None) -> Select[Any]:
    columns, _, falling = _SORTS[sort]
    if place is not None:
        here = tuple_(*columns)
        query = query.where(here < tuple_(*place) if falling else here > tuple_(*place))
    return query.order_by(*(column.desc() if falling else column for column in columns))


def _place(row: Row[Any], sort: Sort) -> list[Any]:
    return [getattr(row, name) for name in _SORTS[sort][1]]


def _searched(
    tx: Tx, query: Select[Any], hits: search.Hits, sort: Sort, page: tuple[int, list[Any] | None]
) -> tuple[Sequence[Row[Any]], str | None]:
    """Go through the dialogs in order and keep those that are hit, until the page is full or its time is over."""
    limit, place = page
    found: list[Row[Any]] = []
    many, until = _SEARCH_FEW, time.monotonic() + _SEARCH_TIME
    while True:
        some = _sorted(query, sort, place).limit(many).subquery()
        looked = tx.execute(select(some, hits(some.c).label("hit"))).all()
        looked = sorted(looked, key=lambda row: _place(row, sort), reverse=_SORTS[sort][2])
        found += [row for row in looked if row.hit]
        if len(found) > limit or len(looked) < many:
            return pages.cut(found, limit, lambda row: _place(row, sort))
        place = _place(looked[-1], sort)
        if time.monotonic() > until:
            return found, pages.encode(place)
        many = min(many * 2, _SEARCH_MANY)


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
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
    return found


def _rendered(tx: Tx, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    if not rows:
        return []
    identities = identities_of(tx, [row.client_id for row in rows])
    last = _last_messages(tx, [row.last_message_id for row in rows if row.last_message_id is not None])
    open_tasks = tasks.open_of(tx, [row.id for row in rows])
    return [
        _dialog(row, identities.get(row.client_id, []), last.get) | {"open_tasks": open_tasks.get(row.id, 0)}
        for row in rows
    ]


def identities_of(tx: Tx, client_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The identities of each client, the oldest first."""
    query = select(IDENTITIES).where(bulk.among(tx, IDENTITIES.c.client_id, client_ids)).order_by(IDENTITIES.c.id)
    found: dict[int, list[Row[Any]]] = {}
    for row in tx.execute(query):
        found.setdefault(row.client_id, []).append(row)
    return found


def identity(row: Row[Any]) -> dict[str, Any]:
    """An identity as clients show it."""
    return {
        "channel": row.channel,
        "address": row.address,
        "name": row.name,
        "reachable": row.reachable,
        "profile": row.profile,
    }


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
