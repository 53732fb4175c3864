"""Troubles of reading for tasks: workers that die, messages that cannot be read, batches that cannot be written."""

import signal
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from pipeline import hearing
from pipeline import triage as module
from storage import leases, triage
from storage.leases import LEASES
from storage.tasks import CHANGES
from storage.triage import TRIAGE
from tasks import filing
from tests.fakes.channel import raw
from tests.pipeline.children import Child
from tests.pipeline.listeners import ASKED, STAND, die, fail_on, hook, trouble, waiting
from tests.pipeline.rig import Rig

ELSEWHERE = "other-host/0b00b1e5/4026531836/4711/12345"


# ---- whoever dies ----


@pytest.mark.parametrize("moment", ["hear", "file"])
def test_a_worker_that_dies_leaves_its_messages_to_the_next(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    rig.take(raw("anna", "1", ASKED), raw("bert", "1", STAND))

    def read_and_die() -> None:
        monkeypatch.setattr(module, moment, lambda *_: die())
        rig.again().read()

    assert Child(read_and_die).wait() == -signal.SIGKILL
    assert rig.tasks() == []
    rig.read()
    assert len(rig.tasks()) == 3
    assert not rig.events("triage.failed")
    rig.check()


def test_whose_lease_is_not_over_is_not_disturbed(rig: Rig) -> None:
    rig.take(raw("anna", "1", ASKED))
    rig.triage.visit()
    rig.take(raw("anna", "2", STAND))
    for expires, found in ((timedelta(minutes=1), 1), (-timedelta(seconds=1), 3)):
        with rig.db.begin() as tx:
            mine = LEASES.c.name.startswith("triage:")
            at = leases.database_now(tx)
            tx.execute(update(LEASES).where(mine).values(holder=ELSEWHERE, expires_at=at + expires))
        rig.triage.visit()
        assert len(rig.tasks()) == found


def test_who_was_frozen_past_his_lease_writes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.take(raw("anna", "1", ASKED))

    def another() -> None:
        with rig.db.begin() as tx:
            mine = LEASES.c.name.startswith("triage:")
            tx.execute(update(LEASES).where(mine).values(token=LEASES.c.token + 1, holder=""))

    read = hook(monkeypatch, another)
    rig.triage.visit()
    assert read == [1, 1], "and what it had not written was read once more"
    assert len(rig.rows(CHANGES)) == 1
    rig.check()


def test_a_message_that_kills_is_let_be_after_three_starts(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.take(raw("anna", "1", ASKED), raw("anna", "2", "boom"), raw("anna", "3", STAND), raw("bert", "1", ASKED))

    def work() -> None:
        fail_on(monkeypatch, "boom", die)
        rig.again().read()

    died = 0
    while (status := Child(work).wait()) != 0:
        assert status == -signal.SIGKILL
        died += 1
        assert died < 10, "the workers die without end"
    assert died == 3
    assert len(rig.tasks()) == 4
    (event,) = rig.events("triage.failed")
    assert event.data["message"] == next(row.id for row in rig.messages() if row.text == "boom")
    rig.check()


# ---- what cannot be read ----


def test_a_message_that_cannot_be_read_holds_nobody_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read = fail_on(monkeypatch, "boom", trouble)
    rig.take(raw("anna", "1", ASKED), raw("anna", "2", "boom"), raw("anna", "3", STAND), raw("bert", "1", ASKED))
    rig.read()
    assert read.count("boom") == 3
    assert read.count(STAND) == 1, "what came after it waits until it is let be"
    assert len(rig.tasks()) == 4
    (event,) = rig.events("triage.failed")
    assert event.data["reason"].startswith("KeyError at listeners.py:")
    assert "customer" not in str(event.data)
    rig.check()


def test_what_is_edited_meanwhile_begins_anew(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read = fail_on(monkeypatch, "boom", trouble)
    rig.take(raw("anna", "1", "boom"))
    while len(read) < 2:
        rig.triage._process(rig.triage._take_up() or pytest.fail("nothing is to be read"))
    assert [row.attempts for row in rig.rows(TRIAGE)] == [2]
    rig.take(raw("anna", "e", ASKED, kind="edit", id="anna:1", at=5))
    rig.read()
    assert not rig.events("triage.failed")
    assert len(rig.tasks()) == 1


def test_a_batch_that_cannot_be_written_is_taken_apart(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    file, tried = filing.file, list[int]()

    def broken(job: Any, effects: Any, *more: Any) -> None:
        tried.append(len(effects))
        file(job, effects, *more)
        if any("стенд" in str(each) for each in effects.values()):
            raise ValueError("there is no such character")

    monkeypatch.setattr(module, "file", broken)
    rig.take(raw("anna", "1", STAND), raw("bert", "1", ASKED), raw("carl", "1", ASKED))
    rig.read()
    assert sorted(tried) == [1, 1, 1, 1, 3], "once together, then each alone, and the guilty one twice"
    assert len(rig.tasks()) == 2
    (event,) = rig.events("triage.failed")
    assert event.data["reason"].startswith("ValueError")
    rig.check()


@pytest.mark.parametrize("suspected", [False, True])
def test_trouble_with_the_database_counts_against_nobody(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, suspected: bool
) -> None:
    file, gone = filing.file, [True] * 5

    def absent(*given: Any) -> None:
        if gone and gone.pop():
            raise OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error"))
        file(*given)

    monkeypatch.setattr(module, "file", absent)
    rig.take(raw("anna", "1", ASKED))
    with rig.db.begin() as tx:
        triage.suspect(tx, waiting(rig) if suspected else [])
    for _ in range(5):
        with pytest.raises(OperationalError):
            rig.triage.visit()
    assert [row.attempts for row in rig.rows(TRIAGE)] == [2 if suspected else 0]
    rig.read()
    assert len(rig.tasks()) == 1


def test_who_reads_long_writes_what_he_has_before_his_lease_is_over(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENOUGH", -1.0)
    pages = list[Sequence[Any]]()

    def hear(*given: Any) -> Sequence[Any]:
        pages.append(hearing.hear(*given))
        return pages[-1]

    monkeypatch.setattr(module, "hear", hear)
    rig.take(*(raw("anna", str(number), ASKED) for number in range(3)))
    rig.read()
    assert [len(page.done) for batch in pages for page in batch] == [1, 1, 1]
    rig.check()
