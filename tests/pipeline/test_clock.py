"""The clock: one of several ticks, what its time has passed goes, and what is still of use stays."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from pipeline import clock as module
from pipeline.clock import Clock
from pipeline.stopping import Stop
from settings import RetentionSettings
from storage import attachments, inbox, journal, leases, tasks
from storage.attachments import ATTACHMENTS
from storage.db import now
from storage.early import EARLY
from storage.inbox import INBOX, TALLIES
from storage.journal import EVENTS
from storage.leases import LEASES
from storage.models import Idempotency
from storage.strangers import STRANGERS
from tests.fakes.channel import raw
from tests.pipeline.rig import Rig
from tests.running import eventually

PATIENCE = 20.0
REQUESTS = Idempotency.__table__  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LEASE", 0.3)


@pytest.fixture
def start(rig: Rig) -> Iterator[Callable[..., Stop]]:
    """Starts clocks, which end with the test."""
    running: list[tuple[Stop, threading.Thread]] = []

    def started(**keep: Any) -> Stop:
        stop = Stop()
        clock = Clock(rig.db, rig.store, RetentionSettings(**keep), timedelta(hours=24))
        thread = threading.Thread(target=clock.run, args=(stop,))
        # It first looks after a second; a test need not wait for that.
        wait = stop.wait
        stop.wait = lambda seconds: wait(min(seconds, 0.02))  # type: ignore[method-assign]
        thread.start()
        running.append((stop, thread))
        return stop

    yield started
    for stop, thread in running:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def aged(rig: Rig, table: Any, column: str, days: float, *where: Any) -> None:
    with rig.db.begin() as tx:
        tx.execute(update(table).where(*where).values(**{column: now() - timedelta(days=days)}))


def test_tasks_are_told_of_before_they_fall_due_and_when_they_have(rig: Rig, start: Callable[..., Stop]) -> None:
    rig.take(raw("anna", "1"))
    with rig.db.begin() as tx:
        hours = [now() + timedelta(hours=at) for at in (-1, 23, 25)]
        found = [tasks.NewTask(1, "request", "x", "open", "rule", due_at=at) for at in hours]
        tasks.create(tx, found, "rule", now())
    start()
    eventually(lambda: len(rig.events("task.overdue")) == len(rig.events("task.due_soon")) == 1)
    assert [line.data["task"] for line in rig.events() if line.type.startswith("task.")] == [1, 2]


def test_counts_are_added_up(rig: Rig, start: Callable[..., Stop]) -> None:
    for number in range(6):
        rig.take(raw("anna", str(number)))
    before = rig.flow()
    start()
    eventually(lambda: len(rig.rows(TALLIES)) == 2)
    assert rig.flow() == before


def test_what_its_time_has_passed_goes_and_the_rest_stays(rig: Rig, start: Callable[..., Stop]) -> None:
    files = [{"name": "a.txt", "data": "kept"}]
    rig.take(raw("anna", "1", files=files), raw("anna", "2"), raw("anna", "bad", poison="raise"))
    rig.store_raws(raw("bert", "waits"))
    with rig.db.begin() as tx:
        for key, hours in (("old", 25), ("young", 23)):
            at = now() - timedelta(hours=hours)
            row = {"operator_id": 1, "key": key, "digest": b"", "status": 200, "body": b"", "created_at": at}
            tx.execute(insert(REQUESTS).values(**row))
        for name in ("old", "young"):
            content = rig.store.put(name.encode())
            attachments.add(tx, [attachments.stored("operator:1", name, "text/plain", content)])
    aged(rig, INBOX, "received_at", 200, INBOX.c.external_id != "anna:2")
    aged(rig, EVENTS, "at", 31, EVENTS.c.id == 1)
    aged(rig, ATTACHMENTS, "created_at", 300, ATTACHMENTS.c.name != "young")
    start(raws=180, journal=30)
    eventually(lambda: len(rig.rows(REQUESTS)) == 1)
    eventually(lambda: rig.events()[0].id > 1)
    eventually(lambda: {row.external_id for row in rig.rows(INBOX) if row.data} == {"anna:2", "anna:bad", "bert:waits"})
    assert len(rig.rows(INBOX)) == 4, "keys stay for ever"
    assert [row.key for row in rig.rows(REQUESTS)] == ["young"]
    assert len(rig.events()) > 1


def test_uploads_nobody_used_go_and_those_of_messages_stay(rig: Rig, start: Callable[..., Stop]) -> None:
    rig.take(raw("anna", "1", files=[{"name": "a.txt", "data": "kept"}]))
    with rig.db.begin() as tx:
        for name in ("old", "young"):
            content = rig.store.put(name.encode())
            attachments.add(tx, [attachments.stored("operator:1", name, "text/plain", content)])
    aged(rig, ATTACHMENTS, "created_at", 300, ATTACHMENTS.c.name != "young")
    start()
    eventually(lambda: {row.name for row in rig.rows(ATTACHMENTS)} == {"a.txt", "young"})
    with rig.db.read() as tx:
        kept = tx.execute(select(ATTACHMENTS.c.sha256)).scalars().all()
    assert all(rig.store.path(sha256).exists() for sha256 in kept)


def test_an_upload_whose_message_still_waits_to_be_read_stays(rig: Rig, start: Callable[..., Stop]) -> None:
    rig.store_raws(raw("anna", "1"))
    with rig.db.begin() as tx:
        content = rig.store.put(b"his file")
        attachments.add(tx, [attachments.stored("visitor:shop:anna", "his", "text/plain", content)])
    aged(rig, ATTACHMENTS, "created_at", 10)
    aged(rig, INBOX, "received_at", 11)
    with rig.db.begin() as tx:
        inbox.count(tx, inbox.RECEIVED, Counter({"other": 1}))
        inbox.count(tx, inbox.RECEIVED, Counter({"other": 1}))
    start(raws=0)
    eventually(lambda: sum(row.channel == "other" for row in rig.rows(TALLIES)) == 1)
    time.sleep(0.2)
    assert len(rig.rows(ATTACHMENTS)) == 1


def test_what_overtook_its_message_is_applied_once_that_is_there(rig: Rig, start: Callable[..., Stop]) -> None:
    rig.take(raw("anna", "r", "", kind="reaction", id="anna:1", emoji="👍"))
    rig.take(raw("anna", "1"))
    start()
    eventually(lambda: bool((rig.messages()[0].data or {}).get("reactions")))
    assert [line.data["emoji"] for line in rig.events("message.reaction")] == ["👍"]


def test_what_nobody_came_for_is_forgotten(rig: Rig, start: Callable[..., Stop]) -> None:
    rig.take(raw("anna", "r", "", kind="reaction", id="anna:1", emoji="👍"))
    rig.take(raw("anna", "k", "", kind="reach", reachable=True, profile={"start": "ad"}))
    aged(rig, EARLY, "kept_at", 3)
    aged(rig, STRANGERS, "told_at", 89)
    start()
    eventually(lambda: not rig.rows(EARLY))
    time.sleep(0.1)
    assert len(rig.rows(STRANGERS)) == 1
    aged(rig, STRANGERS, "told_at", 91)
    start()
    eventually(lambda: not rig.rows(STRANGERS))


def test_0_days_keep_for_ever(rig: Rig, start: Callable[..., Stop]) -> None:
    rig.take(raw("anna", "1"))
    aged(rig, INBOX, "received_at", 3650)
    aged(rig, EVENTS, "at", 3650)
    events = len(rig.events())
    rig.take(raw("anna", "2"))
    start(raws=0, journal=0)
    eventually(lambda: len(rig.rows(TALLIES)) == 2)
    time.sleep(0.1)
    assert all(row.data for row in rig.rows(INBOX))
    assert len(rig.events()) > events


def test_of_two_clocks_one_ticks_and_the_other_takes_over_at_a_clean_stop(
    rig: Rig, start: Callable[..., Stop], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks: list[Clock] = []

    def tick(clock: Clock) -> None:
        ticks.append(clock)

    monkeypatch.setattr(Clock, "_tick", tick)
    # Threads of one process are one holder: the names of two processes of another host.
    names = iter(("one-host/1/1/1/1", "two-host/1/1/1/1"))
    mine = threading.local()

    def me() -> str:
        if not hasattr(mine, "name"):
            mine.name = next(names)
        return str(mine.name)

    monkeypatch.setattr(leases, "me", me)
    stop = start()
    eventually(lambda: ticks)
    start()
    time.sleep(0.1)
    assert len(set(ticks)) == 1
    stop.set()
    eventually(lambda: len(set(ticks)) == 2)


def test_a_chore_that_fails_does_not_keep_the_others_from_theirs(
    rig: Rig, start: Callable[..., Stop], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise ValueError("a bug")

    monkeypatch.setattr(journal, "forget", fail)
    monkeypatch.setattr(inbox, "forget", fail)
    with rig.db.begin() as tx:
        content = rig.store.put(b"x")
        attachments.add(tx, [attachments.stored("operator:1", "old", "text/plain", content)])
    aged(rig, ATTACHMENTS, "created_at", 300)
    start(journal=1)
    eventually(lambda: not rig.rows(ATTACHMENTS))


def test_a_database_that_is_away_for_a_while_stops_no_clock(
    rig: Rig, start: Callable[..., Stop], monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2"))
    add_up, failures = inbox.add_up, [1, 2, 3]

    def failing(*args: Any) -> int:
        if failures:
            failures.pop()
            raise TimeoutError("no connection is free")
        return add_up(*args)

    monkeypatch.setattr(inbox, "add_up", failing)
    rig.take(raw("anna", "3"))
    start()
    eventually(lambda: len(rig.rows(TALLIES)) == 2)
    assert rig.rows(LEASES)
