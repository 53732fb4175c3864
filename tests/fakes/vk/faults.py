"""What the fake does wrong on demand, and the errors VK answers with."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.fakes import faults

Json = dict[str, Any]
# error: an API error; failed: `answer` instead of events; before, after: HTTP `status` without and with the effect;
# hang, cut: no answer after the effect; unsent: cut before it; html: a page instead of JSON; json: `answer` as it is.
Kind = Literal["error", "failed", "before", "after", "hang", "cut", "unsent", "html", "json"]

TEXTS = {
    1: "Unknown error occurred",
    3: "Unknown method passed",
    5: "User authorization failed: invalid access_token (4).",
    6: "Too many requests per second",
    7: "Permission to perform this action is denied",
    8: "Invalid request",
    9: "Flood control",
    10: "Internal server error",
    14: "Captcha needed",
    15: "Access denied",
    18: "User was deleted or banned",
    27: "Group authorization failed: group revoke access for this token.",
    29: "Rate limit reached",
    100: "One of the parameters specified was missing or invalid",
    113: "Invalid user id",
    129: "Invalid photo",
    211: "Access to wall's comment denied",
    213: "Access to status replies denied",
    900: "Can't send messages for users from blacklist",
    901: "Can't send messages for users without permission",
    902: "Can't send messages to this user due to their privacy settings",
    909: "Can't edit this message, because it's too old",
    910: "Can't sent this message, because it's too big",
    911: "Keyboard format is invalid",
    912: "This is a chat bot feature, change this status in settings",
    913: "Too many forwarded messages",
    914: "Message is too long",
    917: "You don't have access to this chat",
    920: "Can't edit this kind of message",
    924: "Can't delete this message for everybody",
    925: "You are not admin of this chat",
    945: "Chat was disabled",
    950: "Can't send message, reply timed out",
}


class ApiError(Exception):
    """An answer with an error code; `more` goes into the error, as a captcha's sid does."""

    def __init__(self, code: int, detail: str = "", **more: Any) -> None:
        super().__init__(code, detail)
        text = TEXTS.get(code, "Error")
        self.code, self.text, self.more = code, f"{text}: {detail}" if detail else text, more


@dataclass
class Fault:
    """One thing to go wrong, `times` times (-1: always), for calls of `method`; "*" is every API method."""

    kind: Kind
    method: str = "*"
    times: int = 1
    code: int = 10
    status: int = 502
    seconds: float = 30.0
    answer: Json | None = None


class Faults(faults.Faults[Fault]):
    """Those that wait."""

    def __init__(self) -> None:
        super().__init__(lambda method: "." in method)


def captcha(url: str) -> Json:
    """What an error 14 holds besides."""
    return {"captcha_sid": "239633676097", "captcha_img": f"{url}/captcha.php?sid=239633676097&s=1"}
