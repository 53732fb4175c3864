"""A Telegram section says what is wrong with it, and never shows its token."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.telegram.settings import TelegramSettings
from settings import explain

TOKEN = "700:AAE-secret_words"


def section(**keys: Any) -> TelegramSettings:
    """A section with these keys."""
    return TelegramSettings.model_validate({"kind": "telegram", "token": TOKEN, **keys})


def test_a_token_is_enough() -> None:
    found = section()
    assert (found.mode, found.bot, found.api_base) == ("polling", "700", "https://api.telegram.org")
    assert (found.rate, found.chat_rate, found.group_rate) == (30, 1.0, 0.33)
    assert TOKEN not in repr(found)


def test_addresses_end_without_a_slash() -> None:
    assert section(api_base="http://127.0.0.1:8081/").api_base == "http://127.0.0.1:8081"


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"token": "AAE-secret_words"}, "token: no bot's token"),
        ({"token": ""}, "token: no bot's token"),
        ({"mode": "webhook"}, "webhook_secret"),
        ({"webhook_secret": "secret words"}, "webhook_secret: Telegram takes"),
        ({"api_base": "api.telegram.org"}, "api_base: 'api.telegram.org' is no address"),
        ({"webhook_url": "ftp://x"}, "webhook_url: 'ftp://x' is no address"),
        ({"tokn": "x"}, "did you mean 'token'?"),
    ],
)
def test_what_is_wrong_is_said_without_the_secret(keys: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        section(**keys)
    said = explain(caught.value, TelegramSettings, "channels.tg")
    assert fault in said
    assert "words" not in said
