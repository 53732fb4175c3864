"""What a mail server's refusals mean, in the words of the contract. Pure."""

import re
from typing import Literal

from connectors.base import Blocked, ConnectorError, Denied, Rejected, Unavailable
from connectors.text import clean_name

# Where in the talk the server said no: its greeting, our login, our address, the client's, the mail itself.
Stage = Literal["greeting", "login", "sender", "recipient", "data"]

_LONGEST = 300
# Status codes of RFC 3463, which say more than the three digits before them.
_STATUS = re.compile(r"(?<![\d.])[245]\.(\d{1,3}\.\d{1,3})(?![\d.])")
# It is about the client: nobody there, a mailbox that is shut, a domain that takes no mail (RFC 7505).
_NOBODY = ("1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.1", "4.4")
_NOBODY_CODES = frozenset({550, 551, 553, 556})
# It is not, whatever the digits: a policy (7.), the mail (6., 3.), a full mailbox, our own address.
_SOMETHING_ELSE = ("7.", "6.", "3.", "2.2", "2.3", "1.7", "1.8")
_NO_RELAY = re.compile(
    r"relay(ing)? (access )?denied|relaying (is )?(denied|not)|authentication required|not logged in|log ?in first",
    re.IGNORECASE,
)
# What the client's own server told ours.
_THEIRS = re.compile(r"callout|verif|remote|recipient address rejected", re.IGNORECASE)


def refusal(stage: Stage, code: int, text: str) -> ConnectorError:
    """What a reply that is not the one hoped for means; nothing was taken."""
    said = f"{code} {clean_name(text, _LONGEST)}".strip()
    if code == 421 or not 500 <= code < 600:
        # Grey-listing and full queues: about this recipient, once the server has heard of him.
        return Unavailable(f"the mail server says later: {said}", him_alone=stage in {"recipient", "data"})
    if stage == "login":
        return Denied(f"the mail server does not take user and password: {said}")
    if code == 530:
        return Denied(f"the mail server wants a login first, set user and password: {said}")
    if stage == "greeting":
        return Denied(f"the mail server does not talk to us: {said}")
    if stage == "sender":
        return _of_sender(code, said)
    return _of_recipient(code, said) if stage == "recipient" else _of_data(said)


def _of_sender(code: int, said: str) -> ConnectorError:
    if code == 552 or _status(said) == "3.4":
        return Rejected(f"the mail is too large for the mail server: {said}")
    return Denied(f"the mail server does not let us write as the channel's address: {said}")


def _of_recipient(code: int, said: str) -> ConnectorError:
    status = _status(said)
    if not status.startswith("1.") and _NO_RELAY.search(said) and not _THEIRS.search(said):
        return Denied(f"the mail server takes mail for others only after a login, set user and password: {said}")
    if status in _NOBODY or (code in _NOBODY_CODES and not status.startswith(_SOMETHING_ELSE)):
        return Blocked(f"nobody is reached at this address: {said}")
    return Rejected(f"the mail server refused the recipient: {said}")


def _of_data(said: str) -> ConnectorError:
    # Some servers look at the recipient this late.
    if _status(said) in _NOBODY:
        return Blocked(f"nobody is reached at this address: {said}")
    return Rejected(f"the mail server refused the mail: {said}")


def _status(said: str) -> str:
    found = _STATUS.search(said)
    return found[1] if found else ""
