"""Albums: what the source sends as several messages and shows as one becomes one message here."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec
from sqlalchemy import update

from connectors.base import Message
from connectors.markup import to_html
from pipeline import attach
from pipeline.identify import Address, Written
from storage import attachments, talk
from storage.db import Tx
from storage.journal import SYSTEM, Entry

# A text, and its looks where it has some.
Words = tuple[str, str | None]


def parted(written: Sequence[Written], known: Mapping[Address, int]) -> tuple[list[Written], list[Written]]:
    """Members of albums that are stored already, and all the others."""
    late = [one for one in written if _is_late(one, known)]
    return late, [one for one in written if not _is_late(one, known)] if late else list(written)


def fold(written: Sequence[Written]) -> tuple[list[Written], dict[Address, list[str]]]:
    """Each album as one message in the place of its first member, and by its key the further keys it goes by."""
    places: dict[Address, int] = {}
    folded: list[Written] = []
    keys: dict[Address, list[str]] = {}
    for channel, message in written:
        place = places.get((channel, message.album)) if message.album else None
        if place is not None:
            first = folded[place][1]
            folded[place] = (channel, _joined(first, message))
            keys[channel, first.external_id].append(message.external_id)
            continue
        if message.album:
            places[channel, message.album] = len(folded)
            keys[channel, message.external_id] = [message.album]
        folded.append((channel, message))
    return folded, keys


def extend(tx: Tx, late: Sequence[Written], known: Mapping[Address, int]) -> list[Entry]:
    """Add members to albums that are stored already; `known` has their ids by (channel, album)."""
    entries: list[Entry] = []
    ordered = sorted(late, key=_album)
    for album, members in groupby(ordered, key=_album):
        entries += _add(tx, album[0], known[album], [message for _, message in members])
    return entries


def _add(tx: Tx, channel: str, message_id: int, members: Sequence[Message]) -> list[Entry]:
    talk.add_aliases(tx, {(channel, message.external_id): message_id for message in members})
    there = len(attachments.of_messages(tx, [message_id]).get(message_id, ()))
    whole = members[0]
    for message in members[1:]:
        whole = _joined(whole, message)
    attach.files(tx, [(message_id, channel, whole)], there)
    messages = talk.MESSAGES.c
    row = tx.execute(talk.MESSAGES.select().where(messages.id == message_id)).one()
    if whole.text:
        text, html = _together((row.text, row.html), (whole.text, whole.html))
        tx.execute(update(talk.MESSAGES).where(messages.id == message_id).values(text=text, html=html))
    return [Entry("message.edited", SYSTEM, row.dialog_id, {"message": row.id, "seq": row.seq, "channel": channel})]


def _joined(first: Message, more: Message) -> Message:
    text, html = _together((first.text, first.html), (more.text, more.html))
    return msgspec.structs.replace(
        first, text=text, html=html, files=first.files + more.files, respond=first.respond or more.respond
    )


def _together(first: Words, more: Words) -> Words:
    """What both say, one below the other: each member may have words of its own."""
    if not (first[0] and more[0]):
        return first if first[0] else more
    looks = f"{first[1] or to_html(first[0], ())}<br>{more[1] or to_html(more[0], ())}" if first[1] or more[1] else None
    return f"{first[0]}\n{more[0]}", looks


def _is_late(written: Written, known: Mapping[Address, int]) -> bool:
    channel, message = written
    return message.album is not None and (channel, message.album) in known


def _album(written: Written) -> Address:
    channel, message = written
    assert message.album
    return channel, message.album
