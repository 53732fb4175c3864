"""Whole files: what is written takes its place once it is complete, or not at all."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` once everything is in it; a device, as a terminal, is written at once.

    Raises OSError that names `path`: at once if it is a folder, or cannot be there.
    """
    is_device = path.exists() and not path.is_file()
    # What a link names is replaced, never the link; a pipe has no name but its link's.
    place = path if is_device else _named(path)
    try:
        # A folder is opened as a device would be, which says what it is.
        file: IO[bytes] = place.open("wb") if is_device else _beside(place)
    except OSError as error:
        raise _of(path, error) from None
    try:
        with file:
            yield file
        if not is_device:
            Path(file.name).chmod(0o666 & ~_umask())
            os.replace(file.name, place)  # noqa: PTH105 - the same call by either name
    except BaseException as error:
        if not is_device:
            Path(file.name).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in {None, file.name}:
            raise _of(path, error) from None
        raise


def _named(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None


def _beside(place: Path) -> IO[bytes]:
    return NamedTemporaryFile(dir=place.parent, prefix=".", delete=False)


def _of(path: Path, error: OSError) -> OSError:
    return OSError(error.errno, error.strerror, str(path))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
