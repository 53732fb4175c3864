"""The contract between Okno and the outside world: what a connector takes, gives and may raise."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import msgspec
from pydantic import BaseModel, ConfigDict, Field

# ---- inbound ----


class Raw(msgspec.Struct, frozen=True):
    """One inbound event as the source sent it.

    `external_id` is unique in the channel and never empty; rows with the same `address_hint` stay in order.
    """

    external_id: str
    address_hint: str
    data: bytes


class Batch(msgspec.Struct, frozen=True):
    """Raws that are stored together with the cursor they move the channel to; None leaves the cursor alone."""

    raws: list[Raw]
    cursor: str | None = None


class Proof(msgspec.Struct, frozen=True):
    """An identifier the source vouches for, e.g. ("email", "anna@example.org"): it may join identities."""

    kind: str
    value: str


class Sender(msgspec.Struct, frozen=True):
    """Who wrote: `address` is his own in the channel; the rest is what the source tells of him."""

    address: str
    name: str = ""
    email: str = ""
    proofs: tuple[Proof, ...] = ()


class File(msgspec.Struct, frozen=True):
    """A file that came with a message, by exactly one of: `data`, an `upload` already stored, or `source`.

    `source` is a reference the connector's own `fetch` understands; the file follows its message.
    """

    name: str
    type: str = ""
    size: int = 0
    data: bytes | None = None
    upload: str | None = None
    source: str | None = None


class Message(msgspec.Struct, frozen=True, tag="message"):
    """Something was written. `source_key` orders messages of the same `sent_at`; `data` is kept with the message.

    `direction` is "out" for what our side wrote elsewhere; `sender` is the client all the same. A message of `history`
    neither reopens an episode nor counts as unread.
    """

    external_id: str
    sender: Sender
    text: str
    sent_at: datetime
    source_key: str = ""
    html: str | None = None
    files: tuple[File, ...] = ()
    reply_to: str | None = None
    data: dict[str, Any] | None = None
    direction: Literal["in", "out"] = "in"
    history: bool = False
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


class Edit(msgspec.Struct, frozen=True, tag="edit"):
    """The message `external_id` reads differently now.

    With `sender`, an edit that overtook its message stands for it.
    """

    external_id: str
    text: str
    edited_at: datetime
    html: str | None = None
    sender: Sender | None = None


class Deletion(msgspec.Struct, frozen=True, tag="deletion"):
    """The message `external_id` was taken back.

    With `sender`, a deletion that overtook its message stands for it.
    """

    external_id: str
    deleted_at: datetime
    sender: Sender | None = None


class Reaction(msgspec.Struct, frozen=True, tag="reaction"):
    """`address` reacted to the message `external_id`; an empty `emoji` takes the reaction back."""

    external_id: str
    address: str
    emoji: str


class DeliveryReport(msgspec.Struct, frozen=True, tag="report"):
    """What the channel says of a letter it took: the message `external_id` was delivered, read, or failed after all."""

    external_id: str
    state: Literal["delivered", "read", "failed"]
    at: datetime
    error: str = ""


Envelope = Message | Edit | Deletion | Reaction | DeliveryReport


# ---- outbound ----


class Outgoing(msgspec.Struct, frozen=True):
    """A stored file on its way out: read it from `path`."""

    id: str
    name: str
    type: str
    size: int
    path: str


class Letter(msgspec.Struct, frozen=True):
    """One outbound call with an effect; `key` is the same at every try, `external_id` is what edit and delete touch."""

    id: int
    key: str
    recipient: str
    action: Literal["send", "edit", "delete"]
    text: str
    author: str
    sent_at: datetime
    files: tuple[Outgoing, ...] = ()
    reply_to: str | None = None
    external_id: str | None = None


class Receipt(msgspec.Struct, frozen=True):
    """What the channel answered: the ids it gave to what was sent, none if it gives none."""

    external_ids: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True):
    """What one letter of a message carries."""

    text: str
    files: tuple[int, ...] = ()


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel can carry. `idempotent`: the same key twice has one effect; sizes in characters and bytes."""

    text: int
    file: int
    files: int
    idempotent: bool
    edits: bool = False
    deletes: bool = False
    # Seconds after which a call under way counts as lost.
    call: float = 30.0


# ---- failures ----


class ConnectorError(Exception):
    """The channel could not do it; the text is safe to show to operators."""


class Rejected(ConnectorError):
    """The channel will never take this letter."""


class Blocked(Rejected):
    """The client can no longer be reached at this address."""


class Unavailable(ConnectorError):
    """The channel certainly did not take it; try again after `retry_after` seconds, or by schedule when None."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Denied(ConnectorError):
    """The credentials are wrong: the channel stops and somebody is told."""


class Refused(ConnectorError):
    """A pushed request is not accepted; `status` is the HTTP status it gets."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


# ---- settings ----


class ChannelSettings(BaseModel):
    """Keys every channel's section understands; settings.toml explains them. Times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    enabled: bool = True
    reopen: Literal["always", "within", "new"] = "within"
    reopen_within: float = Field(3 * 86400, ge=0)
    on_unknown: Literal["resend", "hold"] = "resend"
    retry: tuple[float, ...] = Field((1, 2, 5, 15, 60, 300, 900, 3600), min_length=1)
    retry_for: float = Field(86400, ge=0)
    rate: float = Field(0, ge=0)


# ---- the contract ----


class Connector(Protocol):
    """A channel kind. It translates and transports; it never stores, routes or decides."""

    Settings: ClassVar[type[ChannelSettings]]
    limits: Limits

    def __init__(self, name: str, settings: Any) -> None:
        """`name` is the channel's, `settings` an instance of `Settings`. Opens nothing yet."""

    def parse(self, raw: Raw) -> list[Envelope]:
        """The normal form of a raw; pure. Raises anything on a raw it cannot read: that one is parked."""

    async def send(self, letter: Letter) -> Receipt:
        """Make the call. Raises Rejected, Blocked, Unavailable or Denied; anything else means outcome unknown."""

    async def close(self) -> None:
        """Give connections back."""


@runtime_checkable
class Receive(Protocol):
    """A connector that reads its source itself."""

    def receive(self, cursor: str | None) -> AsyncIterator[Batch]:
        """Batches from `cursor` on; being resumed is the word that the last one is committed."""


class Request(msgspec.Struct, frozen=True):
    """A pushed request: lower-case headers, whole body, and when it arrived."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime


class Answer(msgspec.Struct, frozen=True):
    """What a pushed request means (`batch`, or None for nothing to store) and the reply once that is committed."""

    batch: Batch | None
    status: int = 200
    body: bytes = b""
    type: str = "application/json"


@runtime_checkable
class Hook(Protocol):
    """A connector whose source pushes to POST /hooks/{channel}."""

    def accept(self, request: Request) -> Answer:
        """Check who sent it and read it; raises Refused. Pure: the answer goes out after the commit."""


class Session(msgspec.Struct, frozen=True):
    """What a chat gives to somebody who opens it: `token` proves at each later request that he is `visitor`."""

    token: str
    visitor: Sender
    expires_at: datetime


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What a chat lets one caller do: requests a minute (0 is no limit), and bytes of files in a day."""

    sessions: int
    messages: int
    files: int
    bytes_a_day: int


@runtime_checkable
class Chat(Protocol):
    """A connector whose clients talk to us through /chat/{channel}, in their browsers.

    All of it is pure; `key` is the secret this installation signs sessions with. Every method but the last two raises
    Refused.
    """

    allowance: Allowance

    def open_session(self, body: bytes, old_token: str | None, key: bytes, at: datetime) -> Session:
        """A session for who asks in `body` ({name?, email?, identity?}); with a valid old token, the same visitor."""

    def visitor(self, token: str, key: bytes) -> Sender:
        """Who holds the token; Refused with 401 asks for a new session."""

    def session(self, token: str, key: bytes) -> Session:
        """The same, and how long he may hold it."""

    def message(self, visitor: Sender, body: bytes, at: datetime) -> Raw:
        """What the visitor wrote at `at` ({id, text, files?: [upload]})."""

    def own_id(self, visitor: Sender, external_id: str) -> str:
        """The id the visitor gave to his message; of a message that is not his own, the whole `external_id`."""

    def origin_allowed(self, origin: str | None, own_origins: frozenset[str]) -> bool:
        """Whether a page of this `Origin` may use the chat; `own_origins` are the installation's own."""


class Fetched(msgspec.Struct, frozen=True):
    """The content of a file by reference; `type` as its server says. Whoever stops reading early closes `chunks`."""

    chunks: AsyncGenerator[bytes, None]
    type: str = ""


@runtime_checkable
class Fetch(Protocol):
    """A connector whose files are fetched after their message."""

    async def fetch(self, source: str) -> Fetched:
        """Open the file behind a `File.source`. Raises Rejected for one that will never come, else Unavailable."""


@runtime_checkable
class Check(Protocol):
    """A connector that can prove its credentials."""

    async def check(self) -> str:
        """One line on what answers there. Raises ConnectorError with what is wrong and how to mend it."""


class Found(msgspec.Struct, frozen=True):
    """A message read from a file of history, or why it could not be; `position` is how many bytes were read by then."""

    raw: Raw | str
    position: int


@runtime_checkable
class Import(Protocol):
    """A connector that reads files of history."""

    def read(self, path: Path) -> Iterator[Found]:
        """Every message of the file, in order. The same file gives the same keys each time. Raises OSError."""
