"""The pipeline at full load: raws that lie in the inbox, taken into their dialogs by two worker processes."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, select, update

from connectors.base import Batch, Raw
from pipeline import queues
from pipeline.intake import store
from storage import inbox
from storage.db import Database, now
from storage.leases import LEASES
from storage.talk import MESSAGES
from tests.bench import helper, load, rows
from tests.bench.house import CHANNEL, House, Stage

WORKERS = 2
# Messages for each visitor.
_EACH = 20
_STEP = 500


def measure(stage: Stage) -> dict[str, Any]:
    """Messages a second, against the plain way and against bare INSERTs of the same rows."""
    count, few = stage.size(100_000, 6_000), stage.size(3_000, 600)
    with stage.house() as house:
        keep(house, load.raws(house.chat, count, count // _EACH))
        pipeline = drained(house, count)
        inserts = _inserts(house)
    with stage.house() as house:
        keep(house, load.raws(house.chat, few, few // _EACH))
        found = helper.together("plain", [(house.url, str(n), str(WORKERS)) for n in range(WORKERS)])
        plain = few / max(each["seconds"] for each in found)
        _must_hold(house.db, few)
    best = max(inserts, key=lambda way: inserts[way])
    return {
        "messages": count,
        "pipeline_per_s": round(pipeline),
        "plain_per_s": round(plain),
        "times_plain": round(pipeline / plain, 1),
        "inserts_per_s": {way: round(rate) for way, rate in inserts.items()},
        "insert_way": best,
        "share_of_inserts": round(pipeline / inserts[best], 3),
    }


def keep(house: House, raws: Iterable[Raw]) -> None:
    """Put the raws into the inbox as intake does; nobody hears of them."""
    waiting = iter(raws)
    while step := list(islice(waiting, _STEP)):
        store(house.db, CHANNEL, Batch(step))


def drained(house: House, count: int) -> float:
    """Messages a second from the moment the workers may begin until the queue is empty; `count` wait there.

    The workers are up and ready beforehand, and the bells ring for every shard, as intake would have rung them.
    """
    before = stored(house.db)
    with _held(house.db) as release:
        workers = [house.worker() for _ in range(WORKERS)]
        with bells(house) as ring:
            began = time.monotonic()
            release()
            ring.ring(queues.PIPELINE, range(inbox.SHARDS))
            await_empty(house.db)
            seconds = time.monotonic() - began
    for worker in workers:
        worker.stop()
    _must_hold(house.db, before + count)
    return count / seconds


@contextmanager
def bells(house: House) -> Iterator[queues.Bells]:
    """The bells as the web process rings them."""
    broker = queues.make_broker(house.broker)
    queues.declare(broker, lambda _shard: None, lambda _channel: None)
    ring = queues.Bells(broker)
    try:
        yield ring
    finally:
        ring.close()
        broker.close()


def await_empty(db: Database, patience: float = 600) -> None:
    """Wait until no raw is queued."""
    deadline = time.monotonic() + patience
    while True:
        with db.read() as tx:
            if not inbox.busy_shards(tx):
                return
        if time.monotonic() > deadline:
            raise RuntimeError("the queue was never empty")
        time.sleep(0.02)


def stored(db: Database) -> int:
    """How many messages there are."""
    with db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(MESSAGES)).scalar_one())


@contextmanager
def _held(db: Database) -> Iterator[Any]:
    """Keep all shards from the workers until the yielded function is called."""
    holder, until = "the/benchmark/0/0", now() + timedelta(hours=1)
    names = [f"shard:{number}" for number in range(inbox.SHARDS)]
    with db.begin() as tx:
        tx.execute(LEASES.delete().where(LEASES.c.name.in_(names)))
        tx.execute(LEASES.insert(), [{"name": n, "holder": holder, "token": 1, "expires_at": until} for n in names])

    def release() -> None:
        with db.begin() as tx:
            tx.execute(update(LEASES).where(LEASES.c.holder == holder).values(holder=""))

    yield release


def _inserts(house: House) -> dict[str, float]:
    """Rows a second of each way, by one process and by two; the rows are those the pipeline wrote."""
    file = house.folder / "rows"
    count = rows.dump(house.db, file)
    found: dict[str, float] = {}
    for way in rows.WAYS:
        for processes in (1, WORKERS):
            rows.clear(house.db)
            found[f"{way}, {processes} process{'es' * (processes > 1)}"] = count / _slowest(house, way, processes)
    return found


def _slowest(house: House, way: str, processes: int) -> float:
    arguments: Sequence[Sequence[str]] = [
        (house.url, way, str(house.folder / "rows"), str(n), str(processes)) for n in range(processes)
    ]
    return float(max(each["seconds"] for each in helper.together("rows", arguments)))


def _must_hold(db: Database, count: int) -> None:
    if (found := stored(db)) != count:
        raise RuntimeError(f"{found} messages are stored, not {count}: what was measured is worth nothing")
