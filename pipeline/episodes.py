"""Where a message belongs: the reopen policy, and the dialog as it grows while a batch is added to it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row

from connectors.base import ChannelSettings
from storage.talk import OPEN, RESOLVED

Verdict = Literal["join", "reopen", "new", "archive"]


Opened = tuple[int, int, int, str, datetime, datetime | None]


@dataclass(slots=True)
class Place:
    """A dialog and its newest episode while messages are added; what changed is saved afterwards."""

    dialog_id: int
    seq: int
    last_in_seq: int
    unread: int
    last_at: datetime
    last_message_id: int | None
    episode_id: int | None
    number: int
    status: str
    resolved_at: datetime | None
    # The rows of the episodes opened here (one for history is resolved at once), and the id of the one reopened.
    opened: list[Opened] = field(default_factory=list)
    reopened: int | None = None


def place_of(row: Row[Any]) -> Place:
    """The dialog as the database has it, from a row of storage.talk.lock_with_episodes."""
    return Place(
        row.id, row.last_seq, row.last_in_seq, row.unread, row.last_at, row.last_message_id, row.episode_id,
        row.number or 0, row.status or RESOLVED, row.resolved_at,
    )  # fmt: skip


def verdict(place: Place, policy: ChannelSettings, at: datetime, quiet: bool) -> Verdict:
    """What a message of time `at` does to the newest episode; `quiet` ones (history, our own) open nothing."""
    if place.status != RESOLVED:
        return "join"
    if quiet:
        return "join" if place.episode_id is not None else "archive"
    if place.episode_id is None or policy.reopen == "new":
        return "new"
    if policy.reopen == "always":
        return "reopen"
    resolved_at = place.resolved_at or at
    return "reopen" if at - resolved_at <= timedelta(seconds=policy.reopen_within) else "new"


def settle(place: Place, decided: Verdict, at: datetime, next_id: Callable[[], int]) -> None:
    """Carry the verdict out on the place: from here on its episode is the one messages join."""
    if decided == "reopen":
        place.status, place.reopened = OPEN, place.episode_id
    elif decided != "join":
        place.status = OPEN if decided == "new" else RESOLVED
        place.episode_id, place.number = next_id(), place.number + 1
        place.resolved_at = at if decided == "archive" else None
        place.opened.append((place.episode_id, place.dialog_id, place.number, place.status, at, place.resolved_at))
