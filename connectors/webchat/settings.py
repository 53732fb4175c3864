"""A webchat's section of settings.toml."""

import ipaddress
from functools import lru_cache
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from yarl import URL

from connectors.base import ChannelSettings
from connectors.signing import key_of


class WebchatSettings(ChannelSettings):
    """The keys of a webchat; settings.toml explains them. Sizes in bytes, `max_text` in characters."""

    allowed_origins: tuple[str, ...] = ()
    identity_secret: SecretStr = SecretStr("")
    secret: SecretStr = SecretStr("")
    reply_url: str = ""
    allow_private: tuple[str, ...] = ()
    session_days: float = Field(365, gt=0, le=3650)
    sessions_per_minute: int = Field(60, ge=0)
    messages_per_minute: int = Field(240, ge=0)
    files_per_minute: int = Field(60, ge=0)
    max_text: int = Field(32768, ge=1)
    max_file: int = Field(25 << 20, ge=0)
    max_files: int = Field(10, ge=0)
    max_bytes_a_day: int = Field(250 << 20, ge=0)

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_origin(origin) for origin in origins)

    @field_validator("secret")
    @classmethod
    def _readable(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if text and not key_of(text):
            raise ValueError("there is no key behind whsec_")
        return secret

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.reply_url and not self.secret.get_secret_value():
            raise ValueError("reply_url needs a secret: replies are signed with it")
        return self


def _origin(text: str) -> str:
    """The origin the way browsers write it."""
    try:
        url = URL(text)
        if url.scheme in {"http", "https"} and url.host and "*" not in url.host and url == url.origin():
            return str(url.origin()).removesuffix("/")
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no origin; write https://shop.example.org, without a path")


@lru_cache(maxsize=1024)
def is_local(origin: str) -> bool:
    """Whether a page of this origin comes from the machine its reader sits at."""
    try:
        host = URL(origin).host or ""
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
