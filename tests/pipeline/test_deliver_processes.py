"""Deliver in processes that die and that race: one effect where the channel knows keys, else never silence."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from storage import leases
from storage.db import Database, now
from storage.outbox import OUTBOX
from tests.fakes.channel import raw
from tests.pipeline.children import Child, crew, holding
from tests.pipeline.rig import CHANNEL, Rig, Sending

PEOPLE = [f"p{n}" for n in range(6)]


def prepared(db: Database, folder: Path, **section: Any) -> Rig:
    rig = Rig(db, folder, **section)
    rig.take(*(raw(who, "0") for who in PEOPLE))
    return rig


def work(rig: Rig) -> None:
    """What a worker process does until nothing is left to send."""
    Sending(rig.again()).settle()


def dies(rig: Rig) -> None:
    assert Child(partial(work, rig)).wait() == -9


@pytest.mark.parametrize(
    ("section", "values", "becomes"),
    [
        ({"idempotent": True}, {}, ("sent", False)),
        ({"idempotent": False}, {}, ("sent", True)),
        ({"idempotent": False, "on_unknown": "hold"}, {}, ("unconfirmed", False)),
        ({"idempotent": False}, {"automatic": True}, ("unconfirmed", False)),
    ],
)
def test_a_worker_that_dies_in_mid_call(
    db: Database, tmp_path: Path, section: dict[str, Any], values: dict[str, Any], becomes: tuple[str, bool]
) -> None:
    state, maybe_twice = becomes
    rig = prepared(db, tmp_path, **section)
    letter = rig.letter("kill ok", "p0", **values)
    dies(rig)
    assert rig.letter_row(letter).state == "sending"
    rig.letter("ok", "p0")
    assert Child(partial(work, rig)).wait() == 0
    row = rig.letter_row(letter)
    assert (row.state, row.maybe_twice) == (state, maybe_twice)
    assert len({call["key"] for call in rig.world.calls()}) == 2, "the same key again"
    arrived = rig.world.arrived(idempotent=section["idempotent"])
    assert arrived.count("kill ok") == (2 if maybe_twice else 1)
    assert arrived[-1] == "ok", "the next one of the lane came after it"
    assert bool(rig.events("message.unconfirmed")) is (not section["idempotent"])
    rig.check()


def test_a_call_of_another_host_is_given_its_time(db: Database, tmp_path: Path) -> None:
    rig = prepared(db, tmp_path)
    letter = rig.letter("ok", "p0")
    with rig.db.begin() as tx:
        under_way = {"state": "sending", "attempts": 1, "token": 1, "worker": "other-host/1/1/1/1"}
        tx.execute(update(OUTBOX).values(expires_at=leases._in(tx, 60), **under_way))
    sending = Sending(rig)
    sending.sweep()
    assert rig.letter_row(letter).state == "sending"
    with rig.db.begin() as tx:
        tx.execute(update(OUTBOX).values(expires_at=now()))
    sending.settle()
    assert rig.letter_row(letter).state == "sent"
    sending.close()


def test_an_outcome_that_comes_after_its_time_changes_nothing(db: Database, tmp_path: Path) -> None:
    """The caller slept; meanwhile the letter went out by another hand."""
    rig = prepared(db, tmp_path)
    letter = rig.letter("ok", "p0")
    sending = Sending(rig)
    finish = sending.deliver._calling._finish

    def late(tx: Any, row: Any, result: Any) -> None:
        # Not on SQLite's single writer: the other hand is simulated by what it would leave behind.
        moved = {"state": "queued", "token": row.token + 1, "worker": None, "expires_at": None}
        tx.execute(update(OUTBOX).where(OUTBOX.c.id == row.id).values(**moved))
        sending.deliver._calling._finish = finish  # type: ignore[method-assign]
        finish(tx, row, result)

    sending.deliver._calling._finish = late  # type: ignore[method-assign]
    sending.settle()
    row = rig.letter_row(letter)
    assert (row.state, row.token) == ("sent", 3)
    assert len(rig.events("message.sent")) == 1
    sending.close()


def test_two_workers_send_each_letter_once(db: Database, tmp_path: Path) -> None:
    rig = prepared(db, tmp_path, idempotent=False)
    for number in range(4):
        for who in PEOPLE:
            rig.letter(f"ok{number}", who)

    crew(2, partial(work, rig))
    arrived = rig.world.calls()
    assert len(arrived) == 24
    for who in PEOPLE:
        assert [call["text"] for call in arrived if call["to"] == who] == ["ok0", "ok1", "ok2", "ok3"]
    assert {row.attempts for row in rig.rows(OUTBOX)} == {1}
    rig.check()


def test_a_worker_beside_the_dead_one_takes_its_channel_at_once(db: Database, tmp_path: Path) -> None:
    rig = prepared(db, tmp_path)

    def serve() -> None:
        with rig.again().db.begin() as tx:
            leases.take(tx, f"deliver:{CHANNEL}", 600)

    letter = rig.letter("ok", "p0")
    sending = Sending(rig)
    with holding(serve) as child:
        sending.sweep()
        assert rig.letter_row(letter).state == "queued"
        child.kill()
        started = time.monotonic()
        sending.settle()
    assert rig.letter_row(letter).state == "sent"
    assert time.monotonic() - started < 60
    sending.close()


def test_workers_that_die_one_after_the_other_lose_and_double_nothing(db: Database, tmp_path: Path) -> None:
    rig = prepared(db, tmp_path)
    for number, who in enumerate(PEOPLE):
        rig.letter("kill ok" if number % 2 else "ok", who)
        rig.letter("ok", who)
    died = 0
    while Child(partial(work, rig)).wait():
        died += 1
        assert died < 10
    assert died >= 1
    assert {row.state for row in rig.rows(OUTBOX)} == {"sent"}
    assert len(rig.world.arrived()) == 12
    rig.check()
