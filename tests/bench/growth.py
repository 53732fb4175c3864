"""What a million stored messages do to the pipeline and to the operators' console."""

import http.client
import json
import random
import statistics
import time
from typing import Any

from tests.bench import load
from tests.bench.fill import fill
from tests.bench.house import House, Stage
from tests.bench.pipeline import Run, drained, keep
from tests.bench.steady import percentile

_PEOPLE = 5_000
_LITTLE, _MUCH = 10_000, 1_000_000
_PAGE = 50
_OPERATOR = "bench"


def measure(stage: Stage) -> dict[str, Any]:
    """Messages a second with little and with much in store, in turns; then the console's pages with much in store."""
    much, rounds, count = stage.size(_MUCH, 50_000), stage.size(3, 1), stage.size(40_000, 4_000)
    with stage.house() as large:
        began = time.monotonic()
        fill(large.db, much, _PEOPLE)
        filled = time.monotonic() - began
        pairs = []
        for number in range(rounds):
            with stage.house() as small:
                fill(small.db, _LITTLE, _PEOPLE)
                pairs.append((_drained(stage, small, count, number), _drained(stage, large, count, number)))
        pages = _pages(large, stage.size(400, 40))
    return {
        "people": _PEOPLE,
        "stored_little": _LITTLE,
        "stored_much": much,
        "fill_seconds": round(filled),
        "rate_with_little_per_s": round(statistics.median(before.rate for before, _ in pairs)),
        "rate_with_much_per_s": round(statistics.median(after.rate for _, after in pairs)),
        "rate_kept": round(statistics.median(after.rate / before.rate for before, after in pairs), 3),
        "cpu_us_with_little": pairs[0][0].cost(),
        "cpu_us_with_much": pairs[0][1].cost(),
        **pages,
    }


def _drained(stage: Stage, house: House, count: int, number: int) -> Run:
    keep(house, load.raws(house.chat, count, _PEOPLE, first=number * count))
    return drained(stage, house, count)


def _pages(house: House, asked: int) -> dict[str, float]:
    """Milliseconds until a page of the list, and one of a dialog, is read whole; one request after the other."""
    house.web()
    desk = _Desk(house)
    chance = random.Random(3)
    lists, dialogs = [], []
    for _ in range(asked):
        seen, cursor = desk.ask(f"/v1/dialogs?status=open&sort=-last_at&limit={_PAGE}")
        lists.append(seen)
        lists.append(desk.ask(f"/v1/dialogs?status=open&sort=-last_at&limit={_PAGE}&cursor={cursor}")[0])
        dialog = chance.randrange(1, _PEOPLE + 1)
        seen, cursor = desk.ask(f"/v1/dialogs/{dialog}/messages?sort=-seq&limit={_PAGE}")
        dialogs.append(seen)
    return {
        "list_p50_ms": percentile(sorted(lists), 50),
        "list_p95_ms": percentile(sorted(lists), 95),
        "dialog_p50_ms": percentile(sorted(dialogs), 50),
        "dialog_p95_ms": percentile(sorted(dialogs), 95),
    }


class _Desk:
    """An operator's connection."""

    def __init__(self, house: House) -> None:
        token = house.run("operator", "add", _OPERATOR).strip().splitlines()[-1]
        self._headers = {"authorization": f"Bearer {token}"}
        self._http = http.client.HTTPConnection("127.0.0.1", house.port)

    def ask(self, path: str) -> tuple[float, str]:
        """Milliseconds, and the cursor of the next page; raises RuntimeError unless the page is full."""
        began = time.monotonic()
        self._http.request("GET", path, headers=self._headers)
        answer = self._http.getresponse()
        body = answer.read()
        seconds = time.monotonic() - began
        page = json.loads(body)
        if answer.status != http.HTTPStatus.OK or not page["items"]:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return seconds * 1000, page["next"]
