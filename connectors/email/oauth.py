"""Access tokens in place of a password (XOAUTH2), got by a refresh token at the provider's token address."""

import asyncio
import time

import aiohttp
import msgspec

from connectors.base import Denied, Unavailable
from connectors.email.settings import OauthSettings
from connectors.text import clean_name

# Seconds before its end that a token is renewed, and until the provider must have answered.
_EARLY, _PATIENCE = 300.0, 20.0
_MEND = "give Okno access to the mailbox once more and set the new refresh_token"


class _Answer(msgspec.Struct):
    access_token: str = ""
    expires_in: float = 3600.0
    error: str = ""
    error_description: str = ""


_decoder = msgspec.json.Decoder(_Answer, strict=False)


class Tokens:
    """The access tokens of one account, renewed before they end."""

    def __init__(self, settings: OauthSettings) -> None:
        self._settings = settings
        self._token, self._until = "", 0.0
        self._turn = asyncio.Lock()

    async def __call__(self, *, renew: bool = False) -> str:
        """A token that is good for a while. Raises Denied, and Unavailable where the provider does not answer."""
        async with self._turn:
            if renew or time.monotonic() > self._until - _EARLY:
                answer = await self._ask()
                self._token, self._until = answer.access_token, time.monotonic() + answer.expires_in
            return self._token

    async def _ask(self) -> _Answer:
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "refresh_token": self._settings.refresh_token.get_secret_value(),
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
