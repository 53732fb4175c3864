"""The site's own server: takes the signed replies, drops repeats by webhook-id, and fails on demand."""

import random
import time

from aiohttp import web

from tests.chaos import ledger
from tests.chaos.config import Config
from tests.chaos.wire import is_signed

TAKEN_THEN_CUT = "reply taken, then cut"
TAKEN_THEN_500 = "reply taken, then 500"
REFUSED_429 = "reply refused 429"
REFUSED_503 = "reply refused 503"


class Consumer:
    """POST /replies of the site."""

    def __init__(self, config: Config, book: ledger.Ledger) -> None:
        self._config, self._book = config, book
        self._chance = random.Random(f"consumer {config.seed}")
        self._known: set[str] = set()
        self._failing, self._until = "", 0.0
        # How many requests were answered otherwise than they should.
        self.struck = 0

    def fail(self, how: str, seconds: float) -> None:
        """Treat every second request so for a while."""
        self._failing, self._until = how, time.monotonic() + seconds

    async def serve(self) -> web.AppRunner:
        """Begin to listen."""
        app = web.Application()
        app.router.add_post("/replies", self._reply)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._config.reply_port).start()
        return runner

    async def _reply(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(self._config.secret, request.headers, body):
            self._book.note(ledger.WRONG, "a reply with a wrong signature")
            return web.Response(status=401)
        how = self._failing if time.monotonic() < self._until and self._chance.random() < 0.5 else ""
        self.struck += bool(how)
        if how == REFUSED_429:
            return web.Response(status=429, headers={"Retry-After": "1"})
        if how == REFUSED_503:
            return web.Response(status=503)
        self._take(request.headers["webhook-id"], await request.json())
        if how == TAKEN_THEN_CUT and request.transport:
            request.transport.abort()
        return web.Response(status=500 if how == TAKEN_THEN_500 else 204)

    def _take(self, key: str, reply: dict[str, str]) -> None:
        """The effect: once for each key, as the convention asks of whoever receives."""
        if key not in self._known:
            self._known.add(key)
            token = str(reply["text"]).partition(" ")[0]
            self._book.note(ledger.GOT, int(str(reply["visitor"]).removeprefix("w")), token, key)
