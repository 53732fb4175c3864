"""Claims: every address in order, none that starves the others, and suspects in groups."""

from collections import Counter

import pytest

from storage import claims, inbox
from storage.db import Database
from storage.inbox import SHARDS
from tests.storage.raws import arrival, claim, keys, put, together


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
