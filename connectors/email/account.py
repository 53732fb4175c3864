"""The folders of an account that are read, side by side: what clients write, and what we wrote to them elsewhere."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

import msgspec

from connectors.base import Batch, Raw
from connectors.email.mailbox import Mailbox
from connectors.email.settings import EmailSettings, Token

_decoder = msgspec.json.Decoder(dict[str, str])


class Account:
    """Reads each folder over a connection of its own. Its cursor has theirs, by the folders' names."""

    def __init__(self, settings: EmailSettings, token: Token | None = None) -> None:
        """`token` gives the access token that stands for a password."""
        imap = settings.imap
        self._sent = imap.sent
        self._readers = {imap.folder: Mailbox(settings, token)}
        if imap.sent:
            # Nobody waits there for a mail to be marked.
            sent = imap.model_copy(update={"folder": imap.sent, "settle": "nothing"})
            self._readers[imap.sent] = Mailbox(settings.model_copy(update={"imap": sent}), token)

    async def batches(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        """See Receive. What ends the reading of one folder ends that of all."""
        cursors = self._cursors(cursor) if cursor else {}
        sources = {name: reader.batches(cursors.get(name)) for name, reader in self._readers.items()}
        coming = {name: _next(source) for name, source in sources.items()}
        try:
            while True:
                await asyncio.wait(coming.values(), return_when=asyncio.FIRST_COMPLETED)
                for name in [name for name, batch in coming.items() if batch.done()]:
                    batch = coming[name].result()
                    if name == self._sent:
                        # What lies in both folders, byte for byte, is two things.
                        raws = [_told_apart(raw) for raw in batch.raws]
                        batch = msgspec.structs.replace(batch, raws=raws)
                    if batch.cursor is not None:
                        cursors[name] = batch.cursor
                    yield msgspec.structs.replace(batch, cursor=_written(cursors))
                    # It is stored by now: its folder may be read on.
                    coming[name] = _next(sources[name])
        finally:
            for task in coming.values():
                task.cancel()
            await asyncio.gather(*coming.values(), return_exceptions=True)
            for source in sources.values():
                await source.aclose()

    def _cursors(self, cursor: str) -> dict[str, str]:
        try:
            return _decoder.decode(cursor)
        except msgspec.ValidationError:
            # Written when only one folder was read: a mailbox must not stand still for an upgrade.
            return {next(iter(self._readers)): cursor}


def _next(source: AsyncIterator[Batch]) -> "asyncio.Task[Batch]":
    async def batch() -> Batch:
        return await anext(source)

    return asyncio.create_task(batch())


def _told_apart(raw: Raw) -> Raw:
    # One whose content nobody has is like no other.
    return msgspec.structs.replace(raw, digest=f"sent:{raw.digest}") if raw.digest else raw


def _written(cursors: Mapping[str, str]) -> str:
    return msgspec.json.encode(cursors).decode()
