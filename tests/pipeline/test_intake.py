"""Intake: a raw is stored once whoever offers it how often, and nobody hears yes before it is."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text

from connectors.base import Batch, Raw
from pipeline.intake import Busy, SharedIntake, Unfit, store
from storage import attachments, cursors, inbox, leases, spools
from storage.db import Database, Tx, now
from storage.inbox import INBOX, QUEUE
from tests.pipeline.children import Child
from tests.pipeline.rig import CHANNEL, Rig

PATIENCE = 20.0


def raw(number: int, who: str = "anna", data: bytes = b"{}") -> Raw:
    return Raw(f"{who}:{number}", who, data)


@pytest.fixture
def shared(db: Database) -> Iterator[SharedIntake]:
    found = SharedIntake(db, lambda: None)
    yield found
    found.close()


def all_at_once(*calls: Callable[[], Awaitable[None]]) -> list[BaseException | None]:
    """Their outcomes."""

    async def run() -> list[BaseException | None]:
        return await asyncio.gather(*(call() for call in calls), return_exceptions=True)

    return asyncio.run(run())


def stored(db: Database) -> list[str]:
    with db.read() as tx:
        return list(tx.execute(select(INBOX.c.external_id).order_by(INBOX.c.id)).scalars())


# ---- batches of a reader ----


def test_a_content_that_comes_again_under_another_key_is_a_duplicate_where_content_tells(rig: Rig) -> None:
    def mail(key: str, digest: str) -> Raw:
        return Raw(key, "anna", b"{}", digest=digest)

    assert store(rig.db, CHANNEL, Batch([mail("a:1", "x"), mail("a:2", "x"), mail("a:3", "y")])) == 3
    assert store(rig.db, CHANNEL, Batch([mail("b:1", "x"), mail("b:2", "z"), mail("b:3", "z")], by_content=True)) == 1
    assert store(rig.db, "mail", Batch([mail("b:1", "x")], by_content=True)) == 1
    assert store(rig.db, CHANNEL, Batch([mail("c:1", "x")])) == 1
    assert stored(rig.db) == ["a:1", "a:2", "a:3", "b:2", "b:1", "c:1"]
    flow = rig.flow()
    assert (flow["received"], flow["duplicate"], flow["in_flight"]) == (7, 2, 5)


def test_the_data_of_a_large_raw_goes_to_the_files_and_comes_back_when_it_is_read(rig: Rig, tmp_path: Path) -> None:
    whole = json.dumps({"text": "large", "files": [{"name": "a", "data": "x" * 100_000}]}).encode()
    raws = []
    for number in range(3):
        path = tmp_path / f"spool {number}"
        path.write_bytes(whole)
        raws.append(Raw(f"anna:{number}", "anna", b"", file=str(path)))
    assert store(rig.db, CHANNEL, Batch([*raws, raw(9)]), files=rig.store) == 4
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("spool")]
    with rig.db.read() as tx:
        assert max(len(row.data) for row in tx.execute(INBOX.select())) < 200
    assert attachments.collect(rig.db, rig.store, now() + timedelta(days=1)) == 0, "somebody has still to read it"
    rig.settle()
    assert rig.said()[:3] == ["large"] * 3
    assert rig.db.write(lambda tx: spools.forget(tx, now() + timedelta(days=1))) == 3
    rig.check()


def test_the_file_of_a_batch_that_is_not_stored_does_not_stay(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.write_bytes(b"large")
    with pytest.raises(Unfit):
        store(rig.db, CHANNEL, Batch([Raw("x" * 1000, "anna", b""), Raw("1", "anna", b"", file=str(path))]))
    assert not path.exists()


def test_a_large_raw_that_is_not_read_yet_keeps_its_file(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.write_bytes(b'{"poison": "raise"}')
    store(rig.db, CHANNEL, Batch([Raw("anna:1", "anna", b"", file=str(path))]), files=rig.store)
    assert rig.db.write(lambda tx: spools.forget(tx, now() + timedelta(days=1))) == 0
    rig.settle()
    assert rig.parked()
    assert rig.db.write(lambda tx: spools.forget(tx, now() + timedelta(days=1))) == 0


def test_a_batch_and_its_cursor_are_one_commit(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store(db, CHANNEL, Batch([raw(1), raw(2)], "7")) == 2
    with monkeypatch.context() as patch:
        patch.setattr(inbox, "put", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store(db, CHANNEL, Batch([raw(3)], "8"))
        patch.undo()
        patch.setattr(cursors, "move", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store(db, CHANNEL, Batch([raw(3)], "8"))
    assert stored(db) == ["anna:1", "anna:2"]
    with db.read() as tx:
        assert cursors.get(tx, CHANNEL) == "7"


def test_a_batch_without_a_cursor_leaves_it_alone_and_an_empty_one_may_move_it(db: Database) -> None:
    for batch, cursor in ((Batch([], "1"), "1"), (Batch([raw(1)]), "1"), (Batch([raw(1)], "2"), "2")):
        store(db, CHANNEL, batch)
        with db.read() as tx:
            assert cursors.get(tx, CHANNEL) == cursor
    assert stored(db) == ["anna:1"]


def test_who_lost_his_lease_stores_nothing(db: Database) -> None:
    with db.begin() as tx:
        held = leases.take(tx, f"receive:{CHANNEL}", 60)
    assert held is not None
    assert store(db, CHANNEL, Batch([raw(1)], "1"), held) == 1
    with db.begin() as tx:
        tx.execute(text("UPDATE leases SET token = token + 1"))
    with pytest.raises(leases.Lost):
        store(db, CHANNEL, Batch([raw(2)], "2"), held)
    assert stored(db) == ["anna:1"]
    with db.read() as tx:
        assert cursors.get(tx, CHANNEL) == "1"


@pytest.mark.parametrize(
    "unfit",
    [
        Raw("", "anna", b""), Raw("x" * 513, "anna", b""), Raw("1", "x" * 513, b""), Raw("\0", "anna", b""),
        Raw("\ud800", "anna", b""), Raw("1", "\udfff", b""),
    ],
)  # fmt: skip
def test_a_raw_without_a_usable_id_is_refused(db: Database, shared: SharedIntake, unfit: Raw) -> None:
    with pytest.raises(Unfit):
        store(db, CHANNEL, Batch([raw(1), unfit]))
    (outcome,) = all_at_once(partial(shared.store, CHANNEL, [raw(1), unfit], PATIENCE))
    assert isinstance(outcome, Unfit)
    assert stored(db) == []


# ---- many requests at once ----


def test_the_same_raw_three_times_from_fifty_threads_is_one(rig: Rig, shared: SharedIntake) -> None:
    """Every thread with a loop of its own, as in several web processes' worth of requests."""
    outcomes: list[BaseException | None] = []
    gate = threading.Barrier(50)

    def connection() -> None:
        gate.wait(10)
        outcomes.extend(all_at_once(*[partial(shared.store, CHANNEL, [raw(1)], PATIENCE)] * 3))

    threads = [threading.Thread(target=connection) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes == [None] * 150
    assert stored(rig.db) == ["anna:1"]
    assert rig.flow() == {"received": 150, "duplicate": 149, "processed": 0, "parked": 0, "in_flight": 1}


def test_two_visitors_may_use_the_same_id(shared: SharedIntake, db: Database) -> None:
    calls = [partial(shared.store, CHANNEL, [raw(1, who)], PATIENCE) for who in ("anna", "bert") * 5]
    assert all_at_once(*calls) == [None] * 10
    assert sorted(stored(db)) == ["anna:1", "bert:1"]


def test_two_processes_that_store_the_same_in_opposite_order_both_succeed(rig: Rig) -> None:
    raws = [raw(n) for n in range(300)]

    def work(mine: list[Raw]) -> None:
        with closing(SharedIntake(rig.again().db, lambda: None)) as own:
            for at in range(0, 300, 50):
                calls = [
                    partial(own.store, CHANNEL, mine[at : at + 50], PATIENCE),
                    partial(own.store, CHANNEL, mine, 20),
                ]
                assert all_at_once(*calls) == [None, None]

    children = [Child(partial(work, mine)) for mine in (raws, raws[::-1])]
    assert [child.wait() for child in children] == [0, 0]
    assert len(stored(rig.db)) == 300
    flow = rig.flow()
    assert flow["received"] == flow["duplicate"] + flow["in_flight"]


def test_a_bad_raw_in_a_shared_commit_harms_only_itself(
    db: Database, shared: SharedIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[int] = []

    def choosy(tx: Tx, arrivals: Sequence[inbox.Arrival]) -> int:
        together.append(len(arrivals))
        if any(arrival.data == b"bad" for arrival in arrivals):
            raise ValueError("no database takes this")
        return put(tx, arrivals)

    put = inbox.put
    monkeypatch.setattr(inbox, "put", choosy)
    raws = [raw(n, data=b"bad" if n == 10 else b"{}") for n in range(20)]
    outcomes = all_at_once(*(partial(shared.store, CHANNEL, [each], PATIENCE) for each in raws))
    assert [type(outcome) for outcome in outcomes] == [*[type(None)] * 10, Unfit, *[type(None)] * 9]
    assert sorted(stored(db)) == sorted(f"anna:{n}" for n in range(20) if n != 10)
    assert max(together) > 1, "they did not share a commit"


def test_the_order_of_an_address_is_the_order_of_asking(db: Database, shared: SharedIntake) -> None:
    async def run() -> None:
        # Each asks once the one before has its turn in the queue, not its answer.
        waiting = []
        for number in range(200):
            waiting.append(asyncio.ensure_future(shared.store(CHANNEL, [raw(number)], PATIENCE)))
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert stored(db) == [f"anna:{n}" for n in range(200)]


def test_the_bell_is_rung_for_what_is_new_after_the_commit(
    db: Database, shared: SharedIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def look() -> None:
        with db.read() as tx:
            seen.append(len(tx.execute(select(QUEUE)).all()))

    monkeypatch.setattr(shared, "_ring", look)
    for _ in range(2):
        assert all_at_once(partial(shared.store, CHANNEL, [raw(1), raw(1, "bert")], PATIENCE)) == [None]
    assert seen == [2]


def test_who_gives_up_takes_nothing_back(db: Database, shared: SharedIntake) -> None:
    async def run() -> None:
        task = asyncio.ensure_future(shared.store(CHANNEL, [raw(1)], PATIENCE))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await shared.store(CHANNEL, [raw(2)], PATIENCE)

    asyncio.run(run())
    assert stored(db) == ["anna:1", "anna:2"]


def test_what_waits_is_stored_when_the_door_shuts_and_nothing_after(db: Database) -> None:
    own = SharedIntake(db, lambda: None)

    async def run() -> None:
        waiting = [asyncio.ensure_future(own.store(CHANNEL, [raw(n)], PATIENCE)) for n in range(30)]
        await asyncio.sleep(0)
        await asyncio.to_thread(own.close)
        await asyncio.gather(*waiting)
        with pytest.raises(Busy):
            await own.store(CHANNEL, [raw(99)], PATIENCE)

    asyncio.run(run())
    assert len(stored(db)) == 30


@pytest.mark.parametrize("limit", [("_MOST_WAITING", 3), ("_BYTES_WAITING", 3 * 2 - 1)])
def test_too_many_or_too_much_that_waits_is_turned_away_at_once(
    db: Database, shared: SharedIntake, monkeypatch: pytest.MonkeyPatch, limit: tuple[str, int]
) -> None:
    monkeypatch.setattr(f"pipeline.intake.{limit[0]}", limit[1])
    entered, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        go_on.wait(10)

    async def run() -> None:
        monkeypatch.setattr(shared, "_ring", hang)
        waiting = [asyncio.ensure_future(shared.store(CHANNEL, [raw(0)], PATIENCE))]
        await asyncio.to_thread(entered.wait, 10)
        waiting += [asyncio.ensure_future(shared.store(CHANNEL, [raw(n)], PATIENCE)) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await shared.store(CHANNEL, [raw(4)], PATIENCE)
        go_on.set()
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert len(stored(db)) == 4


def test_what_shares_a_commit_is_bounded_in_bytes(
    db: Database, shared: SharedIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.intake._BYTES_TOGETHER", 100)
    together: list[int] = []

    def noted(tx: Tx, arrivals: Sequence[inbox.Arrival]) -> int:
        together.append(sum(len(arrival.data) for arrival in arrivals))
        return put(tx, arrivals)

    put = inbox.put
    monkeypatch.setattr(inbox, "put", noted)
    raws = [raw(n, data=b"x" * 60) for n in range(20)]
    assert all_at_once(*(partial(shared.store, CHANNEL, [each], PATIENCE) for each in raws)) == [None] * 20
    assert max(together) == 120
    assert sum(together) == 1200


# ---- the database is away ----


def test_a_database_that_is_not_there_makes_busy_not_an_error() -> None:
    db = Database("postgresql+psycopg://127.0.0.1:9/okno")
    with closing(SharedIntake(db, lambda: None)) as own:
        (outcome,) = all_at_once(partial(own.store, CHANNEL, [raw(1)], PATIENCE))
    assert isinstance(outcome, Busy)
    db.close()


def test_a_database_that_does_not_answer_makes_busy_within_patience_and_stores_later(db: Database) -> None:
    lock = "BEGIN IMMEDIATE" if db.is_sqlite else "LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"
    own = SharedIntake(db, lambda: None)
    with db.begin() as tx:
        if not db.is_sqlite:
            tx.execute(text(lock))
        (outcome,) = all_at_once(partial(own.store, CHANNEL, [raw(1)], 0.2))
        assert isinstance(outcome, Busy)
    assert all_at_once(partial(own.store, CHANNEL, [raw(2)], PATIENCE)) == [None]
    own.close()
    assert stored(db) == ["anna:1", "anna:2"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_lost_in_mid_commit_is_replaced(
    db: Database, shared: SharedIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = inbox.put

    def cut(tx: object, arrivals: list[inbox.Arrival]) -> int:
        done = put(tx, arrivals)  # type: ignore[arg-type]
        tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))  # type: ignore[attr-defined]
        return done

    monkeypatch.setattr(inbox, "put", cut)
    (outcome,) = all_at_once(partial(shared.store, CHANNEL, [raw(1)], PATIENCE))
    assert isinstance(outcome, Busy)
    monkeypatch.setattr(inbox, "put", put)
    assert all_at_once(partial(shared.store, CHANNEL, [raw(1)], PATIENCE)) == [None]
    assert stored(db) == ["anna:1"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_makes_busy_not_unfit(db: Database, shared: SharedIntake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(inbox, "put", full)
    outcomes = all_at_once(*(partial(shared.store, CHANNEL, [raw(n)], PATIENCE) for n in range(3)))
    assert [type(outcome) for outcome in outcomes] == [Busy] * 3
