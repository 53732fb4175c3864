"""Rivals: other readers of a bot's updates, told in the log when they come and go, and to people when they stay."""

import time

import log

# Seconds without a conflict after which we are alone again, and seconds of conflicts that are no mere change of hands:
# who is taken over may ask once more.
_QUIET, _LONG = 120.0, 30.0
_TROUBLE = (
    "another program reads this bot's updates or sets a webhook for it, and what it takes never comes here: stop it; "
    "if nobody knows which it is, get a new token from @BotFather (/revoke)"
)

_log = log.get(__name__)


class Rivals:
    """What is known of them from Telegram's refusals."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._last = 0.0

    def met(self, says: str) -> None:
        """Telegram has refused us for somebody else."""
        now = time.monotonic()
        if self._first is None or now - self._last > _QUIET:
            self._first = now
            _log.warning("telegram.two_readers", says=says)
        self._last = now

    def unseen(self) -> None:
        """Telegram has answered us; that alone says little, for it answers rivals in turn."""
        if self._first is not None and time.monotonic() - self._last > _QUIET:
            self._first = None
            _log.info("telegram.one_reader")

    def trouble(self) -> str:
        """What people should know; empty while there is nothing."""
        if self._first is None or time.monotonic() - self._last > _QUIET:
            return ""
        return _TROUBLE if self._last - self._first >= _LONG else ""
