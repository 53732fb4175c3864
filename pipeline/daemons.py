"""The worker daemons: what a process of each kind sets up, runs until told to stop, and gives back."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import log
from connectors.registry import Channels
from pipeline import queues
from pipeline.attach import Shelf
from pipeline.deliver import Deliver
from pipeline.drain import Drain
from pipeline.fetch import Fetcher, Means
from pipeline.loop import LoopThread
from pipeline.pace import paces_of
from pipeline.profiles import Asker
from pipeline.stopping import Stop
from pipeline.vault import give
from settings import Settings
from storage.db import Database, is_database_fault
from storage.files import FileStore
from storage.restore import Watermark, hold_after_restore, remember
from storage.schema import is_current, is_newer

if TYPE_CHECKING:
    from pipeline.opinions import Opinions
    from pipeline.triage import Triage

_log = log.get(__name__)

# Threads that answer the bells of a queue: one parses while another waits for its commit.
_THREADS = 2
# Seconds between sweeps where no bell can be heard from other processes.
_DEAF_SWEEP = 0.2
# Seconds between two sweeps at least.
_BREATH = 0.05
# Seconds for which a message waits to be read while raws are taken in: they come first, but reading never stands still.
_LET_BY = 0.02


def open_database(settings: Settings) -> Database:
    """The database the settings name."""
    chosen = settings.database
    return Database(chosen.url, pool=chosen.pool, statement_timeout=chosen.statement_timeout)


def file_store(settings: Settings) -> FileStore:
    """Where attachments lie."""
    return FileStore(settings.files_dir)


def await_schema(db: Database, stop: Stop) -> bool:
    """Wait until the database answers and has the schema we need; False when told to stop first."""
    said = ""
    while not stop.is_set():
        try:
            with db.read() as tx:
                if is_current(tx):
                    return True
                newer = is_newer(tx)
            mend = "install the newer Okno" if newer else "run: python workers.py migrate"
            trouble = f"the schema is not the one of this version; {mend}"
        except Exception as error:  # noqa: BLE001 - an absent database is waited for, whatever the driver says
            trouble = f"the database does not answer ({type(error).__name__})"
        if trouble != said:
            _log.warning("start.waiting", why=trouble)
            said = trouble
        stop.wait(1)
    return False


@dataclass(frozen=True)
class Hands:
    """The two kinds of work a process can do; each kind only where it is asked for."""

    drain: Drain
    triage: "Triage | None"
    opinions: "Opinions | None"
    deliver: Deliver
    fetcher: Fetcher
    asker: Asker
    db: Database
    mark: Watermark
    bells: queues.Bells
    kinds: frozenset[str]

    def threads(self, kind: str) -> int:
        """How many answer the bells of this queue."""
        if kind == queues.DELIVER:
            # A channel whose server hangs keeps its thread: the others have theirs.
            return max(_THREADS, self.deliver.count + 1)
        # One of them writes at a time on SQLite, and there is no server to wait for.
        return 1 if self.db.is_sqlite else _THREADS

    def inbox(self, name: str) -> bool:
        """Answer the inbox's bell. Where there may be more to do, it rings again, behind those that rang meanwhile."""
        try:
            more = self.drain.visit()
        finally:
            if self.triage is not None:
                self.triage.wake()
        if more:
            self.bells.ring(queues.PIPELINE, [name])
        return more

    def channel(self, name: str) -> None:
        """Answer a channel's bell, the same way."""
        if self.deliver.channel(name):
            self.bells.ring(queues.DELIVER, [name])

    def sweep(self) -> float:
        """Look for work no bell announced; seconds until there may be more of it, as far as is known."""
        try:
            more = queues.PIPELINE in self.kinds and self.inbox(queues.INBOX)
        finally:
            if self.opinions is not None:
                self.opinions.sweep()
            # Letters go out whatever hinders the messages that come in.
            if queues.DELIVER in self.kinds:
                self._sweep_out()
        return 0.0 if more else self.deliver.next_due

    def _sweep_out(self) -> None:
        self.bells.ring(queues.DELIVER, self.deliver.sweep())
        self.fetcher.sweep()
        self.asker.sweep()
        remember(self.db, self.mark)


class Workshop:
    """What a worker process needs; closed as a whole, the newest first."""

    def __init__(self, settings: Settings, stop: Stop, broker: queues.Broker | None = None) -> None:
        self.settings, self.stop = settings, stop
        self._stack = ExitStack()
        self.db = open_database(settings)
        self._stack.callback(self.db.close)
        self.store = file_store(settings)
        self.channels = Channels(settings.channels)
        give(self.db, self.channels)
        self.loop = LoopThread()
        self._stack.callback(self.loop.close)
        self._stack.callback(lambda: self.loop.run(self.channels.close(), 5))
        url = queues.broker_url(settings)
        # Where no bell of another process can be heard, looking often takes its place.
        self.sweep_seconds = settings.work.sweep if url else min(_DEAF_SWEEP, settings.work.sweep)
        self.broker = broker or queues.make_broker(url)
        self.bells = queues.Bells(self.broker)
        self._stack.callback(self.bells.close)

    def close(self) -> None:
        """Give everything back."""
        self._stack.close()

    def hands(self, *kinds: str) -> Hands:
        """The work itself, stopping when the process does; without `kinds` all of it."""
        ring = partial(self.bells.ring, queues.DELIVER)
        drain = Drain(self.db, self.channels, Shelf(self.store), self.settings.work, ring)
        deliver = Deliver(self.db, self.channels, self.loop, self.store, self.settings.work)
        self.stop.also(drain.stop)
        self.stop.also(deliver.stop)
        self._stack.callback(deliver.close)
        fetcher = Fetcher(Means(self.db, self.store, self.channels, paces_of(self.channels), self.loop.run))
        self.stop.also(fetcher.stop)
        self._stack.callback(fetcher.close)
        chosen = frozenset(kinds or (queues.PIPELINE, queues.DELIVER))
        asker = Asker(self.db, self.channels, self.loop)
        mark = Watermark(self.settings.state_dir)
        triage = self._triage(drain) if queues.PIPELINE in chosen else None
        opinions = self._opinions() if queues.PIPELINE in chosen and self.settings.tasks.llm.url else None
        return Hands(drain, triage, opinions, deliver, fetcher, asker, self.db, mark, self.bells, chosen)

    def _triage(self, drain: Drain) -> "Triage":
        # Who only sends need not know how tasks are found.
        from pipeline.triage import Triage
        from tasks.office import calendar_of

        triage = Triage(self.db, calendar_of(self.settings), self.settings, partial(drain.let_by, _LET_BY))
        self.stop.also(triage.stop)
        self._stack.callback(triage.close)
        return triage

    def _opinions(self) -> "Opinions":
        from pipeline.opinions import Opinions
        from tasks.office import calendar_of

        opinions = Opinions(self.db, self.loop, self.settings.tasks.llm, calendar_of(self.settings))
        self.stop.also(opinions.stop)
        self._stack.callback(opinions.close)
        return opinions


def work(settings: Settings, stop: Stop, kinds: Sequence[str]) -> None:
    """Answer the bells of these queues, and sweep besides, until told to stop."""
    shop = Workshop(settings, stop)
    hands = shop.hands(*kinds)
    queues.declare(shop.broker, guarded(hands.inbox), guarded(hands.channel))
    workers: list[queues.Worker] = []
    try:
        if not await_start(hands, stop):
            return
        begin(shop, hands)
        workers += [queues.start_worker(shop.broker, kind, hands.threads(kind)) for kind in sorted(hands.kinds)]
        _log.info("worker.ready", queues=sorted(hands.kinds), sweep=shop.sweep_seconds)
        sweep_until(stop, shop.sweep_seconds, hands.sweep)
    finally:
        for worker in workers:
            # Milliseconds. The deadline in pipeline.stopping ends what a dead broker holds longer.
            worker.stop(timeout=20_000)
        shop.close()


def begin(shop: Workshop, hands: Hands) -> None:
    """Start what runs beside bells and sweeps: reading for tasks, and loading what takes seconds."""
    if queues.DELIVER in hands.kinds:
        # Only who makes a call at once has to wait for it.
        threading.Thread(target=shop.channels.warm, name="warm", daemon=True).start()
    if hands.triage is not None:
        hands.triage.start()


def await_start(hands: Hands, stop: Stop) -> bool:
    """Wait until the database is fit and what a restore brought back is held; False when told to stop first."""
    while await_schema(hands.db, stop):
        try:
            hold_restored(hands)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would try again
            _tell("start.failed", error)
            stop.wait(1)
        else:
            return True
    return False


def hold_restored(hands: Hands) -> None:
    """Before the first letter goes out: if the database was restored, none does until somebody says so."""
    if queues.DELIVER in hands.kinds and (held := hold_after_restore(hands.db, hands.mark)):
        _log.warning("outbox.held", letters=held, mend="python workers.py replay outbox --all")


def guarded(work: Callable[..., object]) -> Callable[..., None]:
    """An actor that never fails: a bell has nothing to lose, and the sweep comes by anyway."""

    def answer(name: str) -> None:
        try:
            work(name)
        except Exception as error:  # noqa: BLE001 - the edge of the actor
            _tell("bell.failed", error, bell=name)

    return answer


def sweep_until(stop: Stop, every: float, sweep: Callable[[], float]) -> None:
    """Sweep each `every` seconds, sooner where there is more by then; trouble with the database makes it slower."""
    wait = every
    while not stop.wait(wait):
        due = time.monotonic() + every
        try:
            more = sweep()
            wait = max(_BREATH, min(due - time.monotonic(), more))
        except Exception as error:  # noqa: BLE001 - the edge of the loop
            _tell("sweep.failed", error)
            wait = min(max(wait * 2, 0.5), 5.0)


def _tell(event: str, error: Exception, **more: Any) -> None:
    if is_database_fault(error):
        _log.warning(event, error=type(error).__name__, **more)
    else:
        _log.exception(event, **more)
