"""Files of clients: Telegram gives a link by the file's id, and the file by the link."""

from collections.abc import AsyncGenerator
from typing import Any, Protocol

from aiohttp import ClientError, ClientResponse

from connectors.abilities import Fetched
from connectors.base import Rejected, Unavailable
from connectors.telegram.files import LARGEST

_CHUNK = 1 << 16
# Of a file it knows well Telegram may say this as well.
_LATER = "temporarily unavailable"


class Files(Protocol):
    """Who asks Telegram."""

    async def ask(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a method; see Api."""

    async def open_file(self, path: str) -> ClientResponse:
        """The answer to a download; see Api."""


async def fetch(api: Files, file_id: str) -> Fetched:
    """Open the file. Raises Rejected for one that will never come, else Unavailable."""
    try:
        found = await api.ask("GetFile", {"file_id": file_id})
    except Rejected as error:
        if _LATER in str(error):
            raise Unavailable(str(error)) from error
        raise
    path = found.get("file_path") if isinstance(found, dict) else None
    if not path:
        raise Unavailable("Telegram names no place of the file")
    response = await api.open_file(str(path))
    # A link lives for an hour; if this one is dead already, the next try gets a new one.
    if response.status != 200:
        response.close()
        raise Unavailable(f"Telegram does not give the file: HTTP {response.status}")
    if (response.content_length or 0) > LARGEST:
        response.close()
        raise Rejected(f"the file has {response.content_length} bytes; Telegram gives up to {LARGEST}")
    return Fetched(_chunks(response), _type(response))


def _type(response: ClientResponse) -> str:
    # Telegram says the same of every file; the message knew better.
    return "" if response.content_type == "application/octet-stream" else response.content_type


async def _chunks(response: ClientResponse) -> AsyncGenerator[bytes, None]:
    failure: Unavailable
    size = 0
    async with response:
        try:
            async for chunk in response.content.iter_chunked(_CHUNK):
                size += len(chunk)
                if size > LARGEST:
                    raise Rejected(f"the file has more than {LARGEST} bytes")
                yield chunk
            return
        except (ClientError, TimeoutError) as error:
            failure = Unavailable(f"the file broke off: {type(error).__name__}")
    raise failure
