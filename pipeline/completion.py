"""Completion: a message that comes after its own edit or deletion brings what those could not know."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select, update

from pipeline import albums, attach
from pipeline.identify import Address, Written
from storage import bulk, talk
from storage.db import Tx
from storage.journal import SYSTEM, Entry

# Marks, in a message's data, that an edit or deletion stands for it.
EARLY = "early"


def complete(
    tx: Tx, written: Sequence[Written], known: Mapping[Address, int]
) -> tuple[dict[Address, int], list[Entry]]:
    """Give files, time and place to messages that others stood for; `known` has ids by (channel, key).

    Gives back the albums that began with them, and the journal entries.
    """
    late = {known[key]: one for one in written if (key := (one[0], one[1].external_id)) in known}
    if not late:
        return {}, []
    rows = tx.execute(select(talk.MESSAGES).where(bulk.among(tx, talk.MESSAGES.c.id, late))).all()
    albums_begun: dict[Address, int] = {}
    entries: list[Entry] = []
    for row in rows:
        if not (row.data or {}).get(EARLY):
            continue
        channel, message = late[row.id]
        kept = {name: value for name, value in row.data.items() if name != EARLY}
        author = {"author": message.author} if message.author else {}
        members = {albums.MEMBERS: albums.founded(row, message)} if message.album else {}
        values = {
            "sent_at": min(message.sent_at, row.sent_at),
            "source_key": message.source_key,
            "reply_to": known.get((channel, message.reply_to)) if message.reply_to else None,
            "data": {**(message.data or {}), **author, **kept, **members} or None,
        }
        tx.execute(update(talk.MESSAGES).where(talk.MESSAGES.c.id == row.id).values(**values))
        if not row.deleted_at:
            more = attach.unknown(tx, row.id, message.files)
            attach.further(tx, row.id, channel, message.sender.address, more)
        if message.album:
            albums_begun[channel, message.album] = row.id
        told = {"message": row.id, "seq": row.seq, "channel": channel}
        entries.append(Entry("message.edited", SYSTEM, row.dialog_id, told))
    talk.add_aliases(tx, albums_begun)
    return albums_begun, entries
