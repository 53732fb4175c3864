"""The inbox: each raw once, and counts that balance."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, true, update

from storage import claims, inbox, ledger
from storage.db import Database, Tx, now
from storage.inbox import INBOX, PARKED, QUEUE, SHARDS, TALLIES, Arrival
from tests.storage.raws import CHANNEL, arrival, claim, flow, keys, put, together


def test_an_address_keeps_its_shard_in_every_version() -> None:
    # The numbers are stored with the raws: another way to spread them would put an address in two shards.
    assert [inbox.shard_of("shop", who) for who in ("anna", "bert", "Ёлка", "")] == [22, 15, 4, 5]
    assert inbox.shard_of("mail", "anna") == 4
    spread = Counter(inbox.shard_of("shop", str(n)) for n in range(32_000))
    assert set(spread) == set(range(SHARDS))
    assert max(spread.values()) < 1300


def test_a_raw_is_stored_as_it_came(db: Database) -> None:
    data = bytes(range(256)) + "привет".encode()
    stored = put(db, Arrival(CHANNEL, "Ключ:1", "Анна", data))
    shard = inbox.shard_of(CHANNEL, "Анна")
    assert stored == 1
    (row,) = claim(db, shard=shard)
    assert (row.channel, row.external_id, row.address, bytes(row.data), row.attempts) == (
        CHANNEL, "Ключ:1", "Анна", data, 0,
    )  # fmt: skip


def test_the_same_again_changes_nothing_but_a_count(db: Database) -> None:
    again = arrival("anna")._replace(data=b"other bytes", address="bert")
    assert put(db, arrival("anna"), arrival("anna")) == 1
    assert put(db, again, arrival("anna")) == 0
    assert put(db, arrival("anna")._replace(channel="mail")) == 1
    (row,) = claim(db, shard=inbox.shard_of(CHANNEL, "anna"))
    assert bytes(row.data) == b"anna 0"
    assert flow(db) == {"received": 4, "duplicate": 3, "processed": 0, "parked": 0, "in_flight": 1}


def test_how_many_wait_is_told_as_far_as_it_is_asked(db: Database) -> None:
    put(db, *(arrival("anna", number) for number in range(3)))
    with db.read() as tx:
        assert [inbox.waits_more_than(tx, count) for count in (0, 2, 3, 9)] == [True, True, False, False]


def test_nothing_stored_is_nothing_counted(db: Database) -> None:
    assert put(db) == 0
    with db.read() as tx:
        assert ledger.flows(tx) == {}


ARRIVALS = st.builds(
    Arrival, st.sampled_from(["shop", "mail"]), st.sampled_from("abcdé"), st.sampled_from(["anna", "Ёлка"]), st.binary()
)
ON_ONE_DATABASE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ON_ONE_DATABASE
@given(st.lists(st.lists(ARRIVALS, max_size=8), max_size=4), st.booleans())
def test_whatever_comes_is_stored_once_and_counted(db: Database, lots: list[list[Arrival]], single: bool) -> None:
    with db.begin() as tx:
        for table in (QUEUE, INBOX, TALLIES):
            tx.execute(table.delete())
    expected: dict[tuple[str, str], Arrival] = {}
    offered = Counter[str]()
    for lot in lots:
        before = len(expected)
        for each in lot:
            expected.setdefault((each.channel, each.external_id), each)
        offered.update(each.channel for each in lot)
        assert db.write(lambda tx, lot=lot: inbox.put(tx, lot), single=single) == len(expected) - before  # type: ignore[misc]
    with db.read() as tx:
        columns = [INBOX.c[name] for name in Arrival._fields]
        assert [Arrival(*row) for row in tx.execute(select(*columns).order_by(INBOX.c.id))] == list(expected.values())
        queued = tx.execute(select(QUEUE.c.shard, QUEUE.c.inbox_id).order_by(QUEUE.c.inbox_id)).all()
        ids = tx.execute(select(INBOX.c.id).order_by(INBOX.c.id)).scalars()
        shards = [inbox.shard_of(each.channel, each.address) for each in expected.values()]
        assert queued == list(zip(shards, ids, strict=True))
        for channel, number in offered.items():
            new = sum(each.channel == channel for each in expected.values())
            told = ledger.flows(tx)[channel]
            assert (told["received"], told["duplicate"]) == (number, number - new)


def test_a_suspect_that_dies_beside_a_larger_batch_comes_down_all_the_same(db: Database) -> None:
    addresses = together(4)
    put(db, *(arrival(address) for address in addresses))
    with db.begin() as tx:
        ids = [row.id for row in claims.claim(tx, {5: ""}, 100).rows]
        inbox.suspect(tx, {5: ids[:1]}, -38)
        inbox.suspect(tx, {5: ids[1:2]}, -3)
        inbox.start_alone(tx, claims.fetch(tx, 5, ids[2:3])[0])
        inbox.suspect(tx, {5: ids}, -40)
        assert [row.attempts for row in claims.fetch(tx, 5, ids)] == [-3, inbox.ALONE, inbox.ALONE + 1, -40]


@given(st.integers(1, 5000))
def test_a_group_that_fails_again_and_again_comes_down_to_one(size: int) -> None:
    steps = 0
    while (state := inbox.narrowed(size)) != inbox.ALONE:
        assert 1 < -state < size
        size, steps = -state, steps + 1
    assert steps <= 3


def test_a_parked_raw_lets_the_others_pass_and_comes_back_clean(db: Database) -> None:
    (only,) = together(1)
    put(db, *(arrival(only, number) for number in range(3)))
    with db.begin() as tx:
        first = claims.claim(tx, {5: ""}, 1).rows[0]
        inbox.suspect(tx, {5: [first.id]}, inbox.ALONE)
        inbox.park(tx, first, "KeyError")
    assert keys(claim(db)) == [f"{only}:1", f"{only}:2"]
    assert flow(db)["parked"] == 1
    with db.begin() as tx:
        assert [row.id for row in inbox.replay_parked(tx, true())] == [first.id]
        assert inbox.replay_parked(tx, true()) == []
    assert claim(db)[0] == first._replace(attempts=0)
    assert flow(db) == {"received": 3, "duplicate": 0, "processed": 0, "parked": 0, "in_flight": 3}


def test_replay_takes_what_was_asked_for(db: Database) -> None:
    put(db, *(arrival("anna", number) for number in range(3)))
    shard = inbox.shard_of(CHANNEL, "anna")
    with db.begin() as tx:
        rows = claims.claim(tx, {shard: ""}, 100).rows
        for row in rows:
            inbox.park(tx, row, "no")
        assert [row.id for row in inbox.replay_parked(tx, INBOX.c.id >= rows[1].id, limit=1)] == [rows[1].id]
        assert tx.execute(select(PARKED.c.inbox_id)).scalars().all() == [rows[0].id, rows[2].id]


def test_processed_raws_are_read_again_once_and_the_counts_balance(db: Database) -> None:
    put(db, *(arrival("anna", number) for number in range(4)))
    shard = inbox.shard_of(CHANNEL, "anna")
    with db.begin() as tx:
        rows = claims.claim(tx, {shard: ""}, 100).rows
        inbox.done(tx, rows[:3])
        tx.execute(update(INBOX).where(INBOX.c.id == rows[0].id).values(data=b""))
    with db.begin() as tx:
        again = inbox.replay_processed(tx, true(), after=0)
        assert [row.id for row in again] == [rows[1].id, rows[2].id], "not the emptied one, not the one still queued"
        assert inbox.replay_processed(tx, true(), after=0) == []
    assert flow(db) == {"received": 4, "duplicate": 0, "processed": 1, "parked": 0, "in_flight": 3}
    assert keys(claim(db, shard=shard)) == ["anna:1", "anna:2", "anna:3"]


def test_done_is_off_the_queue_and_counted(db: Database) -> None:
    one, two = together(2)
    put(db, *(arrival(address, number) for number in range(3) for address in (one, two)))
    with db.begin() as tx:
        inbox.done(tx, claims.claim(tx, {5: ""}, 100).rows[:4])
    assert keys(claim(db)) == [f"{one}:2", f"{two}:2"]
    assert flow(db)["processed"] == 4


def test_counts_are_added_up_without_losing_one(db: Database) -> None:
    put(db, arrival("anna"), arrival("anna"), arrival("bert"))
    put(db, arrival("anna"))
    with db.begin() as tx:
        inbox.count(tx, inbox.PROCESSED, Counter({CHANNEL: -1}))
        inbox.count(tx, inbox.PROCESSED, Counter({CHANNEL: 2, "mail": 0}))
    before = flow(db)
    with db.begin() as tx:
        rows = len(tx.execute(select(TALLIES)).all())
        assert inbox.add_up(tx) == rows - 3
        assert len(tx.execute(select(TALLIES)).all()) == 3
        assert inbox.add_up(tx) == 0
    assert flow(db) == before == {"received": 4, "duplicate": 2, "processed": 1, "parked": 0, "in_flight": 2}


def test_counts_are_added_up_a_piece_at_a_time(db: Database) -> None:
    for number in range(10):
        put(db, arrival("anna", number))
    with db.begin() as tx:
        while inbox.add_up(tx, limit=4):
            pass
        assert tx.execute(select(TALLIES.c.count)).scalars().all() == [10]


@pytest.fixture
def aged(db: Database) -> tuple[Database, dict[str, int]]:
    """Five old raws: two processed, one parked, one queued, one empty; and a young one that is processed."""
    put(db, *(arrival("anna", number) for number in range(6)))
    shard = inbox.shard_of(CHANNEL, "anna")

    def work(tx: Tx) -> dict[str, int]:
        rows = claims.claim(tx, {shard: ""}, 100).rows
        inbox.done(tx, [*rows[:2], *rows[4:]])
        inbox.park(tx, rows[2], "no")
        old = now() - timedelta(days=10)
        tx.execute(update(INBOX).where(INBOX.c.id != rows[5].id).values(received_at=old))
        tx.execute(update(INBOX).where(INBOX.c.id == rows[4].id).values(data=b""))
        return {row.external_id: row.id for row in rows}

    return db, db.write(work)


def test_old_raws_are_emptied_and_their_keys_stay(aged: tuple[Database, dict[str, int]]) -> None:
    db, ids = aged
    before = now() - timedelta(days=5)
    with db.begin() as tx:
        assert [inbox.forget(tx, before, limit=1) for _ in range(3)] == [1, 1, 0]
        left = {row.id for row in tx.execute(select(INBOX)) if row.data}
    assert left == {ids["anna:2"], ids["anna:3"], ids["anna:5"]}, "parked, queued and young ones are whole"
    assert put(db, *(arrival("anna", number) for number in range(6))) == 0
    with db.read() as tx:
        assert tx.execute(select(QUEUE.c.inbox_id)).scalars().all() == [ids["anna:3"]]
