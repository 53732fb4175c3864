"""What a client sees of his dialog at a public door: his own words, and what was sent to him, as it reached him."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, update

from dialogs import render
from dialogs.access import IDENTITIES, Visitor, demand, messages
from storage import attachments, bulk, pages
from storage.db import Tx
from storage.pages import Page
from storage.talk import DIALOGS, MESSAGES

# Items of ours are named by their message; those of the visitor have the name he gave.
_OURS = "m"
_PLACE = func.coalesce(MESSAGES.c.shown, MESSAGES.c.seq)


def show(tx: Tx, dialog_id: int, message_id: int) -> None:
    """The first letter of the message is out: the client sees it from here on, after all he saw before.

    Belongs into the commit that says so. Without it the message would stand where it was written, behind what the
    client may have seen already, and who reads on from there would never find it.
    """
    unseen = and_(MESSAGES.c.id == message_id, MESSAGES.c.shown.is_(None))
    if tx.execute(select(MESSAGES.c.id).where(unseen)).one_or_none() is None:
        return
    seq = tx.execute(
        update(DIALOGS)
        .where(DIALOGS.c.id == dialog_id)
        .values(last_seq=DIALOGS.c.last_seq + 1)
        .returning(DIALOGS.c.last_seq)
    ).scalar_one()
    tx.execute(update(MESSAGES).where(unseen).values(shown=seq))


def visitor_messages(tx: Tx, actor: Visitor, after: str | None, limit: int) -> Page:
    """What the visitor may see, oldest first: all that came after the item `after`, else the newest.

    `next` is the id to go on after, None at the end. An `after` nobody knows (yet) counts as none.
    """
    demand(actor, "chat.read")
    dialog_id = dialog_of(tx, actor)
    if dialog_id is None:
        return Page([], None)
    place = None if after is None else _place_of(tx, actor, dialog_id, after)
    with pages.along_the_index(tx):
        found = _after(tx, actor, dialog_id, place, limit + 1)
    rows = found[:limit] if place is not None else found[-limit:]
    items = _items(tx, actor, rows)
    more = place is not None and len(found) > limit
    return Page(items, items[-1]["id"] if more else None)


def visitor_items(tx: Tx, actor: Visitor, message_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Of these messages those the visitor may see, by their ids."""
    demand(actor, "chat.read")
    rows = tx.execute(_visible(actor, bulk.among(tx, MESSAGES.c.id, message_ids))).all() if message_ids else []
    return {row.id: item for row, item in zip(rows, _items(tx, actor, rows), strict=True)}


def dialog_of(tx: Tx, actor: Visitor) -> int | None:
    """The visitor's dialog; None before his first message was taken in."""
    return dialogs_of(tx, [(actor.channel, actor.address)]).get((actor.channel, actor.address))


def dialogs_of(tx: Tx, addresses: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The dialogs of many (channel, address) at once; those who have none are left out."""
    found: dict[tuple[str, str], int] = {}
    per_channel: dict[str, list[str]] = {}
    for channel, address in addresses:
        per_channel.setdefault(channel, []).append(address)
    for channel, wanted in per_channel.items():
        query = (
            select(IDENTITIES.c.address, DIALOGS.c.id)
            .join(DIALOGS, DIALOGS.c.client_id == IDENTITIES.c.client_id)
            .where(IDENTITIES.c.channel == channel, bulk.among(tx, IDENTITIES.c.address, wanted))
        )
        found |= {(channel, address): dialog_id for address, dialog_id in tx.execute(query)}
    return found


def _after(tx: Tx, actor: Visitor, dialog_id: int, place: int | None, limit: int) -> Sequence[Row[Any]]:
    """Up to `limit` visible messages in the order they were seen: those after `place`, else the newest."""
    found: list[Row[Any]] = []
    # Each half is read along an index of its own: by arrival, and by when a reply got out.
    for column, half in (
        (MESSAGES.c.seq, MESSAGES.c.shown.is_(None)),
        (MESSAGES.c.shown, MESSAGES.c.shown.is_not(None)),
    ):
        query = _visible(actor, and_(MESSAGES.c.dialog_id == dialog_id, half))
        query = query.order_by(column.desc()) if place is None else query.where(column > place).order_by(column)
        found += tx.execute(query.limit(limit)).all()
    found.sort(key=lambda row: row.seq if row.shown is None else row.shown)
    return found[-limit:] if place is None else found[:limit]


def _place_of(tx: Tx, actor: Visitor, dialog_id: int, item: str) -> int | None:
    named = [and_(MESSAGES.c.channel == actor.channel, MESSAGES.c.external_id == f"{actor.address}:{item}")]
    number = item.removeprefix(_OURS)
    if item.startswith(_OURS) and number.isascii() and number.isdigit() and len(number) < 19:
        named.append(MESSAGES.c.id == int(number))
    for name in named:
        query = select(_PLACE).where(MESSAGES.c.dialog_id == dialog_id, name, messages(actor))
        place: int | None = tx.execute(query).scalar_one_or_none()
        if place is not None:
            return place
    return None


def _visible(actor: Visitor, where: ColumnElement[bool]) -> Select[Any]:
    return render.query(where & messages(actor))


def _items(tx: Tx, actor: Visitor, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    files = attachments.of_messages(tx, [row.id for row in rows]) if rows else {}
    return [_item(actor, row, files.get(row.id, [])) for row in rows]


def _item(actor: Visitor, row: Row[Any], files: Sequence[Row[Any]]) -> dict[str, Any]:
    own = row.direction == "in"
    shown: dict[str, Any] = {
        "id": row.external_id.removeprefix(f"{actor.address}:") if own else f"{_OURS}{row.id}",
        "text": row.text,
        "author": {"kind": "visitor" if own else "operator", "name": (row.client if own else row.operator) or ""},
        "sent_at": row.sent_at,
        "files": [render.file(one) for one in files],
    }
    if row.html is not None:
        shown["html"] = row.html
    if row.edited_at is not None:
        shown["edited_at"] = row.edited_at
    if row.deleted_at is not None:
        shown.pop("html", None)
        shown |= {"deleted_at": row.deleted_at, "text": "", "files": []}
    return shown
