"""Refusals: whoever turns a source away says so once, however many processes do, and for as long as it goes on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import update

from storage import halts, refusals
from storage.db import Database, now
from storage.refusals import REFUSALS

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def note(db: Database, channel: str = "tg", reason: str = "wrong secret") -> bool:
    return db.write(lambda tx: refusals.note(tx, channel, reason))


def shown(db: Database) -> dict[str, dict[str, object]]:
    with db.read() as tx:
        return refusals.by_channel(tx)


def pass_time(db: Database, by: timedelta) -> None:
    """As if all of it had been so much earlier."""
    with db.begin() as tx:
        for row in tx.execute(REFUSALS.select()).all():
            tx.execute(update(REFUSALS).values(since=row.since - by, last=row.last - by))


def test_it_is_news_once_an_hour_of_quiet_lies_between(db: Database) -> None:
    assert note(db)
    for _ in range(5):
        pass_time(db, 50 * MINUTE)
        assert not note(db), "it goes on"
    pass_time(db, 61 * MINUTE)
    assert note(db)


def test_it_is_shown_with_its_beginning_and_its_last_time_for_a_day(db: Database) -> None:
    assert shown(db) == {}
    note(db)
    pass_time(db, 30 * MINUTE)
    note(db, reason="of another community")
    told = shown(db)["tg"]
    assert told["reason"] == "of another community"
    assert abs(now() - 30 * MINUTE - told["since"]) < MINUTE  # type: ignore[operator]
    assert abs(now() - told["last"]) < MINUTE  # type: ignore[operator]
    assert refusals.in_words(told).startswith("turns calls to its hook away since ")
    pass_time(db, 23 * HOUR)
    assert "tg" in shown(db)
    pass_time(db, HOUR)
    assert shown(db) == {}


def test_nothing_of_the_channel_stands_still(db: Database) -> None:
    note(db)
    with db.read() as tx:
        assert halts.by_channel(tx) == {}


def test_of_many_that_see_it_at_the_same_moment_one_tells_it(db: Database) -> None:
    begin = threading.Barrier(8)

    def one(_: int) -> bool:
        begin.wait(20)
        return note(db)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 1
