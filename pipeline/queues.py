"""Bells: Dramatiq messages that say "there is work", and nothing else. The database holds the work itself."""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from redis.backoff import NoBackoff
from redis.retry import Retry

import log
from settings import Settings

Broker = dramatiq.Broker
Worker = dramatiq.Worker

PIPELINE, DELIVER = "pipeline", "deliver"
# The pipeline's only bell: whoever hears it takes what shards have work. Those of delivery are named after channels.
INBOX = "inbox"
# Seconds a bell that was rung is not rung again; the actor takes the mark away before it looks for work.
_QUIET = 2
# How often an idle consumer asks the broker, in milliseconds: the price of an idle worker against its latency.
_POLL = 50
# How much longer than a round of ringing the rest after it is, and seconds it is at most.
_BREATH, _LONGEST_BREATH = 20, 0.1

_log = log.get(__name__)


def broker_url(settings: Settings) -> str | None:
    """Where bells are rung: the configured broker, else the embedded one if it is up, else nowhere."""
    if settings.broker.url:
        return settings.broker.url
    return embedded_url(settings.socket) if settings.socket.exists() else None


def embedded_url(socket: Path) -> str:
    """The address of the embedded server."""
    return f"unix://{quote(str(socket))}"


def make_broker(url: str | None) -> Broker:
    """Dramatiq's broker; without an address one inside this process, which other processes do not hear.

    No retries, no delays, no results: an actor that fails has lost nothing, the rows are still there.
    """
    broker: Broker
    if url is None:
        broker = StubBroker(middleware=[])
    else:
        # maintenance: a bell fetched by a worker that died comes back within half a minute, not some day.
        broker = RedisBroker(  # type: ignore[no-untyped-call]
            client=_client(url, timeout=5), middleware=[], maintenance_chance=100_000, heartbeat_timeout=30_000
        )
    dramatiq.set_broker(broker)
    return broker


def declare(broker: Broker, drain: Callable[[str], None], deliver: Callable[[str], None]) -> None:
    """The two actors: the inbox has work, a channel of the outbox has work."""
    broker.add_middleware(_Unmark())
    dramatiq.actor(broker=broker, queue_name=PIPELINE, actor_name=PIPELINE)(drain)
    dramatiq.actor(broker=broker, queue_name=DELIVER, actor_name=DELIVER)(deliver)
    # No bell is ever delayed, and a consumer of delayed ones would ask the broker as often as the others do.
    broker.delay_queues.clear()


def with_worker(broker: Broker, booted: Callable[[], None], stopping: Callable[[], None]) -> None:
    """Call these when a worker of this broker has booted, and before it stops."""
    broker.add_middleware(_WithWorker(booted, stopping))


def start_worker(broker: Broker, queue: str, threads: int) -> Worker:
    """Threads of this process that answer the bells of one queue."""
    worker = dramatiq.Worker(broker, queues={queue}, worker_threads=threads, worker_timeout=_POLL)
    worker.start()
    return worker


class Bells:
    """Rings from any thread without ever waiting or raising: a thread of its own does the talking.

    `missed` counts the bells no broker took; the sweeps find that work.
    """

    def __init__(self, broker: Broker) -> None:
        self.missed = 0
        self._broker = broker
        self._wanted: dict[tuple[str, str], None] = {}
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="bells", daemon=True)
        self._thread.start()

    def ring(self, queue: str, names: Iterable[str]) -> None:
        """Say that these have work."""
        with self._change:
            self._wanted.update(dict.fromkeys((queue, name) for name in names))
            self._change.notify()

    def close(self) -> None:
        """Stop ringing; what is still unsaid the sweeps will find."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(3)

    def _serve(self) -> None:
        while True:
            with self._change:
                while not self._wanted and not self._closed:
                    self._change.wait()
                if self._closed:
                    return
                wanted, self._wanted = list(self._wanted), {}
            began = time.monotonic()
            self._say(wanted)
            # What is rung meanwhile is said together: under load talking would cost more than the work.
            time.sleep(min((time.monotonic() - began) * _BREATH, _LONGEST_BREATH))

    def _say(self, wanted: list[tuple[str, str]]) -> None:
        if _client_of(self._broker) is None:
            # A bell inside this process is heard by nobody else, and would stay in its queue for ever.
            self.missed += len(wanted)
            return
        try:
            for queue, name in _unrung(self._broker, wanted):
                self._broker.enqueue(_bell(queue, name))
        except Exception as error:  # noqa: BLE001 - whatever the broker's trouble is, the sweeps stand in for it
            self.missed += len(wanted)
            _log.debug("bells.missed", count=len(wanted), error=type(error).__name__)


class _WithWorker(dramatiq.Middleware):
    """Ties something to the life of a worker."""

    def __init__(self, booted: Callable[[], None], stopping: Callable[[], None]) -> None:
        self._booted, self._stopping = booted, stopping

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Dramatiq's own hook."""
        self._booted()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Dramatiq's own hook."""
        self._stopping()


class _Unmark(dramatiq.Middleware):
    """Takes a bell's mark away before the actor looks: whoever comes with work after that look rings again."""

    def before_process_message(self, broker: Broker, message: Any) -> None:
        """Called in the worker's thread."""
        client = _client_of(broker)
        if client is not None:
            try:
                client.delete(_mark(message.actor_name, message.args[0]))
            except redis.RedisError:
                # The mark goes by itself in two seconds, and the sweep looks each second.
                _log.debug("bells.unmark_failed")


def ping(url: str) -> None:
    """Raises redis.RedisError when no broker answers at the address."""
    client = _client(url, timeout=2)
    try:
        client.ping()
    finally:
        client.close()


def _unrung(broker: Broker, wanted: list[tuple[str, str]]) -> list[tuple[str, str]]:
    client = _client_of(broker)
    if client is None:
        return wanted
    with client.pipeline(transaction=False) as pipe:
        for queue, name in wanted:
            pipe.set(_mark(queue, name), 1, nx=True, ex=_QUIET)
        marked = pipe.execute()
    return [bell for bell, fresh in zip(wanted, marked, strict=True) if fresh]


def _bell(queue: str, name: str) -> "dramatiq.Message[None]":
    """The message itself: who only rings has no actors to make it."""
    return dramatiq.Message(queue_name=queue, actor_name=queue, args=(name,), kwargs={}, options={})


def _mark(queue: str, name: str) -> str:
    return f"okno:bell:{queue}:{name}"


def _client_of(broker: Broker) -> "redis.Redis | None":
    return broker.client if isinstance(broker, RedisBroker) else None


def _client(url: str, timeout: float) -> "redis.Redis":
    # No retries: a repeated EVALSHA would ring twice, and a frozen server would hold us for all of them.
    return redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
