"""Deliver: every letter once, in the order of its lane, and each outcome written down before anything else."""

import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connectors.base import Letter
from dialogs import writing
from dialogs.access import Staff
from dialogs.work import perform
from pipeline.letters import split
from pipeline.outcome import DENIED_PAUSE
from storage import leases, operators
from storage.db import Database, now
from storage.halts import HALTS
from storage.outbox import OUTBOX
from tests.fakes.channel import Fake, raw
from tests.pipeline.rig import CHANNEL, IDENTITIES, Rig, Sending

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


def test_a_letter_leaves_and_its_receipt_is_kept(rig: Rig, sending: Sending) -> None:
    letter = rig.letter("ok")
    sending.sweep()
    row = rig.letter_row(letter)
    assert (row.state, row.attempts, row.receipt, row.error) == ("sent", 1, [f"their-{letter}"], None)
    assert now() - timedelta(minutes=1) < row.sent_at <= now()
    assert (row.worker, row.expires_at) == (None, None)
    (call,) = rig.world.calls()
    assert (call["to"], call["text"], call["action"]) == ("anna", "ok", "send")
    message = next(each for each in rig.messages() if each.direction == "out")
    assert message.external_id == f"their-{letter}"
    (event,) = rig.events("message.sent")
    assert event.data == {"message": message.id, "letter": letter, "channel": CHANNEL}
    rig.check()


def test_it_stands_as_sending_in_the_database_before_the_call_is_made(rig: Rig, sending: Sending) -> None:
    letter = rig.letter("ok")
    seen: list[Any] = []
    other = Database(rig.url)
    Fake.during = lambda _: seen.append(Rig(other, rig.folder).letter_row(letter))
    sending.sweep()
    other.close()
    (row,) = seen
    assert (row.state, row.worker, row.attempts, row.token) == ("sending", leases.me(), 1, 1)
    limit = rig.channels[CHANNEL].limits.call
    assert row.expires_at > now() + timedelta(seconds=limit), "not before the call itself may have ended"


def test_the_files_of_a_letter_go_with_it(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1", files=[{"name": "map.txt", "data": "here"}]))
    (file,) = rig.rows(OUTBOX.metadata.tables["attachments"])
    seen: list[Letter] = []
    Fake.during = seen.append
    rig.letter(payload={"text": "ok", "files": [file.id], "author": "Olga", "reply_to": "anna:0"})
    sending.settle()
    (letter,) = seen
    (sent,) = letter.files
    assert (sent.name, sent.size, Path(sent.path).read_text()) == ("map.txt", 4, "here")
    assert (letter.author, letter.reply_to) == ("Olga", "anna:0")


def test_the_key_of_a_letter_is_the_same_at_every_try(rig: Rig, sending: Sending) -> None:
    rig.letter("unavailable lost gone ok")
    rig.letter("ok", "bert")
    sending.settle()
    keys = [call["key"] for call in rig.world.calls()]
    assert len(keys) == 5
    assert len(set(keys)) == 2
    assert states(rig) == ["sent", "sent"]


def test_a_receipt_whose_key_is_known_already_is_no_reason_to_send_again(rig: Rig, sending: Sending) -> None:
    """Some channels bring our own words back before they answer."""
    letter = rig.letter("ok")
    Fake.during = lambda _: rig.take(raw("anna", "echo", "ok", id=f"their-{letter}", direction="out"))
    sending.settle()
    assert rig.letter_row(letter).state == "sent"
    assert len(rig.world.calls()) == 1


def test_edits_and_deletions_name_what_they_touch(rig: Rig, sending: Sending) -> None:
    seen: list[Letter] = []
    message = rig.letter_row(letter := rig.letter("ok")).message_id
    sending.settle()
    Fake.during = seen.append
    rig.letter("ok", action="edit", message_id=message)
    rig.letter("ok", action="delete", message_id=message)
    sending.settle()
    their = f"their-{letter}"
    assert [(letter.action, letter.external_id) for letter in seen] == [("edit", their), ("delete", their)]


def test_what_changes_a_message_that_never_went_out_is_rejected(rig: Rig, sending: Sending) -> None:
    message = rig.letter_row(rig.letter("rejected")).message_id
    change = rig.letter("ok", action="edit", message_id=message)
    sending.settle()
    found = rig.letter_row(change)
    assert (found.state, found.error) == ("failed", "what it changes is not known to be out")


def test_a_note_leaves_by_no_channel(rig: Rig, sending: Sending) -> None:
    with rig.db.begin() as tx:
        row = operators.create(tx, "Olga", "operator")
    olga, dialog = Staff(row.id, row.name, row.role), rig.dialogs()[0].id
    for number in range(3):
        perform(rig.db, olga, partial(writing.note, dialog_id=dialog, text="between us"))
        to_all = partial(split, rig.channels)
        said = partial(writing.reply, dialog_id=dialog, draft=writing.Draft(f"ok {number}"), split=to_all)
        perform(rig.db, olga, said)
    sending.settle()
    assert [call["text"] for call in rig.world.calls()] == ["ok 0", "ok 1", "ok 2"]
    assert [row.direction for row in rig.messages() if row.text == "between us"] == ["note"] * 3
    rig.check()


# ---- order ----


def test_letters_of_a_lane_leave_one_by_one_in_order(rig: Rig, sending: Sending) -> None:
    wanted = [rig.letter(f"unavailable ok {n}" if n % 3 == 0 else f"ok{n}") for n in range(9)]
    under_way: list[int] = []
    most: list[int] = []

    def during(letter: Letter) -> None:
        under_way.append(letter.id)
        most.append(len(under_way))
        under_way.remove(letter.id)

    Fake.during = during
    sending.settle()
    arrived = [call for call in rig.world.calls() if call["effect"]]
    assert [call["key"].split("-")[1] for call in arrived] == [str(letter) for letter in wanted]
    assert set(most) == {1}
    rig.check()


def test_lanes_do_not_wait_for_each_other(rig: Rig, sending: Sending) -> None:
    """All three are in their call at the same moment."""
    meet(3)
    for who in PEOPLE:
        rig.letter("ok", who)
    sending.sweep()
    assert states(rig) == ["sent"] * 3


def test_a_letter_that_waits_for_its_next_try_holds_up_its_lane_alone(make: Any) -> None:
    rig, sending = make(retry=[3600])
    rig.letter("unavailable")
    rig.letter("second")
    rig.letter("ok", "bert")
    sending.sweep()
    sending.sweep()
    assert states(rig) == ["queued", "queued", "sent"]
    assert sorted(call["text"] for call in rig.world.calls()) == ["ok", "unavailable"], "two lanes at once"


def test_where_order_does_not_matter_it_holds_up_nobody(make: Any) -> None:
    """A mail server may say for hours that it is too early for one mail."""
    rig, sending = make(retry=[3600], ordered=False)
    rig.letter("unavailable")
    sending.sweep()
    rig.letter("second")
    sending.sweep()
    assert states(rig) == ["queued", "sent"]


@pytest.mark.parametrize(
    ("first", "values", "state"),
    [
        ("rejected", {}, "failed"),
        ("blocked", {}, "failed"),
        ("later", {"send_at": now() + timedelta(hours=1), "next_at": now() + timedelta(hours=1)}, "queued"),
        ("lost", {"automatic": True}, "unconfirmed"),
        ("held", {"state": "held"}, "held"),
        ("gone", {"state": "cancelled"}, "cancelled"),
    ],
)
def test_what_is_not_under_way_blocks_nobody(make: Any, first: str, values: dict[str, Any], state: str) -> None:
    rig, sending = make(idempotent=False)
    change(rig, rig.letter(first), **values)
    rig.letter("ok")
    sending.settle()
    assert states(rig) == [state, "sent"]
    rig.check()


# ---- trouble ----


def test_tries_follow_the_schedule_and_end(make: Any) -> None:
    rig, sending = make(retry=[100, 200, 300], retry_for=86400)
    letter = rig.letter("unavailable")
    for attempt, wait in enumerate((100, 200, 300, 300), 1):
        before = now()
        sending.sweep()
        row = rig.letter_row(letter)
        assert (row.state, row.attempts, row.error) == ("queued", attempt, "the channel says unavailable")
        assert timedelta(seconds=wait - 1) < row.next_at - before < timedelta(seconds=wait + 30)
        change(rig, letter, next_at=now())
    change(rig, letter, send_at=now() - timedelta(days=2), created_at=now() - timedelta(days=2))
    sending.sweep()
    assert rig.letter_row(letter).state == "failed"
    assert len(rig.events("message.sending_failed")) == 1
    rig.check()


def test_a_letter_for_tomorrow_has_its_whole_time_from_then_on(make: Any) -> None:
    rig, sending = make(retry_for=60)
    letter = rig.letter("unavailable")
    change(rig, letter, created_at=now() - timedelta(days=1), send_at=now() - timedelta(seconds=1))
    sending.sweep()
    assert rig.letter_row(letter).state == "queued"


def test_when_the_channel_says_when_the_channel_is_silent_till_then(rig: Rig, sending: Sending) -> None:
    letter, other = rig.letter("wait:1000 ok"), rig.letter("ok", "bert")
    change(rig, other, next_at=now() + timedelta(milliseconds=1))
    Fake.during = lambda _: None
    sending.deliver._calling.make(CHANNEL, letter)
    before = now()
    sending.sweep()
    assert len(rig.world.calls()) == 1, "the other one waits too"
    assert states(rig) == ["queued", "queued"]
    assert timedelta(seconds=900) < rig.letter_row(letter).next_at - before < timedelta(seconds=1100)
    assert 900 < sending.deliver.next_due < 1100


@pytest.mark.parametrize("how", ["rejected", "blocked"])
def test_a_refusal_is_shown_and_the_next_one_goes(rig: Rig, sending: Sending, how: str) -> None:
    letter = rig.letter(how)
    sending.settle()
    row = rig.letter_row(letter)
    assert (row.state, row.attempts, row.error) == ("failed", 1, f"the channel says {how}")
    (event,) = rig.events("message.sending_failed")
    assert event.data["error"] == f"the channel says {how}"
    reachable = {each.address: each.reachable for each in rig.rows(IDENTITIES)}
    assert reachable == {"anna": how != "blocked", "bert": True, "cleo": True}
    rig.check()


def test_wrong_credentials_stop_the_channel_once_and_a_success_lifts_it(rig: Rig, sending: Sending) -> None:
    letters = [rig.letter("denied ok", who) for who in PEOPLE]
    meet(3)
    sending.sweep()
    Fake.during = None
    sending.sweep()
    assert len(rig.world.calls()) == 3
    (halt,) = rig.rows(HALTS)
    assert (halt.channel, halt.reason) == (CHANNEL, "the channel says denied")
    assert timedelta(seconds=DENIED_PAUSE - 60) < halt.until - now() <= timedelta(seconds=DENIED_PAUSE)
    (alarm,) = rig.events("channel.stopped")
    assert alarm.data["reason"] == "the channel says denied"
    assert set(states(rig)) == {"queued"}
    # Its time has come, and somebody has mended the token; this is another process.
    with rig.db.begin() as tx:
        tx.execute(update(HALTS).values(until=now() - timedelta(seconds=1)))
        tx.execute(update(OUTBOX).values(next_at=now()))
    again = Sending(rig)
    again.settle()
    again.close()
    assert states(rig) == ["sent"] * 3
    assert rig.rows(HALTS) == []
    assert len(rig.events("channel.resumed")) == 1
    assert len({call["key"] for call in rig.world.calls()}) == len(letters)


def test_a_call_that_hangs_ends_at_its_limit(make: Any) -> None:
    rig, sending = make(call=0.2, idempotent=False, on_unknown="hold")
    over = threading.Event()

    def hang(_: Letter) -> None:
        over.wait(15)

    Fake.during = hang
    letter = rig.letter("ok")
    sending.sweep()
    over.set()
    row = rig.letter_row(letter)
    assert (row.state, row.error) == ("unconfirmed", "no answer: TimeoutError")


@pytest.mark.parametrize(
    ("section", "values", "becomes"),
    [
        ({"idempotent": True}, {}, ("sent", 1, False)),
        ({"idempotent": True}, {"automatic": True}, ("sent", 1, False)),
        ({"idempotent": True, "on_unknown": "hold"}, {}, ("sent", 1, False)),
        ({"idempotent": False}, {}, ("sent", 2, True)),
        ({"idempotent": False}, {"automatic": True}, ("unconfirmed", 1, False)),
        ({"idempotent": False, "on_unknown": "hold"}, {}, ("unconfirmed", 1, False)),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_answer_that_never_came(
    make: Any, section: dict[str, Any], values: dict[str, Any], becomes: tuple[str, int, bool]
) -> None:
    state, arrived, twice = becomes
    rig, sending = make(**section)
    letter = rig.letter("lost ok", **values)
    sending.settle()
    row = rig.letter_row(letter)
    assert (row.state, row.maybe_twice) == (state, twice)
    assert len(rig.world.arrived(idempotent=section["idempotent"])) == arrived
    assert len(rig.events("message.unconfirmed")) == (twice or state == "unconfirmed")
    rig.check()


@pytest.mark.parametrize(("outcomes", "calls"), [("lost ok", 1), ("gone ok", 2)])
def test_a_letter_in_doubt_is_looked_for_before_it_is_sent_again(make: Any, outcomes: str, calls: int) -> None:
    rig, sending = make(finds=True)
    letter = rig.letter(outcomes)
    sending.settle()
    row = rig.letter_row(letter)
    assert (row.state, row.receipt, row.in_doubt) == ("sent", [f"their-{letter}"], False)
    assert len(rig.world.calls()) == calls


def test_a_recipient_who_moved_gets_the_letter_at_his_new_address(rig: Rig, sending: Sending) -> None:
    letter = rig.letter("moved:anna2 ok")
    sending.settle()
    assert [(call["to"], call["effect"]) for call in rig.world.calls()] == [("anna", False), ("anna2", True)]
    assert rig.letter_row(letter).state == "sent"
    assert {row.address for row in rig.rows(IDENTITIES)} >= {"anna2"}


def test_a_pause_for_one_recipient_holds_up_nobody_else(rig: Rig, sending: Sending) -> None:
    slow, quick = rig.letter("alone:60 ok"), rig.letter("ok", "bert")
    sending.sweep()
    later = rig.letter("ok", "bert")
    sending.sweep()
    assert [rig.letter_row(letter).state for letter in (slow, quick, later)] == ["queued", "sent", "sent"]
    assert rig.letter_row(slow).next_at > now() + timedelta(seconds=55)
