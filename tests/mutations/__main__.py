"""Mutations: whether any mail, however broken, is ever not read, not stored, or more than can be read in time.

    python -m tests.mutations --mails 200000 --seed 1
    python -m tests.mutations --mails 200000 --seed 1 --corpus FOLDER --db postgresql
    python -m tests.mutations --seed 1 --first 4711 --mails 1       that one mail again

The project's own sample mails, and with `--corpus` all mails of a folder, are changed at random: bits flipped, bytes
overwritten, cut out, doubled and put in, two mails joined, headers repeated, the end cut off, another charset named.
The mail of a number is made of the seed and that number alone. Each goes through the connector, with the child that
reads mails, and must become one message all of whose texts can be stored; and through intake and drain into a database,
and must be found there, message and bytes. A new database comes with every 20,000.

The last line is one JSON object. Exit status 0 if nothing raised and everything is stored; 1 otherwise. Each mail at
fault is then written into a file, beside what is wrong with it.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import report
from tests.bench.house import stage
from tests.mutations.mutate import mutated, samples
from tests.mutations.trial import Figures, Trial

_LOT, _HOUSE = 500, 20_000


def main() -> None:
    """Run what the command line asks for."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutations", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first mail")
    parser.add_argument("--corpus", type=Path, help="a folder with more mails to begin with")
    parser.add_argument("--db", choices=report.KINDS, default="sqlite")
    options = parser.parse_args()
    began = time.monotonic()
    figures = _run(options)
    told = {
        "seed": options.seed, "mails": figures.mails, "exceptions": figures.exceptions,
        "not_stored": figures.not_stored, "faults": len(figures.faults), "stubs": len(figures.stubs),
        "slowest_ms": figures.slowest_ms, "slowest": figures.slowest, "seconds": round(time.monotonic() - began),
    }  # fmt: skip
    print(json.dumps(told))
    sys.exit(bool(figures.faults))


def _run(options: argparse.Namespace) -> Figures:
    figures = Figures()
    mails = samples(options.corpus)
    end = options.first + options.mails
    folder = Path(tempfile.mkdtemp(prefix="okno-mutations-"))
    folder.chmod(0o711)
    try:
        with stage(options.db, folder, quick=False) as here:
            for start in range(options.first, end, _HOUSE):
                with here.house() as house:
                    trial = Trial(house.db, house.folder, figures)
                    for first in range(start, min(start + _HOUSE, end), _LOT):
                        numbers = range(first, min(first + _LOT, start + _HOUSE, end))
                        trial.run({one: mutated(mails, random.Random(f"{options.seed}:{one}")) for one in numbers})
                    trial.close()
                print(f"{figures.mails} mails, {len(figures.faults)} faults, {len(figures.stubs)} stubs", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _keep(figures, mails, options.seed)
    return figures


def _keep(figures: Figures, mails: list[bytes], seed: int) -> None:
    """What is at fault, or took too much, in files."""
    told = figures.stubs | figures.faults
    if not told:
        return
    folder = Path(tempfile.mkdtemp(prefix="okno-mutations-found-"))
    for number, why in told.items():
        path = folder / f"{seed}-{number}.eml"
        path.write_bytes(mutated(mails, random.Random(f"{seed}:{number}")))
        print(f"{path}: {why.splitlines()[0]}")


if __name__ == "__main__":
    main()
