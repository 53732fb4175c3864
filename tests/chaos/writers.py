"""Those who write to us: visitors in the widget, and shoppers for whom a site's own server speaks."""

import abc
import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from tests.chaos import ledger
from tests.chaos.config import Config
from tests.chaos.vendors import FIRST_USER, WHO
from tests.chaos.wire import ACCEPTED, CREATED, OPEN, Door, Headers, signed

_WORDS = ("заказ", "пришёл", "не тот,", "когда", "обменять?", "the parcel", "is late", "😀", "\N{NO-BREAK SPACE}адрес")
# One message in so many is sent three times at once.
_THRICE = 12
_PAGE = 200


class Writer(abc.ABC):
    """Writes `count` messages one after the other: the next only once the system has the last."""

    def __init__(self, config: Config, number: int, count: int, door: Door, book: ledger.Ledger) -> None:
        self.number, self.acked = number, 0
        self._config, self._count, self._door, self._book = config, count, door, book
        self._chance = random.Random(f"writer {config.seed} {number}")
        self.name = f"w{number}"

    async def write_all(self) -> None:
        """From a moment of its own choice on, at an even pace; what was held up is caught up with."""
        began = time.monotonic() + self._chance.random() * self._config.seconds / max(1, self._count)
        await self._arrive()
        for n in range(1, self._count + 1):
            await asyncio.sleep(began + (n - 1) * self._config.seconds / self._count - time.monotonic())
            token = f"{self.name}.{n}"
            self._book.note(ledger.TOLD, self.number, n, token)
            text = " ".join([token, *self._chance.choices(_WORDS, k=self._chance.randrange(30))])
            copies = 3 if self._chance.randrange(_THRICE) == 0 else 1
            await asyncio.gather(*(self._write(f"m{n}", text) for _ in range(copies)))
            self._book.note(ledger.ACKED, self.number, n, token)
            self.acked += 1

    @abc.abstractmethod
    async def _arrive(self) -> None:
        """What has to happen before the first message."""

    @abc.abstractmethod
    async def _write(self, key: str, text: str) -> None:
        """Returns once the system has said that it has the message."""


class Shopper(Writer):
    """A customer of a site that passes his messages on by signed webhook."""

    async def _arrive(self) -> None:
        """His site needs no session."""

    async def _write(self, key: str, text: str) -> None:
        body = orjson.dumps(
            {
                "id": key,
                "visitor": self.name,
                "name": f"Shopper {self.number}",
                "text": text,
                "sent_at": datetime.now(UTC).isoformat(),
            }
        )
        await self._door.ask(
            "POST",
            f"/hooks/{self._config.channel}",
            lambda: signed(self._config.secret, f"{self.name}-{key}", body),
            range(200, 300),
            body,
        )


class Chatter(Writer):
    """Somebody who writes in a messenger. Its server has what he wrote at once; the system has yet to fetch it."""

    def __init__(self, config: Config, number: int, count: int, door: Door, book: ledger.Ledger) -> None:
        super().__init__(config, number, count, door, book)
        self._said = 0

    async def _arrive(self) -> None:
        """His account is there already."""

    async def _write(self, key: str, text: str) -> None:
        # A person presses the button once; it is the messenger that may tell of it twice.
        if int(key[1:]) > self._said:
            self._said = int(key[1:])
            vendor = self._config.channels[self.number % len(self._config.channels)]
            url = f"{self._config.vendors[vendor]}/fake/says"
            body = orjson.dumps({WHO[vendor]: FIRST_USER + self.number, "text": text})
            await self._door.tell(url, body)


class Visitor(Writer):
    """Somebody with the widget open: writes, and sees the replies come, by stream or by asking."""

    def __init__(self, config: Config, number: int, count: int, door: Door, book: ledger.Ledger) -> None:
        super().__init__(config, number, count, door, book)
        self._token = ""
        self._here = asyncio.Event()
        self._newest = ""
        self._last_event = ""
        self._seen: set[str] = set()

    async def read_on(self) -> None:
        """Follow the dialog until cancelled: half of the visitors by stream, the others by asking again."""
        await self._here.wait()
        while True:
            if self.number % 2:
                await self._follow()
            else:
                await self._catch_up()
            await asyncio.sleep(1.0)

    async def look_back(self) -> None:
        """Write down the history behind the first message, as the widget shows it now."""
        shown: list[str] = []
        after: str | None = "m1"
        while after:
            page = await self._page(after)
            shown += [_token_of(item) for item in page["items"]]
            after = page["next"]
        self._book.note(ledger.SHOWN, self.number, shown)

    async def _arrive(self) -> None:
        opened = await self._door.ask(
            "POST",
            f"/chat/{self._config.channel}/sessions",
            lambda: {"content-type": "application/json"},
            CREATED,
            orjson.dumps({"name": f"Visitor {self.number}"}),
        )
        self._token = opened["token"]
        self._here.set()

    async def _write(self, key: str, text: str) -> None:
        body = orjson.dumps({"id": key, "text": text})
        path = f"/chat/{self._config.channel}/messages"
        answer = await self._door.ask("POST", path, self._headers, ACCEPTED, body)
        if answer["id"] != key:
            self._book.note(ledger.WRONG, f"{self.name} sent {key} and was answered {answer['id']}")

    async def _follow(self) -> None:
        """One stream: half go on where the last one broke off, half ask for what they missed."""
        resumes = self._last_event and self.number % 4 == 1
        headers = {**self._headers(), **({"last-event-id": self._last_event} if resumes else {})}
        async for happening in self._door.stream(f"/chat/{self._config.channel}/events", headers):
            if happening.type == OPEN and not resumes:
                await self._catch_up()
            self._last_event = happening.id or self._last_event
            if happening.type == "message":
                self._see(happening.data)

    async def _catch_up(self) -> None:
        while True:
            page = await self._page(self._newest)
            for item in page["items"]:
                self._see(item)
                self._newest = str(item["id"])
            if page["next"] is None:
                return

    async def _page(self, after: str) -> dict[str, Any]:
        query = f"?limit={_PAGE}" + (f"&after={quote(after)}" if after else "")
        path = f"/chat/{self._config.channel}/messages{query}"
        page: dict[str, Any] = await self._door.ask("GET", path, self._headers, (200,))
        return page

    def _see(self, item: dict[str, Any]) -> None:
        key = str(item["id"])
        if item["author"]["kind"] == "operator" and key not in self._seen:
            self._seen.add(key)
            self._book.note(ledger.GOT, self.number, _token_of(item), key)

    def _headers(self) -> Headers:
        return {"content-type": "application/json", "authorization": f"Bearer {self._token}"}


def _token_of(item: dict[str, Any]) -> str:
    return str(item["text"]).partition(" ")[0]
