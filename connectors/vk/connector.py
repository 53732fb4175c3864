"""The VK connector: a community's conversations and comments."""

import ipaddress
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import aiohttp
from yarl import URL

from connectors.abilities import Answer, Fetched, Profile, Request, Share, Signal
from connectors.base import (
    Batch,
    ChannelSettings,
    ConnectorError,
    Envelope,
    Letter,
    Limits,
    Raw,
    Receipt,
    Rejected,
    Unavailable,
)  # fmt: skip
from connectors.net import Outside, retry_after
from connectors.vk import addresses, checking, wall
from connectors.vk.backfill import history
from connectors.vk.calls import Calls, Unclear
from connectors.vk.events import parse_event
from connectors.vk.fields import number
from connectors.vk.gap import standing_by
from connectors.vk.hook import accept_callback
from connectors.vk.longpoll import LongPoll
from connectors.vk.outgoing import Outgoing
from connectors.vk.profiles import MOST_PEOPLE, look_up
from connectors.vk.settings import VkSettings
from connectors.vk.uploads import Uploads

# Seconds a file may take.
_FILE_TIME = 300.0
_CHUNK = 1 << 16
_MOVED, _REDIRECTS = {301, 302, 303, 307, 308}, 5
# How far back a letter is looked for: pages of history, and seconds before it was written.
_PAGES, _BEFORE = 5, 300


class Vk:
    """A community in VK. vk_api is loaded with the first call."""

    Settings: ClassVar[type[ChannelSettings]] = VkSettings
    limits = Limits(
        text=4096, file=200 << 20, files=10, idempotent=True, edits=True, deletes=True, formats=True, buttons=True,
        call=50.0,
    )  # fmt: skip
    most_profiles = MOST_PEOPLE
    signals = frozenset({"typing", "read", "press"})

    def __init__(self, name: str, settings: VkSettings) -> None:
        self._settings = settings
        self._opened: Calls | None = None
        self._session: aiohttp.ClientSession | None = None
        self._outside = Outside(_loopback(settings.api_base))

    # ---- in ----

    async def receive(self, cursor: str | None) -> AsyncIterator[Batch]:
        """See Receive. In mode callback it asks only for what came while nobody was there."""
        if self._settings.mode == "callback":
            source = standing_by(self._api(), self._settings.group_id, cursor)
        else:
            source = LongPoll(self._api(), self._http(), self._settings.group_id).batches(cursor)
        async for batch in source:
            yield batch

    def accept(self, request: Request) -> Answer:
        """See Hook."""
        return accept_callback(self._settings, request)

    def parse(self, raw: Raw) -> list[Envelope]:
        """See Connector."""
        return parse_event(raw)

    async def fetch(self, source: str) -> Fetched:
        """See Fetch. Documents lie behind redirects, each of which is checked like the first address."""
        for _ in range(_REDIRECTS):
            response = await self._open(source)
            if response.status not in _MOVED or "Location" not in response.headers:
                break
            response.close()
            source = _next_url(response)
        try:
            _check_file(response)
        except ConnectorError:
            response.close()
            raise
        return Fetched(_chunks(response), response.content_type)

    async def profiles(self, addresses: Sequence[str]) -> dict[str, Profile]:
        """See Profiles."""
        try:
            return await look_up(self._api(), addresses)
        except Unclear as error:
            raise Unavailable(f"VK does not answer: {error}") from None

    # ---- out ----

    async def send(self, letter: Letter) -> Receipt:
        """See Connector."""
        api = self._api()
        return await Outgoing(api, Uploads(api, self._http), self._settings.group_id).make(letter)

    async def find(self, letter: Letter) -> Receipt | None:
        """See Find. Edits and deletions leave no trace of the letter they were."""
        peer = addresses.peer_of(letter.recipient)
        if peer is None or letter.action != "send":
            return None
        try:
            if (comment := wall.comment_of(letter)) is not None:
                return await wall.find(self._api(), self._settings.group_id, letter, comment)
            return await self._found(letter, peer)
        except Unclear as error:
            raise Unavailable(f"VK does not answer: {error}") from None

    async def _found(self, letter: Letter, peer: int) -> Receipt | None:
        since = int(letter.sent_at.timestamp()) - _BEFORE
        for message in await history(self._api(), peer, since, _PAGES):
            if message.get("out") == 1 and number(message, "random_id") == letter.number:
                return Receipt((addresses.message_key(peer, number(message, "conversation_message_id")),))
        return None

    def share(self, recipient: str, files: int) -> Share:
        """See Paced. For each file a server is asked for, and what came there is saved."""
        return Share(recipient, calls=1 + 2 * files)

    async def signal(self, signal: Signal) -> None:
        """See Signals."""
        api, peer = self._api(), addresses.peer_of(signal.recipient)
        if peer is None:
            raise Rejected(f"{signal.recipient!r} is nobody's number in VK")
        try:
            if signal.kind == "typing":
                await api.call("messages.setActivity", peer_id=peer, type="typing")
            elif signal.kind == "read":
                read = addresses.message_of(signal.data)
                till = {"up_to_cmid": read[1]} if read else {"mark_conversation_as_read": 1}
                await api.call("messages.markAsRead", peer_id=peer, **till)
            else:
                await api.call("messages.sendMessageEventAnswer", **json.loads(signal.data))
        except Unclear as error:
            raise Unavailable(f"VK does not answer: {error}") from None

    async def check(self) -> str:
        """See Check."""
        return await checking.check(self._api(), self._settings)

    async def close(self) -> None:
        """See Connector. A call that hangs is left behind."""
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._outside.close()

    async def _open(self, url: str) -> aiohttp.ClientResponse:
        try:
            return await self._outside.open("GET", url, _FILE_TIME, headers={"Accept-Encoding": "identity"})
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"no answer: {type(error).__name__}") from error

    def _api(self) -> Calls:
        if self._opened is None:
            from connectors.vk.api import Api

            self._opened = Api(self._settings.token.get_secret_value(), self._settings.api_base)
        return self._opened

    def _http(self) -> aiohttp.ClientSession:
        """For the addresses VK names for its own servers."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def _loopback(api_base: str) -> list[str]:
    """The host of a VK on this machine: its files lie there too."""
    host = URL(api_base).host or ""
    try:
        return [host] if host == "localhost" or ipaddress.ip_address(host).is_loopback else []
    except ValueError:
        return []


def _next_url(response: aiohttp.ClientResponse) -> str:
    try:
        return str(response.url.join(URL(response.headers["Location"])))
    except ValueError:
        raise Rejected("the file's server leads to no address") from None


def _check_file(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status in {408, 425, 429} or status >= 500:
        wait = retry_after(response, datetime.now(UTC))
        raise Unavailable(f"the file's server answered HTTP {status}", wait, him_alone=True)
    if status != 200:
        raise Rejected(f"the file's server answered HTTP {status}; VK's links to files do not last for ever")


async def _chunks(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    async with response:
        async for chunk in response.content.iter_chunked(_CHUNK):
            yield chunk
