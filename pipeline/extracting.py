"""Extracting: the tasks in a file of conversations, with a progress bar."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from pipeline.progress import bar
from settings import Settings
from tasks.extract.files import Unreadable, lines_of
from tasks.modelfile import ModelFile
from tasks.office import calendar_of


def extract_file(settings: Settings, source: Path, target: Path, *, sure: bool) -> int:
    """Write a line with the tasks of each conversation; the exit status. `target` is written whole or not at all.

    They are the tasks that workers with these settings would find, the learned model among them.
    """
    calendar, model = calendar_of(settings), ModelFile(settings.tasks_model).model()
    try:
        with source.open(encoding="utf-8-sig") as lines, _whole(target) as out, bar() as progress:
            job = progress.add_task(source.name, total=_count(source))
            step: Callable[[], None] = lambda: progress.advance(job)  # noqa: E731 - rich wants its own arguments
            for line in lines_of(lines, calendar, sure=sure, step=step, model=model):
                out.write(f"{line}\n")
    except Unreadable as error:
        sys.stderr.write(f"{source}: {error}; nothing was written\n")
        return 1
    except UnicodeDecodeError as error:
        sys.stderr.write(f"{source}: this is no UTF-8 ({error.reason}); nothing was written\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.filename or source}: {error.strerror or error}\n")
        return 1
    return 0


def _count(path: Path) -> int:
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


@contextmanager
def _whole(path: Path) -> Iterator[IO[str]]:
    """A file that takes the place of `path` once everything is in it; a device, as a terminal, is written at once."""
    # What a link names is replaced, never the link.
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as device:
            yield device
        return
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as file:
        try:
            yield file
            file.flush()
            Path(file.name).chmod(0o666 & ~_umask())
            os.replace(file.name, path)  # noqa: PTH105 - the same call by either name
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
