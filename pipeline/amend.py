"""Amend: edits, deletions, reactions and delivery reports, applied to messages already stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from connectors.base import Deletion, DeliveryReport, Edit, Message, Reaction
from pipeline import albums, attach
from pipeline.completion import EARLY
from pipeline.identify import IDENTITIES
from storage import talk
from storage.db import Tx
from storage.journal import SYSTEM, Entry

Change = Edit | Deletion | Reaction | DeliveryReport
Told = tuple[str, Change]


def apply(tx: Tx, changes: Sequence[Told]) -> tuple[list[tuple[str, Message]], list[Entry]]:
    """Apply the changes in order. Gives back those that overtook their message, as messages, and the journal entries.

    Applying one twice changes nothing; an older edit never replaces a newer one.
    """
    known = _find(tx, changes)
    early: dict[tuple[str, str], Message] = {}
    entries: list[Entry] = []
    for channel, change in changes:
        row = known.get((channel, change.external_id))
        if row is None:
            stand_in = _stand_in(change, early.get((channel, change.external_id)))
            if stand_in:
                early[channel, change.external_id] = stand_in
            continue
        values, entry = _outcome(row, change)
        if values:
            tx.execute(update(talk.MESSAGES).where(talk.MESSAGES.c.id == row.id).values(**values))
            if isinstance(change, Edit):
                _attach(tx, row, change)
            known = {**known, **_find(tx, [(channel, change)])}
        if entry:
            entries.append(entry)
    return [(channel, message) for (channel, _), message in early.items()], entries


def _find(tx: Tx, changes: Sequence[Told]) -> Mapping[tuple[str, str], Row[Any]]:
    keys: dict[str, set[str]] = {}
    for channel, change in changes:
        keys.setdefault(channel, set()).add(change.external_id)
    dialogs = {row.dialog_id for channel, wanted in keys.items() for row in talk.known(tx, channel, wanted).values()}
    # Read again under the lock: an operator's console or another shard may be at the same message.
    talk.lock(tx, dialogs)
    return {
        (channel, key): row for channel, wanted in keys.items() for key, row in talk.known(tx, channel, wanted).items()
    }


def _stand_in(change: Change, before: Message | None) -> Message | None:
    if isinstance(change, Edit) and change.sender:
        if before and (before.deleted_at or (before.edited_at and before.edited_at > change.edited_at)):
            return before
        return Message(
            change.external_id,
            change.sender,
            change.text,
            change.edited_at,
            html=change.html,
            files=change.files,
            edited_at=change.edited_at,
            data={EARLY: True},
        )
    if isinstance(change, Deletion) and change.sender:
        return Message(
            change.external_id, change.sender, "", change.deleted_at, data={EARLY: True}, deleted_at=change.deleted_at
        )
    return None


def _attach(tx: Tx, row: Row[Any], edit: Edit) -> None:
    more = attach.unknown(tx, row.id, edit.files)
    if more:
        address: str = tx.execute(select(IDENTITIES.c.address).where(IDENTITIES.c.id == row.identity_id)).scalar_one()
        attach.further(tx, row.id, row.channel, address, more)


def _outcome(row: Row[Any], change: Change) -> tuple[dict[str, Any], Entry | None]:
    if isinstance(change, Edit | Deletion) and albums.MEMBERS in (row.data or {}):
        return _regrouped(row, change)
    if isinstance(change, Edit):
        return _edited(row, change)
    if isinstance(change, Deletion):
        return _deleted(row, change)
    if isinstance(change, Reaction):
        return _reacted(row, change)
    return _reported(row, change)


def _edited(row: Row[Any], change: Edit) -> tuple[dict[str, Any], Entry | None]:
    if row.deleted_at or (row.edited_at and row.edited_at >= change.edited_at):
        return {}, None
    values = {"text": change.text, "html": change.html, "edited_at": change.edited_at}
    return values, _entry("message.edited", row, {"before": row.text, "after": change.text})


def _deleted(row: Row[Any], change: Deletion) -> tuple[dict[str, Any], Entry | None]:
    if row.deleted_at:
        return {}, None
    return {"deleted_at": change.deleted_at}, _entry("message.deleted", row, {})


def _regrouped(row: Row[Any], change: Edit | Deletion) -> tuple[dict[str, Any], Entry | None]:
    values = albums.changed(row, change)
    if not values:
        return {}, None
    if "deleted_at" in values:
        return values, _entry("message.deleted", row, {})
    return values, _entry("message.edited", row, {"before": row.text, "after": values["text"]})


def _reacted(row: Row[Any], change: Reaction) -> tuple[dict[str, Any], Entry | None]:
    data = dict(row.data or {})
    reactions = dict(data.get("reactions", {}))
    if reactions.get(change.address, "") == change.emoji:
        return {}, None
    reactions[change.address] = change.emoji
    data["reactions"] = {address: emoji for address, emoji in reactions.items() if emoji}
    return {"data": data}, _entry("message.reaction", row, {"emoji": change.emoji})


def _reported(row: Row[Any], change: DeliveryReport) -> tuple[dict[str, Any], Entry | None]:
    data = dict(row.data or {})
    delivery = dict(data.get("delivery", {}))
    if change.state in delivery:
        return {}, None
    delivery[change.state] = _stamp(change.at)
    if change.error:
        delivery["error"] = change.error
    data["delivery"] = delivery
    return {"data": data}, _entry(f"message.{change.state}", row, {"error": change.error} if change.error else {})


def _entry(kind: str, row: Row[Any], more: dict[str, Any]) -> Entry:
    return Entry(kind, SYSTEM, row.dialog_id, {"message": row.id, "seq": row.seq, "channel": row.channel, **more})


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
