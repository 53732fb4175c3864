"""Settings of a mailbox that would lose mails or believe everybody are refused, in words that say what to mend."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.email.settings import EmailSettings


def made(**section: Any) -> EmailSettings:
    return EmailSettings.model_validate({"kind": "email", "address": "shop@example.org", **section})


@pytest.mark.parametrize(
    ("section", "why"),
    [
        # What clients write would be taken for what we wrote to nobody.
        ({"imap": {"sent": "INBOX"}}, "three folders"),
        ({"imap": {"settle": "move", "move_to": "INBOX"}}, "three folders"),
        ({"imap": {"sent": "Done", "settle": "move", "move_to": "Done"}}, "three folders"),
        ({"imap": {"settle": "move"}}, "needs move_to"),
        ({"imap": {"idle": 600}}, "540"),
        ({"imap": {"oauth": {"refresh_token": "r"}}}, "needed together"),
        ({"smtp": {"oauth": {"token_url": "https://login.example/token"}}}, "needed together"),
        # It would fit no server, and nobody would be doubted.
        ({"authserv_id": "mx.shop.example "}, "pattern"),
        ({"authserv_id": "mx.shop.example; x"}, "pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused(section: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        made(**section)


def test_what_can_be_meant_is_taken() -> None:
    found = made(imap={"sent": "Sent", "settle": "move", "move_to": "Done"}, authserv_id="mx.shop-1.example")
    assert (found.imap.sent, found.imap.move_to, found.authserv_id) == ("Sent", "Done", "mx.shop-1.example")
