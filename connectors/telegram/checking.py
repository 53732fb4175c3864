"""What `check` says of a bot: who it is, how its updates come, and what stands in their way."""

from datetime import UTC, datetime
from typing import Any

from yarl import URL

from connectors.base import ConnectorError
from connectors.telegram.receiving import Asks, webhook
from connectors.telegram.settings import TelegramSettings

_PRIVACY = "privacy mode: in groups it sees commands, mentions and replies to it alone (@BotFather, /setprivacy)"
# Seconds a call of the check may take: there are two of them.
_PATIENCE = 8.0


async def check(api: Asks, settings: TelegramSettings) -> str:
    """One line; raises ConnectorError where nothing can come in."""
    me = await api.ask("GetMe", {}, _PATIENCE)
    me = me if isinstance(me, dict) else {}
    info = await webhook(api, _PATIENCE)
    said = [f"@{me.get('username', '?')} (id {me.get('id', settings.bot)})", f"mode {settings.mode}"]
    said.append(_way(info, settings))
    waiting = info.get("pending_update_count") or 0
    said.append(f"{waiting} updates wait at Telegram")
    if info.get("last_error_message") and info.get("url"):
        said.append(f"its last error: {info['last_error_message']} ({_stamp(info.get('last_error_date'))})")
    if not me.get("can_read_all_group_messages"):
        said.append(_PRIVACY)
    return "; ".join(said)


def _way(info: dict[str, Any], settings: TelegramSettings) -> str:
    found = str(info.get("url") or "")
    host = URL(found).host if found else None
    if settings.mode == "polling":
        return f"a webhook is set (to {host}): the receiver takes it down when it starts" if found else "no webhook"
    if not found and not settings.webhook_url:
        raise ConnectorError("no webhook is set, so nothing comes in: set webhook_url, or call setWebhook yourself")
    if settings.webhook_url and found != settings.webhook_url:
        state = f"set to {host}" if found else "not set"
        return f"the webhook is {state}: the receiver sets it to {URL(settings.webhook_url).host} when it runs"
    return f"the webhook is set to {host}"


def _stamp(at: Any) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC" if isinstance(at, int) else "no time given"
