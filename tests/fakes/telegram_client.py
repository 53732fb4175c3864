"""A caller of the fake Telegram, for its tests: plain HTTP, and what to do meanwhile."""

import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import requests

from tests.fakes.telegram import Telegram

Json = dict[str, Any]
PATIENCE = 10.0


class Said(NamedTuple):
    """An answer."""

    status: int
    body: Json

    @property
    def result(self) -> Any:
        """What was asked for."""
        return self.body["result"]


def post(telegram: Telegram, method: str, **how: Any) -> requests.Response:
    """A call of any form."""
    return requests.post(f"{telegram.url}/bot{telegram.token}/{method}", **{"timeout": PATIENCE, **how})


def call(telegram: Telegram, method: str, files: Any = None, **fields: Any) -> Said:
    """A call, as a form where there are files, else as JSON."""
    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    response = post(telegram, method, **({"data": form, "files": files} if files else {"json": fields}))
    return Said(response.status_code, response.json())


def refusal(said: Said) -> str:
    """Why it was refused, without the words that go before."""
    assert said.body["error_code"] == said.status
    assert not said.body["ok"]
    return str(said.body["description"]).removeprefix("Bad Request: ")


def later(do: Callable[[], Any]) -> Future[Any]:
    """Do it on a thread of its own."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(do)
    pool.shutdown(wait=False)
    return future


def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def numbers(said: Said) -> list[int]:
    """The numbers of the updates that came."""
    return [update["update_id"] for update in said.result]


def texts(said: Said) -> list[str]:
    """The texts of the messages that came."""
    return [update["message"]["text"] for update in said.result]
