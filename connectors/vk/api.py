"""VK's API through vk_api, which knows no time-outs and blocks: calls are made in threads."""

import asyncio
import queue
import ssl
import threading
import time
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
_HOSTS = ("https://api.vk.ru", "https://api.vk.com")
# No letter waits for these, and all others are letters, or what letters or the reader wait for.
_ASIDE = {
    "messages.setActivity", "messages.markAsRead", "messages.sendMessageEventAnswer",
    "users.get", "groups.getById", "messages.getConversationsById",
}  # fmt: skip
# Threads at most, made as they are needed: a letter makes one call at a time, and `senders` lets 256 of them be under
# way at most. Aside a few may hang until their time-out before others wait for them.
_MOST_LETTERS, _MOST_ASIDE = 256, 8
# Seconds between calls, whichever thread makes them: VK allows 20 a second, and a letter with files is several. Some
# come closer to each other than they were made.
_APART = 1 / 18


class _Job(NamedTuple):
    future: Future[Any]
    method: str
    values: dict[str, Any]


class Api:
    """See Calls. A call that hangs holds up no other, neither `close` nor the process."""

    def __init__(self, token: str, api_base: str) -> None:
        self._token, self._base = token, api_base
        self._lock, self._turns = threading.Lock(), _Turns()
        self._lines: dict[bool, _Lines] = {}

    async def call(self, method: str, /, **values: Any) -> Any:
        """See Calls. A call that is cancelled before its turn is not made."""
        job = _Job(Future(), method, {name: value for name, value in values.items() if value is not None})
        aside = method in _ASIDE
        with self._lock:
            if aside not in self._lines:
                most = _MOST_ASIDE if aside else _MOST_LETTERS
                self._lines[aside] = _Lines(self._token, self._base, self._turns, most)
            self._lines[aside].put(job)
        return await asyncio.wrap_future(job.future)

    def close(self) -> None:
        """See Calls. The threads end by themselves."""
        with self._lock:
            lines, self._lines = self._lines, {}
        for some in lines.values():
            some.end()


class _Turns:
    """Spreads the calls of all threads."""

    def __init__(self) -> None:
        self._lock, self._next = threading.Lock(), 0.0

    def wait(self) -> None:
        """Until the next call may be made, which is this one."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + _APART
        time.sleep(max(0.0, turn - time.monotonic()))


class _Lines:
    """Threads that make the calls of one queue; each has a session of its own, for vk_api's are for one thread."""

    def __init__(self, token: str, base: str, turns: _Turns, most: int) -> None:
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._token, self._base, self._turns, self._most = token, base, turns, most
        self._count, self._free = 0, threading.Semaphore(0)

    def put(self, job: _Job) -> None:
        """Make the call, in a thread that is free if there is one."""
        self._queue.put(job)
        if not self._free.acquire(blocking=False) and self._count < self._most:
            self._count += 1
            threading.Thread(target=self._work, name="vk", daemon=True).start()

    def end(self) -> None:
        """No more calls after those in the queue."""
        for _ in range(self._count):
            self._queue.put(None)

    def _work(self) -> None:
        with requests.Session() as http:
            session = _session(self._token, self._base, http)
            while (job := self._queue.get()) is not None:
                if not job.future.cancelled():
                    self._turns.wait()
                # False: nobody waits for it any more.
                if job.future.set_running_or_notify_cancel():
                    _make(session, job)
                self._free.release()


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
