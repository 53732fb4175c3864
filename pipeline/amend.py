"""Amend: edits, deletions, reactions and delivery reports, applied to messages already stored."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, select, update

import log
from connectors.base import Deletion, DeliveryReport, Edit, Message, Reaction
from pipeline import albums, attach, failures, listening
from pipeline.completion import EARLY
from pipeline.identify import IDENTITIES
from storage import early, journal, talk, triage
from storage.db import Tx
from storage.early import Key
from storage.journal import SYSTEM, Entry

Change = Edit | Deletion | Reaction | DeliveryReport
Told = tuple[str, Change]

_log = log.get(__name__)

# How many messages are looked for at once.
_LOOK = 500
_decoder = msgspec.json.Decoder(Change)


def apply(tx: Tx, changes: Sequence[Told]) -> tuple[list[tuple[str, Message]], list[Entry]]:
    """Apply the changes in order. Gives back those that stand for their message, as messages, and the journal entries.

    Applying one twice changes nothing; an older edit never replaces a newer one. What overtook its message and cannot
    stand for it waits until that is there.
    """
    known = _find(tx, {(channel, change.external_id) for channel, change in changes})
    entries = _apply(tx, [*_waited(tx, known), *changes], known)
    stand_ins: dict[Key, Message] = {}
    ahead: list[Told] = []
    for channel, change in changes:
        key = (channel, change.external_id)
        if key in known:
            continue
        if stand_in := _stand_in(change, stand_ins.get(key)):
            stand_ins[key] = stand_in
        else:
            ahead.append((channel, change))
    early.keep(tx, [early.Kept(channel, one.external_id, _packed(one)) for channel, one in ahead])
    return [(channel, message) for (channel, _), message in stand_ins.items()], entries


def catch_up(tx: Tx) -> bool:
    """Apply what waited for messages that are there by now; whether there may be more of it."""
    wanted = early.due(tx, _LOOK)
    known = _find(tx, wanted)
    entries = _apply(tx, _waited(tx, known), known)
    early.put_off(tx, [key for key in wanted if key not in known])
    journal.append(tx, entries)
    return len(wanted) == _LOOK


def _apply(tx: Tx, changes: Sequence[Told], known: Mapping[Key, Row[Any]]) -> list[Entry]:
    entries: list[Entry] = []
    for channel, change in changes:
        row = known.get((channel, change.external_id))
        if row is None:
            continue
        values, entry = _outcome(row, change)
        if values:
            tx.execute(update(talk.MESSAGES).where(talk.MESSAGES.c.id == row.id).values(**values))
            if isinstance(change, Edit):
                _attach(tx, row, change)
            # One message may be known by several keys.
            known = _renewed(tx, known, row.id)
        if entry:
            entries.append(entry)
        if entry and isinstance(change, DeliveryReport) and change.state == "failed":
            entries += failures.lost(tx, row.id, change.error)
    triage.put(tx, listening.again(entries))
    return entries


def _renewed(tx: Tx, known: Mapping[Key, Row[Any]], message_id: int) -> Mapping[Key, Row[Any]]:
    new = tx.execute(select(talk.MESSAGES).where(talk.MESSAGES.c.id == message_id)).one()
    return {key: new if row.id == message_id else row for key, row in known.items()}


def _waited(tx: Tx, known: Iterable[Key]) -> list[Told]:
    """What waited for these messages, in order: it came before all that is told of them now."""
    told: list[Told] = []
    for kept in early.take(tx, known):
        try:
            told.append((kept.channel, _decoder.decode(kept.data)))
        except msgspec.MsgspecError:
            # Kept by another version, maybe: what it said is lost, and nothing else with it.
            _log.exception("early.unreadable", channel=kept.channel, message=kept.external_id)
    return told


def _packed(change: Change) -> str:
    return msgspec.json.encode(change).decode()


def _find(tx: Tx, keys: Iterable[Key]) -> Mapping[Key, Row[Any]]:
    wanted: dict[str, set[str]] = {}
    for channel, key in keys:
        wanted.setdefault(channel, set()).add(key)
    found = _look(tx, wanted)
    while True:
        # Read again under the lock: an operator's console or another shard may be at the same message, or has just
        # given one of these keys to another.
        locked = talk.lock(tx, {row.dialog_id for row in found.values()})
        found = _look(tx, wanted)
        if all(row.dialog_id in locked for row in found.values()):
            return found


def _look(tx: Tx, wanted: Mapping[str, set[str]]) -> dict[Key, Row[Any]]:
    return {(channel, key): row for channel, own in wanted.items() for key, row in talk.known(tx, channel, own).items()}


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
    if row.direction != "out":
        return {}, None
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
