"""Replay: held letters and raws taken up by hand, those that were meant and no others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from pipeline import replay
from pipeline.replay import Choice, replay_inbox, replay_outbox
from settings import Settings, SettingsError
from storage.db import Database, Tx, now
from storage.inbox import INBOX
from storage.outbox import OUTBOX
from tests.fakes.channel import raw
from tests.pipeline.rig import CHANNEL, Rig, Sending


def settings_of(rig: Rig) -> Settings:
    return Settings.model_validate({"database": {"url": rig.url}, "state_dir": str(rig.folder)})


@pytest.fixture
def letters(rig: Rig) -> dict[str, int]:
    """A letter in every state, by the state; they are two days old, as after a restore."""
    rig.take(raw("anna", "0"))
    states = ("queued", "sending", "sent", "failed", "unconfirmed", "cancelled", "held")
    found = {state: rig.letter("unavailable ok") for state in states}
    old = now() - timedelta(days=2)
    with rig.db.begin() as tx:
        for state, letter in found.items():
            worker = {"worker": "other-host/1/1/1/1", "expires_at": now() + timedelta(hours=1)}
            values: dict[str, Any] = {"state": state, "created_at": old, "send_at": old, "attempts": 3}
            values |= worker if state == "sending" else {}
            values |= {"sent_at": old} if state == "sent" else {}
            tx.execute(update(OUTBOX).where(OUTBOX.c.id == letter).values(**values))
    return found


def changed(rig: Rig, letters: dict[str, int]) -> set[str]:
    """The states letters were in that are queued now."""
    return {was for was, letter in letters.items() if rig.letter_row(letter).state == "queued"} - {"queued"}


@pytest.mark.parametrize("choice", [Choice(), Choice(channel=CHANNEL), Choice(since=now() - timedelta(days=3))])
def test_held_and_unconfirmed_letters_are_let_go(rig: Rig, letters: dict[str, int], choice: Choice) -> None:
    assert replay_outbox(settings_of(rig), choice) == 2
    assert changed(rig, letters) == {"held", "unconfirmed"}
    assert replay_outbox(settings_of(rig), choice) == 0
    told = rig.events("message.retried")
    assert {line.data["letter"] for line in told} == {letters["held"], letters["unconfirmed"]}


@pytest.mark.parametrize("choice", [Choice(channel="mail"), Choice(since=now() - timedelta(days=1)), Choice(row=999)])
def test_those_that_were_not_meant_stay(rig: Rig, letters: dict[str, int], choice: Choice) -> None:
    assert replay_outbox(settings_of(rig), choice) == 0
    assert changed(rig, letters) == set()


@pytest.mark.parametrize("state", ["held", "unconfirmed", "failed", "sent", "cancelled", "sending"])
def test_one_named_by_its_id_may_have_failed_but_not_be_out(rig: Rig, letters: dict[str, int], state: str) -> None:
    again = state in {"held", "unconfirmed", "failed"}
    assert replay_outbox(settings_of(rig), Choice(row=letters[state])) == again
    assert changed(rig, letters) == ({state} if again else set())


def test_a_letter_let_go_has_all_its_tries_again(rig: Rig, letters: dict[str, int], sending: Sending) -> None:
    """It waited for days; the first thing its channel says is: later."""
    with rig.db.begin() as tx:
        tx.execute(update(OUTBOX).where(OUTBOX.c.id != letters["held"]).values(state="sent", sent_at=now()))
    replay_outbox(settings_of(rig), Choice())
    sending.settle()
    assert rig.letter_row(letters["held"]).state == "sent"
    assert len(rig.world.calls()) == 2


def test_one_whose_end_nobody_knew_is_marked_as_maybe_arriving_twice(rig: Rig, letters: dict[str, int]) -> None:
    replay_outbox(settings_of(rig), Choice())
    twice = {state: rig.letter_row(letter).maybe_twice for state, letter in letters.items()}
    assert {state for state, marked in twice.items() if marked} == {"unconfirmed"}


def test_a_letter_that_was_to_leave_later_still_does(rig: Rig, letters: dict[str, int]) -> None:
    later = now() + timedelta(days=3)
    with rig.db.begin() as tx:
        tx.execute(update(OUTBOX).where(OUTBOX.c.id == letters["held"]).values(send_at=later, next_at=later))
    replay_outbox(settings_of(rig), Choice())
    held, unconfirmed = (rig.letter_row(letters[state]) for state in ("held", "unconfirmed"))
    assert (held.state, held.send_at, held.next_at) == ("queued", later, later)
    assert unconfirmed.send_at == unconfirmed.next_at < later


def test_what_is_parked_again_meanwhile_is_replayed_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.take(*(raw("anna", str(n), poison="raise") for n in range(3)))
    monkeypatch.setattr(replay, "_STEP", 1)
    parked = replay._some_parked
    steps: list[int] = []

    def after_a_worker(tx: Tx, **more: Any) -> Any:
        steps.append(1)
        assert len(steps) < 10, "there is no end to it"
        return parked(tx, **more)

    class Busy(Database):
        """Between two steps what they queued is read again, in vain."""

        def write(self, work: Any, **more: Any) -> Any:
            rig.settle()
            return super().write(work, **more)

    monkeypatch.setattr(replay, "_some_parked", after_a_worker)
    monkeypatch.setattr(replay, "open_database", lambda settings: Busy(settings.database.url))
    assert replay_inbox(settings_of(rig), Choice()) == 3


def test_raws_since_a_time_are_those_since_that_time(rig: Rig) -> None:
    rig.take(*(raw("anna", str(n)) for n in range(4)))
    rows = rig.rows(INBOX)
    with rig.db.begin() as tx:
        for days, row in enumerate(rows):
            tx.execute(update(INBOX).where(INBOX.c.id == row.id).values(received_at=now() - timedelta(days=days)))
    assert replay_inbox(settings_of(rig), Choice(since=now() - timedelta(days=1, hours=12))) == 2
    assert rig.queued() == 2
    assert replay_inbox(settings_of(rig), Choice(channel=CHANNEL)) == 0, "without a time only what is parked"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-22", datetime(2026, 11, 21, 21, tzinfo=UTC)),
        ("2026-11-22T10:00", datetime(2026, 11, 22, 7, tzinfo=UTC)),
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00+05:00", datetime(2026, 11, 22, 5, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_the_business_s(said: str, meant: datetime) -> None:
    assert Choice.read(None, None, said, "Europe/Moscow").since == meant


@pytest.mark.parametrize("said", ["yesterday", "22.11.2026", "2026-13-01"])
def test_what_is_no_time_is_refused_with_one_that_is(said: str) -> None:
    with pytest.raises(SettingsError, match=r"is no time; write 2026-11-22"):
        Choice.read(None, None, said, "Europe/Moscow")
