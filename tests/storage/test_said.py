"""What was said: stretches of dialogs, each with the last messages before it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from storage.db import Database
from storage.said import LONGEST, Heard, Stretch, said
from tests.storage.talks import FIRST, dialog, message

AT = datetime(2026, 11, 25, 9, 30, 15, 123456, tzinfo=UTC)


def heard(db: Database, *stretches: Stretch, before: int = 2) -> dict[int, list[int]]:
    """By dialog the arrival numbers of what was said."""
    with db.read() as tx:
        return {number: [one.seq for one in found] for number, found in said(tx, stretches, before).items()}


def test_a_message_is_told_as_it_was_said(db: Database) -> None:
    with db.begin() as tx:
        dialog(tx, 1)
        message(tx, FIRST, 1, 1, "Пришлите счёт 🙂", sent_at=AT)
        message(tx, FIRST + 1, 1, 2, "Sure", direction="out", sent_at=AT)
        message(tx, FIRST + 2, 1, 3, "ы" * (LONGEST + 5), sent_at=AT)
    with db.read() as tx:
        found = said(tx, [Stretch(1, 1, 3)], 16)
    assert found[1][:2] == [
        Heard(FIRST, 1, 1, "in", "Пришлите счёт 🙂", AT), Heard(FIRST + 1, 1, 2, "out", "Sure", AT),
    ]  # fmt: skip
    assert found[1][2].text == "ы" * LONGEST


def test_so_many_before_each_stretch_and_no_others(db: Database) -> None:
    with db.begin() as tx:
        for number in (1, 2, 3):
            dialog(tx, number)
            for seq in range(1, 9):
                message(tx, FIRST + 100 * number + seq, number, seq)
    assert heard(db, Stretch(1, 5, 6), Stretch(2, 1, 1), Stretch(3, 2, 8)) == {
        1: [3, 4, 5, 6], 2: [1], 3: [1, 2, 3, 4, 5, 6, 7, 8],
    }  # fmt: skip
    assert heard(db, Stretch(1, 8, 8), before=20) == {1: [1, 2, 3, 4, 5, 6, 7, 8]}
    assert heard(db, Stretch(4, 1, 1)) == {}


@pytest.mark.parametrize(
    "silent",
    [
        {"direction": "note"},
        {"direction": "event"},
        {"deleted_at": AT},
        {"data": {"automatic": True}},
        {"data": {"mail": "bulk"}},
    ],
)
def test_what_nobody_said_counts_for_nothing(db: Database, silent: dict[str, Any]) -> None:
    with db.begin() as tx:
        dialog(tx, 1)
        for seq in range(1, 10):
            more = silent if seq in {3, 4, 5, 8} else {"data": {"subject": "x"}} if seq == 2 else {}
            message(tx, FIRST + seq, 1, seq, **more)
    assert heard(db, Stretch(1, 7, 9)) == {1: [2, 6, 7, 9]}
