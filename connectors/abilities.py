"""What connectors may be able to do besides: each ability a protocol of its own, found by its methods."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import msgspec

from connectors.base import Batch, Letter, Raw, Receipt, Sender


@runtime_checkable
class Receive(Protocol):
    """A connector that reads its source itself."""

    def receive(self, cursor: str | None) -> AsyncIterator[Batch]:
        """Batches from `cursor` on; being resumed is the word that the last one is committed."""


@runtime_checkable
class Contested(Protocol):
    """A connector that notices when another program reads its source as well."""

    def contested(self) -> str:
        """What people should know and do while that lasts; empty while there is nothing."""


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


class Original(msgspec.Struct, frozen=True):
    """A raw as a file to save: its media type, the end of its name, and its content as it came."""

    type: str
    suffix: str
    data: bytes


@runtime_checkable
class Originals(Protocol):
    """A connector whose raws are files that people may want to have; its messages say so by `original`."""

    def original(self, raw: Raw) -> Original:
        """The file a raw is; pure."""


@runtime_checkable
class Find(Protocol):
    """A connector that can look up whether a letter arrived."""

    async def find(self, letter: Letter) -> Receipt | None:
        """The receipt of a letter whose call had no known end, None if it did not arrive; raises ConnectorError.

        None also where that cannot be looked up and the channel still knows the key; Doubtful where it may not.
        """


@runtime_checkable
class Names(Protocol):
    """A connector that knows what its channel will call a letter before it is sent."""

    def names_of(self, letter: Letter) -> tuple[str, ...]:
        """The external id the receipt will have, and what else answers may name it by; pure."""


class Profile(msgspec.Struct, frozen=True):
    """What a channel tells of somebody who is asked for; empty where it tells nothing."""

    name: str = ""
    details: dict[str, str] = {}


@runtime_checkable
class Profiles(Protocol):
    """A connector that can be asked who its addresses are."""

    # How many it is asked for at once, at most.
    most_profiles: int

    async def profiles(self, addresses: Sequence[str]) -> dict[str, Profile]:
        """What is known of each; who is missing from the answer is nobody's account. Raises ConnectorError."""


class Signal(msgspec.Struct, frozen=True):
    """Something small and fleeting for a client: that we type, that we have read, that his press of a button counts.

    `data` is what the message's `press` held, or the external id of the newest message that was read.
    """

    kind: Literal["typing", "read", "press"]
    recipient: str
    data: str = ""


@runtime_checkable
class Signals(Protocol):
    """A connector that can give signals."""

    # The kinds it has.
    signals: frozenset[str]

    async def signal(self, signal: Signal) -> None:
        """Give the signal once; what fails is forgotten. Raises ConnectorError."""


class Share(msgspec.Struct, frozen=True):
    """What a letter takes of what its channel allows.

    It counts as `calls` of the channel's rate, and as `own` of the `rate` a second that all who are counted as `whom`
    get; 0 is no limit.
    """

    whom: str
    rate: float = 0.0
    calls: int = 1
    own: int = 1


@runtime_checkable
class Paced(Protocol):
    """A connector whose letters are not all alike to their channel, or not all of its recipients."""

    def share(self, recipient: str, files: int) -> Share:
        """What a letter with so many files to this recipient takes; pure."""


@runtime_checkable
class Warm(Protocol):
    """A connector whose first call takes long, for what it has to load."""

    def warm(self) -> None:
        """Load it now, in a process that will make calls."""


class Vault(Protocol):
    """Where what a channel gives and does not give twice outlives the process; all processes share it."""

    async def change(self, secret: str, work: Callable[[bytes], Awaitable[bytes]]) -> bytes:
        """Run `work`, alone among all processes, on what is kept under `secret` (empty at first), and keep its result.

        What `work` raises goes through and leaves all as it was. The secret, one of the settings, is the key to what
        is kept: under another one there is nothing. Gives back what is kept by then; raises Unavailable.
        """


@runtime_checkable
class Secrets(Protocol):
    """A connector that is given secrets by its channel which it must not forget."""

    def keep_in(self, vault: Vault) -> None:
        """Keep them there; told before the first call, by processes that have a database."""
