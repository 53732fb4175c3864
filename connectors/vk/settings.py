"""A VK channel's section of settings.toml."""

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from yarl import URL

from connectors.base import ChannelSettings


class VkSettings(ChannelSettings):
    """A community and the key to it; settings.toml explains the keys."""

    mode: Literal["polling", "callback"] = "polling"
    token: SecretStr
    group_id: int = Field(gt=0)
    secret: SecretStr = SecretStr("")
    confirmation: str = ""
    api_base: str = "https://api.vk.ru"
    # VK allows 20 calls a second, and names and the like want some of them.
    rate: float = Field(17, ge=0)

    @field_validator("token")
    @classmethod
    def _given(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("is no access key; make one in the community's settings under API usage")
        return token

    @field_validator("api_base")
    @classmethod
    def _base(cls, text: str) -> str:
        try:
            url = URL(text)
            if url.scheme in {"http", "https"} and url.host and url == url.origin():
                return str(url.origin()).removesuffix("/")
        except ValueError:
            pass
        raise ValueError("is no scheme and host; write https://api.vk.ru, without a path")

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.mode == "callback" and not self.secret.get_secret_value():
            raise ValueError("mode callback needs a secret: without it anybody could write in a client's name")
        return self
