"""Files of mails: single ones (.eml), mbox files and Maildir folders, as history."""

import hashlib
import mailbox
from collections.abc import Iterator
from pathlib import Path

from connectors.abilities import Found
from connectors.base import Raw
from connectors.email.parsing import dates
from connectors.email.raws import IMPORTED, Known, raw_of

# How far a mail is looked into for its date.
_HEAD = 1 << 16


def read(path: Path) -> Iterator[Found]:
    """Every mail of the file or folder. A mail is known by its content, wherever it lies. Raises OSError."""
    position = 0
    for mail, modified in _mails(path):
        position += len(mail)
        yield Found(_raw(mail, modified), position)


def _mails(path: Path) -> Iterator[tuple[bytes, float]]:
    if path.is_dir():
        for file in _files(path):
            yield file.read_bytes(), file.stat().st_mtime
        return
    with path.open("rb") as whole:
        is_mbox = whole.read(5) == b"From "
    if not is_mbox:
        yield path.read_bytes(), path.stat().st_mtime
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield box.get_bytes(key), path.stat().st_mtime
    finally:
        box.close()


def _files(folder: Path) -> list[Path]:
    """A Maildir's mails, or all .eml files below a folder that is none, in order of their names."""
    # Maildir++ keeps other folders in folders that begin with a dot.
    inner = [each / part for each in (folder, *folder.glob(".*/")) for part in ("cur", "new")]
    if any(each.is_dir() for each in inner):
        found = [file for each in inner if each.is_dir() for file in each.iterdir() if file.is_file()]
    else:
        found = [file for file in folder.rglob("*.eml") if file.is_file()]
    return sorted(found, key=lambda file: file.name)


def _raw(mail: bytes, modified: float) -> Raw | str:
    if not mail.strip():
        return "an empty mail"
    whole = mail if b"\r\n" in mail[:_HEAD] else mail.replace(b"\n", b"\r\n")
    key = f"{IMPORTED}:{hashlib.sha256(whole).hexdigest()}"
    return raw_of(key, Known(at=int(_date(whole) or modified), history=True), whole)


def _date(mail: bytes) -> float:
    """When it was written, in unix time; 0 where it does not say."""
    for line in mail[:_HEAD].partition(b"\r\n\r\n")[0].splitlines():
        if line[:5].lower() == b"date:":
            moment = dates.parse(line[5:].decode("ascii", "replace"))
            return max(moment.timestamp(), 0.0) if moment else 0.0
    return 0.0
