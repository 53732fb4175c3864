"""Large mails: read in pieces into a file, never whole into memory."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from connectors.base import Raw
from connectors.email.raws import Known, line_of, sender_in


async def raw_of(key: str, known: Known, pieces: AsyncIterator[bytes]) -> Raw:
    """The raw of a mail that comes in pieces; its file is the storer's."""
    descriptor, name = tempfile.mkstemp(prefix="okno-mail-")
    digest, first = hashlib.sha256(), b""
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(line_of(known))
            async for piece in pieces:
                first = first or piece
                digest.update(piece)
                file.write(piece)
    except BaseException:
        _drop(name)
        raise
    return Raw(key, sender_in(first) or key, b"", file=name, digest=digest.hexdigest())


def _drop(name: str) -> None:
    Path(name).unlink(missing_ok=True)
