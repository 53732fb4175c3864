"""What Telegram has for us: our own long poll, or an eye on the webhook that brings it."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol

from yarl import URL

import log
from connectors.base import Batch, Raw, Rejected, Unavailable
from connectors.telegram.errors import Conflict
from connectors.telegram.rivals import Rivals
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.updates import ALLOWED_UPDATES, raw_of

# Seconds Telegram holds a question open, and how long after that its answer may take.
_POLL, _LATE = 25, 10.0
# Seconds to wait: beside another reader, where the next question would bring the same again, and after an empty answer
# that came sooner than it takes to hold a question open.
_CONFLICT_WAIT, _SAME_WAIT, _EMPTY_WAIT, _SOON = 10.0, 5.0, 1.0, 5.0
# Seconds between looks at the webhook, and until the next when one failed.
_LOOK, _LOOK_AGAIN = 180.0, 10.0

_log = log.get(__name__)


class Asks(Protocol):
    """Who asks Telegram; the connections are given back at the end of reading."""

    async def ask(self, method: str, params: dict[str, Any], seconds: float = 25.0) -> Any:
        """The result of a method; see Api."""

    async def close(self) -> None:
        """Give the connections back."""


async def poll(api: Asks, bot: str, cursor: str | None, rivals: Rivals) -> AsyncIterator[Batch]:
    """Updates by long poll. The next question tells Telegram that the last answer is stored."""
    try:
        await _take_webhook_down(api)
        offset = int(cursor) if cursor else None
        while True:
            asked = time.monotonic()
            updates = await _updates(api, offset, rivals)
            if not updates:
                if time.monotonic() - asked < _SOON:
                    await asyncio.sleep(_EMPTY_WAIT)
                continue
            last = _last(updates)
            yield Batch([_raw(bot, update) for update in updates], None if last is None else str(last + 1))
            if last is None or (offset is not None and last < offset):
                await asyncio.sleep(_SAME_WAIT)
            # Not the highest ever seen: after a quiet week, or at another server, Telegram counts from elsewhere.
            offset = offset if last is None else last + 1
    finally:
        await api.close()


class Watch:
    """Keeps the webhook as the settings say. It gives no batches: updates are pushed to the hook."""

    def __init__(self, api: Asks, settings: TelegramSettings) -> None:
        self._api, self._settings = api, settings
        # What Telegram was told cannot be read back: after a start it is told again.
        self._told = False
        self._last_error: object = None

    def __aiter__(self) -> AsyncIterator[Batch]:
        """See AsyncIterator."""
        return self

    async def __anext__(self) -> Batch:
        """Never comes back but by an error."""
        try:
            while True:
                wait = await self._look()
                await asyncio.sleep(wait)
        finally:
            await self._api.close()

    async def _look(self) -> float:
        """Set right what is wrong; gives back the seconds until the next look."""
        try:
            await self._keep()
        except (Rejected, Unavailable) as error:
            _log.warning("telegram.webhook_not_kept", why=str(error))
            return getattr(error, "retry_after", None) or _LOOK_AGAIN
        return _LOOK

    async def _keep(self) -> None:
        wanted = self._settings.webhook_url
        info = await webhook(self._api)
        known = info.get("url") == wanted and set(_list(info.get("allowed_updates"))) == set(ALLOWED_UPDATES)
        if wanted and not (known and self._told):
            await self._api.ask("SetWebhook", self._hook(wanted))
            self._told = True
            _log.info("telegram.webhook_set", host=URL(wanted).host)
        elif not info.get("url"):
            _log.warning("telegram.no_webhook", why="set webhook_url, or call setWebhook yourself")
        failed_at = info.get("last_error_date")
        if failed_at != self._last_error:
            self._last_error = failed_at
            _log.warning("telegram.webhook_fails", says=info.get("last_error_message"))

    def _hook(self, url: str) -> dict[str, Any]:
        secret = self._settings.webhook_secret.get_secret_value()
        return {
            "url": url,
            "secret_token": secret,
            "allowed_updates": list(ALLOWED_UPDATES),
            "drop_pending_updates": False,
        }


async def webhook(api: Asks, seconds: float = 25.0) -> dict[str, Any]:
    """What Telegram says of the bot's webhook."""
    info = await api.ask("GetWebhookInfo", {}, seconds)
    return info if isinstance(info, dict) else {}


async def _take_webhook_down(api: Asks) -> None:
    """Nothing can be read while a webhook is set; what waits for it is kept and read by us."""
    if (await webhook(api)).get("url"):
        await api.ask("DeleteWebhook", {"drop_pending_updates": False})
        _log.warning("telegram.webhook_taken_down", why="the channel's mode is polling")


async def _updates(api: Asks, offset: int | None, rivals: Rivals) -> list[Any]:
    question = {"offset": offset, "limit": 100, "timeout": _POLL, "allowed_updates": list(ALLOWED_UPDATES)}
    while True:
        try:
            found = _list(await api.ask("GetUpdates", question, _POLL + _LATE))
        except Conflict as error:
            rivals.met(str(error))
            await asyncio.sleep(_CONFLICT_WAIT)
            await _take_webhook_down(api)
        except Unavailable as error:
            if error.retry_after is None:
                _log.warning("telegram.not_read", why=str(error))
                raise
            await asyncio.sleep(error.retry_after)
        else:
            rivals.unseen()
            return found


def _raw(bot: str, update: Any) -> Raw:
    # Its escapes hold what Telegram let through, half a surrogate pair too.
    data = json.dumps(update).encode()
    try:
        return raw_of(bot, data)
    except (ValueError, RecursionError):
        # Nothing of Telegram's. It is kept all the same, and parked as nobody can read it.
        key = f"{bot}:odd:{hashlib.sha256(data).hexdigest()}"
        return Raw(key, key, data)


def _last(updates: list[Any]) -> int | None:
    """The highest number among the updates that have one."""
    numbers = [update.get("update_id") for update in updates if isinstance(update, dict)]
    return max((number for number in numbers if type(number) is int), default=None)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
