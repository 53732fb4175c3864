"""Reports for people at a terminal: the ledger as a table, and broken promises with their rows."""

import contextlib
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from connectors.base import Message, Raw
from connectors.registry import Channels
from pipeline import threads
from pipeline.attach import Shelf
from pipeline.daemons import file_store, open_database
from pipeline.whole import whole
from settings import Settings
from storage import halts, ledger, refusals
from storage.verify import Reader, verify
from tasks import corrections


def show_status(settings: Settings, *, as_json: bool) -> None:
    """Print what the ledger says."""
    db = open_database(settings)
    with db.snapshot() as tx:
        found = ledger.status(tx)
        found["halts"], found["refused"] = halts.by_channel(tx), refusals.by_channel(tx)
    db.close()
    if as_json:
        _print_json(found)
        return
    console = Console()
    flow = ("received", "processed", "duplicate", "parked", "in_flight", "lag_seconds")
    console.print(_table("Inbox", flow, found["channels"]))
    rows = {name: {**box["states"], "oldest_seconds": box["oldest_seconds"]} for name, box in found["outbox"].items()}
    states = sorted({state for row in rows.values() for state in row})
    console.print(_table("Outbox", tuple(states), rows))
    to_read = found["to_read"]
    console.print(
        f"{to_read['messages']} messages to be read for tasks, the oldest for {to_read['oldest_seconds']:g} s"
    )
    for name, halt in found["halts"].items():
        console.print(f"{name} stands still since {halt['since']:%Y-%m-%d %H:%M} UTC: {halt['reason']}", style="red")
    for name, refused in found["refused"].items():
        console.print(f"{name} {refusals.in_words(refused)}", style="yellow")


def show_breaches(settings: Settings, *, as_json: bool) -> int:
    """Print every broken promise; the exit status."""
    db = open_database(settings)
    with db.snapshot() as tx:
        breaches = verify(tx, _reader(settings), file_store(settings))
    db.close()
    if as_json:
        _print_json({"ok": not breaches, "breaches": [breach._asdict() for breach in breaches]})
    elif not breaches:
        sys.stdout.write("Every promise is kept.\n")
    for breach in () if as_json else breaches:
        sys.stdout.write(
            f"BROKEN  {breach.promise}: {breach.detail}\n        rows: {', '.join(map(str, breach.rows))}\n"
        )
    return 1 if breaches else 0


def count_corrections(settings: Settings) -> None:
    """Print how often operators accepted, edited and rejected what machines took for tasks."""
    db = open_database(settings)
    found = Counter(example["verdict"] for example in corrections.examples(db))
    db.close()
    sys.stdout.write(", ".join(f"{found[verdict]} {verdict}" for verdict in corrections.VERDICTS) + "\n")


def export_corrections(settings: Settings, file: Path | None) -> int:
    """Write what operators made of machines' tasks, one JSON object a line, to standard output or whole into the file.

    The exit status.
    """
    db = open_database(settings)
    try:
        with contextlib.nullcontext(sys.stdout.buffer) if file is None else whole(file) as out:
            for example in corrections.examples(db):
                out.write(orjson.dumps(example, option=orjson.OPT_UTC_Z) + b"\n")
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'standard output'}: {error.strerror or error}\n")
        return 1
    finally:
        db.close()
    return 0


def _table(title: str, columns: tuple[str, ...], rows: dict[str, dict[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("channel")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for name, row in rows.items():
        table.add_row(name, *(str(row.get(column, 0)) for column in columns))
    return table


def _print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")


def _reader(settings: Settings) -> Reader:
    """Names the messages a raw holds, by reading it as the pipeline does."""
    channels, shelf = Channels(settings.channels), Shelf(file_store(settings))

    def keys(channel: str, external_id: str, address: str, data: bytes) -> list[str]:
        envelopes = channels[channel].parse(Raw(external_id, address, shelf.data_of(data)))
        return [threads.key_of(envelope) for envelope in envelopes if isinstance(envelope, Message)]

    return keys
