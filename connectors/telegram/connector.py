"""The Telegram connector: the hook's door, the reading of updates, and the way to what calls out."""

import hmac
from collections.abc import AsyncIterator
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from connectors.abilities import Answer, Fetched, Request, Share, Signal
from connectors.base import Batch, ChannelSettings, Envelope, Letter, Limits, Raw, Receipt, Refused, Rejected
from connectors.telegram import addresses
from connectors.telegram.rivals import Rivals
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.updates import parse_update, raw_of

if TYPE_CHECKING:
    from connectors.telegram.api import Api

_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name
# What goes together in one album. Other types (animations, voice messages, what nobody knows) go alone.
_ALBUMS = (
    ("image/jpeg", "image/png", "image/webp", "video/mp4"),
    ("audio/mpeg", "audio/mp4", "audio/x-m4a"),
    (
        "application/", "text/", "audio/aac", "audio/flac", "audio/wav", "audio/x-wav", "image/avif", "image/bmp",
        "image/heic", "image/heif", "image/svg+xml", "image/tiff", "video/quicktime", "video/webm", "video/x-matroska",
    ),
)  # fmt: skip
_TOO_OLD = "query is too old"


class _Limits(Limits, frozen=True, kw_only=True):
    def seconds(self, letter: Letter) -> float:
        """Room for two calls where one may not do: a photo that goes again as a document, a text below a file."""
        return super().seconds(letter) * (2 if letter.files or letter.action == "edit" else 1)


class Telegram:
    """A bot. Updates come by long poll or through Hook; what calls out is loaded by the processes that do."""

    Settings: ClassVar[type[ChannelSettings]] = TelegramSettings
    limits: Limits = _Limits(
        text=4096,
        caption=1024,
        file=50 * 1024 * 1024,
        files=10,
        idempotent=False,
        edits=True,
        deletes=True,
        formats=True,
        buttons=True,
        groups=_ALBUMS,
        call=60.0,
    )
    signals: frozenset[str] = frozenset({"typing", "press"})

    def __init__(self, name: str, settings: TelegramSettings) -> None:
        self._settings, self._bot = settings, settings.bot
        self._calls: Api | None = None
        self._rivals = Rivals()

    # ---- in ----

    def receive(self, cursor: str | None) -> AsyncIterator[Batch]:
        """See Receive. Where updates are pushed it keeps the webhook and gives nothing."""
        from connectors.telegram.api import Api
        from connectors.telegram.receiving import Watch, poll

        # Connections of its own: they end with the reading.
        api = Api(self._settings)
        if self._settings.mode == "webhook":
            return Watch(api, self._settings)
        return poll(api, self._bot, cursor, self._rivals)

    def contested(self) -> str:
        """See Contested."""
        return self._rivals.trouble()

    def accept(self, request: Request) -> Answer:
        """See Hook. Open in mode polling too, once it has a secret: after a switch some updates still come this way."""
        secret = self._settings.webhook_secret.get_secret_value()
        if not secret:
            raise Refused("this channel takes no webhooks: its webhook_secret is not set", 404)
        given = request.headers.get(_SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
            raise Refused("the secret token is not the channel's webhook_secret; setWebhook must be told the same", 401)
        try:
            raw = raw_of(self._bot, request.body, request.at)
        except (ValueError, RecursionError):
            raise Refused("the body is no update of Telegram's") from None
        return Answer(Batch([raw]), 200, b"{}")

    def parse(self, raw: Raw) -> list[Envelope]:
        """See Connector."""
        return parse_update(raw)

    # ---- out ----

    def warm(self) -> None:
        """See Warm. The types of the whole Bot API take seconds."""
        import_module("connectors.telegram.api")

    async def send(self, letter: Letter) -> Receipt:
        """See Connector."""
        from connectors.telegram.sending import send

        return await send(self._api(), self._bot, letter)

    async def signal(self, signal: Signal) -> None:
        """See Signals."""
        from connectors.telegram import outgoing
        from connectors.telegram.sending import place_of

        if signal.kind == "typing":
            call = outgoing.typing(place_of(signal.recipient))
            await self._api().ask(call.method, call.params)
        elif signal.kind == "press":
            try:
                await self._api().ask("AnswerCallbackQuery", {"callback_query_id": signal.data})
            except Rejected as refused:
                if _TOO_OLD not in str(refused):
                    raise

    def share(self, recipient: str, files: int) -> Share:
        """See Paced. The topics of a group share its limit; groups have numbers below zero.

        An album is as many messages as it has files, but to one person alone it may go at once.
        """
        messages = max(files, 1)
        try:
            chat = addresses.parse(recipient).chat
        except ValueError:
            return Share(recipient)
        if chat < 0:
            return Share(str(chat), self._settings.group_rate, messages, messages)
        return Share(str(chat), self._settings.chat_rate, messages)

    async def fetch(self, source: str) -> Fetched:
        """See Fetch."""
        from connectors.telegram.fetching import fetch

        return await fetch(self._api(), source)

    async def check(self) -> str:
        """See Check."""
        from connectors.telegram.checking import check

        return await check(self._api(), self._settings)

    async def close(self) -> None:
        """See Connector."""
        if self._calls is not None:
            await self._calls.close()

    def _api(self) -> "Api":
        if self._calls is None:
            from connectors.telegram.api import Api

            self._calls = Api(self._settings)
        return self._calls
