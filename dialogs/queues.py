"""The queues: what waits on its way in or out, what stands still, and how a person sets it going again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, func, literal_column, select

from dialogs.access import Staff, demand
from dialogs.work import Work
from errors import Conflict, NotFound
from storage import halts, inbox, ledger, outbox, pages, refusals
from storage.db import Tx
from storage.inbox import INBOX, PARKED, QUEUE, RECEIVED, TALLIES
from storage.leases import database_now
from storage.outbox import CANCELLED, FAILED, HELD, OUTBOX, QUEUED, SENT, UNCONFIRMED
from storage.pages import Page

# Written out: only then can both databases see that the small index of letters that are not out serves.
_NOT_OUT: ColumnElement[bool] = literal_column("outbox.state <> 'sent'")
_NOTHING = {"received": 0, "processed": 0, "duplicate": 0, "parked": 0, "in_flight": 0, "lag_seconds": 0.0}
_LETTER = (
    "id", "dialog_id", "part", "channel", "recipient", "action", "state", "attempts", "maybe_twice", "automatic",
    "error", "created_at", "send_at", "next_at", "sent_at",
)  # fmt: skip


def raws(tx: Tx, actor: Staff, state: Literal["parked", "waiting"], page: tuple[int, str | None]) -> Page:
    """A page of raws that are parked or wait to be processed, the oldest first; `page` is (limit, cursor)."""
    demand(actor, "queue.read")
    limit, cursor = page
    table, extra = (PARKED, ("reason", "parked_at")) if state == "parked" else (QUEUE, ("attempts",))
    query = (
        select(
            INBOX.c.id, INBOX.c.channel, INBOX.c.external_id, INBOX.c.address, INBOX.c.received_at,
            func.length(INBOX.c.data).label("size"), *(table.c[name] for name in extra),
        )
        .join(table, table.c.inbox_id == INBOX.c.id)
        .order_by(INBOX.c.id)
        .limit(limit + 1)
    )  # fmt: skip
    if cursor is not None:
        query = query.where(INBOX.c.id > pages.decode(cursor, int)[0])
    rows, following = pages.cut(tx.execute(query).all(), limit, lambda row: (row.id,))
    return Page([{**row._asdict(), "state": state} for row in rows], following)


def raw(tx: Tx, actor: Staff, inbox_id: int) -> bytes:
    """What the source sent, byte for byte; empty once it was thrown away for age. Raises NotFound."""
    demand(actor, "queue.read")
    data: bytes | None = tx.execute(select(INBOX.c.data).where(INBOX.c.id == inbox_id)).scalar_one_or_none()
    if data is None:
        raise NotFound(f"There is no raw {inbox_id}.")
    return data


def replay(work: Work, inbox_id: int) -> dict[str, Any]:
    """Have a parked raw processed again."""
    demand(work.actor, "queue.write")
    rows = inbox.replay_parked(work.tx, PARKED.c.inbox_id == inbox_id)
    if not rows:
        raw(work.tx, work.actor, inbox_id)
        raise Conflict("This raw is not parked.")
    work.pipeline = True
    work.tell("inbox.replayed", None, inbox=inbox_id, channel=rows[0].channel)
    return {"id": inbox_id, "state": "waiting"}


def letters(tx: Tx, actor: Staff, wanted: dict[str, Any], page: tuple[int, str | None]) -> Page:
    """A page of letters, the newest first; `wanted` may name state, channel and message.

    Without a state those that are neither sent nor cancelled.
    """
    demand(actor, "queue.read")
    limit, cursor = page
    query, newest = select(OUTBOX).limit(limit + 1), OUTBOX.c.id
    if wanted.get("message") is not None:
        query = query.where(OUTBOX.c.message_id == wanted["message"])
    elif wanted.get("state") != SENT:
        # In the order of ids SQLite would go through all letters, for it keeps no count of how few these are.
        query, newest = query.where(_NOT_OUT), newest + 0
        if wanted.get("state") is None:
            query = query.where(OUTBOX.c.state != CANCELLED)
    for name in ("state", "channel"):
        if wanted.get(name) is not None:
            query = query.where(OUTBOX.c[name] == wanted[name])
    if cursor is not None:
        query = query.where(OUTBOX.c.id < pages.decode(cursor, int)[0])
    rows, following = pages.cut(tx.execute(query.order_by(newest.desc())).all(), limit, lambda row: (row.id,))
    return Page([_letter(row) for row in rows], following)


def channels(tx: Tx, actor: Staff, sections: dict[str, tuple[str, bool, list[str]]]) -> Page:
    """The channels of `sections`, name -> (kind, enabled, what it can), with what the ledger says of them."""
    demand(actor, "channel.read")
    told = ledger.status(tx)
    received = _last_received(tx)
    stopped, refused = halts.by_channel(tx), refusals.by_channel(tx)
    items = []
    for name, (kind, enabled, can) in sorted(sections.items()):
        flow = {**_NOTHING, **told["channels"].get(name, {})}
        items.append(
            {
                "name": name,
                "kind": kind,
                "enabled": enabled,
                "can": can,
                **flow,
                "last_received_at": received.get(name),
                "outbox": told["outbox"].get(name, {}).get("states", {}),
                "halt": stopped.get(name),
                "refused": refused.get(name),
            }
        )
    return Page(items, None)


def retry(work: Work, letter_id: int) -> dict[str, Any]:
    """Send a letter after all that failed, is held, or whose end nobody knows; that one may arrive twice."""
    demand(work.actor, "queue.write")
    before = _letter_row(work, letter_id)
    shown = _moved(before, outbox.retry(work.tx, OUTBOX.c.id == before.id, (FAILED, UNCONFIRMED, HELD)))
    work.channels.add(before.channel)
    _tell(work, "message.retried", before)
    return shown


def cancel(work: Work, letter_id: int) -> dict[str, Any]:
    """Keep a letter from being sent whose call has not begun."""
    demand(work.actor, "queue.write")
    before = _letter_row(work, letter_id)
    shown = _moved(before, outbox.change(work.tx, CANCELLED, OUTBOX.c.id == before.id, (QUEUED, HELD)))
    _tell(work, "message.cancelled", before)
    return shown


def behind(tx: Tx) -> dict[str, float]:
    """Seconds the oldest raw and the oldest letter that could go on have been waiting; 0 when nothing waits."""
    at = database_now(tx)
    raw = select(INBOX.c.received_at).where(INBOX.c.id == select(func.min(QUEUE.c.inbox_id)).scalar_subquery())
    due = select(func.min(OUTBOX.c.next_at)).where(_NOT_OUT, OUTBOX.c.state == QUEUED, OUTBOX.c.next_at <= at)
    found = {"inbox": tx.execute(raw).scalar_one_or_none(), "outbox": tx.execute(due).scalar_one()}
    return {
        name: 0.0 if since is None else round(max(0.0, (at - since).total_seconds()), 3)
        for name, since in found.items()
    }


def _last_received(tx: Tx) -> dict[str, datetime]:
    query = select(TALLIES.c.channel, func.max(TALLIES.c.at)).where(TALLIES.c.kind == RECEIVED)
    return {channel: at for channel, at in tx.execute(query.group_by(TALLIES.c.channel))}


def _letter_row(work: Work, letter_id: int) -> Row[Any]:
    row = work.tx.execute(select(OUTBOX).where(OUTBOX.c.id == letter_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(f"There is no letter {letter_id}.")
    return row


def _moved(before: Row[Any], rows: Sequence[Row[Any]]) -> dict[str, Any]:
    if not rows:
        raise Conflict(f"The letter is {before.state}.", state=before.state)
    return _letter(rows[0])


def _tell(work: Work, kind: str, before: Row[Any]) -> None:
    told = {"message": before.message_id, "letter": before.id, "channel": before.channel, "before": before.state}
    work.tell(kind, before.dialog_id, **told)


def _letter(row: Row[Any]) -> dict[str, Any]:
    shown = {name.removesuffix("_id"): getattr(row, name) for name in _LETTER}
    return {**shown, "message": row.message_id}
