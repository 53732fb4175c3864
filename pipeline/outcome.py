"""Outcome: what a call's end means for its letter. Pure."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from connectors.base import Blocked, ChannelSettings, Denied, Doubtful, Moved, Receipt, Rejected, Unavailable
from storage.outbox import FAILED, QUEUED, SENT, UNCONFIRMED

# Seconds a channel that takes nothing from us is left alone before it is tried again, where it says nothing of that.
DENIED_PAUSE = 300.0


class Tried(NamedTuple):
    """A letter's history at the end of a call; `idempotent` says that one more call of it does no harm."""

    attempts: int
    due_at: datetime
    automatic: bool
    idempotent: bool


class Verdict(NamedTuple):
    """The letter's next state with the columns that change, the event to journal, and what it means for others.

    `pause` keeps the channel silent for so many seconds, or with `him_alone` this recipient; `stop` says that the
    channel takes nothing from us; `unreachable` that the client is.
    """

    state: str
    values: dict[str, Any]
    event: str | None = None
    pause: float = 0.0
    stop: bool = False
    unreachable: bool = False
    him_alone: bool = False


def judge(result: Receipt | BaseException, tried: Tried, policy: ChannelSettings, at: datetime) -> Verdict:
    """What becomes of a letter whose call ended with a receipt or an error at `at`."""
    if isinstance(result, Receipt):
        values = {"sent_at": at, "receipt": list(result.external_ids), "error": None, "in_doubt": False}
        return Verdict(SENT, values, "message.sent")
    if isinstance(result, Rejected | Doubtful):
        return _refused(result)
    if isinstance(result, Denied):
        return _denied(result, tried, policy, at)
    if isinstance(result, Moved):
        return _again(tried, policy, at, str(result), 0.0)
    if isinstance(result, Unavailable):
        return _again(tried, policy, at, str(result), result.retry_after)._replace(him_alone=result.him_alone)
    return _unknown(tried, policy, at, f"no answer: {type(result).__name__}")


def _denied(result: Denied, tried: Tried, policy: ChannelSettings, at: datetime) -> Verdict:
    if result.retry_after is not None:
        # It may pass by itself, or be about this letter after all.
        return _again(tried, policy, at, str(result), result.retry_after)._replace(stop=True)
    # However old it is: it is no fault of the letter's.
    values = {"next_at": at + timedelta(seconds=DENIED_PAUSE), "error": str(result)}
    return Verdict(QUEUED, values, pause=DENIED_PAUSE, stop=True)


def _refused(result: Rejected | Doubtful) -> Verdict:
    if isinstance(result, Doubtful):
        return Verdict(UNCONFIRMED, {"error": str(result), "in_doubt": True}, "message.unconfirmed")
    return _final(FAILED, str(result), unreachable=isinstance(result, Blocked))


def _unknown(tried: Tried, policy: ChannelSettings, at: datetime, why: str) -> Verdict:
    """Nobody knows whether it arrived. The same key again is harmless where the channel knows keys."""
    doubt = {"in_doubt": True}
    if not tried.idempotent and (tried.automatic or policy.on_unknown == "hold"):
        return Verdict(UNCONFIRMED, {"error": why, **doubt}, "message.unconfirmed")
    verdict = _again(tried, policy, at, why, None)
    if tried.idempotent:
        return verdict._replace(values=verdict.values | doubt)
    values = {**verdict.values, "maybe_twice": True, **doubt}
    return verdict._replace(values=values, event=verdict.event or "message.unconfirmed")


def _again(tried: Tried, policy: ChannelSettings, at: datetime, why: str, retry_after: float | None) -> Verdict:
    if at - tried.due_at >= timedelta(seconds=policy.retry_for):
        # What the channel asked for holds for the letters behind it.
        return _final(FAILED, f"given up after {tried.attempts} tries: {why}")._replace(pause=retry_after or 0.0)
    scheduled = policy.retry[min(tried.attempts, len(policy.retry)) - 1]
    wait = scheduled if retry_after is None else retry_after
    values = {"next_at": at + timedelta(seconds=wait), "error": why}
    return Verdict(QUEUED, values, pause=retry_after or 0.0)


def _final(state: str, why: str, *, unreachable: bool = False) -> Verdict:
    return Verdict(state, {"error": why}, "message.sending_failed", unreachable=unreachable)
