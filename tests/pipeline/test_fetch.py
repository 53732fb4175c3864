"""Files that came as a reference are fetched after their message, tried again, and never vanish."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, update

from connectors.abilities import Fetched
from connectors.base import Batch, Rejected, Unavailable
from connectors.registry import Channels
from connectors.webchat import Webchat
from pipeline import fetch, intake
from pipeline.attach import Shelf
from pipeline.drain import Drain
from pipeline.fetch import WAITS, Fetcher, Means, fetch_due
from pipeline.loop import LoopThread
from pipeline.pace import paces_of
from settings import WorkSettings
from storage import attachments, journal, paces
from storage.attachments import ATTACHMENTS
from storage.db import Database, now
from storage.files import FileStore

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
SECTION = {"kind": "webchat", "secret": "s" * 32, "max_file": 1000}
SOURCE = "https://example.org/photo"

Answer = Callable[[], AsyncGenerator[bytes, None]]


async def _png() -> AsyncGenerator[bytes, None]:
    yield PNG[:50]
    yield PNG[50:]


class Outside:
    """Stands where the connector's own way out would be: answers with chunks or an error, and counts the readers."""

    def __init__(self) -> None:
        self.answers: list[Answer | Exception] = []
        self.kind = "text/plain"
        self.asked = self.open = 0

    async def fetch(self, source: str) -> Fetched:
        assert source == SOURCE
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Fetched(self._counted(answer()), self.kind)

    async def _counted(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        self.open += 1
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            self.open -= 1


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    outside = Outside()
    monkeypatch.setattr(Webchat, "fetch", lambda _self, source: outside.fetch(source))
    return outside


@pytest.fixture
def means(db: Database, tmp_path: Path) -> Iterator[Means]:
    """What fetching needs, with one message whose file is still out there."""
    loop = LoopThread()
    channels = Channels({"site": SECTION})
    store = FileStore(tmp_path / "files")
    _take_in(db, channels, store)
    yield Means(db, store, channels, paces_of(channels), loop.run)
    loop.close()


def _take_in(db: Database, channels: Channels, store: FileStore) -> None:
    site = channels["site"]
    assert isinstance(site, Webchat)
    line = b'{"id":"1","visitor":"anna","sent_at":"2026-05-04","files":[{"name":"../photo.png","url":"%s"}]}'
    path = store.root / "tmp" / "line"
    path.write_bytes(line.replace(b"%s", SOURCE.encode()))
    raws = [found.raw for found in site.read(path)]
    path.unlink()
    intake.store(db, "site", Batch([raw for raw in raws if not isinstance(raw, str)]))
    Drain(db, channels, Shelf(store), WorkSettings()).visit()


def _row(db: Database) -> Row[Any]:
    with db.read() as tx:
        return tx.execute(ATTACHMENTS.select()).one()


def _due(db: Database) -> None:
    with db.begin() as tx:
        tx.execute(update(ATTACHMENTS).values(next_at=now() - timedelta(seconds=1)))


def _told(db: Database) -> list[journal.Line]:
    with db.read() as tx:
        return [line for line in journal.read(tx, 0, 100) if "file" in line.data]


def test_a_file_is_fetched_once(means: Means, outside: Outside) -> None:
    outside.answers = [_png]
    assert fetch_due(means) == 1
    row = _row(means.db)
    assert (row.state, row.name, row.type, row.size) == ("stored", "photo.png", "image/png", len(PNG))
    assert means.store.path(row.sha256).read_bytes() == PNG
    assert fetch_due(means) == 0
    (line,) = _told(means.db)
    assert (line.data["message"], line.data["file"]) == (row.message_id, row.id)
    assert line.dialog_id is not None


def test_its_bytes_say_what_it_is_and_not_its_server(means: Means, outside: Outside) -> None:
    async def page() -> AsyncGenerator[bytes, None]:
        yield b"<script>alert(1)</script>"

    outside.answers, outside.kind = [page], "image/png"
    fetch_due(means)
    assert _row(means.db).type == "application/octet-stream"


def test_a_file_that_will_never_come_is_shown_as_that(means: Means, outside: Outside) -> None:
    outside.answers = [Rejected("gone")]
    fetch_due(means)
    row = _row(means.db)
    assert (row.state, row.name, row.message_id is None) == ("failed", "photo.png", False)
    _due(means.db)
    assert fetch_due(means) == 0
    assert len(_told(means.db)) == 1


def test_a_file_that_is_too_large_is_left(means: Means, outside: Outside) -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x" * 300

    outside.answers = [endless]
    fetch_due(means)
    assert _row(means.db).state == "failed"
    assert outside.open == 0
    assert [path for path in means.store.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("error", [Unavailable("busy"), ConnectionResetError(), OSError(28, "No space left")])
def test_a_file_that_does_not_come_is_tried_again(means: Means, outside: Outside, error: Exception) -> None:
    outside.answers = [error, _png]
    fetch_due(means)
    row = _row(means.db)
    assert (row.state, row.attempts) == ("pending", 1)
    assert timedelta(0) < row.next_at - datetime.now(UTC) < timedelta(seconds=WAITS[0] + 1)
    assert fetch_due(means) == 0
    _due(means.db)
    fetch_due(means)
    assert _row(means.db).state == "stored"


@pytest.mark.parametrize("server_alone", [True, False])
def test_who_is_told_to_wait_waits(means: Means, outside: Outside, server_alone: bool) -> None:
    """A channel that asks for silence gets it from its letters and other files too."""
    first = _row(means.db)
    with means.db.begin() as tx:
        second = attachments.pending(first.owner, "2.png", "", "site", SOURCE)
        attachments.add(tx, [second._replace(message_id=first.message_id, position=1)])
    outside.answers = [Unavailable("busy", retry_after=77, him_alone=server_alone), _png]
    assert fetch_due(means, 2) == (2 if server_alone else 1)
    with means.db.read() as tx:
        (waiting, *others) = tx.execute(ATTACHMENTS.select().order_by(ATTACHMENTS.c.created_at)).all()
        silent = paces.get(tx, "site", {paces.EVERYBODY})
    for row in [waiting] if server_alone else [waiting, *others]:
        assert timedelta(seconds=70) < row.next_at - datetime.now(UTC) < timedelta(seconds=78)
    assert bool(silent) is not server_alone


def test_a_file_that_breaks_off_is_tried_again_from_its_start(means: Means, outside: Outside) -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield PNG[:50]
        raise ConnectionResetError

    outside.answers = [broken, _png]
    fetch_due(means)
    assert _row(means.db).state == "pending"
    _due(means.db)
    fetch_due(means)
    assert means.store.path(_row(means.db).sha256).read_bytes() == PNG


def test_after_ten_tries_it_has_failed(means: Means, outside: Outside) -> None:
    outside.answers = [ConnectionResetError() for _ in range(20)]
    for _ in range(12):
        _due(means.db)
        fetch_due(means)
    assert outside.asked == len(WAITS) + 1 == 10
    assert _row(means.db).state == "failed"


def test_a_file_that_drips_is_given_up_for_now(means: Means, outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_WHOLE", 0.0)
    outside.answers = [_png]
    fetch_due(means)
    assert _row(means.db).state == "pending"
    assert outside.open == 0


def test_a_file_that_stalls_is_given_up_for_now(
    means: Means, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stalled() -> AsyncGenerator[bytes, None]:
        yield PNG[:50]
        await asyncio.sleep(60)

    monkeypatch.setattr(fetch, "_STALL", 0.2)
    outside.answers = [stalled]
    fetch_due(means)
    assert _row(means.db).state == "pending"
    assert outside.open == 0


def test_a_channel_that_is_switched_off_keeps_its_files(means: Means, outside: Outside) -> None:
    fetch_due(means._replace(channels=Channels({})))
    assert _row(means.db).state == "pending"
    assert outside.asked == 0


def test_who_dies_in_the_middle_leaves_it_to_others(means: Means, outside: Outside) -> None:
    with means.db.begin() as tx:
        attachments.take_due(tx, 1, 600)
    assert fetch_due(means) == 0
    _due(means.db)
    outside.answers = [_png]
    fetch_due(means)
    assert (_row(means.db).state, _row(means.db).attempts) == ("stored", 2)


def test_a_slow_server_holds_up_nothing_but_its_file(means: Means, outside: Outside) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def slow() -> AsyncGenerator[bytes, None]:
        yield PNG[:50]
        begun.set()
        await asyncio.to_thread(ended.wait, 30)
        yield PNG[50:]

    outside.answers = [slow]
    fetcher = Fetcher(means)
    fetcher.sweep()
    assert begun.wait(10)
    fetcher.sweep()
    fetcher._threads[1].join(10)
    fetcher.stop()
    ended.set()
    fetcher.close()
    fetcher.sweep()
    row = _row(means.db)
    # Left to the next process, and at once.
    assert (row.state, row.next_at <= datetime.now(UTC), outside.open) == ("pending", True, 0)


def test_a_database_that_is_away_ends_no_process(means: Means, outside: Outside, tmp_path: Path) -> None:
    fetcher = Fetcher(means._replace(db=Database(f"sqlite:///{tmp_path}")))
    fetcher.sweep()
    fetcher.close()
    assert outside.asked == 0


def test_who_was_too_slow_changes_nothing(means: Means, outside: Outside) -> None:
    async def overtaken() -> AsyncGenerator[bytes, None]:
        with means.db.begin() as tx:
            assert attachments.take_due(tx, 1, 600) == []
        _due(means.db)
        with means.db.begin() as tx:
            assert len(attachments.take_due(tx, 1, 600)) == 1
        yield PNG

    outside.answers = [overtaken]
    fetch_due(means, limit=1)
    assert (_row(means.db).state, _row(means.db).attempts) == ("pending", 2)
    assert _told(means.db) == []
