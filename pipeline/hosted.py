"""Hosted: the same workers inside Dramatiq's own command line, `dramatiq workers`."""

import threading
from typing import TYPE_CHECKING

import log
from pipeline import queues
from pipeline.daemons import Hands, Workshop, await_start, begin, guarded, sweep_until
from pipeline.stopping import Stop
from settings import Settings

if TYPE_CHECKING:
    from pipeline.triage import Triage


def serve(settings: Settings) -> queues.Broker:
    """The broker with its actors. Dramatiq's processes open database and connections when their worker boots."""
    log.configure(settings.log.level, settings.log.format)
    broker = queues.make_broker(queues.broker_url(settings))
    house = _House(settings, broker)
    queues.with_worker(broker, house.open, house.close)
    queues.declare(broker, guarded(house.drain), guarded(house.deliver))
    return broker


class _House:
    """Opens what the actors need with Dramatiq's worker, and stops it with it."""

    def __init__(self, settings: Settings, broker: queues.Broker) -> None:
        self._settings, self._broker = settings, broker
        self._stop = Stop()
        self._hands: Hands | None = None
        self._reading: Triage | None = None

    def drain(self, name: str) -> None:
        """The pipeline's actor."""
        if self._hands is not None:
            self._hands.inbox(name)

    def deliver(self, channel: str) -> None:
        """The delivery's actor."""
        if self._hands is not None:
            self._hands.channel(channel)

    def open(self) -> None:
        """The worker has booted."""
        shop = Workshop(self._settings, self._stop, self._broker)
        hands = shop.hands()
        self._reading = hands.triage

        def sweep() -> None:
            if await_start(hands, self._stop):
                # From here on bells are answered: before, they would let letters out that are to be held.
                self._hands = hands
                sweep_until(self._stop, shop.sweep_seconds, hands.sweep)

        threading.Thread(target=sweep, name="sweep", daemon=True).start()
        begin(shop, hands)

    def close(self) -> None:
        """The worker is about to stop; Dramatiq waits for the actors itself, and not for what runs beside them."""
        self._stop.set()
        if self._reading is not None:
            self._reading.close()
