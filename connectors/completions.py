"""Chat completions of any server that speaks OpenAI's language: one request, one answer, and what may go wrong."""

from datetime import UTC, datetime

import aiohttp
import msgspec
from yarl import URL

from connectors.base import Denied, Rejected, Unavailable
from connectors.net import Outside, retry_after
from connectors.text import clean_name

# Bytes of an answer at most: one to our questions is a hundredth of that.
_MOST = 256 * 1024
_PATH = "/chat/completions"
# What is said to a request that may be tried again, and to one that nobody can answer as things are set.
_LATER, _WRONG = {408, 425, 429}, {401, 402, 403, 404, 405}


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]


class _Said(msgspec.Struct):
    message: str = ""


class _Trouble(msgspec.Struct):
    error: _Said | str = ""


_completion, _trouble = msgspec.json.Decoder(_Completion), msgspec.json.Decoder(_Trouble)


class Completions:
    """One server, which the settings name: it may be in our own network. Its connections are kept."""

    def __init__(self, url: str, key: str, seconds: float) -> None:
        """`url` is the base address, up to /v1; `seconds` are those a call may take as a whole."""
        self._url, self._key, self._seconds = url.rstrip("/") + _PATH, key, seconds
        self._outside = Outside([URL(url).host or ""])

    async def ask(self, body: bytes) -> str:
        """What the model says to a request (JSON); tried once.

        Raises Unavailable when the server may answer later, Denied when somebody has to mend the settings or the
        server, and Rejected for an answer that is none. No error holds the key.
        """
        try:
            status, content, wait = await self._call(body)
        except (aiohttp.ClientError, TimeoutError) as error:
            # Without its cause, which knows the headers of the request and so the key.
            raise Unavailable(f"the model's server does not answer: {type(error).__name__}") from None
        if status == 200:
            return _content(content)
        raise self._refusal(status, content, wait)

    async def close(self) -> None:
        """Give connections back."""
        await self._outside.close()

    async def _call(self, body: bytes) -> tuple[int, bytes, float | None]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        # Redirects are not followed: the texts are for this server and no other.
        response = await self._outside.open("POST", self._url, self._seconds, data=body, headers=headers)
        async with response:
            content = bytearray()
            async for chunk in response.content.iter_chunked(16 * 1024):
                content += chunk
                if len(content) > _MOST:
                    raise Rejected("the model's server says too much")
            return response.status, bytes(content), retry_after(response, datetime.now(UTC))

    def _refusal(self, status: int, content: bytes, wait: float | None) -> Exception:
        told = f"the model's server answers HTTP {status}{self._reason(content)}"
        if status >= 500 or status in _LATER:
            return Unavailable(told, wait)
        if 300 <= status < 400:
            return Denied(f"{told} and sends us elsewhere, where we do not go; set the address it has now")
        return Denied(told) if status in _WRONG else Rejected(told)

    def _reason(self, content: bytes) -> str:
        """What the server says of it, on a line, without the key should it repeat that."""
        try:
            error = _trouble.decode(content).error
        except (msgspec.MsgspecError, UnicodeError):
            return ""
        said = error if isinstance(error, str) else error.message
        shown = clean_name(said.replace(self._key, "…") if self._key else said)
        return f": {shown}" if shown else ""


def _content(body: bytes) -> str:
    try:
        choices = _completion.decode(body).choices
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Rejected("the model's server answers with something that is no chat completion") from None
    if not choices or choices[0].message.content is None:
        raise Rejected("the model says nothing")
    if choices[0].finish_reason == "length":
        raise Rejected("the model was cut short")
    return choices[0].message.content
