"""Files: a directory of bytes under the hash of their content, and what may be said of a file's name and type."""

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

# The only types a browser may show in place; a row has one of them only if its bytes say so too.
INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
UNKNOWN = "application/octet-stream"

_HEAD = 16
_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}")
# What a browser would run or draw if it were ever served as what it claims to be.
_ACTIVE = re.compile(r"image/|.*(html|xml|svg|script|multipart)")
# Controls, bidi marks, zero-width and other letters nobody sees; what remains of a name is what it looks like.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_NAME_BYTES = 200


class TooLarge(Exception):
    """More bytes than are allowed."""


class Content(NamedTuple):
    """Bytes in the store: their hash, their number, and the INLINE type their beginning shows, or none."""

    sha256: str
    size: int
    image: str


class Incoming:
    """Bytes that are being written; nobody sees them before `keep`."""

    def __init__(self, store: "FileStore", path: Path, limit: int) -> None:
        self._store, self._path, self._limit = store, path, limit
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._hash = hashlib.sha256()
        self._head = b""
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """Add bytes; raises TooLarge, and OSError when the disk is full."""
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLarge(f"more than {self._limit} bytes")
        if len(self._head) < _HEAD:
            self._head += chunk[: _HEAD - len(self._head)]
        self._hash.update(chunk)
        self._file.write(chunk)

    def keep(self) -> Content:
        """Make the bytes durable under their hash; only then may a row name them."""
        self._file.flush()
        os.fsync(self._file.fileno())
        content = Content(self._hash.hexdigest(), self._size, image_type(self._head))
        self._store.place(self._path, content.sha256)
        return content

    def close(self) -> None:
        """Give the file back; what was not kept is gone."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class FileStore:
    """A directory of contents. Everything blocks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unfinished = root / "tmp"
        self._unfinished.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, data: bytes) -> Content:
        """Keep `data`."""
        return self.put_stream((data,), len(data))

    def put_stream(self, chunks: Iterable[bytes], limit: int) -> Content:
        """Keep what `chunks` yield; raises TooLarge beyond `limit` bytes, and then keeps nothing."""
        with self._incoming(limit) as incoming:
            for chunk in chunks:
                incoming.write(chunk)
            return incoming.keep()

    def path(self, sha256: str) -> Path:
        """Where the content lies; ValueError for what is no hash."""
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise ValueError("not a SHA-256")
        return self.root / sha256[:2] / sha256

    def place(self, path: Path, sha256: str) -> None:
        """Move a written file to where its content belongs, durably."""
        target = self.path(sha256)
        if not target.parent.exists():
            target.parent.mkdir(mode=0o700, exist_ok=True)
            _sync(self.root)
        with self._locked(fcntl.LOCK_SH):
            path.replace(target)
            _sync(target.parent)

    def remove(self, sha256: str, before: datetime) -> bool:
        """Delete a content unless it was put here after `before`, which somebody may be about to name in a row."""
        path = self.path(sha256)
        with self._locked(fcntl.LOCK_EX):
            if not _older(path, before):
                return False
            path.unlink()
            return True

    def aged(self, before: datetime) -> Iterator[str]:
        """Hashes of all contents last put here before `before`."""
        for folder in sorted(self.root.glob("??")):
            yield from (path.name for path in folder.iterdir() if _older(path, before))

    def sweep(self, before: datetime) -> None:
        """Delete what writers that died left half written."""
        for path in self._unfinished.iterdir():
            if _older(path, before):
                path.unlink(missing_ok=True)

    @contextmanager
    def _incoming(self, limit: int) -> Iterator[Incoming]:
        incoming = Incoming(self, self._unfinished / secrets.token_hex(16), limit)
        try:
            yield incoming
        finally:
            incoming.close()

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        """Keep a content from being deleted while the same bytes are put again; across processes."""
        handle = os.open(self._unfinished, os.O_RDONLY)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)


# ---- names and types ----


def clean_name(name: str) -> str:
    """A file's name without folders and without anything unseen, at most 200 bytes, never empty."""
    name = _UNSEEN.sub("", re.split(r"[/\\]", name)[-1]).encode(errors="replace").decode().strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > 20:
        stem, dot, ending = name, "", ""
    room = _NAME_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode(errors="ignore") + dot + ending or "file"


def image_type(head: bytes) -> str:
    """The INLINE type a file with these first bytes has; empty for any other."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else ""


def checked_type(image: str, declared: str) -> str:
    """The type to store: what the bytes show, else what was declared if it is harmless."""
    declared = declared.partition(";")[0].strip().lower()
    harmless = _TYPE.fullmatch(declared) and not _ACTIVE.match(declared)
    return image or (declared if harmless else UNKNOWN)


def _older(path: Path, before: datetime) -> bool:
    try:
        return path.stat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False


def _sync(folder: Path) -> None:
    """A rename is durable once its directory is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
