"""The API's answers, for its documentation; the tests hold what is answered against them."""

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")

Role = Literal["admin", "operator", "read-only"]
TaskKind = Literal["request", "question", "complaint", "commitment"]
TaskStatus = Literal["proposed", "open", "done", "cancelled", "rejected"]
Promiser = Literal["client", "operator"]
Priority = Literal["normal", "high"]
LetterState = Literal["queued", "sending", "sent", "failed", "unconfirmed", "cancelled", "held"]


class Answer(BaseModel):
    """An answer; nothing in it that is not told here."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """An error (RFC 9457). `errors` names the fields at fault; other members depend on the error."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = []


class Page(Answer, Generic[T]):
    """A page of a list; `next` is the cursor of the one after it, null at the end."""

    items: list[T]
    next: str | None


class Me(Answer):
    """Who holds the token; `timezone` is that of the business, by whose clock days are counted."""

    id: int
    name: str
    role: Role
    timezone: str


class Person(Answer):
    """An operator by name."""

    id: int
    name: str


class Identity(Answer):
    """One address of a client; not `reachable` once the channel said that nobody is there any more.

    `profile` holds what the channel tells of him: username, language, avatar, start (of the link he came by) …
    """

    channel: str
    address: str
    name: str
    reachable: bool
    profile: dict[str, str]


class File(Answer):
    """A file; `state` stands only while its content is not here.

    `key` is what the channel calls the content, where it does: the page of a mail shows it as `cid:<key>`.
    """

    id: str
    name: str
    type: str
    size: int
    key: str | None = None
    state: Literal["pending", "failed"] | None = None


class Author(Answer):
    """Who wrote a message."""

    kind: Literal["client", "operator", "system"]
    id: int | None
    name: str


class Delivery(Answer):
    """How a reply fares: the gravest state of its letters, and after an unknown outcome that it may be there twice."""

    state: LetterState
    attempts: int
    letters: list[int]
    error: str | None = None
    maybe_twice: bool = False


class Message(Answer):
    """One entry of a dialog; `seq` is its number of arrival.

    `data` holds what the channel told besides: author (of a group), forwarded_from, quote, location, link, payload,
    button, reactions; of a mail subject, to, cc, notes, `mail` (auto, bounce or bulk) and `whole` {text, cuts,
    html?}: all of it, and the stretches `text` leaves out. `claims` is a dialog the sender names and was not admitted
    to; `held` says that the source takes him for a forger, `admitted` that he was let in since. `original` is where
    what it came in can be had as a file.
    """

    id: int
    seq: int
    direction: Literal["in", "out", "note", "event"]
    channel: str | None
    author: Author
    text: str
    html: str | None = None
    original: str | None = None
    files: list[File]
    reply_to: int | None = None
    sent_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    delivery: Delivery | None = None
    data: dict[str, Any] | None = None


class Known(Answer):
    """A client as his dialog shows him."""

    id: int
    name: str
    identities: list[Identity]


class Episode(Answer):
    """The newest stretch of work in a dialog; without assignee it waits in the queue."""

    number: int
    status: Literal["open", "resolved"]
    assignee: Person | None
    opened_at: datetime
    department: str | None
    category: str | None
    priority: str
    tags: list[str]
    first_reply_at: datetime | None
    resolved_at: datetime | None
    snoozed_until: datetime | None


class Dialog(Answer):
    """Everything said with one client; `unread` counts his messages since somebody read."""

    id: int
    client: Known
    episode: Episode | None
    channels: list[str]
    last_message: Message | None
    last_at: datetime
    unread: int
    open_tasks: int


class Begun(Dialog):
    """A dialog that was just written into."""

    message: Message


class Client(Answer):
    """A client; `dialog` is null until something was said."""

    id: int
    name: str
    email: str
    phone: str
    note: str
    identities: list[Identity]
    dialog: int | None
    created_at: datetime
    updated_at: datetime


class Department(Answer):
    """Operators whose mails end with the same signature; where it is empty, with the channel's."""

    id: int
    name: str
    signature: str
    created_at: datetime


class Operator(Answer):
    """Somebody who answers, or only looks; not `active` once he was let go."""

    id: int
    name: str
    role: Role
    active: bool
    department: int | None
    created_at: datetime


class Token(Answer):
    """What may be shown of a token: its beginning, and when it was used last, give or take a minute."""

    id: int
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewToken(Token):
    """A token in full: shown once. The answer to a repeated request has null there."""

    token: str | None


class Whose(Answer):
    """A client by name."""

    id: int
    name: str


class Evidence(Answer):
    """Words that prove a task: their place in the message's text, in code points, and the words themselves."""

    message: int
    start: int
    end: int
    text: str


class Task(Answer):
    """One thing to do, answer or wait for.

    `due` is a day and `due_time` an hour by the business's own clock, `due_at` the moment from which it is overdue;
    `due_phrase` the words that said so, or the day they move it to. Who promised it stands on a commitment, in
    `related` the task that one serves. `message` is the one it was found in. `suggestion` is a change a machine is not
    sure of: fields with their values, message, reason and confidence. `nudged_at` is when the client last asked how it
    stands. `rules` found it, of the version `extractor`; a task that no machine found has neither.
    """

    number: int
    dialog: int
    client: Whose
    kind: TaskKind
    promised_by: Promiser | None
    title: str
    due: date | None
    due_time: str | None
    due_phrase: str | None
    due_at: datetime | None
    overdue: bool
    priority: Priority
    status: TaskStatus
    confidence: float
    origin: Literal["rule", "llm", "operator", "delivery"]
    rules: list[str]
    extractor: str | None
    assignee: Person | None
    related: int | None
    message: int | None
    evidence: list[Evidence]
    suggestion: dict[str, Any] | None
    nudged_at: datetime | None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class TaskChange(Answer):
    """A change of a task: the fields that changed. The one that made it has nothing before.

    `actor` is "operator:7", or the kind of machine that made it; `message` what caused it; `undone_by` the change that
    took it back.
    """

    id: int
    at: datetime
    actor: str
    before: dict[str, Any]
    after: dict[str, Any]
    message: int | None
    reason: str
    rules: list[str]
    undone_by: int | None


class Event(Answer):
    """A line of the journal; `actor` is "operator:7", "client:12", "system", or "rule" or "llm" for tasks."""

    id: int
    type: str
    at: datetime
    actor: str
    dialog: int | None
    data: dict[str, Any]


class Raw(Answer):
    """An inbound event that waits to be processed, or is parked for a `reason`; `size` in bytes."""

    id: int
    channel: str
    external_id: str
    address: str
    received_at: datetime
    size: int
    state: Literal["parked", "waiting"]
    reason: str | None = None
    parked_at: datetime | None = None
    attempts: int | None = None


class Replayed(Answer):
    """A raw that is processed again."""

    id: int
    state: Literal["waiting"]


class Letter(Answer):
    """One outbound call of a message; `next_at` is when it is tried, or tried again."""

    id: int
    message: int
    dialog: int
    part: int
    channel: str
    recipient: str
    action: Literal["send", "edit", "delete"]
    state: LetterState
    attempts: int
    maybe_twice: bool
    automatic: bool
    error: str | None
    created_at: datetime
    send_at: datetime
    next_at: datetime
    sent_at: datetime | None


class Halt(Answer):
    """Why a channel stands still, and when it is tried again."""

    reason: str
    since: datetime
    until: datetime


class Refusals(Answer):
    """Why calls to a channel's hook are turned away: since when, and when it happened last, to the minute."""

    reason: str
    since: datetime
    last: datetime


class Channel(Answer):
    """A configured channel and its counts; `received` is the sum of the four after it.

    `can` says what can be done to a reply that is out.
    """

    name: str
    kind: str
    enabled: bool
    can: list[Literal["edit", "delete"]]
    received: int
    processed: int
    duplicate: int
    parked: int
    in_flight: int
    lag_seconds: float
    last_received_at: datetime | None
    outbox: dict[LetterState, int]
    halt: Halt | None
    refused: Refusals | None


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route may answer beside its success, for the documentation."""
    return {status: {"model": Problem, "content": {"application/problem+json": {}}} for status in statuses}
