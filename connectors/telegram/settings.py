"""A Telegram bot's section of settings.toml."""

import re
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from yarl import URL

from connectors.base import ChannelSettings

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]+")
# What Telegram takes as secret_token.
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class TelegramSettings(ChannelSettings):
    """The keys of a Telegram bot; settings.toml explains them. Rates in letters a second, 0 is no limit."""

    mode: Literal["polling", "webhook"] = "polling"
    token: SecretStr
    webhook_secret: SecretStr = SecretStr("")
    webhook_url: str = ""
    api_base: str = "https://api.telegram.org"
    rate: float = Field(30, ge=0)
    chat_rate: float = Field(1.0, ge=0)
    # 20 a minute.
    group_rate: float = Field(0.33, ge=0)

    @property
    def bot(self) -> str:
        """The bot's id, which every key of the channel begins with."""
        return self.token.get_secret_value().partition(":")[0]

    @field_validator("token")
    @classmethod
    def _is_token(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("no bot's token; @BotFather gives one like 123456789:AAE...")
        return token

    @field_validator("webhook_secret")
    @classmethod
    def _is_secret(cls, secret: SecretStr) -> SecretStr:
        if secret.get_secret_value() and not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("Telegram takes 1 to 256 of A-Z a-z 0-9 _ -")
        return secret

    @field_validator("api_base", "webhook_url")
    @classmethod
    def _is_address(cls, address: str) -> str:
        try:
            url = URL(address)
        except ValueError:
            url = URL()
        if address and not (url.scheme in {"http", "https"} and url.host):
            raise ValueError(f"{address!r} is no address; write https://example.org")
        return address.rstrip("/")

    @model_validator(mode="after")
    def _webhook_has_a_secret(self) -> Self:
        if self.mode == "webhook" and not self.webhook_secret.get_secret_value():
            raise ValueError("mode webhook needs a webhook_secret: without it anybody could write in a client's name")
        return self
