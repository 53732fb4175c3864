"""Access tokens in place of a password (XOAUTH2), got by a refresh token at the provider's token address."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp
import msgspec

from connectors.abilities import Vault
from connectors.base import Denied, Unavailable
from connectors.email.settings import OauthSettings
from connectors.text import clean_name

# Seconds before its end that a token is renewed, and until the provider must have answered.
_EARLY, _PATIENCE = 300.0, 20.0
_MEND = "give Okno access to the mailbox once more and set the new refresh_token"


class _Answer(msgspec.Struct):
    access_token: str = ""
    expires_in: float = 3600.0
    refresh_token: str = ""
    error: str = ""
    error_description: str = ""


class _Access(msgspec.Struct, frozen=True):
    """An access token and its end, in seconds since 1970: processes share it."""

    token: str
    ends_at: float


class _Kept(msgspec.Struct, frozen=True):
    """The newest refresh token, empty while that is the configured one; the access tokens by their scope."""

    refresh: str = ""
    access: dict[str, _Access] = {}


_decoder = msgspec.json.Decoder(_Answer, strict=False)
_kept = msgspec.json.Decoder(_Kept)


class _Memory:
    """The vault of a process that has no other."""

    def __init__(self) -> None:
        self._value = b""

    async def change(self, _secret: str, work: Callable[[bytes], Awaitable[bytes]]) -> bytes:
        self._value = await work(self._value)
        return self._value


class Tokens:
    """The access tokens of one account, renewed before they end.

    A refresh token may be good for one use, which brings the next one (RFC 6749, 6): it is kept in the vault, and the
    processes that share it renew one after the other.
    """

    def __init__(self, settings: OauthSettings, vault: Vault | None = None) -> None:
        self._settings, self._vault = settings, vault or _Memory()
        self._token, self._until = "", 0.0
        self._renewing: asyncio.Future[bytes] | None = None
        self._turn = asyncio.Lock()

    async def __call__(self, *, renew: bool = False) -> str:
        """A token that is good for a while. Raises Denied, and Unavailable where the provider does not answer."""
        async with self._turn:
            if renew or time.monotonic() > self._until - _EARLY:
                await self._renew(self._token if renew else "")
            return self._token

    async def close(self) -> None:
        """Wait for what the provider is just giving: nobody gets it again."""
        if self._renewing is not None and not self._renewing.done():
            await asyncio.wait([self._renewing])

    async def _renew(self, refused: str) -> None:
        configured = self._settings.refresh_token.get_secret_value()
        change = self._vault.change(configured, partial(self._renewed, refused=refused))
        # Whoever gives up waiting must not take the new refresh token along.
        self._renewing = asyncio.ensure_future(change)
        access = _kept.decode(await asyncio.shield(self._renewing)).access[self._settings.scope]
        self._token, self._until = access.token, time.monotonic() + access.ends_at - time.time()

    async def _renewed(self, value: bytes, refused: str) -> bytes:
        """What is to be kept from now on: the same if another process has been here meanwhile."""
        kept = _kept.decode(value) if value else _Kept()
        access = kept.access.get(self._settings.scope)
        if access and access.token != refused and access.ends_at - time.time() > _EARLY:
            return value
        answer = await self._ask(kept.refresh or self._settings.refresh_token.get_secret_value())
        new = _Access(answer.access_token, time.time() + answer.expires_in)
        all_of = {**kept.access, self._settings.scope: new}
        return msgspec.json.encode(_Kept(answer.refresh_token or kept.refresh, all_of))

    async def _ask(self, refresh_token: str) -> _Answer:
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "refresh_token": refresh_token,
            "scope": self._settings.scope,
        }
        given = {name: value for name, value in form.items() if value}
        try:
            patience = aiohttp.ClientTimeout(total=_PATIENCE)
            async with (
                aiohttp.ClientSession(timeout=patience) as session,
                session.post(self._settings.token_url, data=given, allow_redirects=False) as response,
            ):
                return _judged(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the provider gives no access token: {type(error).__name__}") from error


def _judged(status: int, body: bytes) -> _Answer:
    try:
        answer = _decoder.decode(body)
    except msgspec.MsgspecError:
        answer = _Answer()
    if status == 200 and answer.access_token:
        return answer
    said = clean_name(answer.error_description or answer.error, 200) or f"HTTP {status}"
    if 400 <= status < 500 and status not in {408, 429}:
        raise Denied(f"the provider gives no access token: {said}; {_MEND}")
    raise Unavailable(f"the provider gives no access token: {said}")
