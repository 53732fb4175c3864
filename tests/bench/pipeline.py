"""The pipeline at full load: raws that lie in the inbox, taken into their dialogs by two worker processes."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, select, update

from connectors.base import Batch, Raw
from pipeline import queues
from pipeline.intake import store
from storage import inbox, shards
from storage.db import Database, now
from storage.leases import LEASES
from storage.shards import Queue
from storage.talk import MESSAGES
from tests.bench import helper, load, proc, rows
from tests.bench.house import CHANNEL, House, Stage

WORKERS = 2
# Messages for each visitor.
_EACH = 20
_STEP = 500


class Run(NamedTuple):
    """So many messages: seconds by the clock, and seconds of processor time of the workers and of the database.

    `logs` hold what the workers said.
    """

    messages: int
    seconds: float
    workers: float
    database: float
    logs: Sequence[Path] = ()

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    def cost(self) -> dict[str, int]:
        """Microseconds of processor time for each message."""
        spent = {"workers": self.workers, "database": self.database}
        return {who: round(seconds / self.messages * 1e6) for who, seconds in spent.items()}


def measure(stage: Stage) -> dict[str, Any]:
    """Messages a second, against the plain way and against bare INSERTs of the same rows."""
    count, few = stage.size(100_000, 6_000), stage.size(3_000, 600)
    with stage.house() as house:
        keep(house, load.raws(house.chat, count, count // _EACH))
        pipeline = drained(stage, house, count)
        inserts = _inserts(house)
    with stage.house() as house:
        keep(house, load.raws(house.chat, few, few // _EACH))
        plain = _plain(stage, house, few)
    best = max(inserts, key=lambda way: inserts[way])
    return {
        "messages": count,
        "pipeline_per_s": round(pipeline.rate),
        "pipeline_cpu_us": pipeline.cost(),
        "plain_per_s": round(plain.rate),
        "plain_cpu_us": plain.cost(),
        "times_plain": round(pipeline.rate / plain.rate, 1),
        "inserts_per_s": {way: round(rate) for way, rate in inserts.items()},
        "best_insert": best,
        "best_insert_per_s": round(inserts[best]),
        "share_of_inserts": round(pipeline.rate / inserts[best], 3),
    }


def keep(house: House, raws: Iterable[Raw]) -> None:
    """Put the raws into the inbox as intake does; nobody hears of them."""
    waiting = iter(raws)
    while step := list(islice(waiting, _STEP)):
        store(house.db, CHANNEL, Batch(step))


def drained(stage: Stage, house: House, count: int) -> Run:
    """From the moment the workers may begin until the queue is empty; `count` raws wait there.

    They are not read for tasks, which is measured for itself.
    """
    before = stored(house.db)
    with held(house.db, shards.TRIAGE):
        run = worked_off(stage, house, count, [shards.INBOX])
    _must_hold(house.db, before + count)
    return run


def worked_off(stage: Stage, house: House, count: int, queued: Sequence[Queue], *program: str) -> Run:
    """From the moment the workers may begin with these queues until they are empty; it is about `count` messages.

    The workers are up and ready beforehand, and the bell rings, as intake would have rung it.
    """
    with ExitStack() as stack:
        releases = [stack.enter_context(held(house.db, queue)) for queue in queued]
        workers = [house.worker(*program) for _ in range(WORKERS)]
        ring = stack.enter_context(bells(house))
        pids = [worker.pid for worker in workers]
        began, by_workers, by_database = time.monotonic(), proc.cpu_seconds(pids), stage.database_cpu()
        for release in releases:
            release()
        ring.ring(queues.PIPELINE, [queues.INBOX])
        for queue in queued:
            await_empty(house.db, queue)
        seconds = time.monotonic() - began
        spent = proc.cpu_seconds(pids) - by_workers, stage.database_cpu() - by_database
        for worker in workers:
            worker.stop()
    return Run(count, seconds, *spent, [worker.log for worker in workers])


@contextmanager
def bells(house: House) -> Iterator[queues.Bells]:
    """The bells as the web process rings them."""
    broker = queues.make_broker(house.broker)
    queues.declare(broker, lambda _name: None, lambda _channel: None)
    ring = queues.Bells(broker)
    try:
        yield ring
    finally:
        ring.close()
        broker.close()


def await_empty(db: Database, queue: Queue = shards.INBOX, patience: float = 600) -> None:
    """Wait until nothing is queued there."""
    deadline = time.monotonic() + patience
    while True:
        with db.read() as tx:
            if not shards.look(tx, queue):
                return
        if time.monotonic() > deadline:
            raise RuntimeError("the queue was never empty")
        time.sleep(0.02)


def stored(db: Database) -> int:
    """How many messages there are."""
    with db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(MESSAGES)).scalar_one())


@contextmanager
def held(db: Database, queue: Queue) -> Iterator[Callable[[], None]]:
    """Keep all shards of a queue from the workers until the yielded function is called."""
    holder, until = "the/benchmark/0/0", now() + timedelta(hours=1)
    names = [queue.name_of(number) for number in range(inbox.SHARDS)]
    mine = (LEASES.c.holder == holder, LEASES.c.name.in_(names))
    with db.begin() as tx:
        tx.execute(LEASES.delete().where(LEASES.c.name.in_(names)))
        tx.execute(LEASES.insert(), [{"name": n, "holder": holder, "token": 1, "expires_at": until} for n in names])

    def release() -> None:
        with db.begin() as tx:
            tx.execute(update(LEASES).where(*mine).values(holder=""))

    yield release
    release()


def _plain(stage: Stage, house: House, count: int) -> Run:
    by_database = stage.database_cpu()
    found = helper.together("plain", [(house.url, str(n), str(WORKERS)) for n in range(WORKERS)])
    spent = sum(each["cpu"] for each in found), stage.database_cpu() - by_database
    _must_hold(house.db, count)
    return Run(count, max(each["seconds"] for each in found), *spent)


def _inserts(house: House) -> dict[str, float]:
    """Rows a second of each way, by one process and by two; the rows are those the pipeline wrote."""
    file = house.folder / "rows"
    rows.dump(house.db, file)
    found: dict[str, float] = {}
    for way in rows.WAYS:
        for processes in (1, WORKERS):
            rows.clear(house.db)
            arguments = [(house.url, way, str(file), str(n), str(processes)) for n in range(processes)]
            done = helper.together("rows", arguments)
            rate = sum(each["rows"] for each in done) / max(each["seconds"] for each in done)
            found[f"{way}, {processes} process{'es' * (processes > 1)}"] = rate
    return found


def _must_hold(db: Database, count: int) -> None:
    if (found := stored(db)) != count:
        raise RuntimeError(f"{found} messages are stored, not {count}: what was measured is worth nothing")
