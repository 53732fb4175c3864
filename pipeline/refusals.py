"""Refusals: whoever watches is told when a channel's hook turns calls away, and not for each of them."""

import threading
import time

import log
from storage import journal, refusals
from storage.db import Database, Tx, is_database_fault

# Anybody can knock, and often: seconds in which this process has nothing more to say of a channel.
_SILENCE = 60.0

_log = log.get(__name__)


class Refusals:
    """Tells of refused calls: in the log, and through the database, which all processes share, in the journal."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._silent_until: dict[str, float] = {}

    def note(self, channel: str, reason: str) -> None:
        """A call to the configured channel was refused; returns at once, whatever the database does."""
        if time.monotonic() < self._silent_until.get(channel, 0.0):
            return
        self._silent_until[channel] = time.monotonic() + _SILENCE
        _log.warning("hook.refused", channel=channel, why=reason)
        threading.Thread(target=self._work, args=(channel, reason), name="refusals", daemon=True).start()

    def _work(self, channel: str, reason: str) -> None:
        try:
            self._db.write(lambda tx: _tell(tx, channel, reason))
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the next refusal tells it
            level = _log.warning if is_database_fault(error) else _log.exception
            level("hook.refusal_not_kept", channel=channel, error=type(error).__name__)


def _tell(tx: Tx, channel: str, reason: str) -> None:
    if refusals.note(tx, channel, reason):
        told = {"channel": channel, "reason": reason}
        journal.append(tx, [journal.Entry("channel.refused", journal.SYSTEM, None, told)])
