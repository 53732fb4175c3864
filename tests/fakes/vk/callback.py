"""Callback API: each event is posted to an address, again and again until that says `ok`."""

import heapq
import http.client
import json
import math
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

Json = dict[str, Any]
# Events that are on their way at a time: whatever waits for its answer or its next try holds up no other.
_LINES = 8
# Answers with which an address may say when to come again, and the longest it may ask for.
_LATER, _LONGEST = {410, 429, 503}, 10_800.0


class Answer(NamedTuple):
    """What came back, and in how many seconds to come again, if that was said; status 0 is no answer."""

    status: int
    body: str
    again: float | None = None


class Callback:
    """Posts events in threads of its own; one that fails comes again after the next of `delays`, then never."""

    def __init__(self, url: str, secret: str, confirmation: str, delays: tuple[float, ...]) -> None:
        self.url, self.secret, self.confirmation, self.delays = url, secret, confirmation, delays
        self.deliveries: list[Json] = []
        self._events: dict[str, Json] = {}
        self._due: list[tuple[float, int, int, Json]] = []
        self._count = self._flying = 0
        self._changed = threading.Condition()
        self._stopped = False
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_LINES)]
        for thread in self._threads:
            thread.start()

    def add(self, event: Json) -> None:
        """Post it as soon as possible."""
        with self._changed:
            self._events.setdefault(event["event_id"], event)
            self._queue(event, 0, 0.0)

    def confirm(self, group_id: int) -> bool:
        """Whether the address answers with the confirmation string."""
        answer = self._post({"type": "confirmation", "group_id": group_id} | self._signed(), 0)
        return answer.status == 200 and answer.body == self.confirmation

    def idle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is left to be posted."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due and not self._flying, timeout)

    def late(self) -> list[Json]:
        """What clients wrote and the address may have heard of only after something they wrote later."""
        with self._changed:
            begun, taken = _times(self.deliveries)
            written = [event for event in self._events.values() if event["type"] == "message_new"]
        found: list[Json] = []
        # Of each conversation, when anything later was told first.
        later: defaultdict[int, float] = defaultdict(lambda: math.inf)
        for event in reversed(written):
            name, peer = event["event_id"], event["object"]["message"]["peer_id"]
            if taken.get(name, math.inf) > later[peer]:
                found.append(event)
            later[peer] = min(later[peer], begun.get(name, math.inf))
        return found

    def stop(self) -> None:
        """Post no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(15)

    def _run(self) -> None:
        while (found := self._next()) is not None:
            retry, event = found
            begun = time.time()
            answer = self._post({**event, **self._signed()}, retry)
            told = {"event_id": event["event_id"], "retry": retry, "status": answer.status, "body": answer.body}
            with self._changed:
                self.deliveries.append(told | {"begun": begun, "at": time.time()})
                self._flying -= 1
                if not _taken(told) and retry < len(self.delays):
                    self._queue(event, retry + 1, self.delays[retry] if answer.again is None else answer.again)
                self._changed.notify_all()

    def _next(self) -> tuple[int, Json] | None:
        """The next event to be posted, once it is due, and which try that is; None at the end."""
        with self._changed:
            while not self._stopped and not (self._due and self._due[0][0] <= time.monotonic()):
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
            if self._stopped:
                return None
            self._flying += 1
            _, _, retry, event = heapq.heappop(self._due)
            return retry, event

    def _queue(self, event: Json, retry: int, delay: float) -> None:
        self._count += 1
        heapq.heappush(self._due, (time.monotonic() + delay, self._count, retry, event))
        self._changed.notify_all()

    def _signed(self) -> Json:
        return {"secret": self.secret} if self.secret else {}

    def _post(self, body: Json, retry: int) -> Answer:
        request = urllib.request.Request(self.url, json.dumps(body, ensure_ascii=False).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        if retry:
            request.add_header("X-Retry-Counter", str(retry))
        try:
            return _asked(request)
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, type(error).__name__)


def _asked(request: urllib.request.Request) -> Answer:
    """The answer, which may also break off in the middle."""
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Answer(answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            said = error.headers.get("Retry-After", "") if error.code in _LATER else ""
            return Answer(error.code, error.read().decode(), min(float(said), _LONGEST) if said.isdigit() else None)


def _taken(told: Json) -> bool:
    return bool(told["status"] == 200 and told["body"] == "ok")


def _times(deliveries: Iterable[Json]) -> tuple[dict[str, float], dict[str, float]]:
    """When each event was posted first, and when it was surely taken."""
    begun: dict[str, float] = {}
    taken: dict[str, float] = {}
    for told in deliveries:
        name = told["event_id"]
        begun[name] = min(told["begun"], begun.get(name, math.inf))
        if _taken(told):
            taken[name] = min(told["at"], taken.get(name, math.inf))
    return begun, taken
