"""Albums: what the source sends as several messages and shows as one becomes one message here."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, select, update

from connectors.base import Deletion, Edit, Message
from connectors.markup import to_html
from pipeline import attach
from pipeline.identify import Address, Written
from storage import bulk, talk
from storage.db import Tx
from storage.journal import SYSTEM, Entry

# Where an album's data keep its members that were not taken back, in their order: {key, at, order, text, html, files,
# edited_at?}; `files` is how many came with it.
MEMBERS = "members"

Member = dict[str, Any]


def parted(written: Sequence[Written], known: Mapping[Address, int]) -> tuple[list[Written], list[Written]]:
    """Members of albums that are stored already, and all the others."""
    late = [one for one in written if _is_late(one, known)]
    return late, [one for one in written if not _is_late(one, known)] if late else list(written)


def fold(written: Sequence[Written]) -> tuple[list[Written], dict[Address, list[str]]]:
    """Each album as one message in the place of its first member, and by its key the further keys it goes by."""
    albums = _albums(written)
    folded = [
        (channel, _whole(albums[channel, message.album]) if message.album else message)
        for channel, message in written
        if not message.album or albums[channel, message.album][0] is message
    ]
    keys = {
        (channel, members[0].external_id): [album, *(member.external_id for member in members[1:])]
        for (channel, album), members in albums.items()
    }
    return folded, keys


def extend(tx: Tx, late: Sequence[Written], known: Mapping[Address, int]) -> list[Entry]:
    """Add members to albums that are stored already; `known` has their ids by (channel, album)."""
    albums = {known[album]: (album[0], members) for album, members in _albums(late).items()}
    rows = {row.id: row for row in _locked(tx, albums)}
    return [_add(tx, channel, rows[message_id], members) for message_id, (channel, members) in albums.items()]


def founded(row: Row[Any], message: Message) -> list[Member]:
    """The members of the album that begins with a message for which `row`, its edit or deletion, stood."""
    if row.deleted_at:
        return []
    edited = {"edited_at": row.edited_at.timestamp()} if row.edited_at else {}
    return [_member(message) | {"text": row.text, "html": row.html} | edited]


def changed(row: Row[Any], change: Edit | Deletion) -> dict[str, Any]:
    """What becomes of an album when one of its members is edited or taken back; nothing where that is known."""
    members: list[Member] = row.data[MEMBERS]
    member = next((one for one in members if one["key"] == change.external_id), None)
    at = change.edited_at if isinstance(change, Edit) else change.deleted_at
    if member is None or (isinstance(change, Edit) and member.get("edited_at", 0) >= at.timestamp()):
        return {}
    if isinstance(change, Edit):
        said = member | {"text": change.text, "html": change.html, "edited_at": at.timestamp()}
        left = [said if one is member else one for one in members]
    else:
        left = [one for one in members if one is not member]
    values = {"data": {**row.data, MEMBERS: left}}
    if not left:
        return {**values, "deleted_at": at}
    text, html = _words(left)
    return {**values, "text": text, "html": html, "edited_at": max(at, row.edited_at or at)}


def _add(tx: Tx, channel: str, row: Row[Any], late: Sequence[Message]) -> Entry:
    talk.add_aliases(tx, {(channel, message.external_id): row.id for message in late})
    attach.further(tx, row.id, channel, late[0].sender.address, [file for message in late for file in message.files])
    arrived = [*row.data[MEMBERS], *(_member(message) for message in late)]
    members = sorted(arrived, key=_order)
    if members != arrived:
        attach.reorder(tx, row.id, _places(arrived, members))
    text, html = _words(members)
    # Of an album that was taken back whole by then, what is left is what came now.
    values: dict[str, Any] = {
        "text": text, "html": html, "data": {**row.data, MEMBERS: members}, "deleted_at": None,
    }  # fmt: skip
    begins = min(late, key=lambda message: (message.sent_at, message.source_key))
    if (begins.sent_at, begins.source_key) < (row.sent_at, row.source_key):
        values |= {"sent_at": begins.sent_at, "source_key": begins.source_key}
    tx.execute(update(talk.MESSAGES).where(talk.MESSAGES.c.id == row.id).values(**values))
    told = {"message": row.id, "seq": row.seq, "channel": channel}
    return Entry("message.edited", SYSTEM, row.dialog_id, told)


def _locked(tx: Tx, message_ids: Mapping[int, Any]) -> Sequence[Row[Any]]:
    wanted = bulk.among(tx, talk.MESSAGES.c.id, message_ids)
    # Before they are read: an edit of theirs may be under way.
    talk.lock(tx, set(tx.execute(select(talk.MESSAGES.c.dialog_id).where(wanted)).scalars()))
    return tx.execute(select(talk.MESSAGES).where(wanted)).all()


def _albums(written: Sequence[Written]) -> dict[Address, list[Message]]:
    found: dict[Address, list[Message]] = {}
    for channel, message in written:
        if message.album:
            found.setdefault((channel, message.album), []).append(message)
    # What is pushed may come in another order than it was sent.
    return {album: sorted(members, key=lambda one: (one.sent_at, one.source_key)) for album, members in found.items()}


def _whole(members: Sequence[Message]) -> Message:
    said = [_member(member) for member in members]
    text, html = _words(said)
    return msgspec.structs.replace(
        members[0],
        text=text,
        html=html,
        files=tuple(file for member in members for file in member.files),
        respond=next((member.respond for member in members if member.respond), ""),
        data={**(members[0].data or {}), MEMBERS: said},
    )


def _member(message: Message) -> Member:
    return {
        "key": message.external_id,
        "at": message.sent_at.timestamp(),
        "order": message.source_key,
        "text": message.text,
        "html": message.html,
        "files": len(message.files),
    }


def _order(member: Member) -> tuple[float, str]:
    return member["at"], member["order"]


def _places(arrived: Sequence[Member], members: Sequence[Member]) -> list[int]:
    """By their old places, in which order the files of the members stand now."""
    starts: dict[str, int] = {}
    count = 0
    for member in arrived:
        starts[member["key"]] = count
        count += member["files"]
    return [starts[member["key"]] + at for member in members for at in range(member["files"])]


def _words(members: Sequence[Member]) -> tuple[str, str | None]:
    """What all say, one below the other, and how it looks if anything of it has looks."""
    said = [member for member in members if member["text"]]
    text = "\n".join(member["text"] for member in said)
    if not any(member["html"] for member in said):
        return text, None
    return text, "<br>".join(member["html"] or to_html(member["text"], ()) for member in said)


def _is_late(written: Written, known: Mapping[Address, int]) -> bool:
    channel, message = written
    return message.album is not None and (channel, message.album) in known
