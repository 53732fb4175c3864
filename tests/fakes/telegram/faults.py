"""What the fake does wrong on demand, and how Telegram says no."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.fakes import faults

Json = dict[str, Any]
# throttle: 429 with `retry_after`, for the chat called or, with `whole_bot`, for all. before, after: HTTP `status`
# without and with the effect. hang, cut: no answer after the effect. unsent: cut before anything is read.
# html: a page instead of JSON, without effect. json: `answer` as it is, without effect.
Kind = Literal["throttle", "before", "after", "hang", "cut", "unsent", "html", "json"]
WITHOUT_EFFECT = frozenset({"throttle", "before", "unsent", "html", "json"})
_PHRASES = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


class BotError(Exception):
    """An answer that is not ok; `parameters` are those of the Bot API."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(code, description)
        self.code, self.description, self.parameters = code, description, parameters

    def body(self) -> Json:
        """The answer."""
        told: Json = {"ok": False, "error_code": self.code, "description": self.description}
        return told | ({"parameters": self.parameters} if self.parameters else {})


def bad(description: str, **parameters: Any) -> BotError:
    """A request that is wrong."""
    return BotError(400, f"Bad Request: {description}", **parameters)


def too_many(retry_after: float) -> BotError:
    """Calls come too fast."""
    return BotError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)


def server_error(status: int) -> BotError:
    """Telegram itself fails."""
    return BotError(status, _PHRASES.get(status, "Error"))


@dataclass
class Fault:
    """One thing to go wrong, `times` times (-1: always), for calls of `method`; "*" is every method but getUpdates."""

    kind: Kind
    method: str = "*"
    times: int = 1
    status: int = 502
    seconds: float = 30.0
    retry_after: float = 1
    whole_bot: bool = False
    answer: Any = None


class Faults(faults.Faults[Fault]):
    """Those that wait."""

    def __init__(self) -> None:
        super().__init__(lambda method: method not in {"getUpdates", "file"})
