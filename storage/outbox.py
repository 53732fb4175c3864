"""The outbox: letters from the commit that wrote them until their channel answered."""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row, and_, case, false, func, literal_column, select, update

from storage import bulk
from storage.db import Tx, now
from storage.leases import database_now, me
from storage.models import Dialog, Identity, Letter, Message

OUTBOX = Letter.__table__  # type: ignore[attr-defined]
DIALOGS = Dialog.__table__  # type: ignore[attr-defined]
IDENTITIES = Identity.__table__  # type: ignore[attr-defined]
MESSAGES = Message.__table__  # type: ignore[attr-defined]

QUEUED, SENDING, SENT, FAILED = "queued", "sending", "sent", "failed"
UNCONFIRMED, CANCELLED, HELD = "unconfirmed", "cancelled", "held"
STATES = (QUEUED, SENDING, SENT, FAILED, UNCONFIRMED, CANCELLED, HELD)
# Under way: what keeps later letters of its lane waiting.
UNDER_WAY = (QUEUED, SENDING)

# How far back in a dialog letters are looked for that may come back as echoes.
_LATELY = 200

_COLUMNS = (
    "message_id", "dialog_id", "part", "channel", "recipient", "action", "payload", "automatic", "state", "attempts",
    "maybe_twice", "in_doubt", "send_at", "next_at", "token", "created_at",
)  # fmt: skip


class NewLetter(NamedTuple):
    """A letter to be written.

    `payload`: {text, files: [attachment id], author, signature?, reply_to?, below?, spans?, buttons?, thread?,
    quoted?}.
    """

    message_id: int
    dialog_id: int
    part: int
    channel: str
    recipient: str
    action: str
    payload: dict[str, Any]
    send_at: datetime
    automatic: bool = False


class Due(NamedTuple):
    """A letter whose turn it is, with how many files it carries."""

    id: int
    recipient: str
    files: int = 0


class Sent(NamedTuple):
    """A letter that may have arrived."""

    id: int
    message_id: int
    dialog_id: int
    channel: str


def key_of(row: Row[Any]) -> str:
    """The letter's key, the same at every try. Ids come again after a restore; the moment it was written does not."""
    return f"okno-{row.id}-{int(row.created_at.timestamp() * 1_000_000)}"


def number_of(key: str) -> int:
    """The key as a number, 1 … 2³¹-1."""
    digest = hashlib.blake2s(key.encode(), digest_size=4).digest()
    return int.from_bytes(digest) & 0x7FFFFFFF or 1


def put(tx: Tx, letters: Sequence[NewLetter]) -> None:
    """Write letters in the order they are to arrive; the dialog must be locked, its lane's order is that of the ids."""
    at = now()
    rows = [
        (
            new.message_id, new.dialog_id, new.part, new.channel, new.recipient, new.action,
            orjson.dumps(new.payload).decode(), new.automatic, QUEUED, 0, False, False, new.send_at, new.send_at, 0, at,
        )
        for new in letters
    ]  # fmt: skip
    bulk.insert(tx, OUTBOX, _COLUMNS, rows)


def due(tx: Tx, channel: str, limit: int, *, ordered: bool = True) -> list[Due]:
    """The letters whose turn it is: the oldest of each lane, oldest first.

    A lane is (channel, dialog, recipient). A letter whose send_at lies ahead holds nobody up; one that is being sent
    holds up its lane, and one that waits for its next try only where the channel is `ordered`.
    """
    at = database_now(tx)
    aside = false() if ordered else and_(OUTBOX.c.state == QUEUED, OUTBOX.c.attempts > 0, OUTBOX.c.next_at > at)
    lane = (OUTBOX.c.dialog_id, OUTBOX.c.recipient)
    heads = (
        select(func.min(OUTBOX.c.id).label("id"))
        .where(OUTBOX.c.channel == channel, OUTBOX.c.state.in_(UNDER_WAY), OUTBOX.c.send_at <= at, ~aside)
        .group_by(*lane)
        .subquery()
    )
    query = (
        select(OUTBOX.c.id, OUTBOX.c.recipient, OUTBOX.c.payload)
        .join(heads, heads.c.id == OUTBOX.c.id)
        .where(OUTBOX.c.state == QUEUED, OUTBOX.c.next_at <= at)
        .order_by(OUTBOX.c.id)
        .limit(limit)
    )
    return [Due(row.id, row.recipient, len(row.payload.get("files", ()))) for row in tx.execute(query)]


def waiting(tx: Tx) -> list[str]:
    """Channels in which a letter is due now."""
    query = select(OUTBOX.c.channel).where(OUTBOX.c.state == QUEUED, OUTBOX.c.next_at <= database_now(tx)).distinct()
    return list(tx.execute(query).scalars())


def next_due(tx: Tx) -> float:
    """Seconds until the next letter's time comes; infinite when none has one ahead."""
    at = database_now(tx)
    query = select(func.min(OUTBOX.c.next_at)).where(OUTBOX.c.state == QUEUED, OUTBOX.c.next_at > at)
    soonest: datetime | None = tx.execute(query).scalar_one()
    return math.inf if soonest is None else (soonest - at).total_seconds()


def postpone(tx: Tx, until: Mapping[int, datetime]) -> None:
    """Not yet: the channel's pace allows these letters at their times. They must be queued, and the channel ours."""
    bulk.update(tx, OUTBOX, "id", ("next_at",), list(until.items()))


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


def extend(tx: Tx, started: Row[Any], seconds: float) -> None:
    """Give a letter we just marked as being sent so many seconds more."""
    later = started.expires_at + timedelta(seconds=seconds)
    tx.execute(
        update(OUTBOX).where(OUTBOX.c.id == started.id, OUTBOX.c.token == started.token).values(expires_at=later)
    )


def finish(tx: Tx, letter_id: int, token: int, **values: Any) -> bool:
    """Set the outcome of a call that we still own; False when it was taken from us meanwhile."""
    done = tx.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == letter_id, OUTBOX.c.state == SENDING, OUTBOX.c.token == token)
        .values(worker=None, expires_at=None, **values)
    )
    return done.rowcount == 1


def put_back(tx: Tx, started: Row[Any]) -> bool:
    """Queue a letter again whose call was never made: that was no try."""
    return finish(tx, started.id, started.token, state=QUEUED, attempts=started.attempts - 1)


def receipt(tx: Tx, message_id: int, part: int) -> list[str]:
    """The keys the channel gave to this part of a message; none unless it went out."""
    query = select(OUTBOX.c.receipt).where(
        OUTBOX.c.message_id == message_id, OUTBOX.c.part == part, OUTBOX.c.action == "send", OUTBOX.c.state == SENT
    )
    return tx.execute(query).scalar_one_or_none() or []


def sending(tx: Tx, *, lock: bool = True) -> Sequence[Row[Any]]:
    """Letters whose call is under way; locked, without those somebody else looks at."""
    query = select(OUTBOX).where(OUTBOX.c.state == SENDING).order_by(OUTBOX.c.id)
    return tx.execute(query.with_for_update(skip_locked=True) if lock else query).all()


def of_messages(tx: Tx, message_ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The letters of each message, in order."""
    found: dict[int, list[Row[Any]]] = {}
    if message_ids:
        query = select(OUTBOX).where(bulk.among(tx, OUTBOX.c.message_id, message_ids)).order_by(OUTBOX.c.id)
        for row in tx.execute(query):
            found.setdefault(row.message_id, []).append(row)
    return found


def lately(tx: Tx, addresses: Collection[tuple[str, str]]) -> dict[tuple[str, str, int | str], Sent]:
    """Letters to each (channel, address) that may come back as echoes, by these two and their numbers.

    Those that are not known to be out, however old, and those that went out lately: their keys may be no older than
    the look for them. What is under way, or nobody knows the end of, is there by its text too.
    """
    found: dict[tuple[str, str, int | str], Sent] = {}
    for channel in {channel for channel, _ in addresses}:
        wanted = [address for own, address in addresses if own == channel]
        own = (OUTBOX.c.channel == channel, OUTBOX.c.action == "send", bulk.among(tx, OUTBOX.c.recipient, wanted))
        lately = (
            select(OUTBOX)
            .join(MESSAGES, MESSAGES.c.id == OUTBOX.c.message_id)
            .join(DIALOGS, DIALOGS.c.id == MESSAGES.c.dialog_id)
            .join(IDENTITIES, IDENTITIES.c.client_id == DIALOGS.c.client_id)
            .where(
                *own,
                IDENTITIES.c.channel == channel,
                bulk.among(tx, IDENTITIES.c.address, wanted),
                MESSAGES.c.seq > DIALOGS.c.last_seq - _LATELY,
            )
        )
        # Written out: only then can both databases see that the small index of letters that are not out serves.
        for query in (lately, select(OUTBOX).where(literal_column("outbox.state <> 'sent'"), *own)):
            for row in tx.execute(query):
                letter = Sent(row.id, row.message_id, row.dialog_id, channel)
                found[channel, row.recipient, number_of(key_of(row))] = letter
                if row.state == SENDING or row.in_doubt:
                    # The same words again: the first of them went first.
                    found.setdefault((channel, row.recipient, row.payload["text"]), letter)
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
