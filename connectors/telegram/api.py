"""The Bot API: calls through aiogram. Every address holds the token: no error with one leaves this file."""

from typing import Any, cast
from urllib.parse import quote

from aiogram import Bot, methods
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import Response, TelegramMethod
from aiogram.types import FSInputFile
from aiohttp import ClientConnectorError, ClientError, ClientResponse, ClientTimeout, ConnectionTimeoutError
from yarl import URL

from connectors.base import UPLOAD, Outgoing, Unavailable
from connectors.telegram.errors import Unclear, error_of, no_answer
from connectors.telegram.settings import TelegramSettings
from connectors.text import clean_name

# Seconds until a connection stands, until a call must be answered (less than until its letter counts as lost), and
# what a file may take in all and between two of its pieces.
_CONNECT, _PATIENCE, _FILE_TIME, _FILE_PAUSE = 10.0, 55.0, 300.0, 30.0


class Api:
    """A bot's calls. Connections are opened by the first one and kept; they belong to the loop it ran on."""

    def __init__(self, settings: TelegramSettings) -> None:
        self._token = settings.token.get_secret_value()
        self._server = TelegramAPIServer.from_base(settings.api_base)
        self._session: _Session | None = None

    async def call(self, method: str, params: dict[str, Any], seconds: float | None = None) -> Any:
        """The result of a method (`SendMessage`), as Telegram sent it; an Outgoing among `params` is uploaded.

        Raises what `errors.error_of` says, Unavailable when nothing was sent, and Unclear when nobody can know.
        """
        make: type[TelegramMethod[Any]] = getattr(methods, method)
        request = make(**_with_files(params))
        total = _PATIENCE + _size(params) / UPLOAD if seconds is None else seconds
        patience = ClientTimeout(total=total, connect=_CONNECT, sock_connect=_CONNECT)
        try:
            # aiogram hands it on to aiohttp, which knows more than whole seconds.
            return await self._bot()(request, request_timeout=cast("int", patience))
        except TelegramNetworkError as error:
            failure = _network_error(error.__cause__)
        # Not within the except: the causes of the error know the address.
        raise failure

    async def ask(self, method: str, params: dict[str, Any], seconds: float | None = None) -> Any:
        """The same for a method that may be called twice: an unknown outcome is Unavailable too."""
        try:
            return await self.call(method, params, seconds)
        except Unclear as error:
            failure = Unavailable(str(error))
        raise failure

    async def open_file(self, path: str) -> ClientResponse:
        """The answer to the download of a file, to be closed by the caller. Raises Unavailable."""
        http = await self._opened().create_session()
        patience = ClientTimeout(total=_FILE_TIME, connect=_CONNECT, sock_connect=_CONNECT, sock_read=_FILE_PAUSE)
        url = URL(self._server.file_url(self._token, quote(path)), encoded=True)
        try:
            return await http.get(url, timeout=patience, allow_redirects=False, headers={"Accept-Encoding": "identity"})
        except (ClientError, TimeoutError) as error:
            failure = Unavailable(f"Telegram does not give the file: {type(error).__name__}")
        raise failure

    async def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _bot(self) -> Bot:
        return Bot(self._token, self._opened())

    def _opened(self) -> "_Session":
        if self._session is None:
            self._session = _Session(api=self._server)
        return self._session


class _Session(AiohttpSession):
    """Takes answers as they are: aiogram's types refuse what they do not know, and that after the effect."""

    async def close(self) -> None:
        # aiogram sleeps here until connections are closed; aiohttp waits for that itself by now.
        if self._session is not None:
            await self._session.close()

    def check_response(self, bot: Bot, method: TelegramMethod[Any], status_code: int, content: str) -> Response[Any]:
        try:
            answer = self.json_loads(content)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise no_answer(status_code)
        if status_code == 200 and answer.get("ok") is True:
            return Response[Any].model_construct(ok=True, result=answer.get("result"))
        raise error_of(status_code, answer)


def _with_files(value: Any) -> Any:
    """The parameters with files to upload in aiogram's form."""
    if isinstance(value, dict):
        return {name: _with_files(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_files(inner) for inner in value]
    if not isinstance(value, Outgoing):
        return value
    try:
        with open(value.path, "rb"):  # noqa: PTH123 - a look, before anything is sent
            pass
    except OSError as error:
        raise Unavailable(f"the file {value.name} cannot be read: {error.strerror}") from error
    # The name stands in a header: a line break there would break the call.
    return FSInputFile(value.path, clean_name(value.name) or "file")


def _size(value: Any) -> int:
    """Bytes of the files to upload."""
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    if isinstance(value, list):
        return sum(map(_size, value))
    return value.size if isinstance(value, Outgoing) else 0


def _network_error(cause: BaseException | None) -> Exception:
    if isinstance(cause, ClientConnectorError | ConnectionTimeoutError):
        return Unavailable(f"Telegram cannot be reached: {getattr(cause, 'strerror', None) or type(cause).__name__}")
    return Unclear(f"Telegram did not answer: {type(cause).__name__}")
