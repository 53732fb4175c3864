"""The contract between Okno and the outside world: what a connector takes, gives and may raise."""

from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol

import msgspec
from pydantic import BaseModel, ConfigDict, Field

# ---- inbound ----


class Raw(msgspec.Struct, frozen=True):
    """One inbound event as the source sent it.

    `external_id` is unique in the channel and never empty; rows with the same `address_hint` stay in order. Of a large
    one `data` is empty and `file` the path of a file with it, which is the storer's from then on. `digest` tells the
    content, where the source may bring it again under another key.
    """

    external_id: str
    address_hint: str
    data: bytes
    file: str = ""
    digest: str = ""


class Batch(msgspec.Struct, frozen=True):
    """Raws that are stored together with the cursor they move the channel to; None leaves the cursor alone.

    Told `by_content`, a raw whose digest is known is there already, under whatever key.
    """

    raws: list[Raw]
    cursor: str | None = None
    by_content: bool = False


class Proof(msgspec.Struct, frozen=True):
    """An identifier the source vouches for, e.g. ("email", "anna@example.org"): it may join identities."""

    kind: str
    value: str


class Sender(msgspec.Struct, frozen=True):
    """Who wrote: `address` is where he is answered, his own in the channel; the rest is what the source tells of him.

    `profile` holds what has no field (username, language, start …). `ask` says that the source told no name, and that
    the connector's `profiles` can be asked for it.
    """

    address: str
    name: str = ""
    email: str = ""
    proofs: tuple[Proof, ...] = ()
    profile: dict[str, str] | None = None
    ask: bool = False


class File(msgspec.Struct, frozen=True):
    """A file that came with a message, by exactly one of: `data`, an `upload` already stored, or `source`.

    `source` is a reference the connector's own `fetch` understands; the file follows its message. `key` is what the
    source calls the content, the same in a message and in its edits; a mail's page shows it as `cid:<key>`.
    """

    name: str
    type: str = ""
    size: int = 0
    data: bytes | None = None
    upload: str | None = None
    source: str | None = None
    key: str = ""


class Message(msgspec.Struct, frozen=True, tag="message"):
    """Something was written. `source_key` orders messages of the same `sent_at`; `data` is kept with the message.

    `direction` is "out" for what our side wrote elsewhere; `sender` is the client all the same, and `echo` the `number`
    of the letter it would be if we wrote it, or that letter's text where numbers are not told. A message
    of `history` neither reopens an episode nor counts as unread.

    Messages of one `album` become one message with the files of all. `author` is who of several people behind the
    address wrote it. `respond` is what the client is told in return, by a machine. `press` says that a button was
    pressed and what the channel wants to hear of it: it goes back in a signal. `thread` is what the connector wants to
    know of it with letters that follow.

    `aliases` are further keys by which others may speak of it, and `answers` those of messages it may answer, the
    likeliest first; anybody can name such keys, so they count in the sender's own dialog, or where he was admitted.
    What a machine wrote is `automatic`: it opens nothing. One that may be `ours`, by who wrote it, is dropped if it has
    a key of a letter of ours. `claimed` is the address it bears, where the source doubts that he wrote it: `sender` is
    then an address of its own, and the message is held apart until somebody admits that one, and is still doubted then
    if it is `forgeable`: anybody could have that one as well. With `original` what it
    came in is a file people may want: see Originals.
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
    album: str | None = None
    author: str = ""
    echo: int | str | None = None
    thread: dict[str, Any] | None = None
    aliases: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    automatic: bool = False
    ours: bool = False
    claimed: str = ""
    forgeable: bool = False
    original: bool = False
    respond: str = ""
    press: str | None = None


class Edit(msgspec.Struct, frozen=True, tag="edit"):
    """The message `external_id` reads differently now.

    `files` are all it has now, each with its `key`: those it did not have are added to those it had. With `sender`, an
    edit that overtook its message stands for it.
    """

    external_id: str
    text: str
    edited_at: datetime
    html: str | None = None
    sender: Sender | None = None
    files: tuple[File, ...] = ()


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


class Reach(msgspec.Struct, frozen=True, tag="reach"):
    """The client can be written to at this address from `at` on, or can no longer be."""

    sender: Sender
    reachable: bool
    at: datetime


class Move(msgspec.Struct, frozen=True, tag="move"):
    """Who had the address `before` has `after` from now on."""

    before: str
    after: str


Envelope = Message | Edit | Deletion | Reaction | DeliveryReport | Reach | Move


# ---- outbound ----

# Bytes a second that an upload makes at least; one that is slower counts as lost.
UPLOAD = 128 * 1024


class Outgoing(msgspec.Struct, frozen=True):
    """A stored file on its way out: read it from `path`."""

    id: str
    name: str
    type: str
    size: int
    path: str


class Span(msgspec.Struct, frozen=True):
    """A stretch of text with a look of its own, from `start` up to `end` in code points; `url` only of a link."""

    kind: Literal["bold", "italic", "underline", "strike", "code", "pre", "quote", "spoiler", "link"]
    start: int
    end: int
    url: str = ""


class Button(msgspec.Struct, frozen=True):
    """A button below a message: a link, or an answer that comes back as a message with its text and `data`."""

    text: str
    data: str = ""
    url: str = ""


class Quoted(msgspec.Struct, frozen=True):
    """What the recipient wrote last in the channel, and under which name."""

    text: str
    name: str
    at: datetime


class Letter(msgspec.Struct, frozen=True):
    """One outbound call with an effect; `external_id` is what edit and delete touch.

    Where a letter became several messages, a deletion takes back the `others` too. `key` is the same at every try, and
    so is `number`, 1 … 2³¹-1, for channels whose keys are numbers. `buttons` are rows of them. `reply_to` is what it
    answers; of a reply in several letters the first says so, and the others are told by `below`. `thread` is what the
    client's newest message in the channel had as its own, and `quoted` its words, where the channel's limits ask for
    them. What no person wrote is `automatic`. `signature` is that of the author's department.
    """

    id: int
    key: str
    recipient: str
    action: Literal["send", "edit", "delete"]
    text: str
    author: str
    sent_at: datetime
    files: tuple[Outgoing, ...] = ()
    reply_to: str | None = None
    below: str | None = None
    external_id: str | None = None
    others: tuple[str, ...] = ()
    thread: dict[str, Any] | None = None
    quoted: Quoted | None = None
    automatic: bool = False
    signature: str = ""
    number: int = 1
    spans: tuple[Span, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """What the channel answered: the ids it gave to what was sent, none if it gives none."""

    external_ids: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True):
    """What one letter of a message carries."""

    text: str
    files: tuple[int, ...] = ()
    spans: tuple[Span, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel can carry. `idempotent`: the same key twice has one effect; sizes in characters and bytes.

    Where letters are `ordered`, one that is to be tried again holds up those behind it to the same client. `caption` is
    how much text goes with files, `text` as long as it is None. Of `groups` of media types (`image/` is all that begin
    so) up to `files` go in one letter, of any other type one; without groups all go together. With `quotes` a reply
    brings along what the client wrote last.
    """

    text: int
    file: int
    files: int
    idempotent: bool
    edits: bool = False
    deletes: bool = False
    formats: bool = False
    buttons: bool = False
    quotes: bool = False
    ordered: bool = True
    caption: int | None = None
    groups: tuple[tuple[str, ...], ...] = ()
    # Bytes of all files of a letter; no limit when None.
    together: int | None = None
    # Seconds after which a call under way counts as lost, when it carries no files.
    call: float = 30.0

    def seconds(self, letter: Letter) -> float:
        """How long the call of this letter may take."""
        return self.call + sum(file.size for file in letter.files) / UPLOAD


# ---- failures ----


class ConnectorError(Exception):
    """The channel could not do it; the text is safe to show to operators."""


class Rejected(ConnectorError):
    """The channel will never take this letter."""


class Blocked(Rejected):
    """The client can no longer be reached at this address."""


class Moved(ConnectorError):
    """Not taken, for the client has another `address` now: the same letter goes there."""

    def __init__(self, message: str, address: str) -> None:
        super().__init__(message)
        self.address = address


class Unavailable(ConnectorError):
    """The channel certainly did not take it; try again after `retry_after` seconds, or by schedule when None.

    Meanwhile the whole channel is silent, or only the letter's recipient (or the file's server) when it is about
    `him_alone`.
    """

    def __init__(self, message: str, retry_after: float | None = None, *, him_alone: bool = False) -> None:
        super().__init__(message)
        self.retry_after, self.him_alone = retry_after, him_alone


class Denied(ConnectorError):
    """The channel takes nothing from us, as with wrong credentials: it stops and somebody is told.

    It is tried again after `retry_after` seconds, or as the pipeline thinks fit when None.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Doubtful(ConnectorError):
    """Whether it arrived cannot be found out, and once more could be twice: somebody has to look."""


class Refused(ConnectorError):
    """A pushed request is not accepted; `status` is the HTTP status it gets."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


# ---- settings ----


class ChannelSettings(BaseModel):
    """Keys every channel's section understands; settings.toml explains them. Times in seconds, rates a second."""

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
