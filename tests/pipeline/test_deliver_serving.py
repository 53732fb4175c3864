"""Deliver: how a channel is served, by one at a time, and what holds when others are at it too."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connectors.base import UPLOAD, Letter
from storage import leases, outbox
from storage.attachments import ATTACHMENTS
from storage.db import Database, now
from storage.outbox import OUTBOX
from tests.fakes.channel import Fake, raw
from tests.pipeline.rig import CHANNEL, Rig, Sending

PEOPLE = ["anna", "bert", "cleo"]


def prepared(rig: Rig) -> Rig:
    """Three clients to write to."""
    rig.take(*(raw(who, "0") for who in PEOPLE))
    return rig


@pytest.fixture
def rig(db: Database, tmp_path: Path) -> Rig:
    return prepared(Rig(db, tmp_path))


@pytest.fixture
def make(db: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A rig and its delivery with other settings."""

    def made(**section: Any) -> tuple[Rig, Sending]:
        rig = prepared(Rig(db, tmp_path, **section))
        sending = Sending(rig)
        request.addfinalizer(sending.close)
        return rig, sending

    return made


def change(rig: Rig, letter: int, **values: Any) -> None:
    if not values:
        return
    with rig.db.begin() as tx:
        tx.execute(update(OUTBOX).where(OUTBOX.c.id == letter).values(**values))


def meet(count: int) -> None:
    """No call ends before so many are under way at once."""
    meeting = threading.Barrier(count)

    def wait(_: Letter) -> None:
        meeting.wait(15)

    Fake.during = wait


def states(rig: Rig) -> list[str]:
    return [row.state for row in rig.rows(OUTBOX)]


# ---- one letter ----


def test_the_pace_is_kept_without_sleeping(make: Any) -> None:
    rig, sending = make(rate=0.1)
    for who in PEOPLE:
        rig.letter("ok", who)
    sending.sweep()
    sending.sweep()
    rows = rig.rows(OUTBOX)
    assert sorted(row.state for row in rows) == ["queued", "queued", "sent"]
    for row in rows:
        if row.state == "queued":
            assert row.attempts == 0, "to wait for one's turn is no try"
    assert 0 < sending.deliver.next_due <= 10, "and somebody comes when it is the next one's"


# ---- leases, stops, lost answers of our own ----


def test_a_channel_is_given_back_when_it_has_nothing_more_to_send(rig: Rig, sending: Sending) -> None:
    for who in PEOPLE:
        rig.letter("ok", who)
    sending.settle()
    held = {row.name: row.holder for row in rig.rows(leases.LEASES)}
    assert held[f"deliver:{CHANNEL}"] == ""


def test_a_channel_somebody_else_serves_is_left_alone(rig: Rig, sending: Sending) -> None:
    rig.letter("ok")
    with rig.db.begin() as tx:
        leases.take(tx, f"deliver:{CHANNEL}", 60)
        tx.execute(update(leases.LEASES).values(holder="other-host/1/1/1/1"))
    sending.sweep()
    assert states(rig) == ["queued"]
    assert rig.world.calls() == []


def test_a_call_that_hangs_holds_up_nobody_but_its_lane(rig: Rig, sending: Sending) -> None:
    release = threading.Event()

    def hang(letter: Letter) -> None:
        if letter.recipient == "anna":
            release.wait(30)

    Fake.during = hang
    hanging, behind = rig.letter("ok"), rig.letter("ok")
    others = [rig.letter("ok", "bert") for _ in range(3)]
    assert sending.deliver.channel(CHANNEL), "there is more to come, so somebody looks again"
    while not all(rig.letter_row(letter).state == "sent" for letter in others):
        sending.deliver.channel(CHANNEL)
    assert (rig.letter_row(hanging).state, rig.letter_row(behind).state) == ("sending", "queued")
    held = {row.name: row.holder for row in rig.rows(leases.LEASES)}
    assert held[f"deliver:{CHANNEL}"] == "", "and another process may serve the channel meanwhile"
    release.set()
    sending.settle()
    assert rig.letter_row(behind).state == "sent"


def test_a_letter_may_take_longer_the_larger_its_files(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1", files=[{"name": "map.txt", "data": "here"}]))
    (file,) = rig.rows(ATTACHMENTS)
    with rig.db.begin() as tx:
        tx.execute(update(ATTACHMENTS).values(size=UPLOAD * 100))
    letter = rig.letter(payload={"text": "ok", "files": [file.id]})
    left: list[timedelta] = []
    Fake.during = lambda _: left.append(rig.letter_row(letter).expires_at - now())
    sending.settle()
    call = rig.channels[CHANNEL].limits.call
    assert timedelta(seconds=call + 100) < left[0] < timedelta(seconds=call + 130)


def test_who_is_told_to_stop_finishes_his_calls_and_starts_no_more(rig: Rig, sending: Sending) -> None:
    for _ in range(3):
        rig.letter("ok")
    Fake.during = lambda _: sending.deliver.stop()
    sending.sweep()
    assert states(rig) == ["sent", "queued", "queued"]
    held = {row.name: row.holder for row in rig.rows(leases.LEASES)}
    assert held[f"deliver:{CHANNEL}"] == ""


def test_a_letter_cancelled_in_the_last_moment_is_not_sent(rig: Rig, sending: Sending) -> None:
    letter = rig.letter("ok")
    look = sending.deliver._look

    def looked(tx: Any, name: str, room: int) -> Any:
        found = look(tx, name, room)
        outbox.change(tx, outbox.CANCELLED, OUTBOX.c.id == letter, (outbox.QUEUED,))
        return found

    sending.deliver._look = looked  # type: ignore[method-assign]
    sending.deliver.channel(CHANNEL)
    assert states(rig) == ["cancelled"]
    assert rig.world.calls() == []


def test_a_call_of_a_channel_that_is_gone_is_shown_to_somebody(rig: Rig, sending: Sending) -> None:
    letter = rig.letter("ok", channel="gone")
    sending.sweep()
    change(rig, letter, state="sending", worker="other-host/1/1/1/1", attempts=1)
    for minutes, state in ((30, "sending"), (90, "unconfirmed")):
        change(rig, letter, expires_at=now() - timedelta(minutes=minutes))
        sending.sweep()
        assert states(rig) == [state], "another process may know what its channel can do"
    (told,) = rig.events("message.unconfirmed")
    assert told.data["letter"] == letter
    rig.check()


def test_the_outcome_is_kept_while_the_database_is_away(rig: Rig, sending: Sending, monkeypatch: Any) -> None:
    """The call was made; three times its outcome cannot be written down."""
    letter = rig.letter("ok")
    finish, failures = sending.deliver._calling._finish, [1, 2, 3]

    def failing(*args: Any) -> None:
        if failures:
            failures.pop()
            raise OSError("connection lost") from None
        finish(*args)

    monkeypatch.setattr("pipeline.calling.is_database_fault", lambda error: isinstance(error, OSError))
    monkeypatch.setattr("pipeline.calling._AGAIN", 0.01)
    monkeypatch.setattr(sending.deliver._calling, "_finish", failing)
    sending.settle()
    assert rig.letter_row(letter).state == "sent"
    assert len(rig.world.calls()) == 1


def test_a_letter_too_long_on_its_way_to_the_call_is_put_back(rig: Rig, sending: Sending, monkeypatch: Any) -> None:
    letter = rig.letter("ok")
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.calling._TOO_LATE", -1.0)
        sending.deliver._calling.make(CHANNEL, letter)
    assert (rig.letter_row(letter).state, rig.letter_row(letter).attempts) == ("queued", 0), "that was no try"
    assert rig.world.calls() == []
    sending.settle()
    assert rig.letter_row(letter).state == "sent"


def test_a_letter_that_cannot_be_read_fails_and_says_so(rig: Rig, sending: Sending) -> None:
    letter = rig.letter(payload={"nothing": "as it should be"})
    other = rig.letter("ok", "bert")
    sending.settle()
    row = rig.letter_row(letter)
    assert (row.state, row.attempts) == ("failed", 1)
    assert "cannot be read" in row.error
    assert rig.letter_row(other).state == "sent"
    rig.check()


@pytest.mark.parametrize("action", ["edit", "delete"])
def test_a_change_with_no_known_end_is_made_again_without_a_mark(make: Any, action: str) -> None:
    rig, sending = make(idempotent=False, on_unknown="hold")
    first = rig.letter("ok")
    sending.settle()
    message = rig.letter_row(first).message_id
    changing = rig.letter("lost ok", action=action, message_id=message)
    sending.settle()
    row = rig.letter_row(changing)
    assert (row.state, row.maybe_twice, row.attempts) == ("sent", False, 2)
    assert rig.events("message.unconfirmed") == []
