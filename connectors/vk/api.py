"""VK's API through vk_api, which knows no time-outs and blocks: each session has a thread of its own."""

import asyncio
import queue
import ssl
import threading
from concurrent.futures import Future
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import vk_api  # type: ignore[import-untyped]
from jconfig import MemoryConfig  # type: ignore[import-untyped]
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from connectors.base import Unavailable
from connectors.vk.calls import Unclear, meaning

VERSION = "5.199"
# Seconds until a connection stands, and between two pieces of an answer.
_TIMEOUT = (10.0, 20.0)
# Calls at a time that write to clients; all others go one after the other, so that they hold up no reply.
_SENDERS = 3
_HOSTS = ("https://api.vk.ru", "https://api.vk.com")
_WRITING = ("messages.send", "messages.edit", "messages.delete")


class _Job(NamedTuple):
    future: Future[Any]
    method: str
    values: dict[str, Any]


class Api:
    """See Calls. Threads start with the first call; a call that hangs holds up neither `close` nor the process."""

    def __init__(self, token: str, api_base: str) -> None:
        self._token, self._base = token, api_base
        self._lock = threading.Lock()
        self._writers: _Lines | None = None
        self._others: _Lines | None = None

    async def call(self, method: str, /, **values: Any) -> Any:
        """See Calls. A call that is cancelled before its turn is not made."""
        job = _Job(Future(), method, {name: value for name, value in values.items() if value is not None})
        self._lines(method).queue.put(job)
        return await asyncio.wrap_future(job.future)

    def close(self) -> None:
        """See Calls. The threads end by themselves."""
        with self._lock:
            lines, self._writers, self._others = (self._writers, self._others), None, None
        for some in lines:
            if some is not None:
                some.end()

    def _lines(self, method: str) -> "_Lines":
        with self._lock:
            if self._writers is None or self._others is None:
                self._writers = _Lines(self._token, self._base, _SENDERS)
                self._others = _Lines(self._token, self._base, 1)
            return self._writers if method.startswith(_WRITING) else self._others


class _Lines:
    """Threads with a session each, that make the calls of one queue."""

    def __init__(self, token: str, base: str, count: int) -> None:
        self.queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._token, self._base, self._count = token, base, count
        for _ in range(count):
            threading.Thread(target=self._work, name="vk", daemon=True).start()

    def end(self) -> None:
        """No more calls after those in the queue."""
        for _ in range(self._count):
            self.queue.put(None)

    def _work(self) -> None:
        with requests.Session() as http:
            session = _session(self._token, self._base, http)
            while (job := self.queue.get()) is not None:
                # False: nobody waits for it any more.
                if job.future.set_running_or_notify_cancel():
                    _make(session, job)


class _Rebase(HTTPAdapter):
    """Sends what is meant for VK to `base`, and waits no longer than the time-outs say."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = urlsplit(base)

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """See HTTPAdapter."""
        asked = urlsplit(str(request.url))
        request.url = asked._replace(scheme=self._base.scheme, netloc=self._base.netloc).geturl()
        return super().send(request, *args, **{**more, "timeout": _TIMEOUT})


def _session(token: str, base: str, http: requests.Session) -> Any:
    for host in _HOSTS:
        http.mount(host, _Rebase(base))
    # Neither another host nor a .netrc may have a say in where the token goes.
    http.max_redirects = 0
    http.trust_env = False
    session = vk_api.VkApiGroup(token=token, api_version=VERSION, session=http, config=MemoryConfig)
    # They would sleep and try again behind our back, and want fields of an error that it need not have.
    session.error_handlers.clear()
    return session


def _make(session: Any, job: _Job) -> None:
    try:
        job.future.set_result(session.method(job.method, job.values))
        return
    except Exception as error:  # noqa: BLE001 - the thread lives on, and whoever waits is told
        failure = _failure(error)
    # Not within the handler: what vk_api raises holds the token, and would hang on as the context.
    job.future.set_exception(failure)


def _failure(error: Exception) -> Exception:
    """The error in the words of the contract; never with more of the call than its method."""
    if isinstance(error, vk_api.ApiError):
        told = error.error
        return meaning(int(error.code), str(told.get("error_msg", "")), int(told.get("error_subcode", 0)))
    if isinstance(error, vk_api.ApiHttpError):
        return _http_failure(error.response)
    if isinstance(error, requests.ConnectionError) and _unsent(error):
        return Unavailable("VK cannot be reached")
    if isinstance(error, requests.RequestException) and not isinstance(error, ValueError):
        return Unclear(f"no answer from VK: {type(error).__name__}")
    return Unclear("VK answered something else than its API does")


def _http_failure(response: requests.Response) -> Exception:
    if response.status_code == 429:
        wait = response.headers.get("Retry-After", "").strip()
        return Unavailable("VK asks to wait (HTTP 429)", float(wait) if wait.isascii() and wait.isdecimal() else None)
    return Unclear(f"VK answered HTTP {response.status_code}")


def _unsent(error: requests.ConnectionError) -> bool:
    """Whether no connection came about."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return True
    return isinstance(reason, Exception) and isinstance(
        reason.args[:1] and reason.args[0], ssl.SSLCertVerificationError
    )
