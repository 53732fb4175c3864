"""The outbox: letters from the commit that wrote them until their channel answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row, and_, case, func, select, update

from storage import bulk
from storage.db import Tx, now
from storage.leases import database_now, me
from storage.models import Letter

OUTBOX = Letter.__table__  # type: ignore[attr-defined]

QUEUED, SENDING, SENT, FAILED = "queued", "sending", "sent", "failed"
UNCONFIRMED, CANCELLED, HELD = "unconfirmed", "cancelled", "held"
STATES = (QUEUED, SENDING, SENT, FAILED, UNCONFIRMED, CANCELLED, HELD)
# Under way: what keeps later letters of its lane waiting.
UNDER_WAY = (QUEUED, SENDING)

_COLUMNS = (
    "message_id", "dialog_id", "part", "channel", "recipient", "action", "payload", "automatic", "state", "attempts",
    "maybe_twice", "send_at", "next_at", "token", "created_at",
)  # fmt: skip


class NewLetter(NamedTuple):
    """A letter to be written. `payload`: {text, files: [attachment id], reply_to?, external_id?, author}."""

    message_id: int
    dialog_id: int
    part: int
    channel: str
    recipient: str
    action: str
    payload: dict[str, Any]
    send_at: datetime
    automatic: bool = False


def put(tx: Tx, letters: Sequence[NewLetter]) -> None:
    """Write letters in the order they are to arrive; the dialog must be locked, its lane's order is that of the ids."""
    at = now()
    rows = [
        (
            new.message_id, new.dialog_id, new.part, new.channel, new.recipient, new.action,
            orjson.dumps(new.payload).decode(), new.automatic, QUEUED, 0, False, new.send_at, new.send_at, 0, at,
        )
        for new in letters
    ]  # fmt: skip
    bulk.insert(tx, OUTBOX, _COLUMNS, rows)


def due(tx: Tx, channel: str, limit: int) -> list[int]:
    """Ids of the letters that may be sent now: the oldest of each lane, oldest first.

    A lane is (channel, dialog, recipient). A letter whose send_at lies ahead holds nobody up; one that waits for its
    next try or is being sent holds up its lane.
    """
    at = database_now(tx)
    lane = (OUTBOX.c.dialog_id, OUTBOX.c.recipient)
    heads = (
        select(func.min(OUTBOX.c.id).label("id"))
        .where(OUTBOX.c.channel == channel, OUTBOX.c.state.in_(UNDER_WAY), OUTBOX.c.send_at <= at)
        .group_by(*lane)
        .subquery()
    )
    query = (
        select(OUTBOX.c.id)
        .join(heads, heads.c.id == OUTBOX.c.id)
        .where(OUTBOX.c.state == QUEUED, OUTBOX.c.next_at <= at)
        .order_by(OUTBOX.c.id)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def waiting(tx: Tx) -> list[str]:
    """Channels in which a letter is due now."""
    query = select(OUTBOX.c.channel).where(OUTBOX.c.state == QUEUED, OUTBOX.c.next_at <= database_now(tx)).distinct()
    return list(tx.execute(query).scalars())


def postpone(tx: Tx, letter_id: int, seconds: float) -> None:
    """Not yet: the channel's pace allows it in so many seconds."""
    at = database_now(tx) + timedelta(seconds=seconds)
    tx.execute(update(OUTBOX).where(OUTBOX.c.id == letter_id, OUTBOX.c.state == QUEUED).values(next_at=at))


def start(tx: Tx, letter_id: int, seconds: float) -> Row[Any] | None:
    """Mark a queued letter as being sent by us for `seconds`; None when it was taken or cancelled meanwhile."""
    at = database_now(tx)
    return tx.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == letter_id, OUTBOX.c.state == QUEUED, OUTBOX.c.next_at <= at)
        .values(
            state=SENDING,
            worker=me(),
            token=OUTBOX.c.token + 1,
            attempts=OUTBOX.c.attempts + 1,
            expires_at=at + timedelta(seconds=seconds),
        )
        .returning(OUTBOX)
    ).one_or_none()


def finish(tx: Tx, letter_id: int, token: int, **values: Any) -> bool:
    """Set the outcome of a call that we still own; False when it was taken from us meanwhile."""
    done = tx.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == letter_id, OUTBOX.c.state == SENDING, OUTBOX.c.token == token)
        .values(worker=None, expires_at=None, **values)
    )
    return done.rowcount == 1


def sending(tx: Tx) -> Sequence[Row[Any]]:
    """Letters whose call is under way; locked, without those somebody else looks at."""
    query = select(OUTBOX).where(OUTBOX.c.state == SENDING).order_by(OUTBOX.c.id)
    return tx.execute(query.with_for_update(skip_locked=True)).all()


def of_messages(tx: Tx, message_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The letters of each message, in order."""
    found: dict[int, list[Row[Any]]] = {}
    if message_ids:
        query = select(OUTBOX).where(bulk.among(tx, OUTBOX.c.message_id, message_ids)).order_by(OUTBOX.c.id)
        for row in tx.execute(query):
            found.setdefault(row.message_id, []).append(row)
    return found


def change(tx: Tx, state: str, where: Any, allowed: Sequence[str], **values: Any) -> Sequence[Row[Any]]:
    """Move the letters that match and stand in an `allowed` state to `state`; those moved are given back."""
    return tx.execute(
        update(OUTBOX).where(and_(where, OUTBOX.c.state.in_(allowed))).values(state=state, **values).returning(OUTBOX)
    ).all()


def retry(tx: Tx, where: Any, allowed: Sequence[str]) -> Sequence[Row[Any]]:
    """Queue letters again, their patience anew; one whose end nobody knows may arrive twice from here on.

    One that is to leave later, and was held before, still does.
    """
    at = case((OUTBOX.c.send_at > now(), OUTBOX.c.send_at), else_=now())
    twice = case((OUTBOX.c.state == UNCONFIRMED, True), else_=OUTBOX.c.maybe_twice)
    return change(tx, QUEUED, where, allowed, next_at=at, send_at=at, attempts=0, error=None, maybe_twice=twice)


def counts(tx: Tx) -> dict[str, dict[str, int]]:
    """Per channel, how many letters stand in each state."""
    found: dict[str, dict[str, int]] = {}
    query = select(OUTBOX.c.channel, OUTBOX.c.state, func.count()).group_by(OUTBOX.c.channel, OUTBOX.c.state)
    for channel, state, count in tx.execute(query):
        found.setdefault(channel, {})[state] = count
    return found
