"""A site's server that takes signed replies: a real one, with faults on demand and a ledger of what took effect.

In a test: `with Consumer(SECRET) as consumer:`. On its own:
`python -m tests.fakes.webhook_consumer --port 9000 --ledger FILE --secret S`, faults by POST /faults
`{"kind": "cut", "times": 3, "retry_after": 1}`. It checks signatures with code of its own.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import threading
import time
from collections import Counter, deque
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiohttp import web

# After the effect come "hang" (no answer), "cut" (the connection ends) and "500"; any other kind is the status that is
# answered instead of it.
AFTER_EFFECT = ("hang", "cut", "500")


class Fault(NamedTuple):
    """What happens to one request; `retry_after` in seconds goes into the header of that name."""

    kind: str
    retry_after: float | None = None


class Consumer:
    """The server, on a thread of its own; `replies` holds what took effect, in order."""

    def __init__(self, secret: str, ledger: Path | None = None, port: int = 0) -> None:
        self.replies: list[dict[str, Any]] = []
        # Requests by webhook-id, those without effect too.
        self.tries: Counter[str] = Counter()
        self.refused = 0
        self.faults: deque[Fault] = deque()
        self._seen: set[str] = set()
        self._key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
        self._ledger, self._port = ledger, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="consumer", daemon=True)

    @property
    def url(self) -> str:
        """Where replies are posted."""
        return f"http://127.0.0.1:{self._port}/replies"

    def effects(self, key: str) -> int:
        """How many letters with this key took effect: a repeat has none, as at any site that looks at webhook-id."""
        return sum(reply["key"] == key and not reply["repeat"] for reply in self.replies)

    def fault(self, kind: str, times: int = 1, retry_after: float | None = None) -> None:
        """Spoil the next requests."""
        self.faults.extend([Fault(kind, retry_after)] * times)

    def start(self) -> None:
        """Listen; `url` is known afterwards."""
        self._thread.start()
        self._port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        """Stop listening, whatever hangs."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _listen(self) -> int:
        app = web.Application(client_max_size=64 << 20)
        app.add_routes([web.post("/replies", self._take), web.post("/faults", self._spoil)])
        app.add_routes([web.get("/replies", self._tell)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        key = request.headers.get("webhook-id", "")
        self.tries[key] += 1
        fault = self.faults.popleft() if self.faults else None
        if fault and fault.kind not in AFTER_EFFECT:
            return web.Response(status=int(fault.kind), headers=_retry_after(fault))
        if not self._is_signed(request, body):
            self.refused += 1
            return web.Response(status=401)
        self._record(key, json.loads(body))
        if fault is None:
            return web.Response(status=204)
        if fault.kind == "hang":
            await asyncio.Event().wait()
        if fault.kind == "cut" and request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _spoil(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.fault(asked["kind"], asked.get("times", 1), asked.get("retry_after"))
        return web.json_response({"waiting": len(self.faults)})

    async def _tell(self, _request: web.Request) -> web.Response:
        return web.json_response(self.replies)

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        message_id, timestamp, signatures = (request.headers.get(name, "") for name in names)
        signed = f"{message_id}.{timestamp}.".encode() + body
        right = "v1," + base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest()).decode()
        fresh = timestamp.isdecimal() and abs(time.time() - int(timestamp)) < 300
        return fresh and right in signatures.split(" ")

    def _record(self, key: str, body: dict[str, Any]) -> None:
        reply = {"at": time.time(), "key": key, "repeat": key in self._seen, "body": body}
        self._seen.add(key)
        self.replies.append(reply)
        if self._ledger is not None:
            with self._ledger.open("a", encoding="utf-8") as file:
                file.write(json.dumps(reply, ensure_ascii=False) + "\n")


def _retry_after(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--secret", required=True)
    asked = parser.parse_args()
    with Consumer(asked.secret, asked.ledger, asked.port) as consumer:
        print(consumer.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
