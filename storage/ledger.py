"""The ledger: what came in, what became of it, and what waits to go out; counted, per channel."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from storage import triage
from storage.db import Tx
from storage.inbox import DUPLICATE, INBOX, PARKED, PROCESSED, QUEUE, RECEIVED, TALLIES
from storage.leases import database_now
from storage.outbox import OUTBOX, UNDER_WAY, counts

_FLOW = (RECEIVED, PROCESSED, DUPLICATE, "parked", "in_flight")


def status(tx: Tx) -> dict[str, Any]:
    """Everything `status` shows, ready for JSON; ages in seconds, 0 where nothing waits.

    `{"channels": {name: {received, processed, duplicate, parked, in_flight, lag_seconds}},
    "outbox": {name: {"states": {state: letters}, "oldest_seconds"}}, "to_read": {"messages", "oldest_seconds"}}`; only
    due letters grow old; `to_read` is about tasks. The counts balance in a transaction of `Database.snapshot()`.
    """
    at = database_now(tx)
    lags = _lags(tx, at)
    channels = {name: {**flow, "lag_seconds": lags.get(name, 0.0)} for name, flow in sorted(flows(tx).items())}
    oldest = _oldest_letters(tx, at)
    outbox = {
        name: {"states": states, "oldest_seconds": oldest.get(name, 0.0)} for name, states in sorted(counts(tx).items())
    }
    waiting, since = triage.queued(tx)
    to_read = {"messages": waiting, "oldest_seconds": _age(at, since) if since else 0.0}
    return {"channels": channels, "outbox": outbox, "to_read": to_read}


def flows(tx: Tx) -> dict[str, dict[str, int]]:
    """Per channel: received, processed, duplicate, parked and in_flight; in a snapshot the first is their sum."""
    found: dict[str, dict[str, int]] = {}

    def note(channel: str, kind: str, number: int) -> None:
        found.setdefault(channel, dict.fromkeys(_FLOW, 0))[kind] = number

    tallies = select(TALLIES.c.channel, TALLIES.c.kind, func.sum(TALLIES.c.count))
    for channel, kind, number in tx.execute(tallies.group_by(TALLIES.c.channel, TALLIES.c.kind)):
        note(channel, kind, int(number))
    parked = select(PARKED.c.channel, func.count()).group_by(PARKED.c.channel)
    for channel, number in tx.execute(parked):
        note(channel, "parked", number)
    queued = select(INBOX.c.channel, func.count()).join(QUEUE, QUEUE.c.inbox_id == INBOX.c.id)
    for channel, number in tx.execute(queued.group_by(INBOX.c.channel)):
        note(channel, "in_flight", number)
    return found


def _lags(tx: Tx, at: datetime) -> dict[str, float]:
    """Age of the oldest queued raw of each channel."""
    query = select(INBOX.c.channel, func.min(INBOX.c.received_at)).join(QUEUE, QUEUE.c.inbox_id == INBOX.c.id)
    return {channel: _age(at, oldest) for channel, oldest in tx.execute(query.group_by(INBOX.c.channel))}


def _oldest_letters(tx: Tx, at: datetime) -> dict[str, float]:
    """Age of the letter of each channel that has been due longest and is not out yet."""
    query = (
        select(OUTBOX.c.channel, func.min(OUTBOX.c.send_at))
        .where(OUTBOX.c.state.in_(UNDER_WAY), OUTBOX.c.send_at <= at)
        .group_by(OUTBOX.c.channel)
    )
    return {channel: _age(at, oldest) for channel, oldest in tx.execute(query)}


def _age(at: datetime, since: datetime) -> float:
    # The two may come from different clocks: the database's and this machine's.
    return round(max(0.0, (at - since).total_seconds()), 3)
