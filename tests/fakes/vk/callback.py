"""Callback API: each event is posted to an address, again and again until that says `ok`."""

import heapq
import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

Json = dict[str, Any]


class Callback:
    """Posts events in a thread of its own; one that fails comes again after the next of `delays`, then never."""

    def __init__(self, url: str, secret: str, confirmation: str, delays: tuple[float, ...]) -> None:
        self.url, self.secret, self.confirmation, self.delays = url, secret, confirmation, delays
        self.deliveries: list[Json] = []
        self._due: list[tuple[float, int, int, Json]] = []
        self._count = 0
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def add(self, event: Json) -> None:
        """Post it as soon as possible."""
        self._queue(event, 0, 0.0)

    def confirm(self, group_id: int) -> bool:
        """Whether the address answers with the confirmation string."""
        status, body = self._post({"type": "confirmation", "group_id": group_id} | self._signed(), 0)
        return status == 200 and body == self.confirmation

    def idle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is left to be posted."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due, timeout)

    def stop(self) -> None:
        """Post no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(15)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not (self._due and self._due[0][0] <= time.monotonic()):
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                if self._stopped:
                    return
                _, _, retry, event = self._due[0]
            status, body = self._post({**event, **self._signed()}, retry)
            told = {"event_id": event["event_id"], "retry": retry, "status": status, "body": body}
            self.deliveries.append(told)
            taken = status == 200 and body == "ok"
            with self._changed:
                self._due = [each for each in self._due if each[3] is not event or each[2] != retry]
                heapq.heapify(self._due)
                if not taken and retry < len(self.delays):
                    self._queue(event, retry + 1, self.delays[retry])
                self._changed.notify_all()

    def _queue(self, event: Json, retry: int, delay: float) -> None:
        with self._changed:
            self._count += 1
            heapq.heappush(self._due, (time.monotonic() + delay, self._count, retry, event))
            self._changed.notify_all()

    def _signed(self) -> Json:
        return {"secret": self.secret} if self.secret else {}

    def _post(self, body: Json, retry: int) -> tuple[int, str]:
        request = urllib.request.Request(self.url, json.dumps(body, ensure_ascii=False).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        if retry:
            request.add_header("X-Retry-Counter", str(retry))
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, type(error).__name__
