"""History: messages from files, taken in through the same pipeline as everything else."""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from connectors.abilities import Import
from connectors.base import Batch, Raw
from connectors.registry import Channels
from pipeline.daemons import open_database
from pipeline.intake import Unfit, ensure_fit, store
from pipeline.progress import bar
from settings import Settings, SettingsError

_STEP = 500


def bring_in(settings: Settings, channel: str, files: Sequence[Path]) -> int:
    """Store every message of the files; the exit status. What cannot be read is named and left out."""
    connector = Channels(settings.channels).connectors.get(channel)
    if connector is None:
        raise SettingsError(f"--channel: there is no channel {channel!r}")
    if not isinstance(connector, Import):
        raise SettingsError(f"--channel: {channel!r} cannot read files")
    db = open_database(settings)
    new = offered = 0
    faults: list[str] = []
    with bar() as progress:
        for path in files:
            task = progress.add_task(path.name, total=_size(path))
            raws = _readable(connector, path, faults)
            while step := list(islice(raws, _STEP)):
                # What came by the channel itself meanwhile is known by its content.
                stored = store(db, channel, Batch([raw for raw, _ in step], by_content=True))
                new, offered = new + stored, offered + len(step)
                progress.update(task, completed=step[-1][1])
    db.close()
    for fault in faults:
        sys.stderr.write(f"left out: {fault}\n")
    sys.stdout.write(f"{new} new, {offered - new} there already, {len(faults)} left out\n")
    return 1 if faults else 0


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.exists() else 0


def _readable(connector: Import, path: Path, faults: list[str]) -> Iterator[tuple[Raw, int]]:
    try:
        for found in connector.read(path):
            fault = found.raw if isinstance(found.raw, str) else _unfit(found.raw)
            if fault is None and isinstance(found.raw, Raw):
                yield found.raw, found.position
            else:
                faults.append(f"{path}: {fault}")
    except OSError as error:
        faults.append(f"{path}: {error.strerror or error}")


def _unfit(raw: Raw) -> str | None:
    try:
        ensure_fit(raw)
    except Unfit as error:
        return f"{raw.external_id[:40]!r}: {error}"
    return None
