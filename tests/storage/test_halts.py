"""Halts: a channel whose credentials are wrong stands still for a while, and its alarm rings once."""

from datetime import timedelta

from storage import halts
from storage.db import Database, now

SOON, LONG_AGO = timedelta(minutes=5), timedelta(days=-1)


def until(db: Database, channel: str) -> object:
    with db.read() as tx:
        return halts.until(tx, channel, halts.SENDING)


def test_a_channel_stands_until_its_time_and_the_alarm_rings_once(db: Database) -> None:
    at = now() + SOON
    assert until(db, "vk") is None
    with db.begin() as tx:
        assert halts.put(tx, "vk", halts.SENDING, "wrong token", at)
        assert not halts.put(tx, "vk", halts.SENDING, "still wrong", at + SOON)
    assert until(db, "vk") == at + SOON
    assert until(db, "mail") is None
    with db.read() as tx:
        assert [(row.channel, row.reason) for row in halts.all_of(tx)] == [("vk", "still wrong")]


def test_when_its_time_has_come_it_may_be_tried_and_still_counts_as_standing(db: Database) -> None:
    with db.begin() as tx:
        halts.put(tx, "vk", halts.SENDING, "wrong token", now() + LONG_AGO)
    assert until(db, "vk") is None
    with db.begin() as tx:
        assert not halts.put(tx, "vk", halts.SENDING, "wrong token", now() + SOON)


def test_a_channel_that_works_again_is_told_once(db: Database) -> None:
    with db.begin() as tx:
        halts.put(tx, "vk", halts.SENDING, "wrong token", now() + SOON)
        assert halts.lift(tx, "vk", halts.SENDING)
        assert not halts.lift(tx, "vk", halts.SENDING)
        assert halts.put(tx, "vk", halts.SENDING, "wrong again", now() + SOON)


def test_what_cannot_be_read_may_send_all_the_same(db: Database) -> None:
    with db.begin() as tx:
        halts.put(tx, "vk", halts.READING, "wrong key", now() + SOON)
        assert halts.known(tx, "vk", halts.READING)
    assert until(db, "vk") is None
    with db.begin() as tx:
        halts.put(tx, "vk", halts.SENDING, "wrong token", now() + SOON)
        assert halts.by_channel(tx)["vk"]["reason"] == "wrong token", "that nothing is sent is told first"
        halts.lift(tx, "vk", halts.SENDING)
        assert halts.by_channel(tx)["vk"]["reason"] == "wrong key"
