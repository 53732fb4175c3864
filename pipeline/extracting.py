"""Extracting: the tasks in a file of conversations, with a progress bar."""

import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.progress import bar
from pipeline.whole import whole
from settings import Settings
from tasks.extract.files import Unreadable, lines_of
from tasks.modelfile import ModelFile
from tasks.office import calendar_of


def extract_file(settings: Settings, source: Path, target: Path, *, sure: bool) -> int:
    """Write a line with the tasks of each conversation; the exit status. `target` is written whole or not at all.

    They are the tasks that workers with these settings would find, the learned model among them.
    """
    try:
        # What is piped in is read once.
        total = _count(source) if source.is_file() else None
        with source.open(encoding="utf-8-sig") as lines, whole(target) as out, bar() as progress:
            calendar, model = calendar_of(settings), ModelFile(settings.tasks_model).model()
            job = progress.add_task(source.name, total=total)
            step: Callable[[], None] = lambda: progress.advance(job)  # noqa: E731 - rich wants its own arguments
            for line in lines_of(lines, calendar, sure=sure, step=step, model=model):
                out.write(line.encode() + b"\n")
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
