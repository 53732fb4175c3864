"""The inbox: each raw once, counts that balance, every address in order, and none that starves the others."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, true, update

from storage import claims, inbox, ledger
from storage.db import Database, Tx, now
from storage.inbox import INBOX, PARKED, QUEUE, SHARDS, TALLIES, Arrival, Claim

CHANNEL = "shop"


def together(count: int, shard: int = 5) -> list[str]:
    """So many addresses of one shard."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        if inbox.shard_of(CHANNEL, address := f"a{number:05}") == shard:
            found.append(address)
        number += 1
    return sorted(found)


def arrival(address: str, number: int = 0) -> Arrival:
    return Arrival(CHANNEL, f"{address}:{number}", address, f"{address} {number}".encode())


def put(db: Database, *arrivals: Arrival) -> int:
    with db.begin() as tx:
        return inbox.put(tx, arrivals)


def claim(db: Database, limit: int = 100, start: str = "", shard: int = 5) -> list[Claim]:
    with db.begin() as tx:
        return claims.claim(tx, {shard: start}, limit).rows


def keys(claims: Sequence[Claim]) -> list[str]:
    return [row.external_id for row in claims]


def flow(db: Database) -> dict[str, int]:
    with db.read() as tx:
        return ledger.flows(tx)[CHANNEL]


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


def test_nothing_stored_is_nothing_counted(db: Database) -> None:
    assert put(db) == 0
    with db.read() as tx:
        assert ledger.flows(tx) == {}


def test_raws_are_taken_up_in_the_order_they_came(db: Database) -> None:
    one, two = together(2)
    arrivals = [arrival(address, number) for number in range(20) for address in (two, one)]
    put(db, *arrivals[:21])
    put(db, *arrivals[21:])
    assert keys(claim(db)) == [each.external_id for each in arrivals]


def test_a_claim_holds_no_more_than_was_asked_for(db: Database) -> None:
    addresses = together(30)
    put(db, *(arrival(address, number) for address in addresses for number in range(5)))
    assert len(claim(db, limit=40)) == 40


def test_a_hot_address_leaves_room_for_all_others(db: Database) -> None:
    first, *others = together(51)
    put(db, *(arrival(first, number) for number in range(2000)))
    put(db, *(arrival(address, number) for address in others for number in range(3)))
    taken = claim(db, limit=400)
    assert {row.address for row in taken} == {first, *others}
    assert sum(row.address in others for row in taken) == 150


def test_an_address_alone_keeps_nobody_waiting_for_a_whole_batch(db: Database) -> None:
    (only,) = together(1)
    put(db, *(arrival(only, number) for number in range(500)))
    assert keys(claim(db, limit=400)) == [f"{only}:{number}" for number in range(100)]


def test_where_many_have_enough_a_batch_is_about_few(db: Database) -> None:
    addresses = together(60)
    put(db, *(arrival(address, number) for number in range(20) for address in addresses))
    with db.read() as tx:
        first = claims.claim(tx, {5: ""}, 400)
        second = claims.claim(tx, {5: first.rest[1] if first.rest else ""}, 400)
    assert Counter(row.address for row in first.rows) == dict.fromkeys(addresses[:40], 10)
    assert (first.rest, first.more) == ((5, addresses[39]), True)
    assert Counter(row.address for row in second.rows) == dict.fromkeys(addresses[40:], 20)
    assert (second.rest, second.more) == (None, True)


def test_a_turn_goes_on_where_the_last_one_ended(db: Database) -> None:
    addresses = together(10)
    put(db, *(arrival(address, number) for address in addresses for number in range(40)))
    with db.read() as tx:
        found = [claims.claim(tx, {5: start}, 16) for start in ("", addresses[3], addresses[7])]
    taken = [{row.address for row in each.rows} for each in found]
    assert taken == [set(addresses[:4]), set(addresses[4:8]), set(addresses[8:])]
    assert [each.rest for each in found] == [(5, addresses[3]), (5, addresses[7]), None]


def test_a_claim_goes_through_the_shards_in_the_order_of_their_turn(db: Database) -> None:
    by_shard = {shard: together(3, shard) for shard in (2, 9, 31)}
    put(
        db, *(arrival(address, number) for addresses in by_shard.values() for address in addresses for number in (1, 2))
    )
    with db.read() as tx:
        found = claims.claim(tx, {9: "", 5: "", 31: by_shard[31][0], 2: ""}, 24)
        assert {row.address for row in found.rows} == {*by_shard[9], *by_shard[31][1:], by_shard[2][0]}
        assert {row.shard for row in found.rows} == {9, 31, 2}
        assert found.rest == (2, by_shard[2][0])
        everything = claims.claim(tx, dict.fromkeys(range(SHARDS), ""), 600)
    assert keys(everything.rows) == [f"{a}:{n}" for addresses in by_shard.values() for a in addresses for n in (1, 2)]
    assert everything.rest is None


def test_a_claim_says_whether_it_left_anything_behind(db: Database) -> None:
    one, two = together(2)
    put(db, *(arrival(one, number) for number in range(30)), arrival(two))
    with db.read() as tx:
        assert [claims.claim(tx, {5: ""}, limit).more for limit in (8, 100, 200, 600)] == [True, True, False, False]


def test_a_claim_is_bounded_in_bytes_and_keeps_the_order(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_BYTES", 1000)
    addresses = together(4)
    large = [arrival(who, n)._replace(data=b"x" * 300) for who in addresses for n in range(3)]
    put(db, *large)
    taken: list[str] = []
    while True:
        with db.begin() as tx:
            found = claims.claim(tx, {5: ""}, 100)
            assert sum(len(row.data) for row in found.rows) <= 1200
            inbox.done(tx, found.rows)
        taken += keys(found.rows)
        if not found.more:
            break
    assert [[key for key in taken if key.startswith(who)] for who in addresses] == [
        [f"{who}:{n}" for n in range(3)] for who in addresses
    ]


def test_bytes_are_taken_in_the_order_of_turns_and_the_next_turn_goes_on_behind_them(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the lowest shards would be served for ever."""
    monkeypatch.setattr(claims, "_BYTES", 1000)
    low, high = together(1, 2)[0], together(1, 9)[0]
    put(db, *(arrival(who, n)._replace(data=b"x" * 300) for who in (low, high) for n in range(4)))
    with db.read() as tx:
        found = claims.claim(tx, {9: "", 2: ""}, 100)
    assert keys(found.rows) == [f"{high}:{n}" for n in range(4)]
    assert (found.rest, found.more) == ((9, high), True)


def test_what_is_under_suspicion_is_left_out_with_all_behind_it(db: Database) -> None:
    one, two = together(2)
    put(db, *(arrival(address, number) for number in range(4) for address in (one, two)))
    middle = claim(db)[2]
    assert middle.external_id == f"{one}:1"
    with db.begin() as tx:
        inbox.suspect(tx, {5: [middle.id]}, inbox.ALONE)
    assert keys(claim(db)) == [f"{one}:0", *(f"{two}:{n}" for n in range(4))]
    with db.begin() as tx:
        assert claims.suspects(tx, 5) == [], "it does not stand first"
        inbox.done(tx, claims.claim(tx, {5: ""}, 1).rows)
        assert keys(claims.suspects(tx, 5)) == [f"{one}:1"]


def test_the_least_suspicious_comes_first(db: Database) -> None:
    addresses = together(3)
    put(db, *(arrival(address) for address in addresses))
    with db.begin() as tx:
        rows = claims.claim(tx, {5: ""}, 100).rows
        inbox.suspect(tx, {5: [row.id for row in rows]}, inbox.ALONE)
        for address in (*addresses, *addresses):
            (first,) = claims.suspects(tx, 5)
            assert first.address == address
            started = inbox.start_alone(tx, first)
            assert started.attempts == first.attempts + 1
            inbox.suspect(tx, {5: [first.id]}, -100)
            assert claims.fetch(tx, 5, [first.id]) == [started], "its starts alone are not forgotten"


def test_suspects_run_in_smaller_groups_the_largest_first(db: Database) -> None:
    one, two, three = together(3)
    put(db, *(arrival(address, number) for number in range(4) for address in (one, two, three)))
    with db.begin() as tx:
        rows = claims.claim(tx, {5: ""}, 100).rows
        by_key = {row.external_id: row.id for row in rows}
        inbox.suspect(tx, {5: [by_key[f"{one}:{n}"] for n in (0, 1, 3)]}, -3)
        inbox.suspect(tx, {5: [by_key[f"{one}:2"]]}, -2)
        inbox.suspect(tx, {5: [by_key[f"{two}:{n}"] for n in (1, 2)]}, -3)
        inbox.suspect(tx, {5: [by_key[f"{three}:{n}"] for n in range(4)]}, -3)
        group = claims.suspects(tx, 5)
        assert keys(group) == [f"{one}:0", f"{three}:0", f"{one}:1"], "in order of arrival, and no more than may be"
        inbox.done(tx, group)
        group = claims.suspects(tx, 5)
        assert keys(group) == [f"{three}:1", f"{three}:2", f"{three}:3"], "the others stand behind something else"
        inbox.done(tx, group)
        assert keys(claims.suspects(tx, 5)) == [f"{one}:2"]


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
