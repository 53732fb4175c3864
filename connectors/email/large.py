"""Large mails: read in pieces into a file, never whole into memory."""

import functools
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from connectors.base import Raw
from connectors.email.raws import Known, line_of, sender_in

_PREFIX = "okno-mail-"


async def raw_of(key: str, known: Known, pieces: AsyncIterator[bytes]) -> Raw:
    """The raw of a mail that comes in pieces; its file is the storer's."""
    _sweep()
    descriptor, name = tempfile.mkstemp(prefix=f"{_PREFIX}{os.getpid()}-")
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


@functools.cache
def _sweep() -> None:
    """Once: remove what was begun by processes that were killed; a pid that is ours by now was theirs."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if pid == str(os.getpid()) or not Path("/proc", pid).exists():
            with suppress(OSError):
                path.unlink()


def _drop(name: str) -> None:
    Path(name).unlink(missing_ok=True)
