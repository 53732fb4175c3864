"""Signals: what is fleeting, given to clients once and at most once."""

import asyncio
from typing import Any

from sqlalchemy import Row

import log
from connectors.abilities import Signal, Signals
from connectors.registry import Channels
from pipeline.loop import LoopThread
from storage import halts, signals
from storage.db import Database, Tx

_log = log.get(__name__)

# Signals taken at once, and seconds one of them may take.
_TOGETHER, _CALL = 20, 5.0


class Signalling:
    """Gives the signals of channels that have them."""

    def __init__(self, db: Database, channels: Channels, loop: LoopThread) -> None:
        self._db, self._channels, self._loop = db, channels, loop

    def give(self, name: str) -> None:
        """Give what waits in the channel. What fails is forgotten: it would be stale by the next try."""
        connector = self._channels[name]
        if not isinstance(connector, Signals) or not self._any(name):
            return
        taken = self._db.write(lambda tx: self._take(tx, name))
        calls = [self._loop.submit(self._give(connector, row)) for row in taken]
        for call in calls:
            call.result()

    def _any(self, name: str) -> bool:
        with self._db.read() as tx:
            return name in signals.channels(tx)

    def _take(self, tx: Tx, name: str) -> list[Row[Any]]:
        taken = signals.take(tx, name, _TOGETHER)
        return [] if halts.until(tx, name) is not None else list(taken)

    async def _give(self, connector: Signals, row: Row[Any]) -> None:
        if row.kind not in connector.signals:
            return
        try:
            async with asyncio.timeout(_CALL):
                await connector.signal(Signal(row.kind, row.recipient, row.data))
        except Exception as error:  # noqa: BLE001 - whatever it was, a signal is worth no second try
            _log.debug("signal.failed", channel=row.channel, kind=row.kind, error=type(error).__name__)
