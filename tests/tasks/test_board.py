"""What operators do with tasks: one transaction each, kept with what was before, and theirs from then on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest

from errors import Conflict, Invalid, NotFound
from storage import operators, tasks
from tests.tasks.desk import Desk


def test_a_task_made_by_hand_is_open_and_wholly_the_operators(desk: Desk) -> None:
    anna = desk.operator("Anna")
    dialog = desk.says("v1", "Пришлите, пожалуйста, акт", name="Вера")
    (message,) = desk.messages(anna, dialog)
    number = desk.makes(anna, dialog, "Отправить акт", due="2026-11-27", message=message["id"], assignee=anna.id)
    shown = desk.task(number)
    expected = {
        "number": 1, "dialog": dialog, "client": {"id": shown["client"]["id"], "name": "Вера"}, "kind": "request",
        "promised_by": None, "title": "Отправить акт", "due": "2026-11-27", "due_time": None, "due_phrase": None,
        "due_at": datetime(2026, 11, 27, 15, tzinfo=UTC), "priority": "normal", "status": "open", "confidence": 1.0,
        "origin": "operator", "assignee": {"id": anna.id, "name": "Anna"}, "suggestion": None, "related": None,
        "message": message["id"], "nudged_at": None, "closed_at": None,
        "evidence": [{"message": message["id"], "start": 0, "end": 25, "text": "Пришлите, пожалуйста, акт"}],
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert set(desk.stored(number).owned) == set(tasks.FIELDS) - {"suggestion", "nudged_at"}
    (line,) = desk.journal("task.created")
    first = {
        "kind": "request", "title": "Отправить акт", "due": "2026-11-27", "priority": "normal", "status": "open",
        "assignee": anna.id, "confidence": 1.0,
    }  # fmt: skip
    assert (line.actor, line.dialog_id, line.data) == (f"operator:{anna.id}", dialog, {"task": 1, "after": first})
    (made,) = desk.history(number)
    assert (made.actor, made.before, made.after) == (f"operator:{anna.id}", {}, first)


def test_what_a_task_cannot_be_made_of(desk: Desk) -> None:
    anna, dialog, other = desk.operator(), desk.says("v1"), desk.says("v2")
    (foreign,) = desk.messages(anna, other)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("message", {"message": foreign["id"]}),
        ("assignee", {"assignee": 4711}),
        ("due", {"due": "1999-12-31"}),
        ("due", {"due": "2200-01-01"}),
        ("due", {"due_time": "12:00"}),
        ("promised_by", {"promised_by": "client"}),
    ]
    for field, fields in wrong:
        with pytest.raises(Invalid) as refused:
            desk.makes(anna, dialog, **fields)
        assert refused.value.extra["field"] == field
    with pytest.raises(Invalid):
        desk.makes(anna, 4711)
    assert desk.journal("task.created") == []


def test_a_message_that_is_gone_or_says_nothing_proves_nothing(desk: Desk) -> None:
    anna = desk.operator()
    dialog = desk.says("v1", "  ")
    (blank,) = desk.messages(anna, dialog)
    assert desk.task(desk.makes(anna, dialog, message=blank["id"]))["evidence"] == []
    long = desk.says("v2", "ы" * 499 + " " + "э" * 1000)
    (message,) = desk.messages(anna, long)
    (proof,) = desk.task(desk.makes(anna, long, message=message["id"]))["evidence"]
    assert proof == {"message": message["id"], "start": 0, "end": 499, "text": "ы" * 499}


def test_edits_are_told_and_owned_and_what_is_so_already_is_none(desk: Desk) -> None:
    anna, dialog = desk.operator(), desk.says("v1")
    number = desk.finds(dialog, due_date=date(2026, 11, 27), due_phrase="к пятнице")
    desk.sets(anna, number, title="Send the invoice", priority="high", kind="request")
    before, after = {"title": "Send the act", "priority": "normal"}, {"title": "Send the invoice", "priority": "high"}
    (line,) = desk.journal("task.changed")
    assert line.data == {"task": number, "before": before, "after": after}
    assert (line.actor, line.dialog_id) == (f"operator:{anna.id}", dialog)
    assert desk.stored(number).owned == ["priority", "title"]
    rev = desk.row(dialog).task_rev
    for _ in range(2):
        desk.sets(anna, number, title="Send the invoice", due="2026-11-27", status="open", assignee=None)
    assert (len(desk.journal("task.changed")), desk.row(dialog).task_rev) == (1, rev)
    # The same day again: its words stand.
    assert desk.task(number)["due_phrase"] == "к пятнице"


def test_a_day_moves_with_its_hour_and_without_its_words(desk: Desk) -> None:
    anna, dialog = desk.operator(), desk.says("v1")
    number = desk.finds(dialog, due_date=date(2026, 11, 27), due_phrase="к пятнице")
    steps: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
        ({"due": "2026-11-30"}, ("2026-11-30", None, None, datetime(2026, 11, 30, 15, tzinfo=UTC))),
        ({"due_time": "09:30"}, ("2026-11-30", "09:30", None, datetime(2026, 11, 30, 6, 30, tzinfo=UTC))),
        ({"due": "2026-12-01"}, ("2026-12-01", "09:30", None, datetime(2026, 12, 1, 6, 30, tzinfo=UTC))),
        ({"due": None}, (None, None, None, None)),
    ]
    for fields, expected in steps:
        desk.sets(anna, number, **fields)
        shown = desk.task(number)
        assert tuple(shown[name] for name in ("due", "due_time", "due_phrase", "due_at")) == expected
    with pytest.raises(Invalid):
        desk.sets(anna, number, due_time="10:00")


def test_whose_promise_it_is(desk: Desk) -> None:
    anna, dialog = desk.operator(), desk.says("v1")
    number = desk.makes(anna, dialog)
    desk.sets(anna, number, kind="commitment")
    assert desk.task(number)["promised_by"] == "operator"
    desk.sets(anna, number, promised_by="client")
    assert desk.task(number)["promised_by"] == "client"
    desk.sets(anna, number, kind="question")
    assert desk.task(number)["promised_by"] is None
    with pytest.raises(Invalid):
        desk.sets(anna, number, promised_by="client")


def test_accept_finish_and_reopen(desk: Desk) -> None:
    anna, dialog = desk.operator(), desk.says("v1")
    number = desk.finds(dialog, status="proposed")
    for status in ("open", "done"):
        desk.sets(anna, number, status=status)
    closed = desk.task(number)
    assert closed["closed_at"] == closed["updated_at"]
    with pytest.raises(Conflict) as refused:
        desk.sets(anna, number, status="cancelled")
    assert refused.value.extra == {"state": "done"}
    with pytest.raises(Conflict):
        desk.sets(anna, number, assignee=anna.id)
    desk.sets(anna, number, status="open", assignee=anna.id)
    assert desk.task(number)["closed_at"] is None
    desk.sets(anna, number, status="rejected")
    told = [line.data["after"]["status"] for line in desk.journal("task.changed")]
    assert told == ["open", "done", "open", "rejected"]


def test_who_has_a_task_keeps_it(desk: Desk) -> None:
    anna, boris, gone = desk.operator(), desk.operator(), desk.operator()
    number = desk.finds(desk.says("v1"))
    with desk.db.begin() as tx:
        operators.change(tx, gone.id, active=False)
    for nobody in (gone.id, 4711):
        with pytest.raises(Invalid):
            desk.sets(anna, number, assignee=nobody)
    desk.sets(anna, number, assignee=anna.id)
    with pytest.raises(Conflict) as refused:
        desk.sets(boris, number, assignee=boris.id)
    assert refused.value.extra == {"assignee": anna.id}
    # His own he may hand on, and anybody may put it back.
    desk.sets(anna, number, assignee=boris.id)
    desk.sets(anna, number, assignee=None)
    assert desk.task(number)["assignee"] is None


def test_of_fifty_who_take_a_task_at_once_one_gets_it(desk: Desk) -> None:
    team = [desk.operator() for _ in range(50)]
    number = desk.finds(desk.says("v1"), status="proposed")

    def take(staff: Any) -> bool:
        try:
            desk.sets(staff, number, status="open", assignee=staff.id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        got = list(pool.map(take, team))
    assert sum(got) == 1
    assert desk.task(number)["assignee"]["id"] == team[got.index(True)].id
    assert len(desk.journal("task.changed")) == 1


def test_of_fifty_who_saw_the_same_one_changes_it(desk: Desk) -> None:
    anna = desk.operator()
    number = desk.finds(desk.says("v1"))
    seen = desk.task(number)["updated_at"]

    def rename(n: int) -> bool:
        try:
            desk.sets(anna, number, title=f"title {n}", known=seen)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(rename, range(50))) == 1


def test_a_suggestion_is_accepted_dismissed_or_overtaken(desk: Desk) -> None:
    anna, dialog = desk.operator(), desk.says("v1")
    move = {"status": "done", "message": 5, "reason": "he thanks", "confidence": 0.4}
    shift = {"due": "2026-12-01", "due_phrase": "лучше во вторник", "message": 5, "reason": "", "confidence": 0.4}

    def suggested(suggestion: dict[str, Any]) -> int:
        number = desk.finds(dialog)
        desk.moves(number, suggestion=suggestion)
        return number

    done, moved = suggested(move), suggested(shift)
    for number in (done, moved):
        desk.sets(anna, number, suggestion="accept")
        assert desk.task(number)["suggestion"] is None
    assert desk.task(done)["status"] == "done"
    assert [desk.task(moved)[name] for name in ("due", "due_phrase")] == ["2026-12-01", "лучше во вторник"]
    assert desk.stored(moved).owned == ["due", "due_phrase", "due_time"]
    dismissed = suggested(move)
    desk.sets(anna, dismissed, suggestion="dismiss", title="other")
    assert [desk.task(dismissed)[name] for name in ("status", "suggestion", "title")] == ["open", None, "other"]
    with pytest.raises(Conflict):
        desk.sets(anna, dismissed, suggestion="accept")
    # Who decides otherwise has answered it; who decides on something else has not.
    other = suggested(shift)
    desk.sets(anna, other, title="other")
    assert desk.task(other)["suggestion"] == shift
    desk.sets(anna, other, due="2026-12-24")
    assert desk.task(other)["suggestion"] is None
    closed = suggested(shift)
    desk.sets(anna, closed, status="cancelled")
    assert desk.task(closed)["suggestion"] is None


def test_a_suggestion_that_can_no_longer_be_is_refused(desk: Desk) -> None:
    anna = desk.operator()
    number = desk.finds(desk.says("v1"))
    desk.moves(number, suggestion={"status": "cancelled", "message": 5})
    desk.moves(number, status="done")
    with pytest.raises(Conflict):
        desk.sets(anna, number, suggestion="accept")
    assert desk.task(number)["status"] == "done"


def test_a_task_that_is_not_there(desk: Desk) -> None:
    anna = desk.operator()
    with pytest.raises(NotFound):
        desk.sets(anna, 4711, title="x")
    with pytest.raises(NotFound):
        desk.takes_back(anna, 4711)


@pytest.mark.parametrize(
    ("how", "outcome"),
    [("done", ["done", "cancelled"]), ("cancelled", ["cancelled", "cancelled"]), ("keep", ["open", "proposed"])],
)
def test_what_becomes_of_tasks_when_their_dialog_is_resolved(desk: Desk, how: str, outcome: list[str]) -> None:
    anna, dialog, other = desk.operator(), desk.says("v1"), desk.says("v2")
    open_, proposed = desk.finds(dialog), desk.finds(dialog, status="proposed")
    desk.moves(open_, suggestion={"status": "done"})
    elsewhere, closed = desk.finds(other), desk.finds(dialog, status="rejected")
    with pytest.raises(Conflict) as refused:
        desk.settles(anna, dialog)
    assert refused.value.extra == {"open_tasks": [open_]}
    desk.settles(anna, dialog, how)
    assert [desk.task(number)["status"] for number in (open_, proposed)] == outcome
    assert [desk.task(number)["status"] for number in (elsewhere, closed)] == ["open", "rejected"]
    assert (desk.task(open_)["suggestion"] is None) == (how != "keep")
    told = [line.data.get("reason") for line in desk.journal("task.changed")[1:]]
    assert told == ([] if how == "keep" else ["the dialog was resolved"] * 2)


def test_what_nobody_took_up_holds_nobody_up(desk: Desk) -> None:
    anna, dialog = desk.operator(), desk.says("v1")
    number = desk.finds(dialog, status="proposed")
    desk.settles(anna, dialog)
    assert desk.task(number)["status"] == "cancelled"
