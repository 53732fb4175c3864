"""Attach: the files of a message. What came whole is on disk before any row names it; the rest is fetched later."""

from collections.abc import Sequence

import msgspec

from connectors.base import Envelope, File, Message
from storage import attachments
from storage.attachments import Claim, NewFile
from storage.db import Tx
from storage.files import Content, FileStore

# A file whose bytes the shelf keeps names them like this instead.
_KEPT = "kept:"


class Shelf:
    """Puts the bytes that came inside raws on disk."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    def keep(self, envelopes: Sequence[Envelope]) -> Sequence[Envelope]:
        """The envelopes with file contents replaced by where they lie."""
        if not any(isinstance(e, Message) and any(f.data is not None for f in e.files) for e in envelopes):
            return envelopes
        return [self._kept(envelope) if isinstance(envelope, Message) else envelope for envelope in envelopes]

    def _kept(self, message: Message) -> Message:
        return msgspec.structs.replace(message, files=tuple(self._shelve(file) for file in message.files))

    def _shelve(self, file: File) -> File:
        if file.data is None:
            return file
        content = self._store.put(file.data)
        where = f"{_KEPT}{content.sha256}:{content.image}"
        return msgspec.structs.replace(file, data=None, size=content.size, source=where)


def files(tx: Tx, messages: Sequence[tuple[int, str, Message]], there: int = 0) -> None:
    """Write the rows for the files of (message id, channel, message), behind as many as are `there` already.

    A file that is not there to be had becomes a row that says so: what a client sent never vanishes in silence.
    """
    claims: list[Claim] = []
    rows: list[NewFile] = []
    wanted: list[tuple[str, NewFile]] = []
    for message_id, channel, message in messages:
        owner = attachments.visitor(channel, message.sender.address)
        for position, file in enumerate(message.files, there):
            row = _row(owner, channel, file)._replace(message_id=message_id, position=position)
            if file.upload is not None:
                claims.append(Claim(message_id, position, owner, file.upload))
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
