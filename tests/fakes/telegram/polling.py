"""getUpdates and the webhook's methods: one reader at a time, in one of two ways."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable
from typing import Any

from yarl import URL

from tests.fakes.telegram.faults import BotError, bad
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.updates import Updates
from tests.fakes.telegram.webhook import Webhook

Json = dict[str, Any]
_TAKEN = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
_SET = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
_NOW_SET = "Conflict: terminated by setWebhook request"
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LONGEST = 50


class Desk:
    """Gives updates out; runs on the server's loop."""

    def __init__(self, updates: Updates, webhook: Webhook, wake: Callable[[], None]) -> None:
        self.updates, self.webhook = updates, webhook
        # Seconds for which a second 409 is held back after the first, as Telegram does.
        self.conflict_pause = 3.0
        self._wake = wake
        self._next_conflict = 0.0
        self._reader: asyncio.Future[None] | None = None
        self._news = asyncio.Event()

    def wake(self) -> None:
        """There may be something to give out."""
        self._news.set()

    async def get_updates(self, params: Params) -> list[Json]:
        """getUpdates."""
        offset, limit = params.number("offset"), min(max(params.number("limit", 100), 1), 100)
        until = time.monotonic() + min(max(params.number("timeout"), 0), _LONGEST)
        if self.webhook.url:
            raise await self._conflict(_SET)
        self._allow(params)
        found = self.updates.take(offset, limit)
        if found or time.monotonic() >= until:
            return found
        self._end_reader(_TAKEN)
        mine = self._reader = asyncio.get_running_loop().create_future()
        try:
            while not found and time.monotonic() < until:
                self._news.clear()
                await self._wait(mine, until - time.monotonic())
                found = self.updates.take(offset, limit)
            return found
        finally:
            if self._reader is mine:
                self._reader = None

    async def set_webhook(self, params: Params) -> bool:
        """setWebhook."""
        address, secret = params.text("url"), params.text("secret_token")
        if not address:
            return await self.delete_webhook(params)
        url = URL(address)
        if url.scheme != "https" and url.host not in _LOOPBACK:
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if not _SECRET.fullmatch(secret):
            raise bad("secret token contains unallowed characters")
        if self.webhook.url != address:
            self.webhook.last_error = None
        self._allow(params)
        self._drop(params)
        self.webhook.connections = min(max(params.number("max_connections", 40), 1), 100)
        self.webhook.url, self.webhook.secret = address, secret
        self._end_reader(_NOW_SET)
        self._wake()
        return True

    async def delete_webhook(self, params: Params) -> bool:
        """deleteWebhook."""
        self._drop(params)
        self.webhook.url, self.webhook.secret, self.webhook.last_error = "", "", None
        self._wake()
        return True

    async def webhook_info(self, _: Params) -> Json:
        """getWebhookInfo."""
        hook = self.webhook
        info: Json = {"url": hook.url, "has_custom_certificate": False, "pending_update_count": len(self.updates)}
        if hook.url:
            info |= {"max_connections": hook.connections, "ip_address": "127.0.0.1"}
        if hook.last_error:
            info |= {"last_error_date": hook.last_error[0], "last_error_message": hook.last_error[1]}
        if self.updates.allowed is not None:
            info["allowed_updates"] = sorted(self.updates.allowed)
        return info

    # ---- inside ----

    def _allow(self, params: Params) -> None:
        """What is not said stays as it was."""
        wanted = params.nested("allowed_updates")
        if wanted is not None:
            self.updates.allow(wanted)

    def _drop(self, params: Params) -> None:
        if params.flag("drop_pending_updates"):
            self.updates.clear()

    def _end_reader(self, why: str) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_exception(BotError(409, why))

    async def _wait(self, mine: asyncio.Future[None], seconds: float) -> None:
        """Until there is news; raises when somebody else has come."""
        news = asyncio.ensure_future(self._news.wait())
        either: set[asyncio.Future[Any]] = {news, mine}
        try:
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await news
        if mine.done():
            error = mine.exception()
            assert isinstance(error, BotError)
            raise await self._conflict(error.description)

    async def _conflict(self, why: str) -> BotError:
        now = time.monotonic()
        if now < self._next_conflict:
            await asyncio.sleep(self.conflict_pause)
        else:
            self._next_conflict = now + self.conflict_pause
        return BotError(409, why)
