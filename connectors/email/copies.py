"""Copies of what was sent for the mailbox's own folder: beside the sending, which never waits for them."""

import asyncio
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import log
from connectors.base import Denied, Unavailable
from connectors.email import folders
from connectors.email.imap import Broken, Refused, Session, opened
from connectors.email.settings import EmailSettings, Token

_log = log.get(__name__)

# How many copies, and bytes of them, may wait, and for how many seconds each.
_MOST, _BYTES, _PATIENCE = 200, 80 << 20, 900.0
# Seconds until the next try after one that failed: at first, and at most; and how long the end of all waits for them.
_FIRST_WAIT, _LONGEST_WAIT, _GOODBYE = 1.0, 60.0, 3.0


class _Copy(NamedTuple):
    """A mail that was sent, by its Message-ID without brackets; `until` by the monotonic clock."""

    message_id: str
    mail: bytes
    until: float


class Copies:
    """The copies of one account that are still to be made. Those that cannot be are given up with a line in the log."""

    def __init__(self, settings: EmailSettings, token: Token | None = None) -> None:
        """`token` gives the access token that stands for a password."""
        self._settings, self._token = settings, token
        self._waiting: deque[_Copy] = deque()
        self._work: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def put(self, message_id: str, mail: bytes) -> None:
        """Have a mail copied. Returns at once, and raises nothing."""
        size = sum(len(copy.mail) for copy in self._waiting) + len(mail)
        if self._closing.is_set() or len(self._waiting) >= _MOST or size > _BYTES:
            _log.warning("imap.not_copied", reason="too many copies wait", mails=1)
            return
        self._waiting.append(_Copy(message_id, mail, time.monotonic() + _PATIENCE))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._make())

    async def close(self) -> None:
        """Try once more what waits, for a few seconds."""
        self._closing.set()
        if self._work is None:
            return
        done, _ = await asyncio.wait([self._work], timeout=_GOODBYE)
        if not done:
            self._work.cancel()
            await asyncio.wait([self._work])
            self._give_up("there was no more time")

    async def _make(self) -> None:
        wait = _FIRST_WAIT
        while self._waiting:
            before, last = len(self._waiting), self._closing.is_set()
            try:
                await self._empty()
            except Denied as error:
                self._give_up(str(error))
            except (Broken, Refused, Unavailable) as error:
                wait = _FIRST_WAIT if len(self._waiting) < before else wait
                await self._rest(str(error), 0.0 if last else wait)
                wait = min(wait * 2, _LONGEST_WAIT)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody waits for the answer
                self._give_up(f"{type(error).__name__}: {error}")

    async def _empty(self) -> None:
        """Make all copies that wait; one that fails goes behind the others."""
        session = await opened(self._settings, self._token)
        try:
            await session.select(self._settings.imap.sent)
            while self._waiting:
                await self._copy(session, self._waiting[0])
                self._waiting.popleft()
        except Refused:
            self._waiting.rotate(-1)
            raise
        finally:
            await session.close()

    async def _copy(self, session: Session, copy: _Copy) -> None:
        # It may be there: the provider makes copies too, or an earlier try was cut off.
        yesterday = datetime.now(UTC) - timedelta(days=1)
        named = ("HEADER", "Message-ID", folders.quoted(f"<{copy.message_id}>"))
        if not await session.uids("SINCE", f"{yesterday:%d-%b-%Y}", *named):
            await session.append(self._settings.imap.sent, copy.mail, "\\Seen")

    async def _rest(self, reason: str, seconds: float) -> None:
        """Wait before the next try; with no seconds there is none."""
        now = time.monotonic()
        kept = [copy for copy in self._waiting if seconds and copy.until > now]
        if expired := len(self._waiting) - len(kept):
            _log.warning("imap.not_copied", reason=reason, mails=expired)
        self._waiting = deque(kept)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    def _give_up(self, reason: str) -> None:
        _log.warning("imap.not_copied", reason=reason, mails=len(self._waiting))
        self._waiting.clear()
