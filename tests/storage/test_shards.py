"""Shards: those with work, and several taken at once by whoever is first."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from storage import inbox, leases, shards
from storage.db import Database, now
from storage.inbox import SHARDS
from storage.leases import LEASES, Held, Lost
from storage.shards import Seen
from tests.pipeline.children import crew
from tests.storage.raws import arrival, put, together

LONG = 1000.0
ELSEWHERE = "other-host/0b00b1e5/4026531836/4711/12345"


def look(db: Database) -> list[Seen]:
    with db.read() as tx:
        return shards.look(tx, shards.INBOX)


def prepared(db: Database, *numbers: int) -> list[Seen]:
    """Shards with work, whose leases are there and free."""
    put(db, *(arrival(together(1, number)[0]) for number in numbers))
    with db.begin() as tx:
        shards.create(tx, shards.INBOX, shards.look(tx, shards.INBOX))
    return look(db)


def take(db: Database, *seen: Seen) -> list[Held]:
    chosen = {one: [one.shard, 7] for one in seen}
    return db.write(partial(shards.take, queue=shards.INBOX, chosen=chosen, seconds=LONG), single=True)


def let_go(db: Database, *held: Held) -> None:
    with db.begin() as tx:
        leases.let_go(tx, held)


def test_what_is_seen_are_the_shards_with_something_queued(db: Database) -> None:
    assert look(db) == []
    put(db, *(arrival(together(1, shard)[0], number) for shard in (0, 3, SHARDS - 1) for number in range(3)))
    assert look(db) == [Seen(shard, "", -1, False, False) for shard in (0, 3, SHARDS - 1)]


def test_a_lease_is_made_once(db: Database) -> None:
    put(db, arrival("anna"))
    for _ in range(2):
        with db.begin() as tx:
            shards.create(tx, shards.INBOX, [Seen(inbox.shard_of("shop", "anna"), "", -1, False, False)])
    assert [(seen.holder, seen.token) for seen in look(db)] == [("", 0)]


def test_several_are_taken_at_once_each_with_what_is_under_work(db: Database) -> None:
    seen = prepared(db, 3, 9, 20)
    held = take(db, *seen[:2])
    assert sorted(held) == [Held("shard:3", 1), Held("shard:9", 1)]
    with db.read() as tx:
        rows = tx.execute(select(LEASES).order_by(LEASES.c.name)).all()
    assert {row.name: (row.holder, row.claims) for row in rows} == {
        "shard:20": ("", None), "shard:3": (leases.me(), [3, 7]), "shard:9": (leases.me(), [9, 7]),
    }  # fmt: skip
    assert all(row.expires_at > now() + timedelta(seconds=LONG / 2) for row in rows if row.holder)
    assert look(db)[0] == Seen(3, leases.me(), 1, False, True)


def test_where_somebody_came_in_between_nothing_is_taken(db: Database) -> None:
    seen = prepared(db, 3, 9)
    let_go(db, *take(db, seen[0]))
    assert [held.name for held in take(db, *seen)] == ["shard:9"], "shard 3 may have been drained since the look"


def test_one_that_ran_out_is_taken_from_its_holder_who_then_fails(db: Database) -> None:
    (seen,) = prepared(db, 3)
    (old,) = take(db, seen)
    with db.begin() as tx:
        tx.execute(update(LEASES).values(holder=ELSEWHERE, expires_at=now() - timedelta(seconds=1)))
    (seen,) = look(db)
    assert seen == Seen(3, ELSEWHERE, 1, True, True)
    (new,) = take(db, seen)
    assert new.token == old.token + 1
    with pytest.raises(Lost):
        let_go(db, old)
    let_go(db, new)


def test_who_lost_one_of_his_leases_may_write_nothing(db: Database) -> None:
    held = take(db, *prepared(db, 3, 9))
    with db.begin() as tx:
        tx.execute(update(LEASES).where(LEASES.c.name == "shard:3").values(token=5))
    with pytest.raises(Lost):
        let_go(db, *held)
    assert [seen.holder for seen in look(db)] == [leases.me()] * 2, "the other one is not let go either"


def test_of_many_who_saw_the_same_one_gets_each(db: Database) -> None:
    numbers = list(range(0, SHARDS, 2))
    seen = prepared(db, *numbers)
    url = db.url.render_as_string(hide_password=False)

    def race() -> None:
        own = Database(url)
        for one in (seen, seen[::-1]):
            take(own, *one)
        own.close()

    crew(4, race)
    assert [one.token for one in look(db)] == [1] * len(numbers)
