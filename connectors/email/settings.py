"""An e-mail channel's section of settings.toml."""

import ipaddress
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.base import ChannelSettings
from connectors.email.postal import domain_in_ascii, in_ascii

if TYPE_CHECKING:
    from connectors.email.dkim import Signer

# What gives the access token that stands for a password; told to `renew` it, another one.
Token = Callable[..., Awaitable[str]]
Security = Literal["tls", "starttls", "none"]


class Section(BaseModel):
    """A part of the channel's section; keys it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OauthSettings(Section):
    """How access tokens are got for XOAUTH2: by a refresh token, at the provider's token address."""

    token_url: str = Field("", pattern=r"^(https://.+|http://(localhost|127\.0\.0\.1)[:/].*)?$")
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")
    scope: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.token_url) != bool(self.refresh_token.get_secret_value()):
            raise ValueError("token_url and refresh_token are needed together")
        return self

    @property
    def is_set(self) -> bool:
        """Whether tokens are to be used in place of a password."""
        return bool(self.token_url)


class ServerSettings(Section):
    """Where a server is and how to get in. `user` is the channel's address unless it is set; times in seconds."""

    host: str = ""
    port: int = Field(0, ge=0, le=65535)
    security: Security = "tls"
    user: str = ""
    password: SecretStr = SecretStr("")
    oauth: OauthSettings = OauthSettings()
    timeout: float = Field(30, gt=0)

    @model_validator(mode="after")
    def _private(self) -> Self:
        if self.host and self.security == "none" and not _is_loopback(self.host):
            raise ValueError("security none is for this machine alone: it would send the password in the clear")
        return self


class ImapSettings(ServerSettings):
    """The mailbox that is read."""

    folder: str = "INBOX"
    # Where mails lie that our side wrote with other programs; they are shown too. Empty: they are not.
    sent: str = ""
    # Seconds of silence after which the folder is searched all the same.
    idle: float = Field(540, gt=0, le=540)
    poll: float = Field(30, gt=0)
    # Seconds between comparisons of the last days with the server.
    audit: float = Field(6 * 3600, gt=0)
    # What becomes of a mail once it is stored.
    settle: Literal["nothing", "seen", "move"] = "nothing"
    move_to: str = ""
    # Bytes: of a larger mail only the head is read.
    max_size: int = Field(50 << 20, ge=1 << 16)

    @model_validator(mode="after")
    def _target(self) -> Self:
        if self.settle == "move" and not self.move_to:
            raise ValueError("settle move needs move_to, the folder mails go to")
        if self.folder in {self.sent, self.move_to} or (self.sent and self.sent == self.move_to):
            raise ValueError("folder, sent and move_to are three folders: what lies in one is read as what it is there")
        return self


class SmtpSettings(ServerSettings):
    """The server that replies are given to."""

    # How many connections are kept, and so how many mails go at once.
    connections: int = Field(2, ge=1, le=10)
    # Whether each mail is put into imap.sent too: many a provider does so by itself.
    keep_copy: bool = False


class DkimSettings(Section):
    """The domain that vouches for the mails, where its key is found in DNS, and the key itself as PEM."""

    domain: str = ""
    selector: str = Field("", pattern=r"^[A-Za-z0-9._-]*$")
    key: SecretStr = SecretStr("")

    @field_validator("domain")
    @classmethod
    def _is_domain(cls, domain: str) -> str:
        return domain_in_ascii(domain) if domain else ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        known = [bool(self.domain), bool(self.selector), bool(self.key.get_secret_value())]
        if any(known) and not all(known):
            raise ValueError("signatures need domain, selector and key")
        # A key that is none is told now, and not with the first mail.
        _ = self.signer
        return self

    @cached_property
    def signer(self) -> "Signer | None":
        """What signs; None unless it is set."""
        if not self.domain:
            return None
        from connectors.email.dkim import Signer

        return Signer(self.domain, self.selector, self.key.get_secret_value())


class EmailSettings(ChannelSettings):
    """The keys of an e-mail channel; settings.toml explains them."""

    address: str
    name: str = ""
    # Whether clients see who answers them, before the channel's name.
    show_author: bool = True
    # Of mails that answer none.
    subject: str = "Сообщение от службы поддержки"
    # Below what persons write; `{author}` is who wrote it, if clients may know.
    signature: str = Field("", max_length=5000)
    # Below that, what the client wrote last, with its time in this zone.
    quote: bool = False
    timezone: str = "Europe/Moscow"
    # Answers come to address+token, for programs that name nothing; not every server knows such addresses.
    plus_addressing: bool = False
    # Subjects of replies end in [#tag], for programs that name nothing else.
    subject_tag: bool = False
    # Signs what has to be known as ours when it comes back; where it is empty a password does.
    secret: SecretStr = SecretStr("")
    # The name our mail server signs its findings about senders with (RFC 8601); where it is empty nobody is doubted.
    authserv_id: str = Field("", pattern=r"^[A-Za-z0-9._-]*$")
    imap: ImapSettings = ImapSettings()
    smtp: SmtpSettings = SmtpSettings()
    dkim: DkimSettings = DkimSettings()
    # Later tries of a reply stand for hours: servers that grey-list want that.
    retry: tuple[float, ...] = Field((300, 900, 1800, 3600, 7200, 14400, 21600), min_length=1)
    retry_for: float = Field(3 * 86400, ge=0)

    @field_validator("address")
    @classmethod
    def _is_address(cls, address: str) -> str:
        in_ascii(address)
        local, _, domain = address.strip().rpartition("@")
        return f"{local}@{domain.lower()}"

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{name!r} is not a time zone; use an IANA name like Europe/Moscow") from None
        return name

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        if self.smtp.host and not self.signing_secret:
            raise ValueError("without any password the channel needs a secret: it signs the mails that go out")
        return self

    @model_validator(mode="after")
    def _can_copy(self) -> Self:
        if self.smtp.keep_copy and not (self.imap.host and self.imap.sent):
            raise ValueError("smtp.keep_copy needs imap.host and imap.sent, the folder that copies go to")
        return self

    @property
    def signing_secret(self) -> str:
        """The secret of the channel's that is set; a new one makes signatures of before void."""
        servers = (self.imap, self.smtp)
        set_ones = [self.secret, *(s.password for s in servers), *(s.oauth.refresh_token for s in servers)]
        return next(filter(None, (one.get_secret_value() for one in set_ones)), "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
