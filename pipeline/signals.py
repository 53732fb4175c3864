"""Signals: what is fleeting, given to clients once and at most once, as far as their channel's pace leaves room."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from sqlalchemy import Row

import log
from connectors.abilities import Signal, Signals
from connectors.base import Unavailable
from connectors.registry import Channels
from pipeline.loop import LoopThread
from pipeline.pace import Pace
from storage import signals
from storage.db import Database, Tx
from storage.leases import database_now

_log = log.get(__name__)

# Signals under way at once in a channel, how many of them may be of those that wait for letters, and seconds each may
# take.
_TOGETHER, _AFTER, _CALL = 40, 20, 5.0
# Somebody looks at the button he pressed until it is acknowledged: before letters. All else is after them.
_FIRST = "press"


class Signalling:
    """Gives the signals of channels that have them."""

    def __init__(self, db: Database, channels: Channels, loop: LoopThread, paces: Mapping[str, Pace]) -> None:
        self._db, self._channels, self._loop, self._paces = db, channels, loop, paces
        self._calls: dict[str, list[Future[None]]] = {}

    def waiting(self, tx: Tx, name: str) -> tuple[list[Row[Any]], list[Row[Any]]]:
        """Those that could be given now, before letters and after them.

        None while so many are under way that more would only queue up.
        """
        connector = self._channels[name]
        if not isinstance(connector, Signals):
            return [], []
        self._calls[name] = under_way = [call for call in self._calls.get(name, ()) if not call.done()]
        found = signals.waiting(tx, name, connector.signals)
        first = [row for row in found if row.kind == _FIRST][: max(_TOGETHER - len(under_way), 0)]
        return first, [row for row in found if row.kind != _FIRST][: max(_AFTER - len(under_way), 0)]

    def take(self, tx: Tx, found: Sequence[Row[Any]], pace: Pace, at: datetime) -> tuple[list[Row[Any]], float]:
        """Those of the found that go now, gone with this transaction, and seconds until the channel takes more."""
        count, wait = pace.spare(tx, len(found), at)
        taken = list(found[:count])
        signals.take(tx, taken)
        return taken, wait

    def give(self, name: str, taken: Sequence[Row[Any]]) -> None:
        """Give these. Nobody waits for it; what fails is forgotten, for it would be stale by the next try."""
        self._calls.setdefault(name, []).extend(self._loop.submit(self._give(name, row)) for row in taken)

    async def _give(self, name: str, row: Row[Any]) -> None:
        connector = self._channels[name]
        assert isinstance(connector, Signals)
        try:
            async with asyncio.timeout(_CALL):
                await connector.signal(Signal(row.kind, row.recipient, row.data))
        except Exception as error:  # noqa: BLE001 - whatever it was, a signal is worth no second try
            _log.debug("signal.failed", channel=row.channel, kind=row.kind, error=type(error).__name__)
            if isinstance(error, Unavailable) and error.retry_after:
                await asyncio.to_thread(self._pause, row, error)

    def _pause(self, row: Row[Any], error: Unavailable) -> None:
        """What the channel asked for holds for letters too."""
        whom, seconds = row.recipient if error.him_alone else None, error.retry_after or 0.0
        pace = self._paces[row.channel]
        self._db.write(lambda tx: pace.pause(tx, seconds, database_now(tx), whom))
