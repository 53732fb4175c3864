"""Updates pushed to an address: in order within a chat, again until they are taken."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.fakes.telegram.updates import Updates, Waiting

Json = dict[str, Any]


@dataclass
class Webhook:
    """Where updates go; `delays` are the seconds before each next try, `longest_retry` caps a Retry-After."""

    url: str = ""
    secret: str = ""
    connections: int = 40
    delays: tuple[float, ...] = (0.05, 0.1, 0.2)
    longest_retry: float = 3600.0
    patience: float = 60.0
    last_error: tuple[int, str] | None = None
    # Each try: {update_id, status, at}; status 0 is no answer.
    deliveries: list[Json] = field(default_factory=list)


class Pusher:
    """Pushes while an address is set; runs on the server's loop."""

    def __init__(self, webhook: Webhook, updates: Updates) -> None:
        self._webhook, self._updates = webhook, updates
        self._news = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be something to push."""
        self._news.set()

    async def run(self) -> None:
        """Push until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._webhook.patience)) as http:
            try:
                while True:
                    self._news.clear()
                    self._start(http)
                    await self._rest()
            finally:
                for task in self._flying:
                    task.cancel()
                await asyncio.gather(*self._flying, return_exceptions=True)

    def _start(self, http: aiohttp.ClientSession) -> None:
        room = self._webhook.connections - len(self._flying)
        if not self._webhook.url or room <= 0:
            return
        for waiting in self._updates.ready(time.time(), room):
            waiting.flying = True
            task = asyncio.create_task(self._push(http, waiting))
            self._flying.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._news.set()

    async def _rest(self) -> None:
        now = time.time()
        due = self._updates.next_due(now) if self._webhook.url else None
        wait = None if due is None else due - now
        try:
            await asyncio.wait_for(self._news.wait(), wait)
        except TimeoutError:
            return

    async def _push(self, http: aiohttp.ClientSession, waiting: Waiting) -> None:
        status, error, retry_after = await self._post(http, waiting.update)
        now = time.time()
        self._webhook.deliveries.append({"update_id": waiting.update["update_id"], "status": status, "at": now})
        if 200 <= status < 300:
            self._updates.confirm(waiting)
            return
        self._webhook.last_error = (int(now), error)
        delays = self._webhook.delays
        wait = min(retry_after, self._webhook.longest_retry) or delays[min(waiting.fails, len(delays) - 1)]
        waiting.fails += 1
        waiting.due, waiting.flying = now + wait, False

    async def _post(self, http: aiohttp.ClientSession, update: Json) -> tuple[int, str, float]:
        headers = {"Content-Type": "application/json"}
        if self._webhook.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self._webhook.secret
        body = json.dumps(update, ensure_ascii=False).encode(errors="surrogatepass")
        try:
            async with http.post(self._webhook.url, data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                said = response.headers.get("Retry-After", "")
                error = f"Wrong response from the webhook: {response.status} {response.reason}"
                return response.status, error, float(said) if said.isdigit() else 0.0
        except TimeoutError:
            return 0, "Read timeout expired", 0.0
        except aiohttp.ClientConnectorError:
            return 0, "Connection refused", 0.0
        except aiohttp.ClientError:
            return 0, "Webhook connection closed", 0.0
