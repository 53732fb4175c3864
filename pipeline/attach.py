"""Attach: the files of a message. What came whole is on disk before any row names it; the rest is fetched later."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Row

from connectors.base import Edit, Envelope, File, Message
from storage import attachments, spools
from storage.attachments import Claim, NewFile
from storage.db import Tx
from storage.files import Content, FileStore

# A file whose bytes the shelf keeps names them like this instead.
_KEPT = "kept:"


class Shelf:
    """Puts the bytes that came inside raws on disk, and brings those of large raws back."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    def data_of(self, data: bytes) -> bytes:
        """What a raw's row holds, or what it stands for; raises OSError for a file that is not there."""
        sha256 = spools.sha256_of(data)
        return data if sha256 is None else self._store.path(sha256).read_bytes()

    def keep(self, envelopes: Sequence[Envelope]) -> Sequence[Envelope]:
        """The envelopes with file contents replaced by where they lie."""
        if not any(isinstance(e, Message | Edit) and any(f.data is not None for f in e.files) for e in envelopes):
            return envelopes
        return [self._kept(envelope) if isinstance(envelope, Message | Edit) else envelope for envelope in envelopes]

    def _kept(self, holder: Message | Edit) -> Message | Edit:
        return msgspec.structs.replace(holder, files=tuple(self._shelve(file) for file in holder.files))

    def _shelve(self, file: File) -> File:
        if file.data is None:
            return file
        content = self._store.put(file.data)
        where = f"{_KEPT}{content.sha256}:{content.image}"
        return msgspec.structs.replace(file, data=None, size=content.size, source=where)


class _Item(NamedTuple):
    """A file with its place, and whose it is."""

    message_id: int
    channel: str
    address: str
    position: int
    file: File


def files(tx: Tx, messages: Iterable[tuple[int, str, Message]]) -> None:
    """Write the rows for the files of new messages: (message id, channel, message).

    A file that is not there to be had becomes a row that says so: what a client sent never vanishes in silence.
    """
    _write(
        tx,
        [
            _Item(message_id, channel, message.sender.address, position, file)
            for message_id, channel, message in messages
            for position, file in enumerate(message.files)
        ],
    )


def further(tx: Tx, message_id: int, channel: str, address: str, more: Sequence[File]) -> None:
    """The same for files that come later than their message: they stand behind those it has."""
    first = len(_there(tx, message_id))
    _write(tx, [_Item(message_id, channel, address, position, file) for position, file in enumerate(more, first)])


def reorder(tx: Tx, message_id: int, order: Sequence[int]) -> None:
    """Put the files that stand at the places of `order` first, in that order; the others keep theirs behind them."""
    there = _there(tx, message_id)
    chosen = [there[place] for place in order if place < len(there)]
    rest = [row for row in there if row not in chosen]
    attachments.place(tx, [row.id for row in (*chosen, *rest)])


def unknown(tx: Tx, message_id: int, told: Sequence[File]) -> list[File]:
    """Those of the files that the message does not have yet."""
    keys = {row.key for row in _there(tx, message_id)} if told else set()
    return [file for file in told if not file.key or file.key not in keys]


def _there(tx: Tx, message_id: int) -> Sequence[Row[Any]]:
    return attachments.of_messages(tx, [message_id]).get(message_id, ())


def _write(tx: Tx, items: Sequence[_Item]) -> None:
    claims: list[Claim] = []
    rows: list[NewFile] = []
    wanted: list[tuple[str, NewFile]] = []
    for item in items:
        owner, file = attachments.visitor(item.channel, item.address), item.file
        row = _row(owner, item.channel, file)
        row = row._replace(message_id=item.message_id, position=item.position, key=file.key or None)
        if file.upload is not None:
            claims.append(Claim(item.message_id, item.position, owner, file.upload))
            wanted.append((file.upload, row))
        else:
            rows.append(row)
    taken = attachments.attach(tx, claims)
    for upload, row in wanted:
        # The first claim has it; for all others it is a file that cannot be had.
        if upload in taken:
            taken.remove(upload)
        else:
            rows.append(row)
    attachments.add(tx, rows)


def _row(owner: str, channel: str, file: File) -> NewFile:
    if file.source is None:
        return attachments.missing(owner, file.name)
    if file.source.startswith(_KEPT):
        sha256, image = file.source.removeprefix(_KEPT).split(":")
        return attachments.stored(owner, file.name, file.type, Content(sha256, file.size, image))
    return attachments.pending(owner, file.name, file.type, channel, file.source)
