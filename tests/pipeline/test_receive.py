"""Receive: one reader a channel, a cursor that never runs ahead of what is stored, and no error that ends it."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import update
from structlog.testing import capture_logs

from connectors.base import Batch, Denied, Unavailable
from pipeline import receive as module
from pipeline.receive import Into, readable, receive, run
from pipeline.stopping import Stop
from settings import Settings, SettingsError
from storage import cursors, inbox, leases, schema
from storage.cursors import CURSORS
from storage.db import Database
from storage.halts import HALTS
from storage.leases import LEASES
from tests.fakes.channel import Fake, raw
from tests.pipeline.children import holding
from tests.pipeline.rig import CHANNEL, Rig
from tests.running import eventually

PATIENCE = 20.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.05)
    monkeypatch.setattr(module, "_LONGEST_WAIT", 0.2)
    monkeypatch.setattr(module, "_DENIED_WAIT", 0.05)
    monkeypatch.setattr(module, "_BEAT", 0.05)


@contextmanager
def reading(rig: Rig, ring: Callable[[], None] = lambda: None) -> Iterator[threading.Thread]:
    """The receivers' process, as a thread, with the channel `shop` alone."""
    stop = Stop()
    readers = {CHANNEL: readable(rig.channels)[CHANNEL]}
    thread = threading.Thread(target=lambda: asyncio.run(receive(Into(rig.db, rig.store, ring), readers, stop)))
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the reader does not stop"


def stored(rig: Rig) -> list[str]:
    return [row.external_id for row in rig.rows(inbox.INBOX)]


def _is_stored(rig: Rig, key: str) -> bool:
    return key in stored(rig)


def cursor(rig: Rig) -> str | None:
    with rig.db.read() as tx:
        return cursors.get(tx, CHANNEL)


def numbered(first: int, count: int) -> Sequence[Any]:
    return [raw("anna", str(n)) for n in range(first, first + count)]


def test_what_there_is_to_read_is_stored_in_order_with_its_cursor(rig: Rig) -> None:
    rang: list[bool] = []
    rig.world.offer(*numbered(0, 25))
    with reading(rig, lambda: rang.append(True)):
        eventually(lambda: len(stored(rig)) == 25)
        rig.world.offer(*numbered(25, 5))
        eventually(lambda: cursor(rig) == "30")
    assert stored(rig) == [f"anna:{n}" for n in range(30)]
    assert rang


def test_reading_goes_on_from_the_cursor(rig: Rig) -> None:
    rig.world.offer(*numbered(0, 5))
    with rig.db.begin() as tx:
        cursors.move(tx, CHANNEL, "3")
    with reading(rig):
        eventually(lambda: cursor(rig) == "5")
    assert stored(rig) == ["anna:3", "anna:4"]


def test_what_was_read_but_not_stored_is_read_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    put, failures = inbox.put, [1, 2, 3]

    def failing(*args: Any) -> Any:
        if failures:
            failures.pop()
            raise ConnectionResetError("the database went away")
        return put(*args)

    monkeypatch.setattr(inbox, "put", failing)
    rig.world.offer(*numbered(0, 12))
    with reading(rig):
        eventually(lambda: cursor(rig) == "12")
    assert stored(rig) == [f"anna:{n}" for n in range(12)]
    assert rig.flow()["duplicate"] == 0


def test_no_error_of_the_source_ends_the_reading(rig: Rig) -> None:
    for how in ("denied", "broken", "denied"):
        with reading(rig):
            rig.world.fail(how)
            eventually(lambda: not rig.world.lines())
            with rig.db.begin() as tx:
                tx.execute(CURSORS.delete())
            rig.world.offer(raw("anna", how))
            eventually(partial(_is_stored, rig, f"anna:{how}"))


def test_a_channel_whose_credentials_are_refused_is_shown_until_they_are_right(rig: Rig) -> None:
    with reading(rig):
        rig.world.deny()
        rig.world.fail("denied")
        eventually(lambda: rig.rows(HALTS))
        (halt,) = rig.rows(HALTS)
        assert (halt.channel, halt.what, halt.reason) == (CHANNEL, "reading", "wrong token"), "replies may go out"
        rig.world.folder.joinpath("denied").unlink()
        eventually(lambda: not rig.rows(HALTS))
    assert [line.type for line in rig.events() if line.type.startswith("channel")] == [
        "channel.stopped",
        "channel.resumed",
    ]


@pytest.mark.parametrize("error", [Denied("wrong password of the other server"), Unavailable("nobody answers there")])
def test_a_channel_that_can_be_read_goes_on_though_it_cannot_be_sent_to(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def failing(_: Fake) -> str:
        raise error

    monkeypatch.setattr(Fake, "check", failing)
    rig.world.fail("denied")
    with reading(rig):
        eventually(lambda: rig.rows(HALTS))
        rig.world.offer(raw("anna", "1"))
        eventually(lambda: stored(rig) == ["anna:1"])
        eventually(lambda: not rig.rows(HALTS))


def test_another_reader_of_the_source_is_shown_for_as_long_as_he_is_there(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading(rig):
        eventually(lambda: rig.rows(LEASES))
        assert not rig.rows(HALTS)
        monkeypatch.setattr(Fake, "rival", "another program reads")
        eventually(lambda: rig.rows(HALTS))
        (halt,) = rig.rows(HALTS)
        assert (halt.channel, halt.what, halt.reason) == (CHANNEL, "reading", "another program reads")
        # What is left to us is read, and a failure besides changes nothing.
        rig.world.fail("broken")
        eventually(lambda: not rig.world.lines())
        rig.world.offer(raw("anna", "1"))
        eventually(lambda: stored(rig) == ["anna:1"])
        assert rig.rows(HALTS)
        monkeypatch.setattr(Fake, "rival", "")
        eventually(lambda: not rig.rows(HALTS))
    assert [line.type for line in rig.events() if line.type.startswith("channel")] == [
        "channel.stopped",
        "channel.resumed",
    ]


@pytest.mark.parametrize(("sound", "waits"), [(60.0, [0.05, 0.1, 0.2, 0.2]), (0.0, [0.05] * 4)])
def test_a_source_that_fails_at_once_is_tried_ever_more_slowly(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, sound: float, waits: list[float]
) -> None:
    receive, broken = Fake.receive, [True]

    async def failing(self: Fake, at: str | None) -> AsyncIterator[Batch]:
        # It holds for a moment, longer than no time at all.
        await asyncio.sleep(0.001)
        if broken[0]:
            raise OSError("refused")
        async for batch in receive(self, at):
            yield batch

    def told() -> list[float]:
        return [line["again_in"] for line in logs if line["event"] == "receive.failed"]

    monkeypatch.setattr(module, "_SOUND", sound)
    monkeypatch.setattr(Fake, "receive", failing)
    with capture_logs() as logs, reading(rig):
        eventually(lambda: len(told()) >= 4)
        assert told()[:4] == waits
        broken[0] = False
        rig.world.offer(raw("anna", "1"))
        eventually(lambda: stored(rig))
        before = len(told())
        rig.world.fail("broken")
        eventually(lambda: len(told()) > before)
        assert told()[before] == 0.05, "something was read since"


def test_two_readers_take_turns_and_none_reads_beside_the_other(rig: Rig) -> None:
    def elsewhere() -> None:
        with rig.again().db.begin() as tx:
            assert leases.take(tx, f"receive:{CHANNEL}", 600)

    rig.world.offer(*numbered(0, 5))
    with holding(elsewhere) as child, reading(rig):
        time.sleep(0.3)
        assert stored(rig) == []
        child.kill()
        eventually(lambda: len(stored(rig)) == 5)


def test_who_was_taken_over_stores_nothing_more_until_it_is_his_turn(rig: Rig) -> None:
    rig.world.offer(*numbered(0, 5))
    with reading(rig):
        eventually(lambda: cursor(rig) == "5")
        with rig.db.begin() as tx:
            tx.execute(update(LEASES).values(holder="other-host/1/1/1/1", token=99))
        rig.world.offer(*numbered(5, 5))
        time.sleep(0.5)
        assert len(stored(rig)) == 5
        with rig.db.begin() as tx:
            tx.execute(update(LEASES).values(holder=""))
        eventually(lambda: len(stored(rig)) == 10)
    (row,) = rig.rows(LEASES)
    assert (row.holder, row.token) == ("", 100)


def test_a_reader_says_that_it_lives_while_there_is_nothing_to_read(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LEASE", 0.4)
    with reading(rig):
        eventually(lambda: rig.rows(LEASES))
        first = rig.rows(LEASES)[0].expires_at
        eventually(lambda: (rig.rows(LEASES)[0].expires_at - first).total_seconds() > 0.4)
        assert rig.rows(LEASES)[0].token == 1


@contextmanager
def process(rig: Rig, *names: str, **more: Any) -> Iterator[None]:
    """The whole process `receive`, as a thread."""
    stop = Stop()
    sections = {CHANNEL: rig.world.section(), "mail": rig.world.section(enabled=False)}
    settings = Settings.model_validate(
        {"state_dir": str(rig.folder), "database": {"url": rig.url}, "channels": sections, **more}
    )
    thread = threading.Thread(target=run, args=(settings, stop, names))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_the_bells_of_a_reader_can_be_heard(rig: Rig, redis_url: str) -> None:
    rig.world.offer(*numbered(0, 3))
    with process(rig, broker={"url": redis_url}), redis.Redis.from_url(redis_url) as client:
        eventually(lambda: len(stored(rig)) == 3)
        eventually(lambda: client.llen("dramatiq:pipeline") == 1)


def test_a_name_that_is_read_by_nobody_is_named_with_those_that_are(rig: Rig) -> None:
    settings = Settings.model_validate({"channels": {CHANNEL: rig.world.section()}})
    with pytest.raises(SettingsError, match=f"'shoop' is no channel that is read; those are: {CHANNEL}"):
        run(settings, Stop(), ["shoop"])


def test_the_process_waits_for_the_schema(db: Database, tmp_path: Path) -> None:
    rig = Rig(db, tmp_path)
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'old'")
    rig.world.offer(*numbered(0, 3))
    with process(rig, CHANNEL):
        time.sleep(0.3)
        assert stored(rig) == []
        with db.begin() as tx:
            tx.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema.head()}'")
        eventually(lambda: len(stored(rig)) == 3)
