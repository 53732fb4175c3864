"""Drain: everything taken in comes into its dialog, once, in order, whoever else is at it and whatever goes wrong."""

import random
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from pipeline import drain as module
from pipeline.drain import Drain
from settings import WorkSettings
from storage import claims, inbox, leases
from storage.db import Database, Tx
from tests.fakes.channel import Fake, raw
from tests.pipeline.children import Child, crew
from tests.pipeline.rig import CLIENTS, IDENTITIES, PATIENCE, SHARD, Rig, neighbours


def order_of(rig: Rig, who: str) -> list[int]:
    """The numbers of his messages in the order of the dialog."""
    return [int(row.external_id.split(":")[1]) for row in rig.messages() if row.external_id.startswith(f"{who}:")]


def test_what_was_taken_in_becomes_a_message_in_a_dialog(rig: Rig) -> None:
    rig.take(raw("anna", "1", "hello", name="Anna", at=7))
    (message,) = rig.messages()
    (dialog,) = rig.dialogs()
    (episode,) = rig.episodes()
    assert (message.text, message.seq, message.direction, message.external_id) == ("hello", 1, "in", "anna:1")
    assert (dialog.last_seq, dialog.last_in_seq, dialog.unread, dialog.last_message_id) == (1, 1, 1, message.id)
    assert (episode.number, episode.status, episode.assignee_id) == (1, "open", None)
    assert [client.name for client in rig.rows(CLIENTS)] == ["Anna"]
    assert [line.type for line in rig.events()] == ["dialog.opened", "message.received"]
    assert rig.flow() == {"received": 1, "duplicate": 0, "processed": 1, "parked": 0, "in_flight": 0}
    rig.check()


def test_fifty_first_messages_of_a_visitor_from_many_processes_make_one_of_each(rig: Rig) -> None:
    """Half of them are taken in while all drain, one at a time, as a burst of requests would."""
    rig.store_raws(*(raw("anna", str(n)) for n in range(25)))

    def work() -> None:
        own = rig.again()
        for number in range(25, 50):
            own.store_raws(raw("anna", str(number)))
            own.drain.visit()

    crew(3, work)
    rig.settle()
    assert (len(rig.rows(CLIENTS)), len(rig.rows(IDENTITIES)), len(rig.dialogs()), len(rig.episodes())) == (1, 1, 1, 1)
    assert order_of(rig, "anna") == list(range(50))
    assert rig.flow() == {"received": 100, "duplicate": 50, "processed": 50, "parked": 0, "in_flight": 0}
    rig.check()


def test_many_processes_keep_every_address_in_order(rig: Rig) -> None:
    people = [f"p{n}" for n in range(8)]
    raws = [raw(who, str(number)) for number in range(12) for who in people]

    def work(part: int) -> None:
        own = rig.again()
        for at in range(part * 32, part * 32 + 32, 8):
            own.store_raws(*raws[at : at + 8])
            own.drain.visit()
        own.settle()

    children = [Child(partial(work, part)) for part in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    came = {row.external_id: row.id for row in rig.rows(inbox.INBOX)}
    for dialog in rig.dialogs():
        keys = [row.external_id for row in rig.messages() if row.dialog_id == dialog.id]
        assert keys == sorted(keys, key=came.__getitem__)
        assert len(keys) == 12
    assert len(rig.dialogs()) == 8
    rig.check()


def test_threads_of_one_process_share_the_work(rig: Rig) -> None:
    rig.store_raws(*(raw(f"p{n}", str(m)) for m in range(5) for n in range(60)))
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(rig.drain.visit) for _ in range(8)]:
            each.result(60)
    rig.settle()
    assert len(rig.messages()) == 300
    assert not rig.events("inbox.parked")
    rig.check()


@pytest.mark.parametrize("size", [1, 3, 400])
def test_the_size_of_a_batch_changes_nothing(db: Database, tmp_path: Path, size: int) -> None:
    rig = Rig(db, tmp_path, WorkSettings(batch=size))
    rng = random.Random(7)
    raws = [raw(f"p{rng.randrange(5)}", str(n % 50), str(n), at=n) for n in range(70)]
    rng.shuffle(raws)
    rig.take(*raws)
    first = {each.external_id: each for each in reversed(raws)}
    assert {row.external_id for row in rig.messages()} == set(first)
    assert len(rig.dialogs()) == 5
    assert rig.flow()["duplicate"] == 70 - len(first)
    rig.check()


# ---- fairness ----


def test_a_chat_of_ten_thousand_does_not_starve_fifty_others(db: Database, tmp_path: Path) -> None:
    rig = Rig(db, tmp_path, WorkSettings(batch=400))
    others = neighbours(50)
    rig.store_raws(*(raw("anna", str(n)) for n in range(10_000)))
    rig.store_raws(*(raw(who, str(n)) for n in range(3) for who in others))
    batches = _batches(rig, 2)
    assert {who for batch in batches for who in batch} == {"anna", *others}
    assert sum(batch.count("anna") for batch in batches) < 800
    assert all(order_of(rig, who) == [0, 1, 2] for who in others)


def test_the_turn_goes_round_whatever_order_the_raws_came_in(db: Database, tmp_path: Path) -> None:
    """Sixty busy addresses, twenty of them a batch: after three batches each had his turn."""
    rig = Rig(db, tmp_path, WorkSettings(batch=80))
    people = sorted(neighbours(60))
    rig.store_raws(*(raw(who, str(n)) for who in reversed(people) for n in range(100)))
    batches = _batches(rig, 3)
    assert {who for batch in batches for who in batch} == set(people)


def test_the_turn_goes_round_the_shards(db: Database, tmp_path: Path) -> None:
    """Each shard has more addresses than a batch takes, and each is still some other's neighbour."""
    rig = Rig(db, tmp_path, WorkSettings(batch=40))
    rig.store_raws(*(raw(f"p{n}", str(m)) for m in range(30) for n in range(15 * inbox.SHARDS)))
    batches = _batches(rig, 4 * inbox.SHARDS)
    assert {who for batch in batches for who in batch} == {f"p{n}" for n in range(15 * inbox.SHARDS)}


def test_a_batch_is_filled_from_many_shards(rig: Rig) -> None:
    rig.store_raws(*(raw(f"p{n}", "1") for n in range(100)))
    batches = _batches(rig, 1)
    assert len(batches[0]) == 100


def _batches(rig: Rig, count: int) -> list[list[str]]:
    """Drain so many batches of the shard; whose raws they held."""
    batches: list[list[str]] = []
    process = rig.drain._process

    def noted(work: Any) -> None:
        if work.rows:
            batches.append([row.address for row in work.rows])
        process(work)
        if len(batches) == count:
            rig.drain.stop()

    rig.drain._process = noted  # type: ignore[method-assign]
    while rig.drain.visit():
        pass
    return batches


# ---- rests ----


def test_what_comes_while_a_worker_rests_is_taken_when_he_has_rested(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bell that rings meanwhile is left to him."""
    rig.take(raw("anna", "0"))
    rested, wake = threading.Event(), threading.Event()

    def rest(_: float) -> bool:
        rested.set()
        return wake.wait(PATIENCE)

    rig.store_raws(raw("anna", "1"))
    monkeypatch.setattr(rig.drain._stopping, "wait", rest)
    worker = threading.Thread(target=rig.drain.visit)
    worker.start()
    assert rested.wait(PATIENCE)
    rig.store_raws(raw("anna", "2"))
    assert rig.drain.visit() is False
    assert order_of(rig, "anna") == [0, 1]
    wake.set()
    worker.join(PATIENCE)
    assert order_of(rig, "anna") == [0, 1, 2]


def test_nobody_rests_while_there_is_more(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(db, tmp_path, WorkSettings(batch=8))
    rig.take(raw("anna", "0"))
    left: list[int] = []
    monkeypatch.setattr(rig.drain._stopping, "wait", lambda _: left.append(rig.queued()))
    rig.store_raws(*(raw("anna", str(n)) for n in range(1, 40)))
    rig.settle()
    assert set(left) <= {0}


# ---- leases ----


def test_a_shard_is_given_back_when_it_is_empty_and_when_told_to_stop(rig: Rig) -> None:
    rig.take(raw("anna", "1"))
    rig.store_raws(*(raw("anna", str(n)) for n in range(2, 9)))
    Fake.reading = lambda _: rig.drain.stop()
    rig.drain.visit()
    Fake.reading = None
    assert [(row.holder, row.claims) for row in rig.rows(leases.LEASES)] == [("", None)]
    assert len(rig.messages()) == 8


def test_a_shard_somebody_else_has_is_left_alone(rig: Rig) -> None:
    rig.store_raws(raw("anna", "1"))
    with rig.db.begin() as tx:
        leases.take(tx, f"shard:{SHARD}", 60)
        tx.execute(text("UPDATE leases SET holder = 'other-host/1/1/1/1'"))
    rig.drain.visit()
    assert rig.queued() == 1
    with rig.db.begin() as tx:
        tx.execute(text("UPDATE leases SET expires_at = :past"), {"past": "2020-01-01 00:00:00.000000"})
    rig.drain.visit()
    assert rig.said() == ["hello"]


def test_who_slept_past_his_lease_commits_nothing(rig: Rig) -> None:
    """The sleeper wakes with his batch read; by then somebody else has taken the shard and finished the work."""
    rig.store_raws(*(raw("anna", str(n)) for n in range(3)))

    def overtake(_: object) -> None:
        Fake.reading = None
        with rig.db.begin() as tx:
            tx.execute(text("UPDATE leases SET expires_at = :past"), {"past": "2020-01-01 00:00:00.000000"})
        child = Child(lambda: rig.again().settle())
        assert child.wait() == 0

    Fake.reading = overtake
    rig.drain.visit()
    assert order_of(rig, "anna") == [0, 1, 2]
    assert rig.flow() == {"received": 3, "duplicate": 0, "processed": 3, "parked": 0, "in_flight": 0}
    assert len(rig.events("message.received")) == 3
    rig.check()


def test_of_raws_that_are_slow_to_read_some_are_settled_before_the_lease_is_over(db: Database, tmp_path: Path) -> None:
    rig = Rig(db, tmp_path, WorkSettings(lease=2.0))
    rig.store_raws(*(raw("anna", str(n)) for n in range(12)))
    there: list[int] = []

    def slowly(_: object) -> None:
        there.append(len(rig.messages()))
        time.sleep(0.3)

    Fake.reading = slowly
    rig.settle()
    assert there[0] == 0
    assert 0 < there[-1] < 12
    assert len(there) == 12, "each is read once"
    assert order_of(rig, "anna") == list(range(12))


def test_a_raw_that_comes_while_the_last_batch_is_committed_is_not_forgotten(rig: Rig) -> None:
    """Its bell finds the shard taken, and whoever has it looks once more."""
    rig.store_raws(raw("anna", "1"))
    rang: list[threading.Thread] = []

    def late(_: object) -> None:
        if not rang:
            rig.store_raws(raw("anna", "2"))
            rang.append(threading.Thread(target=rig.drain.visit))
            rang[0].start()
            rang[0].join(10)

    Fake.reading = late
    rig.drain.visit()
    assert order_of(rig, "anna") == [1, 2]


# ---- faults that are nobody's ----


def _cut(tx: Tx, *_: object, **__: object) -> None:
    """Lose the connection, or what comes nearest to it."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    raise sqlite3.OperationalError("disk I/O error")


@pytest.mark.parametrize("attempts", [0, -3, inbox.ALONE])
@pytest.mark.parametrize("where", ["stitch", "done"])
def test_a_database_that_fails_five_times_makes_nobody_suspicious(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, where: str, attempts: int
) -> None:
    rig.store_raws(*(raw("anna", str(n)) for n in range(4)))
    if attempts:
        with rig.db.begin() as tx:
            inbox.suspect(tx, {SHARD: [row.id for row in claims.claim(tx, {SHARD: ""}, 10).rows]}, attempts)
    with monkeypatch.context() as patch:
        patch.setattr(module if where == "stitch" else inbox, where, _cut)
        for _ in range(5):
            with pytest.raises(Exception, match=r"terminating connection|disk I/O"):
                rig.drain.visit()
    rig.settle()
    assert order_of(rig, "anna") == [0, 1, 2, 3]
    assert not rig.parked()
    rig.check()


def test_a_commit_whose_answer_was_lost_is_not_done_twice(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.store_raws(*(raw("anna", str(n)) for n in range(3)))
    settle = Drain._settle

    def unheard(*args: Any, **more: Any) -> None:
        settle(*args, **more)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(Drain, "_settle", unheard)
        with pytest.raises(psycopg.OperationalError):
            rig.drain.visit()
    rig.settle()
    assert order_of(rig, "anna") == [0, 1, 2]
    assert rig.flow()["processed"] == 3
    rig.check()


def test_a_full_disk_makes_nobody_suspicious(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.store_raws(raw("anna", "1", files=[{"name": "a.txt", "data": "text"}]), raw("anna", "2"))

    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(rig.store, "put", full)
        for _ in range(5):
            with pytest.raises(OSError, match="No space"):
                rig.drain.visit()
    rig.settle()
    assert order_of(rig, "anna") == [1, 2]
    assert not rig.parked()
