"""The HTTP door as a whole: routes, pages, errors, and the server around them."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

import log
from api import board, chat, clients, departments, desk, events, files, health, operators, originals, problems, queues
from api.door import Door, Trouble, cors, explained
from api.feed import Feed
from api.house import House
from connectors.base import Refused
from connectors.registry import Channels
from dialogs import visitors
from pipeline import queues as bells
from pipeline.daemons import file_store, open_database
from pipeline.intake import Busy, SharedIntake, Unfit
from pipeline.stopping import Stop
from settings import Settings, secret
from storage import keys, schema
from storage import operators as staff
from storage.db import Tx

_STATIC = Path(__file__).with_name("static")
# Seconds for requests under way once the server is told to stop; streams are ended at once.
_GRACE = 10
# Seconds the first callers wait for the database at the start, before they are told that it is away.
_FIRST_LOOK = 2.0
_log = log.get(__name__)
_PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        "media-src blob:; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",
}
# Frames with a mail's page have this policy and a stricter one of their own: mails bring their looks with them, and
# images from elsewhere for whoever asks to see them.
_CONSOLE_HEADERS = {
    **_PAGE_HEADERS,
    "content-security-policy": _PAGE_HEADERS["content-security-policy"].replace(
        "img-src 'self' blob: data:", "style-src-attr 'unsafe-inline'; img-src 'self' blob: data: https:"
    ),
}


class Web:
    """One web process: what it opens, the application, and what it gives back."""

    def __init__(self, settings: Settings) -> None:
        """Opens nothing that needs a server to be up."""
        self.settings = settings
        self.db = open_database(settings)
        self.channels = Channels(settings.channels)
        url = bells.broker_url(settings)
        broker = bells.make_broker(url)
        bells.declare(broker, lambda _name: None, lambda _channel: None)
        self.bells = bells.Bells(broker)
        self.intake = SharedIntake(self.db, lambda: self.bells.ring(bells.PIPELINE, [bells.INBOX]))
        self.feed = Feed(self.db, visitors.dialogs_of, settings.web.max_readers)
        self._key: bytes | None = None
        house = House(
            settings=settings,
            db=self.db,
            channels=self.channels,
            ring=lambda names: self.bells.ring(bells.DELIVER, names),
            ring_inbox=lambda: self.bells.ring(bells.PIPELINE, [bells.INBOX]),
            feed=self.feed,
            files=file_store(settings),
            broker=lambda: _state_of(url),
            settled=lambda: self._key is not None,
        )
        inner = build(house, self._running)
        self.app = Door(inner, house, self.intake, self.key)
        inner.state.door = self.app

    def key(self) -> bytes:
        """What signs sessions; Busy until the database has given it."""
        if self._key is None:
            raise Busy
        return self._key

    def close(self) -> None:
        """Commit what waits and give everything back."""
        self.intake.close()
        self.bells.close()
        self.db.close()

    @asynccontextmanager
    async def _running(self, _app: FastAPI) -> AsyncIterator[None]:
        learning = asyncio.create_task(self._learn_key())
        # Who is there at once, as a database is, need not turn the first callers away.
        await asyncio.wait({learning}, timeout=_FIRST_LOOK)
        try:
            yield
        finally:
            learning.cancel()
            with suppress(asyncio.CancelledError):
                await learning
            await self.channels.close()

    async def _learn_key(self) -> None:
        while self._key is None:
            try:
                self._key = await asyncio.to_thread(self.db.write, _settle_in)
            except Exception as error:  # noqa: BLE001 - the web starts before the database if it must
                _log.warning("web.waiting_for_database", error=type(error).__name__)
                await asyncio.sleep(0.5)


def _settle_in(tx: Tx) -> bytes:
    """What needs the database once: the first administrator, if his token is given, and the key of the sessions."""
    schema.expect_current(tx)
    token = secret("OKNO_ADMIN_TOKEN")
    if token:
        staff.first_admin(tx, token)
    return keys.get(tx, keys.SESSIONS)


def build(house: House, lifespan: Callable[[FastAPI], object]) -> FastAPI:
    """The application behind the door."""
    app = FastAPI(title="Okno", version="0.1.0", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)  # type: ignore[arg-type]
    app.state.house = house
    problems.install(app)
    for kind in (Trouble, Refused, Unfit, Busy):
        app.add_exception_handler(kind, _refused)
    for part in (chat, desk, board, clients, operators, departments, queues, files, originals, events, health):
        app.include_router(part.router)
    app.mount("/static", Pages(directory=_STATIC))
    app.add_route("/", page("demo.html", _PAGE_HEADERS), include_in_schema=False)
    app.add_route("/console", page("console.html", _CONSOLE_HEADERS), include_in_schema=False)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    response = explained(error)
    # The page that asked must be able to read why not.
    response.raw_headers += cors(dict(request.headers.raw))
    return response


class Pages(StaticFiles):
    """Our own scripts and styles; other sites embed the chat's, so any page may read them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = {**_PAGE_HEADERS, "access-control-allow-origin": "*"}
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in extra.items())]
            await send(message)

        await super().__call__(scope, receive, with_headers)


def page(name: str, headers: Mapping[str, str]) -> Callable[[object], Response]:
    """A handler for one of our pages."""

    def serve_page(_request: object) -> Response:
        return FileResponse(_STATIC / name, headers=headers)

    return serve_page


class Server(uvicorn.Server):
    """Uvicorn, that stops like every other process of ours and ends the streams before it waits for its requests."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals set the process's own flag: uvicorn would raise them again at its end, before anything is closed."""
        yield

    def end(self) -> None:
        """Ask it to stop, from any thread."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called on the loop once a signal came."""
        self._feed.stop()
        await super().shutdown(sockets)


def serve(settings: Settings, stop: Stop) -> None:
    """Serve until told to stop."""
    web = Web(settings)
    config = uvicorn.Config(
        web.app,
        host=settings.web.host,
        port=settings.web.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=65536,
        lifespan="on",
    )
    server = Server(config, web.feed)
    stop.also(server.end)
    # What is there by now stays for good: a collector that looked through it all would hold every request.
    gc.collect()
    gc.freeze()
    try:
        server.run()
    finally:
        web.close()


def _state_of(url: str | None) -> str:
    if url is None:
        return "none"
    try:
        bells.ping(url)
    except Exception as error:  # noqa: BLE001 - whatever the driver raises, the broker is down
        _log.debug("broker.down", error=type(error).__name__)
        return "down"
    return "up"
