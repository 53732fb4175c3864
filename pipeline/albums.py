"""Albums: what the source sends as several messages and shows as one becomes one message here."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec
from sqlalchemy import update

from connectors.base import Message
from pipeline import attach
from storage import attachments, talk
from storage.db import Tx
from storage.journal import SYSTEM, Entry

Written = tuple[str, Message]
Key = tuple[str, str]


def parted(written: Sequence[Written], known: Mapping[Key, int]) -> tuple[list[Written], list[Written]]:
    """Members of albums that are stored already, and all the others."""
    late = [one for one in written if _is_late(one, known)]
    return late, [one for one in written if not _is_late(one, known)] if late else list(written)


def fold(written: Sequence[Written]) -> tuple[list[Written], dict[Key, list[str]]]:
    """Each album as one message in the place of its first member, and by its key the further keys it goes by."""
    places: dict[Key, int] = {}
    folded: list[Written] = []
    keys: dict[Key, list[str]] = {}
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


def extend(tx: Tx, late: Sequence[Written], known: Mapping[Key, int]) -> list[Entry]:
    """Add members to albums that are stored already; `known` has their ids by (channel, album)."""
    entries: list[Entry] = []
    ordered = sorted(late, key=_album)
    for album, members in groupby(ordered, key=_album):
        entries += _add(tx, album[0], known[album], [message for _, message in members])
    return entries


def _add(tx: Tx, channel: str, message_id: int, members: Sequence[Message]) -> list[Entry]:
    talk.add_aliases(tx, channel, {message.external_id: message_id for message in members})
    there = len(attachments.of_messages(tx, [message_id]).get(message_id, ()))
    whole = members[0]
    for message in members[1:]:
        whole = _joined(whole, message)
    attach.files(tx, [(message_id, channel, whole)], there)
    messages = talk.MESSAGES.c
    if whole.text:
        captionless = update(talk.MESSAGES).where(messages.id == message_id, messages.text == "")
        tx.execute(captionless.values(text=whole.text, html=whole.html))
    row = tx.execute(talk.MESSAGES.select().where(messages.id == message_id)).one()
    return [Entry("message.edited", SYSTEM, row.dialog_id, {"message": row.id, "seq": row.seq, "channel": channel})]


def _joined(first: Message, more: Message) -> Message:
    captioned = first if first.text else more
    return msgspec.structs.replace(
        first,
        text=captioned.text,
        html=captioned.html,
        files=first.files + more.files,
        respond=first.respond or more.respond,
    )


def _is_late(written: Written, known: Mapping[Key, int]) -> bool:
    channel, message = written
    return message.album is not None and (channel, message.album) in known


def _album(written: Written) -> Key:
    channel, message = written
    assert message.album
    return channel, message.album
