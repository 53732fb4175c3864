"""Triage: the queue of messages that are still to be read for tasks."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from storage import bulk
from storage.db import Tx, now
from storage.models import Triage

TRIAGE = Triage.__table__  # type: ignore[attr-defined]

# Dialogs are spread over so many shards; all of a dialog's messages are in one.
SHARDS = 16

_COLUMNS = ("message_id", "dialog_id", "shard", "kind", "round", "attempts", "created_at")
# Nobody has read it yet: it is new, and will be read as it is by then, whatever became of it meanwhile.
_AGAIN = (
    "(message_id) DO UPDATE SET kind = CASE triage.kind WHEN 'new' THEN 'new' ELSE excluded.kind END, "
    "round = triage.round + 1, attempts = 0, created_at = excluded.created_at"
)


class ToRead(NamedTuple):
    """A message to be read for tasks, and why."""

    message_id: int
    dialog_id: int
    kind: Literal["new", "edited", "deleted"]


def put(tx: Tx, messages: Iterable[ToRead]) -> None:
    """Put the messages in, in order; the dialogs must be locked.

    One that waits already stays where it is with its `round` grown. Who has read it meanwhile takes it off only at the
    round he saw, under the dialog's lock: what changed since is then read again.
    """
    merged: dict[int, ToRead] = {}
    for new in messages:
        before = merged.get(new.message_id)
        merged[new.message_id] = before if before is not None and before.kind == "new" else new
    at = now()
    rows = [(new.message_id, new.dialog_id, new.dialog_id % SHARDS, new.kind, 0, 0, at) for new in merged.values()]
    bulk.insert_or_change(tx, TRIAGE, _COLUMNS, rows, _AGAIN)
