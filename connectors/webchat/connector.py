"""The webchat connector: the widget's door, the webhook's door, and the way back through each."""

import time
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import aiohttp
import msgspec

from connectors.abilities import Allowance, Answer, Fetched, Found, Request, Session
from connectors.base import (
    Batch,
    ChannelSettings,
    ConnectorError,
    Deletion,
    Edit,
    Envelope,
    File,
    Letter,
    Limits,
    Message,
    Raw,
    Receipt,
    Refused,
    Rejected,
    Sender,
    Unavailable,
)  # fmt: skip
from connectors.net import Outside, retry_after
from connectors.signing import BadSignature, key_of, verify
from connectors.text import clean_email, clean_name, clean_text
from connectors.webchat import addresses, wire
from connectors.webchat.replies import Replies
from connectors.webchat.sessions import Sessions
from connectors.webchat.settings import WebchatSettings, is_local

# Seconds a linked file may take, and a site to show that it is there.
_FILE_TIME, _CHECK_TIME = 300.0, 10.0
_CHUNK = 1 << 16
_SHORT_SECRET = 32
# Answers about origins are remembered: none that is longer than a host's name can be.
_LONGEST_ORIGIN = 300

_openings = wire.Reader(wire.Opening)
_written = wire.Reader(wire.Written)
_posted = wire.Reader(wire.Posted)
_recorded = wire.Reader(wire.Recorded)


class Webchat:
    """A website's chat. Browsers come through Chat, the site's server through Hook."""

    Settings: ClassVar[type[ChannelSettings]] = WebchatSettings

    def __init__(self, name: str, settings: WebchatSettings) -> None:
        self.limits = Limits(
            text=settings.max_text,
            file=settings.max_file,
            files=settings.max_files,
            idempotent=True,
            edits=True,
            deletes=True,
        )
        self.allowance = Allowance(
            sessions=settings.sessions_per_minute,
            messages=settings.messages_per_minute,
            files=settings.files_per_minute,
            bytes_a_day=settings.max_bytes_a_day,
        )
        self._settings = settings
        self._origins = frozenset(settings.allowed_origins)
        self._hook_key = key_of(settings.secret.get_secret_value())
        self._sessions = Sessions(name, settings.session_days, settings.identity_secret.get_secret_value())
        self._outside = Outside(settings.allow_private)
        self._replies = Replies(self._outside, settings.reply_url, self._hook_key)

    # ---- Chat ----

    def open_session(self, body: bytes, old_token: str | None, key: bytes, at: datetime) -> Session:
        """See Chat. An identified visitor has one address on all his devices, for a day after the site named him."""
        return self._sessions.open(_openings.read(body or b"{}"), old_token, key, at)

    def visitor(self, token: str, key: bytes) -> Sender:
        """See Chat."""
        return self.session(token, key).visitor

    def session(self, token: str, key: bytes) -> Session:
        """See Chat."""
        return self._sessions.session(token, key, time.time())

    def message(self, visitor: Sender, body: bytes, at: datetime) -> Raw:
        """See Chat. Refused: 400 no JSON object, 413 too long, 422 no usable id, nothing said, too many files."""
        written = _written.read(body)
        wire.check_key("id", written.id)
        for upload in written.files:
            wire.check_key("files", upload)
        self._check_content(written.text, len(written.files))
        key = addresses.key(visitor.address, written.id)
        return Raw(key, visitor.address, wire.pack(wire.Arrival(at, visitor), body))

    def own_id(self, visitor: Sender, external_id: str) -> str:
        """See Chat."""
        return addresses.item(visitor.address, external_id) or external_id

    def origin_allowed(self, origin: str | None, own_origins: frozenset[str]) -> bool:
        """See Chat. Without a list, pages of this machine only."""
        if origin is None or origin in own_origins or origin in self._origins:
            return True
        return not self._origins and len(origin) < _LONGEST_ORIGIN and is_local(origin)

    # ---- Hook ----

    def accept(self, request: Request) -> Answer:
        """See Hook. Refused: 404 door shut, 401 bad signature, 400, 413 and 422 like a visitor's message."""
        if not self._hook_key:
            raise Refused("this channel takes no webhooks: its secret is not set", 404)
        try:
            verify(self._hook_key, request.headers, request.body, request.at)
        except BadSignature as error:
            raise Refused(f"{error}: calls are signed with the channel's secret", 401) from None
        posted = _posted.read(request.body)
        self._check(posted)
        raw = _raw(posted, wire.Arrival(request.at), request.body)
        return Answer(Batch([raw]), 202, msgspec.json.encode({"id": posted.id}))

    # ---- Import ----

    def read(self, path: Path) -> Iterator[Found]:
        """See Import: JSON Lines, each like a webhook's body with its `sent_at`, and `direction: "out"` for replies."""
        at, position = datetime.now(UTC), 0
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                position += len(line)
                body = line.strip(b" \t\r\n\xef\xbb\xbf")
                if not body:
                    continue
                try:
                    yield Found(self._record(body, at), position)
                except Refused as error:
                    yield Found(f"line {number}: {error}", position)

    def parse(self, raw: Raw) -> list[Envelope]:
        """See Connector."""
        arrival, body = wire.unpack(raw.data)
        if arrival.history:
            return [_from_history(raw, arrival.at, _recorded.read(body))]
        if arrival.visitor is None:
            return [_from_hook(raw, arrival.at, _posted.read(body))]
        written = _written.read(body)
        files = tuple(File("", upload=upload) for upload in dict.fromkeys(written.files))
        return [Message(raw.external_id, arrival.visitor, clean_text(written.text), arrival.at, files=files)]

    # ---- out ----

    async def send(self, letter: Letter) -> Receipt:
        """See Connector. Who sits at a browser reads his replies in the event feed: nothing leaves the machine."""
        kind, _ = addresses.kind_and_name(letter.recipient)
        if kind == addresses.HOOKED:
            return await self._replies.post(letter)
        if kind not in {addresses.ANONYMOUS, addresses.IDENTIFIED}:
            raise Rejected("this is not the address of a visitor")
        return Receipt((letter.key,) if letter.action == "send" else ())

    async def fetch(self, source: str) -> Fetched:
        """See Fetch."""
        response = await self._ask("GET", source, _FILE_TIME)
        try:
            self._check_file(response)
        except ConnectorError:
            response.close()
            raise
        return Fetched(_chunks(response), response.content_type)

    async def check(self) -> str:
        """See Check. Whoever answers at reply_url, with whatever status, is there."""
        said = [
            f"pages of {', '.join(sorted(self._origins)) or 'localhost'} may embed it",
            self._secret_state("identities", self._settings.identity_secret.get_secret_value()),
            self._secret_state("webhook", self._settings.secret.get_secret_value()),
        ]
        if self._settings.reply_url:
            async with await self._ask("HEAD", self._settings.reply_url, _CHECK_TIME) as response:
                said.append(f"{response.url.host} answers at reply_url")
        return "; ".join(said)

    async def close(self) -> None:
        """See Connector."""
        await self._outside.close()

    async def _ask(self, method: str, url: str, seconds: float) -> aiohttp.ClientResponse:
        """A call without effect: whatever goes wrong, it may be made again."""
        try:
            return await self._outside.open(method, url, seconds, headers={"Accept-Encoding": "identity"})
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"no answer: {type(error).__name__}") from error

    def _record(self, body: bytes, at: datetime) -> Raw:
        recorded = _recorded.read(body)
        self._check(recorded)
        if wire.moment(recorded.sent_at, at) is None:
            raise Refused("sent_at: history needs the time it was said", 422)
        return _raw(recorded, wire.Arrival(at, history=True), body)

    def _check(self, posted: wire.Posted) -> None:
        """Raises Refused for a webhook that says nothing, too much, or two things at once."""
        wire.check_key("id", posted.id)
        wire.check_key("visitor", addresses.escape(posted.visitor), addresses.NAME_LENGTH)
        target = posted.edit_of if posted.edit_of is not None else posted.delete_of
        if target is None:
            self._check_content(posted.text or "", len(posted.files))
            for file in posted.files:
                self._check_link(file)
            return
        if posted.edit_of is not None and posted.delete_of is not None:
            raise Refused("edit_of and delete_of exclude each other", 422)
        wire.check_key("edit_of or delete_of", target)
        if target == posted.id:
            raise Refused("id: a change needs an id of its own, not that of its message", 422)
        if posted.edit_of is not None:
            self._check_content(posted.text or "", 0)

    def _check_content(self, text: str, files: int) -> None:
        if len(text) > self._settings.max_text:
            raise Refused(f"text: at most {self._settings.max_text} characters", 413)
        if files > self._settings.max_files:
            raise Refused(f"files: at most {self._settings.max_files}", 422)
        if not files and not text.strip():
            raise Refused("text: nothing is said", 422)

    def _check_link(self, file: wire.Link) -> None:
        if (file.url is None) == (file.base64 is None):
            raise Refused("files: each has either url or base64", 422)
        if file.base64 is not None and len(file.base64) > self._settings.max_file:
            raise Refused(f"files: at most {self._settings.max_file} bytes each", 413)
        if file.url is not None:
            if len(file.url) > wire.URL_LENGTH or not file.url.isprintable():
                raise Refused(f"files: a url has at most {wire.URL_LENGTH} printable characters", 422)
            try:
                self._outside.check(file.url)
            except Rejected as error:
                raise Refused(f"files: {error}", 422) from None

    def _check_file(self, response: aiohttp.ClientResponse) -> None:
        status, size = response.status, response.content_length
        if status in {408, 425, 429} or status >= 500:
            wait = retry_after(response, datetime.now(UTC))
            raise Unavailable(f"the file's server answered HTTP {status}", wait, him_alone=True)
        if status != 200:
            raise Rejected(f"the file's server answered HTTP {status}")
        if size is not None and size > self._settings.max_file:
            raise Rejected(f"the file has {size} bytes; at most {self._settings.max_file} are taken")

    def _secret_state(self, what: str, secret: str) -> str:
        if not secret:
            return f"{what} off"
        return f"{what} on" if len(secret) >= _SHORT_SECRET else f"{what} on, with a secret too short to be safe"


def _raw(posted: wire.Posted, arrival: wire.Arrival, body: bytes) -> Raw:
    address = addresses.hooked(posted.visitor)
    return Raw(addresses.key(address, posted.id), address, wire.pack(arrival, body))


def _from_history(raw: Raw, at: datetime, recorded: wire.Recorded) -> Envelope:
    envelope = _from_hook(raw, at, recorded)
    if isinstance(envelope, Message):
        return msgspec.structs.replace(envelope, direction=recorded.direction, history=True)
    return envelope


def _from_hook(raw: Raw, at: datetime, posted: wire.Posted) -> Envelope:
    name, email = clean_name(posted.name or ""), clean_email(posted.email or "")
    sender = Sender(raw.address_hint, name, email)
    when, text = wire.moment(posted.sent_at, at) or at, clean_text(posted.text or "")
    if posted.edit_of is not None:
        return Edit(addresses.key(sender.address, posted.edit_of), text, when, sender=sender)
    if posted.delete_of is not None:
        return Deletion(addresses.key(sender.address, posted.delete_of), when, sender=sender)
    return Message(raw.external_id, sender, text, when, files=tuple(_file(link) for link in posted.files))


def _file(link: wire.Link) -> File:
    name, kind = clean_text(link.name or ""), clean_text(link.type or "")
    if link.base64 is not None:
        return File(name, kind, len(link.base64), data=link.base64)
    return File(name, kind, source=link.url)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    async with response:
        async for chunk in response.content.iter_chunked(_CHUNK):
            yield chunk
