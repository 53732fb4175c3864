"""VK's Callback API: who may push, and what a pushed request means."""

import hmac
import json
from typing import NoReturn

from connectors.abilities import Answer, Request
from connectors.base import Batch, Refused
from connectors.vk.events import raw_of
from connectors.vk.fields import Json
from connectors.vk.settings import VkSettings

_PLAIN = "text/plain"


def accept_callback(settings: VkSettings, request: Request) -> Answer:
    """See Hook. Refused: 404 not configured, 400 no event, 403 not of our community or without its secret."""
    secret = settings.secret.get_secret_value()
    if not secret:
        raise Refused("this channel takes no callbacks: its secret is not set", 404)
    event = _read(request.body)
    if not _same(event.get("group_id"), str(settings.group_id)):
        raise Refused("this is the channel of another community; see group_id of the channel", 403)
    given = event.pop("secret", None)
    asked = event.get("type") == "confirmation"
    # VK may ask for the confirmation before it knows the secret.
    if not (asked and given is None) and not _same(given, secret):
        raise Refused("the secret is not the channel's; it stands in VK beside the server's address", 403)
    if asked:
        return _confirmed(settings)
    return Answer(Batch([raw_of(event, request.at)]), 200, b"ok", _PLAIN)


def _confirmed(settings: VkSettings) -> Answer:
    if not settings.confirmation:
        raise Refused("the channel has no confirmation; VK shows it beside the server's address", 404)
    return Answer(None, 200, settings.confirmation.encode(), _PLAIN)


def _read(body: bytes) -> Json:
    try:
        event = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refused("the body is not JSON") from None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise Refused("the body is no event of VK's Callback API")
    return event


def _same(given: object, wanted: str) -> bool:
    """Whether both are the same, found out in the same time whatever is given."""
    text = str(given) if isinstance(given, str | int) else ""
    return hmac.compare_digest(text.encode(errors="surrogatepass"), wanted.encode())


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
