"""Lists of tasks: what is asked for, in order, page by page."""

from datetime import date, timedelta
from typing import Any

import pytest

from errors import Invalid, NotFound
from storage.db import now
from storage.tasks import STATUSES
from tasks import view
from tasks.deadline import instant
from tests.tasks.desk import HOURS, Desk

TODAY = date(2026, 11, 23)


def numbers(desk: Desk, sort: view.Sort = "due", limit: int = 200, **wanted: Any) -> list[int]:
    """What is listed, however many pages it takes."""
    found: list[int] = []
    cursor: str | None = None
    while True:
        with desk.db.read() as tx:
            page = view.listed(tx, view.Filter(**wanted), sort, (limit, cursor), now())
        assert len(page.items) <= limit
        found += [item["number"] for item in page.items]
        cursor = page.next
        if cursor is None:
            return found


def due(days: int | None) -> dict[str, Any]:
    day = None if days is None else TODAY + timedelta(days=days)
    return {"due_date": day, "due_at": instant(day, None, HOURS)}


def test_what_stands_by_its_day_and_number_and_without_a_day_last(desk: Desk) -> None:
    dialog = desk.says("v1")
    days = [3, None, 1, 3, None, 2, 1, None]
    found = [desk.finds(dialog, **due(day), status="proposed" if n % 3 else "open") for n, day in enumerate(days)]
    for status in STATUSES[2:]:
        desk.finds(dialog, **due(0), status=status)
    expected = [found[n] for n in (2, 6, 5, 0, 3, 1, 4, 7)]
    for limit in (1, 2, 3, 7, 8, 9):
        assert numbers(desk, limit=limit) == expected
        assert numbers(desk, "-created", limit) == sorted(expected, reverse=True)
        assert numbers(desk, "created", limit) == sorted(expected)


def test_each_filter_finds_its_own(desk: Desk) -> None:
    anna, boris = desk.operator(), desk.operator()
    one, other = desk.says("v1", name="Вера Павлова"), desk.says("v2", name="O'Neil 100%")
    a = desk.finds(one, title="Выслать АКТ сверки", **due(0), assignee_id=anna.id)
    b = desk.finds(other, title="Send 5_5 pieces", kind="question", **due(5), assignee_id=boris.id)
    c = desk.finds(other, title="Call back", status="done", **due(9))
    d = desk.finds(one, title="Call back", status="proposed")
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [a, b, d]),
        ({"status": "done"}, [c]),
        ({"status": "rejected"}, []),
        ({"kind": "question"}, [b]),
        ({"assignee": anna.id}, [a]),
        ({"assignee": "none"}, [d]),
        ({"dialog": one}, [a, d]),
        ({"dialog": other, "status": "done"}, [c]),
        ({"due_after": TODAY}, [a, b]),
        ({"due_before": TODAY}, [a]),
        ({"due_after": TODAY + timedelta(days=1), "due_before": TODAY + timedelta(days=5)}, [b]),
        ({"q": "акт"}, [a]),
        ({"q": "павлов"}, [a, d]),
        ({"q": "5_5"}, [b]),
        ({"q": "5%5"}, []),
        ({"q": "100%"}, [b]),
    ]
    for wanted, expected in cases:
        assert numbers(desk, **wanted) == expected, wanted
        assert numbers(desk, "created", 1, **wanted) == expected, wanted


def test_overdue_is_what_is_open_past_its_hour(desk: Desk) -> None:
    dialog = desk.says("v1")
    past, ahead = now() - timedelta(seconds=1), now() + timedelta(hours=1)
    late = desk.finds(dialog, due_date=past.date(), due_at=past)
    others = [
        desk.finds(dialog, due_date=past.date(), due_at=past, status="proposed"),
        desk.finds(dialog, due_date=ahead.date(), due_at=ahead),
        desk.finds(dialog),
    ]
    assert numbers(desk, overdue=True) == [late]
    assert numbers(desk, overdue=False) == others
    assert [desk.task(number)["overdue"] for number in (late, *others)] == [True, False, False, False]


def test_a_client_goes_by_the_first_name_there_is(desk: Desk) -> None:
    named = desk.task(desk.finds(desk.says("v1", name="Вера")))
    nameless = desk.task(desk.finds(desk.says("v2")))
    assert (named["client"]["name"], nameless["client"]["name"]) == ("Вера", "")


def test_history_comes_newest_first_and_page_by_page(desk: Desk) -> None:
    anna = desk.operator()
    number = desk.finds(desk.says("v1"), source_message_id=5, rules=["ru.please"])
    for title in "abc":
        desk.sets(anna, number, title=title)
    with desk.db.read() as tx:
        first = view.changes(tx, number, (3, None))
        rest = view.changes(tx, number, (3, first.next))
        with pytest.raises(NotFound):
            view.changes(tx, 4711, (3, None))
    told = [one["after"].get("title") for one in (*first.items, *rest.items)]
    assert told == ["c", "b", "a", "Send the act"]
    assert rest.next is None
    assert {**rest.items[0], "id": 0, "at": None, "after": None} == {
        "id": 0, "at": None, "actor": "rule", "before": {}, "after": None, "message": 5, "reason": "",
        "rules": ["ru.please"], "undone_by": None,
    }  # fmt: skip


def test_what_is_no_cursor_of_this_list(desk: Desk) -> None:
    for _ in range(2):
        desk.finds(desk.says("v1"))
    with desk.db.read() as tx:
        by_number = view.listed(tx, view.Filter(), "created", (1, None), now()).next
        by_day = view.listed(tx, view.Filter(), "due", (1, None), now()).next
        for sort, cursor in (("due", by_number), ("created", by_day), ("due", "x")):
            with pytest.raises(Invalid):
                view.listed(tx, view.Filter(), sort, (1, cursor), now())  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            view.task(tx, 4711, now())
