"""Bench: how fast Okno is, and how much memory it takes.

    python -m tests.bench                               everything, on PostgreSQL and on SQLite (about twenty minutes)
    python -m tests.bench --only pipeline,post --db postgresql
    python -m tests.bench --quick                       as little as shows that the benchmark itself works
    python -m tests.bench --write-docs                  and put the tables into docs/benchmarks.md

Every ratio is taken in one run on one machine, with the same rows, indexes and durability on both sides. Each part
sets up installations of its own: a new database, processes started as an administrator starts them, settings from the
environment. PostgreSQL is a cluster of the run's own with fsync and synchronous_commit on; SQLite runs as the product
sets it up, synchronous=FULL. The broker is a Redis of the run's own, where nothing else is said. These processes run:

    pipeline  `work pipeline` twice, on raws that lie in the inbox; against two processes that do the same one message
              a transaction through SQLModel sessions; and against one and two processes that only INSERT the rows
    tasks     one process that extracts tasks; then `work pipeline` twice, on ordinary messages: into their dialogs,
              read for tasks, and both at once
    post      `web`, with the workers stopped, and wrk with 64 connections; the echo is a route of the same process.
              Then `web`, `work pipeline` twice, `work deliver` and wrk
    latency   `all` (on SQLite with the embedded Valkey), and 200 visitors who write 100 messages a second
    burst     `all` as above, the same visitors, and one more who writes 10,000 messages at once, five times
    growth    `work pipeline` twice, in turns on a database with 10,000 and on one with 1,000,000 messages of the same
              5,000 clients; then `web` and one operator who reads page after page
    memory    `web`, `work pipeline` and wrk, until 500,000 messages are stored
    idle      `all` as above, and nobody who writes
    talk      `all` as above, and a visitor and an operator who answer each other a hundred times
    receiver  `receive`, and a messenger's server that has 20,000 updates; against the same raws put into the inbox
    mail      one thread that parses mails; then `receive`, `work pipeline` twice and a Dovecot with 10,000 mails of
              2,000 people; against the same mails fetched and thrown away
    backlog   `receive`, and a Dovecot whose mailbox has 2 GB of mail, or half a million mails
    poison    `all` as above, the 200 visitors, and now and then a raw that cannot be read or kills who reads it

Then come a table for each part and, as the last line, everything as one JSON object.
"""

import argparse
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import (
    backlog,
    burst,
    growth,
    idle,
    latency,
    mail,
    memory,
    pipeline,
    poison,
    post,
    receiver,
    report,
    talk,
    tasks,
)
from tests.bench.house import Stage, stage
from tests.chaos.servers import postgresql_programs

_PARTS: dict[str, Callable[[Stage], dict[str, Any]]] = {
    "pipeline": pipeline.measure,
    "tasks": tasks.measure,
    "post": post.measure,
    "latency": latency.measure,
    "burst": burst.measure,
    "growth": growth.measure,
    "memory": memory.measure,
    "idle": idle.measure,
    "talk": talk.measure,
    "receiver": receiver.measure,
    "mail": mail.measure,
    "backlog": backlog.measure,
    "poison": poison.measure,
}


def main() -> None:
    """Measure what the command line asks for."""
    options = _options()
    machine = _machine()
    print(" · ".join(f"{name} {value}" for name, value in machine.items()))
    # PostgreSQL runs as somebody else and has to reach its own folder in it.
    folder = Path(tempfile.mkdtemp(prefix="okno-bench-"))
    folder.chmod(0o711)
    try:
        figures = _measure(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for part, by_kind in figures.items():
        print(f"\n{part}\n\n{report.table(part, by_kind)}")
    missed = report.missed(figures)
    print("\n" + "\n".join(f"not reached: {words}" for words in missed) if missed else "\nevery goal is reached")
    if options.write_docs:
        report.write_docs(figures, f"{datetime.now(UTC):%Y-%m-%d}, {machine['processor']}, {machine['cores']} cores.")
    print(json.dumps({"machine": machine, "figures": figures, "missed": missed}))


def _options() -> argparse.Namespace:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(_PARTS), help="parts, with commas between them")
    parser.add_argument("--db", choices=[*report.KINDS, "both"], default="both")
    parser.add_argument("--quick", action="store_true", help="the figures are worth nothing then")
    parser.add_argument("--corpus", type=Path, help="a folder with mails to parse in place of made ones")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/benchmarks.md")
    given = parser.parse_args()
    given.parts = given.only.split(",")
    given.kinds = list(report.KINDS) if given.db == "both" else [given.db]
    if unknown := set(given.parts) - _PARTS.keys():
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(_PARTS)}")
    if given.write_docs and (given.quick or given.db != "both"):
        parser.error("--write-docs wants whole figures of both databases")
    return given


def _measure(options: argparse.Namespace, folder: Path) -> dict[str, dict[str, dict[str, Any]]]:
    figures: dict[str, dict[str, dict[str, Any]]] = {part: {} for part in options.parts}
    for kind in options.kinds:
        with stage(kind, folder, quick=options.quick, corpus=options.corpus) as here:
            for part in options.parts:
                began = time.monotonic()
                print(f"{kind}: {part} …", end=" ", flush=True)
                figures[part][kind] = _PARTS[part](here)
                print(f"{time.monotonic() - began:.0f} s", flush=True)
    return figures


def _machine() -> dict[str, Any]:
    programs = postgresql_programs()
    asked = [str(programs / "postgres"), "-V"] if programs else ["echo", "not installed"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": names[0].partition(":")[2].strip() if names else platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "postgresql": version.rpartition("PostgreSQL) ")[2].partition(" (")[0].strip(),
        "sqlite": sqlite3.sqlite_version,
    }


if __name__ == "__main__":
    main()
