"""Reminders: each once, at its time, for what is open; again where the day was moved."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from storage.db import now
from tasks import timers
from tests.tasks.desk import Desk

DAY = timedelta(hours=24)


class Clock:
    """The database's time, that goes when the test says so."""

    def __init__(self) -> None:
        self.at = now().replace(microsecond=0)

    def __call__(self, _tx: Any) -> datetime:
        return self.at

    def goes(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(timers, "database_now", moved)
    return moved


def told(desk: Desk) -> list[tuple[str, int]]:
    """What was told of tasks falling due so far."""
    kinds = ("task.due_soon", "task.overdue")
    return [(line.type.removeprefix("task."), line.data["task"]) for line in desk.journal() if line.type in kinds]


def remind(desk: Desk, before: timedelta = DAY) -> bool:
    with desk.db.begin() as tx:
        return timers.remind(tx, before)


def due(desk: Desk, at: datetime, **more: Any) -> int:
    return desk.finds(desk.says("v1"), due_at=at, due_date=at.date(), **more)


def test_each_is_told_of_once_before_and_once_when_it_is_over(desk: Desk, clock: Clock) -> None:
    number = due(desk, clock.at + timedelta(hours=48))
    desk.finds(desk.says("v1"))
    for hours, expected in (
        (0, []),
        (23.9, []),
        (0.1, ["due_soon"]),
        (23.9, ["due_soon"]),
        (0.1, ["due_soon", "overdue"]),
    ):
        clock.goes(hours=hours)
        for _ in range(2):
            assert not remind(desk)
            assert told(desk) == [(kind, number) for kind in expected]
    clock.goes(days=100)
    remind(desk)
    assert len(told(desk)) == 2


def test_what_is_told(desk: Desk, clock: Clock) -> None:
    anna = desk.operator()
    at = clock.at + timedelta(hours=1)
    number = due(desk, at, title="Отправить акт", assignee_id=anna.id, due_time=at.time())
    remind(desk)
    (line,) = desk.journal("task.due_soon")
    assert (line.actor, line.dialog_id) == ("system", desk.task(number)["dialog"])
    assert line.data == {
        "task": number, "title": "Отправить акт", "due": str(at.date()), "due_time": f"{at:%H:%M}",
        "assignee": anna.id, "due_at": at.isoformat(),
    }  # fmt: skip


def test_what_is_over_at_once_is_not_about_to_be(desk: Desk, clock: Clock) -> None:
    number = due(desk, clock.at)
    remind(desk)
    clock.goes(hours=1)
    remind(desk)
    assert told(desk) == [("overdue", number)]


@pytest.mark.parametrize("status", ["proposed", "done", "cancelled", "rejected"])
def test_nobody_is_reminded_of_what_is_not_open(desk: Desk, clock: Clock, status: str) -> None:
    due(desk, clock.at - DAY, status=status)
    remind(desk)
    assert told(desk) == []


def test_without_a_time_before_only_what_is_over_is_told(desk: Desk, clock: Clock) -> None:
    late, early = due(desk, clock.at), due(desk, clock.at + timedelta(seconds=1))
    remind(desk, timedelta(0))
    assert told(desk) == [("overdue", late)]
    clock.goes(hours=1)
    remind(desk, timedelta(0))
    assert told(desk) == [("overdue", late), ("overdue", early)]


def test_a_day_that_was_moved_is_told_of_again(desk: Desk, clock: Clock) -> None:
    anna = desk.operator()
    number = due(desk, clock.at + timedelta(hours=1))
    remind(desk)
    clock.goes(hours=2)
    remind(desk)
    moved = (clock.at + timedelta(days=10)).date()
    desk.sets(anna, number, due=str(moved), due_time="12:00")
    remind(desk)
    assert len(told(desk)) == 2
    for before, expected in ((timedelta(hours=1), "due_soon"), (timedelta(0), "overdue")):
        clock.at = desk.task(number)["due_at"] - before
        for _ in range(2):
            remind(desk)
        assert told(desk)[-1] == (expected, number)
    assert len(told(desk)) == 4


def test_many_are_told_of_step_by_step(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "_STEP", 2)
    numbers = [due(desk, clock.at - timedelta(hours=hours)) for hours in (3, 2, 1)]
    assert remind(desk)
    assert not remind(desk)
    assert told(desk) == [("overdue", number) for number in numbers]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nobody_waits_for_who_is_changing_a_task(desk: Desk, clock: Clock) -> None:
    held, other = due(desk, clock.at), due(desk, clock.at)
    with desk.db.begin() as tx:
        tx.exec_driver_sql(f"UPDATE tasks SET title = 'x' WHERE id = {held}")
        remind(desk)
        assert told(desk) == [("overdue", other)]
    remind(desk)
    assert told(desk) == [("overdue", other), ("overdue", held)]
