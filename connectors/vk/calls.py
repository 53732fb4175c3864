"""How VK is called, whoever makes the call, and what its errors mean."""

from typing import Any, Protocol

from connectors.base import Blocked, ConnectorError, Denied, Rejected, Unavailable
from connectors.text import clean_name


class Calls(Protocol):
    """VK's API."""

    async def call(self, method: str, /, **values: Any) -> Any:
        """What VK answers. Raises ConnectorError, and anything else when nobody knows whether it took effect."""

    def close(self) -> None:
        """Give connections back, without waiting for a call that hangs."""


class Closed(Rejected):
    """VK does not let us look there."""


class Unclear(Exception):
    """The call was made, and nobody can know what became of it."""


_KEY = "make a new key in the community's settings under API usage and restart"
_CAPTCHA = "VK wants to see a captcha; it passes when the community writes less for a while"
# What keeps everything back until somebody has a look, and seconds until it is tried again; None is as with any key.
_DENIED: dict[int, tuple[str, float | None]] = {
    5: (f"VK does not accept the key; {_KEY}", None),
    14: (_CAPTCHA, 60.0),
    27: (f"VK does not accept the community's key; {_KEY}", None),
    28: (f"VK does not accept the key, it is an application's; {_KEY}", None),
    42: ("VK does not accept the key from this machine's address; see the key's settings", None),
    601: ("the community has used up its calls of today", 3600.0),
    1117: (f"the key is out of date; {_KEY}", None),
    3300: (_CAPTCHA, 60.0),
}
# Seconds to wait; None is by schedule.
_LATER: dict[int, tuple[str, float | None]] = {
    6: ("VK asks for fewer calls a second", 1.0),
    29: ("the community has used up its calls of this kind", 60.0),
    32: ("VK asks to wait", None),
    43: ("this part of VK is closed for the moment", None),
}
# The same words again to the same person: others may be written to.
_FLOOD, _FLOOD_WAIT = 9, 30.0
# Unknown error, internal error, a broken script, a time-out: it may have happened all the same.
_UNCLEAR = {1, 10, 13, 36}
_BLOCKED = {
    18: "the client's page is deleted or banned",
    900: "the client is on the community's black list, or has it on his",
    901: "the client has not allowed the community to write; he has to write first",
    902: "the client's privacy settings forbid messages",
    917: "the community has no access to this conversation",
    922: "the community has left this conversation",
    927: "this conversation does not exist any more",
    932: "the community cannot talk to this peer",
    936: "there is no such contact",
    945: "this conversation was switched off",
    946: "this conversation takes no messages from communities",
    950: "the time in which the client can be answered is over",
    962: "this conversation is for subscribers alone",
    985: "this peer takes no messages",
    1012: "writing is switched off in this conversation",
}
_REJECTED = {
    909: "the message is too old to be edited",
    910: "the message is too large",
    911: "VK does not take these buttons",
    912: "switch bot features on in the community's settings under Messages; without them there are no buttons",
    913: "too many forwarded messages",
    914: "the text is too long for VK",
    920: "messages of this kind cannot be edited",
    924: "the message cannot be deleted for everybody; VK allows that for a day",
    925: "the community is no administrator of this conversation",
    949: "a message that was just pinned cannot be edited yet",
}
_NO_ACCESS = {7, 15}
# "Method is unavailable with the current scopes", and with this kind of application.
_SCOPES = {1133, 1134}


def meaning(code: int, text: str, subcode: int = 0) -> Exception:
    """What VK's error is to the pipeline: a ConnectorError, or Unclear where it may have happened all the same."""
    told = f"{clean_name(text, 200)} (VK's error {code})"
    if code in _UNCLEAR:
        return Unclear(told)
    if words := _of_one_method(code, text, subcode):
        return Rejected(f"{words}: {told}")
    if code in _DENIED:
        words, wait = _DENIED[code]
        return Denied(f"{words}: {told}", wait)
    if code == _FLOOD:
        return Unavailable(f"too much of the same to one client: {told}", _FLOOD_WAIT, him_alone=True)
    if code in _LATER:
        words, wait = _LATER[code]
        return Unavailable(f"{words}: {told}", wait)
    return _final(code, told)


def _of_one_method(code: int, text: str, subcode: int) -> str:
    """What is wrong with the one call, where the key is good for others; nothing for all other errors."""
    if code == 27 and "method is unavailable" in text:
        return "VK does not let a community's key do this"
    lacking = subcode in _SCOPES or "scope" in text or "method is unavailable" in text
    return f"the key lacks a right for this; {_KEY}" if lacking and code in {*_NO_ACCESS, 27} else ""


def _final(code: int, told: str) -> ConnectorError:
    if code in _NO_ACCESS:
        return Closed(f"VK does not let us: {told}")
    if code in _BLOCKED:
        return Blocked(f"{_BLOCKED[code]}: {told}")
    return Rejected(f"{_REJECTED.get(code, 'VK refused it')}: {told}")
