"""Those who answer: operators who follow the feed, reply, take notes and resolve."""

import asyncio
import random
from collections import Counter
from typing import Any

import orjson

from tests.chaos import ledger
from tests.chaos.config import Config
from tests.chaos.wire import ACCEPTED, CREATED, MOVED_ON, OPEN, Door, Headers, Refused

# One client's message in so many is answered; one answer in so many comes with a note, or resolves the dialog.
_ANSWERED, _NOTED, _RESOLVED = 4, 8, 12
NOTE = "note"
_PAGE = 200


class Operators:
    """Everybody at the desk; they share a token, and take turns in each dialog."""

    def __init__(self, config: Config, door: Door, book: ledger.Ledger) -> None:
        self._config, self._door, self._book = config, door, book
        self._chance = random.Random(f"operators {config.seed}")
        self._heard: Counter[int] = Counter()
        self._turns: dict[int, asyncio.Queue[int]] = {}
        self._desks: list[asyncio.Task[None]] = []
        # Answers begun and not yet taken, and how far each way of reading the feed has come.
        self.busy = 0
        self.read = {"stream": 0, "list": 0}

    async def follow(self) -> None:
        """The feed as a stream that goes on where the last one broke off; what clients write is answered."""
        last = 0
        while True:
            headers = {**self._headers(), "accept": "text/event-stream"}
            if last:
                headers["last-event-id"] = str(last)
            path = "/v1/events" if last else "/v1/events?after=0"
            async for happening in self._door.stream(path, headers):
                if happening.type in (OPEN, MOVED_ON):
                    continue
                last = int(happening.id)
                self._see("stream", last)
                if happening.type == "message.received":
                    self._hear(happening.data["dialog"])
            await asyncio.sleep(0.2)

    async def read_list(self) -> None:
        """The feed as a list, page by page."""
        last = 0
        while True:
            path = f"/v1/events?after={last}&limit={_PAGE}"
            page = await self._door.ask("GET", path, self._headers, (200,))
            for event in page["items"]:
                last = int(event["id"])
                self._see("list", last)
            await asyncio.sleep(0.0 if len(page["items"]) == _PAGE else 0.7)

    async def look_back(self) -> None:
        """Write down every dialog that was answered, as it is shown at the desk now."""
        for dialog in sorted(self._turns):
            shown: list[str] = []
            cursor = ""
            while True:
                path = f"/v1/dialogs/{dialog}/messages?limit={_PAGE}{cursor}"
                page = await self._door.ask("GET", path, self._headers, (200,))
                shown += [str(item["text"]).partition(" ")[0] for item in page["items"]]
                if page["next"] is None:
                    break
                cursor = f"&cursor={page['next']}"
            self._book.note(ledger.VIEWED, dialog, shown)

    def close(self) -> None:
        """Everybody goes home."""
        for desk in self._desks:
            desk.cancel()

    def _see(self, follower: str, event: int) -> None:
        self._book.note(ledger.SEEN, follower, event)
        self.read[follower] = event

    def _hear(self, dialog: int) -> None:
        self._heard[dialog] += 1
        if self._heard[dialog] % _ANSWERED:
            return
        if dialog not in self._turns:
            self._turns[dialog] = asyncio.Queue()
            self._desks.append(asyncio.create_task(self._answer_all(dialog)))
        self.busy += 1
        self._turns[dialog].put_nowait(self._heard[dialog] // _ANSWERED)

    async def _answer_all(self, dialog: int) -> None:
        """One answer after the other, so that there is an order to keep."""
        while True:
            n = await self._turns[dialog].get()
            try:
                await self._answer(dialog, n)
            except (Refused, KeyError, TypeError) as error:
                self._book.note(ledger.WRONG, f"{type(error).__name__}: {error}")
            self.busy -= 1

    async def _answer(self, dialog: int, n: int) -> None:
        token = f"r{dialog}.{n}"
        chance = random.Random(f"answer {self._config.seed} {token}")
        path = f"/v1/dialogs/{dialog}/messages"
        message = await self._write("POST", path, {"text": f"{token} здравствуйте"}, ACCEPTED, token)
        self._book.note(ledger.ACCEPTED, dialog, n, token, message["id"])
        if chance.randrange(_NOTED) == 0:
            note = f"{NOTE}{dialog}.{n}"
            await self._write("POST", f"/v1/dialogs/{dialog}/notes", {"text": f"{note} never outside"}, CREATED, note)
        if chance.randrange(_RESOLVED) == 0:
            await self._write("PATCH", f"/v1/dialogs/{dialog}", {"status": "resolved"}, (200, 409), f"resolve {token}")

    async def _write(self, method: str, path: str, body: dict[str, Any], wanted: tuple[int, ...], key: str) -> Any:
        headers = {**self._headers(), "content-type": "application/json", "idempotency-key": key}
        return await self._door.ask(method, path, lambda: headers, wanted, orjson.dumps(body))

    def _headers(self) -> Headers:
        return {"authorization": f"Bearer {self._config.token}"}
