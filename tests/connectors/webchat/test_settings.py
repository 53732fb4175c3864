"""A webchat's section of settings.toml."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import Channels, read_section
from connectors.webchat.settings import WebchatSettings
from settings import DEFAULTS, SettingsError


def _section(**keys: Any) -> WebchatSettings:
    settings = read_section("site", {"kind": "webchat", **keys})
    assert isinstance(settings, WebchatSettings)
    return settings


def test_the_defaults_beside_the_code_are_those_of_a_section_without_keys() -> None:
    shipped = tomllib.loads(Path(DEFAULTS).read_text())["channels"]["site"]
    assert _section(**shipped) == _section()
    assert set(shipped) == set(WebchatSettings.model_fields)


def test_a_section_becomes_a_connector() -> None:
    channels = Channels({"site": {"kind": "webchat", "max_text": 7}})
    assert channels["site"].limits.text == 7
    assert channels["site"].limits.idempotent


def test_secrets_are_not_shown() -> None:
    settings = _section(secret="plain secret", identity_secret="other secret")
    assert "secret'" not in repr(settings).replace("SecretStr('**********')", "")
    assert "plain" not in repr(settings)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"alowed_origins": []}, "did you mean 'allowed_origins'"),
        ({"allowed_origins": ["shop.example.org"]}, "is no origin"),
        ({"allowed_origins": ["https://shop.example.org/chat"]}, "is no origin"),
        ({"allowed_origins": ["*"]}, "is no origin"),
        ({"allowed_origins": ["https://*.example.org"]}, "is no origin"),
        ({"allowed_origins": ["null"]}, "is no origin"),
        ({"secret": "whsec_no base64"}, "base64"),
        ({"secret": "whsec_"}, "no key"),
        ({"reply_url": "https://shop.example.org/replies"}, "reply_url needs a secret"),
        ({"session_days": 0}, "session_days"),
        ({"max_text": 0}, "max_text"),
        ({"messages_per_minute": -1}, "messages_per_minute"),
    ],
)
def test_what_is_wrong_is_named(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        _section(**keys)


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://shop.example.org", "https://shop.example.org"),
        ("https://Shop.Example.org/", "https://shop.example.org"),
        ("https://shop.example.org:443", "https://shop.example.org"),
        ("http://shop.example.org:8080", "http://shop.example.org:8080"),
        ("https://пример.рф", "https://xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_origins_are_kept_the_way_browsers_write_them(written: str, origin: str) -> None:
    assert _section(allowed_origins=[written]).allowed_origins == (origin,)
