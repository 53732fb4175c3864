"""The outbox: letters leave their lane in order, one hand at a time, and nothing that waits holds up what need not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from storage import leases, outbox
from storage.db import Database, now
from storage.outbox import CANCELLED, FAILED, HELD, OUTBOX, QUEUED, SENDING, SENT, UNCONFIRMED, NewLetter

CHANNEL = "shop"
HOUR = timedelta(hours=1)


def letter(dialog: int = 1, **changed: Any) -> NewLetter:
    new = NewLetter(
        1_000_000_001, dialog, 0, CHANNEL, f"client {dialog}", "send", {"text": "hi"}, now() - timedelta(minutes=1)
    )
    return new._replace(**changed)


def put(db: Database, *letters: NewLetter) -> list[int]:
    with db.begin() as tx:
        outbox.put(tx, letters)
        return list(tx.execute(select(OUTBOX.c.id).order_by(OUTBOX.c.id)).scalars())


def due(db: Database, limit: int = 100, *, ordered: bool = True) -> list[int]:
    with db.read() as tx:
        return [letter.id for letter in outbox.due(tx, CHANNEL, limit, ordered=ordered)]


def start(db: Database, letter_id: int, seconds: float = 40) -> Row[Any] | None:
    with db.begin() as tx:
        return outbox.start(tx, letter_id, seconds)


def change(db: Database, letter_id: int, **values: Any) -> None:
    with db.begin() as tx:
        tx.execute(update(OUTBOX).where(OUTBOX.c.id == letter_id).values(**values))


def row(db: Database, letter_id: int) -> Row[Any]:
    with db.read() as tx:
        return tx.execute(select(OUTBOX).where(OUTBOX.c.id == letter_id)).one()


def test_a_letter_is_kept_as_it_was_written(db: Database) -> None:
    payload = {"text": "Привет 👋 \"'%s{}", "files": ["f1"], "reply_to": None}
    (only,) = put(db, letter(7, payload=payload, part=2, automatic=True, action="edit"))
    found = row(db, only)
    assert (found.payload, found.part, found.automatic, found.action) == (payload, 2, True, "edit")
    assert (found.dialog_id, found.channel, found.recipient) == (7, CHANNEL, "client 7")
    assert (found.state, found.attempts, found.maybe_twice, found.token) == (QUEUED, 0, False, 0)
    assert found.next_at == found.send_at


def test_the_oldest_of_each_lane_is_due(db: Database) -> None:
    lanes = [letter(1), letter(2), letter(1), letter(2), letter(1, recipient="his other address")]
    one, two, _, _, five = put(db, *lanes, letter(3, channel="mail"))[:5]
    assert due(db) == [one, two, five]
    assert due(db, limit=2) == [one, two]


@pytest.mark.parametrize("state", [SENT, FAILED, UNCONFIRMED, CANCELLED, HELD])
def test_a_letter_that_is_out_of_the_way_lets_the_next_one_go(db: Database, state: str) -> None:
    first, second = put(db, letter(), letter())
    change(db, first, state=state)
    assert due(db) == [second]


def test_one_that_waits_for_its_next_try_holds_up_its_lane(db: Database) -> None:
    first, _, other = put(db, letter(1), letter(1), letter(2))
    change(db, first, next_at=now() + HOUR)
    assert due(db) == [other]
    assert start(db, first) is None


def test_where_order_does_not_matter_it_holds_up_nobody(db: Database) -> None:
    first, second = put(db, letter(), letter())
    change(db, first, attempts=1, next_at=now() + HOUR)
    assert due(db, ordered=False) == [second]
    change(db, first, next_at=now() - HOUR)
    assert due(db, ordered=False) == [first]
    change(db, first, attempts=0, next_at=now() + HOUR)
    assert due(db, ordered=False) == [], "put off by the channel's pace: its turn is still before the others'"


def test_one_that_is_being_sent_holds_up_its_lane(db: Database) -> None:
    first, _ = put(db, letter(), letter())
    assert start(db, first) is not None
    assert due(db) == []


def test_one_for_later_holds_up_nobody(db: Database) -> None:
    later, soon = put(db, letter(send_at=now() + HOUR), letter())
    assert due(db) == [soon]
    with db.begin() as tx:
        outbox.change(tx, SENT, OUTBOX.c.id == soon, (QUEUED,), sent_at=now())
    assert due(db) == []
    change(db, later, send_at=now() - HOUR, next_at=now() - HOUR)
    assert due(db) == [later]


def test_a_channel_waits_only_where_something_may_go_now(db: Database) -> None:
    standing: dict[str, dict[str, Any]] = {
        "ready": {"state": QUEUED},
        "later": {"next_at": now() + HOUR},
        "held": {"state": HELD},
        "under way": {"state": SENDING},
    }
    for channel, values in standing.items():
        change(db, put(db, letter(channel=channel))[-1], **values)
    with db.read() as tx:
        assert outbox.waiting(tx) == ["ready"]


def test_a_letter_is_started_once(db: Database) -> None:
    (only,) = put(db, letter())
    begun = start(db, only, 40)
    assert begun is not None
    assert (begun.state, begun.attempts, begun.token, begun.worker) == (SENDING, 1, 1, leases.me())
    assert timedelta(seconds=30) < begun.expires_at - now() <= timedelta(seconds=40)
    assert start(db, only) is None
    assert row(db, only).attempts == 1


def test_a_letter_that_was_cancelled_is_not_started(db: Database) -> None:
    (only,) = put(db, letter())
    with db.begin() as tx:
        assert [each.id for each in outbox.change(tx, CANCELLED, OUTBOX.c.id == only, (QUEUED, HELD))] == [only]
        assert outbox.change(tx, CANCELLED, OUTBOX.c.id == only, (QUEUED, HELD)) == []
    assert start(db, only) is None


def test_an_outcome_is_written_by_whoever_made_the_call(db: Database) -> None:
    (only,) = put(db, letter())
    first = start(db, only)
    assert first is not None
    with db.begin() as tx:
        assert outbox.finish(tx, only, first.token, state=QUEUED)
    second = start(db, only)
    assert second is not None
    assert (second.token, second.attempts) == (2, 2)
    with db.begin() as tx:
        assert not outbox.finish(tx, only, first.token, state=FAILED), "his call was given up"
        assert outbox.finish(tx, only, second.token, state=SENT, sent_at=now(), receipt=["x"])
        assert not outbox.finish(tx, only, second.token, state=FAILED)
    found = row(db, only)
    assert (found.state, found.receipt, found.worker, found.expires_at) == (SENT, ["x"], None, None)


def test_letters_that_are_put_off_are_not_due_before_their_time(db: Database) -> None:
    one, two = put(db, letter(1), letter(2))
    soon = now() + timedelta(seconds=60)
    with db.begin() as tx:
        outbox.postpone(tx, {one: soon})
    assert row(db, one).next_at == soon
    assert due(db) == [two]


def test_who_looks_at_calls_under_way_does_not_wait_for_another_who_does(db: Database) -> None:
    one, two, _ = put(db, letter(1), letter(2), letter(3))
    start(db, one)
    start(db, two)
    with db.begin() as tx:
        assert [each.id for each in outbox.sending(tx)] == [one, two]
        if not db.is_sqlite:
            with db.begin() as other:
                assert outbox.sending(other) == []


def test_letters_are_found_by_their_message_and_counted_by_state(db: Database) -> None:
    one, two, three = put(db, letter(message_id=8), letter(message_id=9), letter(message_id=8, part=1))
    change(db, two, state=FAILED)
    put(db, letter(channel="mail", message_id=7))
    with db.read() as tx:
        found = outbox.of_messages(tx, [8, 9, 10])
        assert {message: [each.id for each in letters] for message, letters in found.items()} == {
            8: [one, three],
            9: [two],
        }
        assert outbox.of_messages(tx, []) == {}
        assert outbox.counts(tx) == {CHANNEL: {QUEUED: 2, FAILED: 1}, "mail": {QUEUED: 1}}
