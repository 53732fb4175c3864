"""What mail servers write when they say no, and whose fault each of it is."""

import pytest

from connectors.base import Blocked, ConnectorError, Denied, Rejected, Unavailable
from connectors.email.refusals import Stage, refusal


@pytest.mark.parametrize(
    ("stage", "reply", "error"),
    [
        ("greeting", "421 4.3.2 too busy", Unavailable),
        ("greeting", "450 4.7.1 later", Unavailable),
        ("greeting", "554 5.7.1 your address is on a list", Denied),
        ("greeting", "550 who are you", Denied),
        ("login", "454 4.7.0 try again", Unavailable),
        ("login", "421 4.7.0 too many logins", Unavailable),
        ("login", "535 5.7.8 no", Denied),
        ("login", "534 5.7.9 an application password, please", Denied),
        ("sender", "421 4.3.2 shutting down", Unavailable),
        ("sender", "452 4.3.1 disk full", Unavailable),
        ("sender", "530 5.7.0 log in first", Denied),
        ("sender", "553 5.7.1 not your address", Denied),
        ("sender", "552 5.3.4 too large", Rejected),
        ("recipient", "421 4.3.2 shutting down", Unavailable),
        ("recipient", "450 4.2.0 grey-listed", Unavailable),
        ("recipient", "452 4.2.2 mailbox full", Unavailable),
        ("recipient", "550 5.1.1 no such user", Blocked),
        ("recipient", "550 нет такого ящика", Blocked),
        ("recipient", "551 user not local", Blocked),
        ("recipient", "553 mailbox name not allowed", Blocked),
        ("recipient", "556 5.1.10 null MX", Blocked),
        ("recipient", "550 5.2.1 mailbox disabled", Blocked),
        ("recipient", "550 5.4.1 recipient address rejected: access denied", Blocked),
        ("recipient", "550 5.5.0 mailbox unavailable", Blocked),
        ("recipient", "550 5.1.1 no such user here, relay elsewhere", Blocked),
        # What the client's own server said to ours: his fault, and no reason to stop everybody's mails.
        ("recipient", "550 Callout verification failed: 550 relay not permitted", Blocked),
        ("recipient", "550 5.7.1 Recipient address rejected: sender not authenticated to the remote", Rejected),
        ("recipient", "552 5.2.2 mailbox full", Rejected),
        ("recipient", "550 5.2.2 mailbox full", Rejected),
        ("recipient", "550 5.7.1 blocked by policy", Rejected),
        ("recipient", "550 5.1.8 your domain does not exist", Rejected),
        ("recipient", "554 no thanks", Rejected),
        ("recipient", "501 5.5.4 syntax", Rejected),
        ("recipient", "554 5.7.1 Relay access denied", Denied),
        ("recipient", "530 5.7.0 log in first", Denied),
        ("data", "451 4.3.0 later", Unavailable),
        ("data", "554 5.5.1 no valid recipients", Rejected),
        ("data", "421 4.3.2 shutting down", Unavailable),
        ("data", "451 4.7.1 grey-listed", Unavailable),
        ("data", "452 4.3.1 disk full", Unavailable),
        ("data", "552 5.3.4 too large", Rejected),
        ("data", "554 5.7.1 спам", Rejected),
        ("data", "550 5.7.1 spam", Rejected),
        ("data", "550 5.1.1 no such user", Blocked),
    ],
)
def test_each_refusal_is_told_apart(stage: Stage, reply: str, error: type[ConnectorError]) -> None:
    found = refusal(stage, int(reply[:3]), reply[4:])
    assert type(found) is error
    assert reply in str(found)
    if isinstance(found, Unavailable):
        assert found.retry_after is None
        assert found.him_alone == (stage in {"recipient", "data"})


def test_what_a_server_writes_is_made_fit_to_show() -> None:
    assert str(refusal("data", 554, "a\nb\x1b[31m\u202ec" + "x" * 900)).endswith("554 a b[31mc" + "x" * 292)
