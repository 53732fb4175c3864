"""Poison: a raw nobody can read is set aside with its reason and its bytes, and harms neither neighbours nor order."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.base import Envelope
from connectors.registry import Channels
from pipeline.attach import Shelf
from pipeline.drain import Drain
from pipeline.replay import Choice, replay_inbox
from pipeline.stitch import stitch
from settings import Settings, WorkSettings
from storage import inbox
from storage.db import Database
from storage.inbox import INBOX, QUEUE, shard_of
from storage.leases import LEASES
from tests.fakes.channel import Fake, raw
from tests.pipeline.children import Child
from tests.pipeline.rig import CHANNEL, Rig

STARTS_ALONE = 3


def settings_of(rig: Rig) -> Settings:
    return Settings.model_validate({"database": {"url": rig.url}, "state_dir": str(rig.folder)})


def replay(rig: Rig, **choice: Any) -> int:
    return replay_inbox(settings_of(rig), Choice(**choice))


def keys(rig: Rig) -> list[str]:
    return [row.external_id for row in rig.messages()]


def supervise(rig: Rig, killed: int = -9) -> int:
    """Run a worker until one ends well, starting another after each that dies with that status; how many died."""
    died = 0
    while died < 20:
        status = Child(lambda: rig.again().settle()).wait()
        if status == 0:
            return died
        assert status == killed
        died += 1
    raise AssertionError("the workers die without end")


@pytest.mark.parametrize("how", ["raise", "disk"])
def test_a_raw_that_cannot_be_read_is_parked_after_three_starts_alone(rig: Rig, how: str) -> None:
    starts: list[str] = []
    Fake.reading = lambda told: starts.append(told["text"])
    bad = raw("anna", "2", "bad", poison=how)
    rig.take(raw("anna", "1", "first"), bad, raw("anna", "3", "last"), raw("bert", "1", "other"))
    assert Counter(starts)["bad"] == 1 + STARTS_ALONE
    assert sorted(keys(rig)) == ["anna:1", "anna:3", "bert:1"]
    ((inbox_id, reason),) = rig.parked().items()
    assert reason.startswith("KeyError at channel.py:" if how == "raise" else "OSError at channel.py:")
    with rig.db.read() as tx:
        assert bytes(tx.execute(select(INBOX.c.data).where(INBOX.c.id == inbox_id)).scalar_one()) == bad.data
    (event,) = rig.events("inbox.parked")
    assert event.data["inbox"] == inbox_id
    assert "what nobody expected" not in str(event.data), "an error's words may be the customer's"
    assert rig.flow() == {"received": 4, "duplicate": 0, "processed": 3, "parked": 1, "in_flight": 0}
    rig.check()


def test_what_came_after_it_waits_until_it_is_parked(rig: Rig) -> None:
    rig.store_raws(raw("anna", "1", poison="raise"), raw("anna", "2"), raw("bert", "1"))
    seen: list[tuple[int, bool]] = []

    def look(told: dict[str, Any]) -> None:
        if "poison" not in told:
            seen.append((len(rig.parked()), "anna:2" in keys(rig)))

    Fake.reading = look
    rig.settle()
    assert "anna:2" in keys(rig)
    # Read in the first batch, which took bert alone, and then when nothing stood before it any more.
    assert seen[-1] == (1, False)
    assert seen[0] == (0, False)
    assert sorted(keys(rig)) == ["anna:2", "bert:1"]


def test_once_it_can_be_read_a_replay_brings_it_back(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", "found again", poison="raise"), raw("anna", "3"))
    assert replay(rig) == 1
    rig.settle()
    assert len(rig.parked()) == 1, "nothing was mended"
    rig.world.mend()
    assert replay(rig, channel="mail") == 0
    assert replay(rig, channel=CHANNEL) == 1
    rig.settle()
    assert not rig.parked()
    assert "found again" in rig.said()
    assert replay(rig) == 0
    assert rig.flow() == {"received": 3, "duplicate": 0, "processed": 3, "parked": 0, "in_flight": 0}
    rig.check()


def test_reading_everything_again_changes_nothing(rig: Rig) -> None:
    rig.take(
        raw("anna", "1", "one", at=1, name="Anna", proofs=[["email", "a@b.c"]], files=[{"name": "f", "data": "x"}]),
        raw("anna", "2", "two", at=2, reply_to="anna:1"),
        raw("anna", "e", "one!", at=3, kind="edit", id="anna:1"),
        raw("anna", "r", at=4, kind="reaction", id="anna:2", emoji="👍"),
        raw("bert", "d", at=5, kind="deletion", id="bert:1"),
        raw("bert", "1", "gone", at=4),
        raw("anna", "s", at=6, kind="report", id="anna:2", state="read"),
    )

    def all_there_is() -> list[Any]:
        tables = (table for table in inbox.INBOX.metadata.sorted_tables if table.name not in {"tallies", "leases"})
        return [rig.rows(table) for table in tables]

    before = all_there_is()
    flow = rig.flow()
    for _ in range(2):
        assert replay(rig, since=rig.rows(INBOX)[0].received_at) == 7
        assert rig.flow()["in_flight"] == 7
        rig.settle()
        assert rig.flow() == flow
    assert replay(rig, row=rig.rows(INBOX)[0].id) == 1
    rig.settle()
    after = all_there_is()
    assert after == before
    rig.check()


def test_a_raw_that_kills_its_worker_dies_alone(rig: Rig) -> None:
    """Its batch, its group, then three starts alone: five workers at most, and no innocent is ever set aside."""
    rig.store_raws(*(raw(f"p{n}", "1") for n in range(10)), raw("anna", "1"))
    rig.store_raws(raw("anna", "2", poison="kill"), raw("anna", "3"), *(raw(f"p{n}", "2") for n in range(10)))
    assert supervise(rig) <= 2 + STARTS_ALONE
    (reason,) = rig.parked().values()
    assert "died 3 times" in reason
    assert len(rig.messages()) == 22
    assert [key for key in keys(rig) if key.startswith("anna")] == ["anna:1", "anna:3"]
    assert rig.flow() == {"received": 23, "duplicate": 0, "processed": 22, "parked": 1, "in_flight": 0}
    rig.check()
    rig.world.mend()
    assert replay(rig) == 1
    rig.settle()
    assert len(rig.messages()) == 23


def test_no_innocent_waits_while_a_killer_has_his_starts(rig: Rig) -> None:
    names = [f"p{n}" for n in range(40)]
    shards = [shard_of(CHANNEL, name) for name in (*names, "anna")]
    assert min(shards) < shards[-1] < max(shards), "there are some on either side"
    rig.store_raws(raw("anna", "1", poison="kill"), *(raw(name, "1") for name in names))
    # Its batch, its group, and its first start alone.
    for _ in range(3):
        assert Child(lambda: rig.again().settle()).wait() == -9
    Child(lambda: rig.again().settle()).wait()
    assert sorted(keys(rig)) == sorted(f"{name}:1" for name in names)
    assert not rig.parked(), "it has a start left"


def test_a_raw_that_hangs_its_worker_dies_alone_too(db: Database, tmp_path: Path) -> None:
    rig = Rig(db, tmp_path, WorkSettings(lease=0.5))
    rig.store_raws(raw("bert", "1"), raw("anna", "1", poison="hang"), raw("anna", "2"))
    assert supervise(rig, killed=1) <= 2 + STARTS_ALONE
    (reason,) = rig.parked().values()
    assert "died 3 times" in reason
    assert sorted(keys(rig)) == ["anna:2", "bert:1"]
    rig.check()


def test_several_that_kill_are_parked_one_by_one(rig: Rig) -> None:
    rig.store_raws(*(raw(f"p{n}", "1", poison="kill") for n in range(3)), *(raw(f"q{n}", "1") for n in range(20)))
    assert supervise(rig) <= 3 * (2 + STARTS_ALONE)
    assert len(rig.parked()) == 3
    assert len(rig.messages()) == 20
    assert all(key.startswith("q") for key in keys(rig))


def test_an_innocent_read_beside_a_killer_is_not_blamed(rig: Rig, tmp_path: Path) -> None:
    """Two shards in two threads of one worker: the killer strikes while a slow neighbour of another shard is read."""
    slow = next(f"s{n}" for n in range(1000) if shard_of(CHANNEL, f"s{n}") != shard_of(CHANNEL, "anna"))
    rig.store_raws(raw("anna", "1", poison="kill"), raw(slow, "1", slow=0.3))
    with rig.db.begin() as tx:
        # Both were in a batch that failed before.
        for row in tx.execute(select(QUEUE)).all():
            inbox.suspect(tx, {row.shard: [row.inbox_id]}, inbox.ALONE)

    def worker() -> None:
        own = rig.again()
        neighbour_is_read = threading.Event()

        def reading(told: dict[str, Any]) -> None:
            if told.get("poison"):
                # Strike while the neighbour is being read, if he ever is.
                neighbour_is_read.wait(0.5)
            else:
                neighbour_is_read.set()

        Fake.reading = reading
        threads = [threading.Thread(target=own.drain.visit) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    # On a busy machine some die before they have begun anything.
    assert any(Child(worker).wait() == 0 for _ in range(30)), "the killer is never found out"
    rig.settle()
    assert keys(rig) == [f"{slow}:1"]
    assert len(rig.parked()) == 1


def test_who_waits_for_a_suspect_to_be_done_has_nothing_under_work_yet(rig: Rig) -> None:
    """Else the suspect's death would make suspects of six hundred more."""
    rig.store_raws(raw("anna", "1"))
    with rig.drain._room.alone():
        thread = threading.Thread(target=rig.drain.visit)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert not any(row.claims for row in rig.rows(LEASES))
    thread.join(10)
    assert keys(rig) == ["anna:1"]


def test_a_worker_stopped_three_times_while_it_reads_blames_nobody(rig: Rig) -> None:
    """Ends from outside, such as an update, find it in the middle of a batch."""
    rig.store_raws(*(raw("anna", str(n), slow=0.02) for n in range(5)))
    for _ in range(3):
        child = Child(lambda: rig.again().settle())
        while not rig.rows(inbox.TALLIES) or not any(row.claims for row in rig.rows(LEASES)):
            pass
        child.kill()
    rig.settle()
    assert not rig.parked()
    assert keys(rig) == [f"anna:{n}" for n in range(5)]


def test_a_batch_that_cannot_be_written_is_taken_apart(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def choosy(tx: Any, parsed: Any, *args: Any, **more: Any) -> Any:
        if any(envelope.text == "bad" for each in parsed for envelope in each.envelopes):
            raise ValueError("no place for this")
        return stitch(tx, parsed, *args, **more)

    monkeypatch.setattr("pipeline.drain.stitch", choosy)
    rig.take(*(raw("anna", str(n), "bad" if n == 2 else "good") for n in range(5)), raw("bert", "1"))
    assert sorted(keys(rig)) == ["anna:0", "anna:1", "anna:3", "anna:4", "bert:1"]
    (reason,) = rig.parked().values()
    assert "ValueError at test_poison.py" in reason
    rig.check()


@pytest.mark.parametrize("why", ["gone", "switched off"])
def test_a_channel_that_is_not_there_parks_until_it_is(rig: Rig, db: Database, why: str) -> None:
    rig.store_raws(raw("anna", "1"), channel="mail")
    rig.store_raws(raw("anna", "1"))
    sections = {CHANNEL: rig.world.section()}
    if why == "switched off":
        sections["mail"] = rig.world.section(enabled=False)
    without = Drain(db, Channels(sections), Shelf(rig.store), rig.work)
    while rig.queued():
        without.visit()
    (reason,) = rig.parked().values()
    assert "'mail' is not configured or not enabled" in reason
    assert len(rig.messages()) == 1
    assert replay(rig) == 1
    rig.settle()
    assert len(rig.messages()) == 2


def test_a_reason_of_any_kind_can_be_kept(rig: Rig) -> None:
    def odd(_: object) -> None:
        raise ValueError("\0 and \ud800 and " + "x" * 10_000)

    Fake.reading = odd
    rig.take(raw("anna", "1"))
    (reason,) = rig.parked().values()
    assert reason.startswith("ValueError at test_poison.py")
    assert len(reason) <= 2000


def test_a_slow_disk_is_not_taken_for_a_raw_that_hangs(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(db, tmp_path, WorkSettings(lease=0.5))
    keep = Shelf.keep

    def slow(shelf: Shelf, envelopes: Sequence[Envelope]) -> Sequence[Envelope]:
        # Longer than a raw may be read, and its lease is over; nobody else wants it.
        time.sleep(1.8)
        return keep(shelf, envelopes)

    rig.store_raws(raw("anna", "1"))
    monkeypatch.setattr(Shelf, "keep", slow)
    assert Child(rig.again().drain.visit).wait() == 0
    assert keys(rig) == ["anna:1"]
