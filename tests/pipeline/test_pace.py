"""Pace: which letters may go now, kept for whichever process sends next."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors.abilities import Share
from pipeline.pace import Pace
from storage.db import Database
from storage.outbox import Due

AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def letters(count: int, to: Callable[[int], str] = str) -> list[Due]:
    return [Due(number, to(number)) for number in range(1, count + 1)]


def admitted(db: Database, pace: Pace, due: list[Due], seconds: float = 0.0) -> int:
    with db.begin() as tx:
        return len(pace.admit(tx, due, AT + timedelta(seconds=seconds))[0])


def test_without_a_rate_nothing_waits(db: Database) -> None:
    assert admitted(db, Pace("shop", 0), letters(1000)) == 1000


def test_a_few_may_go_at_once_and_then_one_by_one(db: Database) -> None:
    pace = Pace("shop", 30)
    assert admitted(db, pace, letters(9)) == 5
    assert admitted(db, pace, letters(9), 0.03) == 0
    assert admitted(db, pace, letters(9), 0.04) == 1
    assert admitted(db, pace, letters(9), 0.05) == 0


@pytest.mark.parametrize(("rate", "least"), [(0.5, 0.5), (1, 1), (30, 25)])
def test_in_no_second_there_are_more_than_allowed_and_hardly_less_in_a_minute(
    db: Database, rate: float, least: float
) -> None:
    pace = Pace("shop", rate)
    sent = [admitted(db, pace, letters(9), tenth / 10) for tenth in range(600)]
    assert sum(sent) >= least * 60 * 0.9
    assert max(sum(sent[at : at + 10]) for at in range(600)) <= max(rate, 1)


def test_who_sends_next_goes_on_at_the_same_pace(db: Database) -> None:
    assert admitted(db, Pace("shop", 30), letters(9)) == 5
    assert admitted(db, Pace("shop", 30), letters(9)) == 0


def test_each_recipient_has_a_limit_of_his_own(db: Database) -> None:
    pace = Pace("shop", 30, lambda recipient, _: Share(recipient, 1.0 if recipient == "anna" else 0.0))
    due = letters(6, lambda number: "anna" if number % 2 else "bert")
    with db.begin() as tx:
        assert pace.admit(tx, due, AT) == ([1, 2, 4, 6], 0.0)
    with db.begin() as tx:
        assert pace.admit(tx, due[2:3], AT + timedelta(seconds=0.9)) == ([], 0.0)
        assert pace.admit(tx, due[2:3], AT + timedelta(seconds=1)) == ([3], 0.0)


@pytest.mark.parametrize("rate", [0, 30])
def test_a_pause_is_kept_to_the_second(db: Database, rate: float) -> None:
    pace = Pace("shop", rate)
    with db.begin() as tx:
        pace.pause(tx, 7, AT)
    assert admitted(db, Pace("shop", rate), letters(1), 6.9) == 0
    assert admitted(db, Pace("shop", rate), letters(1), 7) == 1


def test_a_pause_for_one_leaves_the_others_alone(db: Database) -> None:
    pace = Pace("shop", 0)
    with db.begin() as tx:
        pace.pause(tx, 7, AT, "1")
        assert pace.admit(tx, letters(3), AT) == ([2, 3], 0.0)


def test_a_shorter_pause_does_not_end_a_longer_one(db: Database) -> None:
    pace = Pace("shop", 0)
    with db.begin() as tx:
        pace.pause(tx, 60, AT)
        pace.pause(tx, 1, AT)
    assert admitted(db, pace, letters(1), 59) == 0


def test_who_is_counted_together_shares_a_limit(db: Database) -> None:
    pace = Pace("shop", 0, lambda recipient, _: Share(recipient.partition("/")[0], 1.0))
    with db.begin() as tx:
        assert pace.admit(tx, [Due(1, "group/1"), Due(2, "group/2"), Due(3, "other")], AT) == ([1, 3], 0.0)
        pace.pause(tx, 7, AT, "group/2")
        assert pace.admit(tx, [Due(4, "group/1")], AT + timedelta(seconds=6)) == ([], 0.0)


def test_a_full_channel_says_when_it_takes_more(db: Database) -> None:
    pace = Pace("shop", 30)
    with db.begin() as tx:
        admitted, wait = pace.admit(tx, letters(9), AT)
    assert (len(admitted), round(wait, 3)) == (5, 0.04)


def test_a_slow_call_counts_from_its_end(db: Database) -> None:
    pace = Pace("shop", 0, lambda recipient, _: Share(recipient, 1.0))
    with db.begin() as tx:
        assert pace.admit(tx, letters(1), AT) == ([1], 0.0)
        pace.spent(tx, Due(1, "1"), AT + timedelta(seconds=3))
        assert pace.admit(tx, letters(1), AT + timedelta(seconds=3.9)) == ([], 0.0)
        assert pace.admit(tx, letters(1), AT + timedelta(seconds=4)) == ([1], 0.0)


@pytest.mark.parametrize("files", [1, 3, 10])
@pytest.mark.parametrize("rate", [1, 30])
def test_what_counts_as_several_takes_as_much_and_holds_nobody_up_for_ever(
    db: Database, rate: float, files: int
) -> None:
    """Albums among single letters: in the long run no more than the rate, in a second more by one album at most."""
    pace = Pace("shop", rate, lambda recipient, files: Share(recipient, calls=max(files, 1)))
    went: list[int] = []
    number = 0
    for tenth in range(300):
        due = [Due(number + step, str(number + step), files if (number + step) % 4 == 0 else 0) for step in range(9)]
        with db.begin() as tx:
            admitted, _ = pace.admit(tx, due, AT + timedelta(seconds=tenth / 10))
        went.append(sum(max(letter.files, 1) for letter in due[: len(admitted)]))
        number += len(admitted)
    assert max(sum(went[at : at + 10]) for at in range(300)) <= max(rate, 1) + files - 1
    assert rate * 30 * 0.75 <= sum(went) <= rate * 30 + files


def test_nobody_waits_for_ever_behind_those_that_go_by(db: Database) -> None:
    pace = Pace("shop", 17, lambda recipient, files: Share(recipient, 1 / 3, 1 + 2 * files, max(files, 1)))
    with db.begin() as tx:
        assert pace.admit(tx, [Due(1, "group")], AT) == ([1], 0.0)
    went: list[int] = []
    for second in range(1, 5):
        with db.begin() as tx:
            # Buttons are pressed all the time, and others write to the group.
            pace.spare(tx, 1, AT + timedelta(seconds=second))
            went += pace.admit(tx, [Due(2, "group", 10), Due(3, "group")], AT + timedelta(seconds=second))[0]
    assert went[:1] == [2]


def test_an_album_that_arrived_counts_as_its_messages_and_one_that_did_not_as_one(db: Database) -> None:
    pace = Pace("shop", 0, lambda recipient, files: Share(recipient, 1.0, 1, max(files, 1)))
    album, single = Due(1, "group", 10), Due(2, "group")
    with db.begin() as tx:
        assert pace.admit(tx, [album], AT) == ([1], 0.0)
        assert pace.admit(tx, [single], AT + timedelta(seconds=1)) == ([2], 0.0)
        pace.spent(tx, album, AT + timedelta(seconds=2))
        assert pace.admit(tx, [single], AT + timedelta(seconds=11.9)) == ([], 0.0)
        assert pace.admit(tx, [single], AT + timedelta(seconds=12)) == ([2], 0.0)
