"""Nothing but INSERTs: the rows of messages that are already made, many a statement, a commit each.

A helper process: `python -m tests.bench.rows URL WAY FILE NUMBER OF` inserts every OF-th statement's rows of FILE. WAY
is "bulk", the product's own statement, or "values", SQLAlchemy's INSERT with many VALUES.
"""

import pickle
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from storage import bulk
from storage.db import Database, Tx, is_postgres
from storage.talk import MESSAGES
from tests.bench import helper

_STEP = 500
_COLUMNS = tuple(column.name for column in MESSAGES.c)
# Each with the number of rows it is tried on: putting a long statement together takes SQLAlchemy its time.
WAYS = {"bulk": 1_000_000, "values": 10_000}


def dump(db: Database, file: Path) -> None:
    """Keep all rows of the messages in `file`."""
    with db.read() as tx:
        rows = [tuple(row) for row in tx.execute(select(MESSAGES).order_by(MESSAGES.c.id))]
    file.write_bytes(pickle.dumps(rows))


def clear(db: Database) -> None:
    """Empty the table and its indexes."""
    with db.begin() as tx:
        tx.execute(text("TRUNCATE messages" if is_postgres(tx) else "DELETE FROM messages"))


def _insert(tx: Tx, way: str, rows: Sequence[Any]) -> None:
    if way == "bulk":
        bulk.insert(tx, MESSAGES, _COLUMNS, rows)
    else:
        tx.execute(insert(MESSAGES).values(rows))


def _main() -> None:
    url, way, file, number, of = sys.argv[1:]
    db = Database(url)
    rows = pickle.loads(Path(file).read_bytes())[: WAYS[way]]
    steps = [rows[at : at + _STEP] for at in range(0, len(rows), _STEP)][int(number) :: int(of)]
    with db.read() as tx:
        tx.execute(select(MESSAGES.c.id).limit(1)).first()

    def work() -> dict[str, Any]:
        began = time.monotonic()
        for step in steps:
            with db.begin() as tx:
                _insert(tx, way, step)
        return {"rows": sum(map(len, steps)), "seconds": time.monotonic() - began}

    helper.serve(work)


if __name__ == "__main__":
    _main()
