"""Hosted: the same workers inside Dramatiq's own command line, `dramatiq workers`."""

import threading

import dramatiq

import log
from pipeline import queues
from pipeline.daemons import Hands, Workshop, await_schema, guarded, sweep_until
from pipeline.stopping import Stop
from settings import Settings


def serve(settings: Settings) -> dramatiq.Broker:
    """The broker with its actors. Dramatiq's processes open database and connections when their worker boots."""
    log.configure(settings.log.level, settings.log.format)
    broker = queues.make_broker(queues.broker_url(settings))
    house = _House(settings)
    broker.add_middleware(house)
    queues.declare(broker, guarded(house.drain), guarded(house.deliver))
    return broker


class _House(dramatiq.Middleware):
    """Opens what the actors need with Dramatiq's worker, and closes it with it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = Stop()
        self._hands: Hands | None = None

    def drain(self, shard: int) -> None:
        """The pipeline's actor."""
        if self._hands is not None:
            self._hands.drain.shard(shard)

    def deliver(self, channel: str) -> None:
        """The delivery's actor."""
        if self._hands is not None:
            self._hands.deliver.channel(channel)

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Dramatiq's own hook."""
        shop = Workshop(self._settings, self._stop, broker)
        self._hands = shop.hands()
        self._thread = threading.Thread(target=self._sweep, args=(shop,), name="sweep", daemon=True)
        self._thread.start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Dramatiq's own hook; it waits for the actors itself."""
        self._stop.set()

    def _sweep(self, shop: Workshop) -> None:
        if self._hands is not None and await_schema(shop.db, self._stop):
            sweep_until(self._stop, shop.sweep_seconds, self._hands.sweep)
