"""What comes in through a webchat's doors: read strictly, refused in clear words, and packed for the inbox."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, NoReturn, TypeVar

import msgspec

from connectors.base import Refused, Sender

T = TypeVar("T")

KEY_LENGTH = 128
URL_LENGTH = 2048
# Times before this and further ahead than this are a broken clock's.
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=5)


class Opening(msgspec.Struct):
    """The body that opens a session."""

    name: str | None = None
    email: str | None = None
    identity: str | None = None


class Written(msgspec.Struct):
    """The body of a visitor's message; `files` are uploads."""

    id: str
    text: str = ""
    files: list[str] = []


class Link(msgspec.Struct):
    """A file in a webhook's body, by one of `url` and `base64`."""

    name: str | None = None
    type: str | None = None
    url: str | None = None
    base64: bytes | None = None


class Posted(msgspec.Struct):
    """The body of a webhook: a message, or with `edit_of` or `delete_of` what becomes of an earlier one."""

    id: str
    visitor: str
    text: str | None = None
    name: str | None = None
    email: str | None = None
    sent_at: Any = None
    files: list[Link] = []
    edit_of: str | None = None
    delete_of: str | None = None


class Recorded(Posted):
    """A line of history: like a webhook's body, and "out" for what our side wrote."""

    direction: Literal["in", "out"] = "in"


class Arrival(msgspec.Struct, omit_defaults=True):
    """What the door knows beside the body: when it came, from a browser whose session it was, or that it is history."""

    at: datetime
    visitor: Sender | None = None
    history: bool = False


class Reader(Generic[T]):
    """Reads bodies of one kind."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, body: bytes) -> T:
        """Raises Refused: 400 for what is no JSON object, 422 for one with wrong fields."""
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            _refuse(error, body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._read_slowly(body)

    def _read_slowly(self, body: bytes) -> T:
        """JSON lets halves of UTF-16 pairs through, and people's programs send them; the fast reader does not."""
        try:
            # Some write such a half without an escape, in bytes of its own.
            found = json.loads(body.decode(errors="surrogatepass"), parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise Refused(f"the body is not JSON: {error}") from None
        try:
            return msgspec.convert(found, self._kind)
        except msgspec.ValidationError as error:
            _refuse(error, body)


_encoder = msgspec.json.Encoder()
_arrivals = msgspec.json.Decoder(Arrival)


def pack(arrival: Arrival, body: bytes) -> bytes:
    """A raw's data: one line on the arrival, and after it the body as it came."""
    return _encoder.encode(arrival) + b"\n" + body


def unpack(data: bytes) -> tuple[Arrival, bytes]:
    """The arrival and the body."""
    head, _, body = data.partition(b"\n")
    return _arrivals.decode(head), body


def check_key(what: str, value: str, limit: int = KEY_LENGTH) -> None:
    """Raises Refused unless the value, of at most `limit` characters, can be a part of a key that is kept for ever."""
    if not value.strip():
        raise Refused(f"{what}: must not be empty", 422)
    if len(value) > limit:
        raise Refused(f"{what}: at most {limit} characters", 422)
    if not value.isprintable():
        raise Refused(f"{what}: must be printable", 422)


def moment(value: Any, at: datetime) -> datetime | None:
    """The time a source gives, in UTC if it names no zone; None for one that cannot be, seen from `at`."""
    try:
        given = datetime.fromisoformat(value)
        # An offset can carry the first and the last year out of the calendar.
        given = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return given if _FIRST <= given <= at + _AHEAD else None


def _refuse(error: msgspec.ValidationError, body: bytes) -> NoReturn:
    if body.lstrip()[:1] != b"{":
        raise Refused("the body is not a JSON object") from None
    raise Refused(str(error), 422) from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
