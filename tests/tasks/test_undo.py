"""Undo: whatever was done can be taken back in turn, and nothing is taken back over somebody's head."""

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import Conflict, NotFound, Refusal
from storage import operators, tasks
from tests.tasks.desk import Desk

# One database serves all examples of a test.
ON_ONE_DATABASE = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
DAYS = st.none() | st.dates().filter(lambda day: 2000 <= day.year <= 2199).map(str)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text(min_size=1, max_size=5).filter(lambda text: "\0" not in text),
        "status": st.sampled_from(["open", "done", "cancelled", "rejected"]),
        "priority": st.sampled_from(["normal", "high"]),
        "kind": st.sampled_from(["request", "question", "complaint", "commitment"]),
        "due": DAYS,
        "suggestion": st.sampled_from(["accept", "dismiss"]),
    },
)
SUGGESTIONS = st.fixed_dictionaries({"suggestion": st.sampled_from([{"status": "done"}, {"due": "2026-12-24"}])})


def state(desk: Desk, number: int) -> dict[str, Any]:
    return tasks.fields(desk.stored(number)) | {"due_at": desk.stored(number).due_at}


_names = itertools.count()


@ON_ONE_DATABASE
@given(st.lists(st.tuples(st.booleans(), FIELDS, SUGGESTIONS), max_size=8))
def test_taking_everything_back_leads_through_every_state_to_the_first(
    desk: Desk, steps: list[tuple[bool, dict[str, Any], dict[str, Any]]]
) -> None:
    anna = desk.operator(f"Anna {next(_names)}")
    number = desk.finds(desk.says("v1"), status="proposed")
    states = [state(desk, number)]
    for by_hand, fields, suggestion in steps:
        before = len(desk.history(number))
        try:
            desk.sets(anna, number, **fields) if by_hand else desk.moves(number, title="machine", **suggestion)
        except Refusal:
            continue
        if len(desk.history(number)) > before:
            states.append(state(desk, number))
    for expected in reversed(states[:-1]):
        desk.takes_back(anna, number)
        assert state(desk, number) == expected
    with pytest.raises(Conflict):
        desk.takes_back(anna, number)


def test_what_was_set_again_is_not_taken_back_over_somebody_s_head(desk: Desk) -> None:
    anna, boris = desk.operator(), desk.operator()
    number = desk.finds(desk.says("v1"))
    desk.sets(anna, number, title="A", priority="high")
    desk.sets(boris, number, title="B")
    desk.sets(boris, number, status="done")
    _, renamed, again, done = (one.id for one in desk.history(number))
    with pytest.raises(Conflict) as refused:
        desk.takes_back(anna, number, renamed)
    assert refused.value.extra == {"fields": ["title"], "change": again}
    # One that nothing later touches goes by itself, wherever it stands.
    desk.takes_back(anna, number, again)
    desk.takes_back(anna, number, renamed)
    assert [desk.task(number)[name] for name in ("title", "priority", "status")] == ["Send the act", "normal", "done"]
    with pytest.raises(Conflict):
        desk.takes_back(anna, number, renamed)
    desk.takes_back(anna, number)
    assert desk.task(number)["status"] == "open"
    undone = {one.id: one.undone_by for one in desk.history(number)}
    assert undone[done] == max(undone)


def test_what_cannot_be_taken_back(desk: Desk) -> None:
    anna, dialog = desk.operator(), desk.says("v1")
    number, other = desk.finds(dialog), desk.finds(dialog)
    desk.sets(anna, other, title="x")
    desk.sets(anna, number, title="x")
    desk.takes_back(anna, number)
    made, _, undoing = (one.id for one in desk.history(number))
    for change in (made, undoing, None):
        with pytest.raises(Conflict):
            desk.takes_back(anna, number, change)
    for foreign in (desk.history(other)[-1].id, 4711):
        with pytest.raises(NotFound):
            desk.takes_back(anna, number, foreign)


def test_what_an_operator_takes_back_is_his_from_then_on(desk: Desk) -> None:
    anna = desk.operator()
    number = desk.finds(desk.says("v1"))
    desk.moves(number, status="done")
    desk.takes_back(anna, number)
    shown = desk.task(number)
    assert (shown["status"], shown["closed_at"], desk.stored(number).owned) == ("open", None, ["status"])
    line = desk.journal("task.changed")[-1]
    expected = {"task": number, "before": {"status": "done"}, "after": {"status": "open"}, "reason": "undo"}
    assert (line.actor, line.data) == (f"operator:{anna.id}", expected)


def test_what_a_machine_noted_meanwhile_is_not_the_last_change(desk: Desk) -> None:
    anna = desk.operator()
    number = desk.finds(desk.says("v1"))
    desk.sets(anna, number, title="x")
    desk.moves(number, nudged_at="2026-11-24T00:00:00Z")
    desk.moves(number, suggestion={"status": "done"})
    desk.takes_back(anna, number)
    shown = desk.task(number)
    assert (shown["title"], shown["suggestion"]) == ("Send the act", {"status": "done"})
    assert shown["nudged_at"] is not None
    # But what an operator said of a note is.
    desk.sets(anna, number, suggestion="dismiss")
    desk.takes_back(anna, number)
    assert desk.task(number)["suggestion"] == {"status": "done"}


def test_a_note_that_was_made_again_stays_as_it_is(desk: Desk) -> None:
    anna = desk.operator()
    number = desk.finds(desk.says("v1"))
    desk.moves(number, suggestion={"status": "done"})
    desk.sets(anna, number, status="done")
    desk.moves(number, suggestion={"due": "2026-12-24"})
    desk.takes_back(anna, number)
    assert [desk.task(number)[name] for name in ("status", "suggestion")] == ["open", {"due": "2026-12-24"}]
    dismissed = desk.finds(desk.says("v1"))
    desk.moves(dismissed, suggestion={"status": "done"})
    desk.sets(anna, dismissed, suggestion="dismiss")
    desk.moves(dismissed, suggestion={"due": "2026-12-24"})
    with pytest.raises(Conflict):
        desk.takes_back(anna, dismissed)


def test_a_task_goes_back_to_nobody_who_left(desk: Desk) -> None:
    anna, gone = desk.operator(), desk.operator()
    number = desk.finds(desk.says("v1"))
    desk.sets(gone, number, assignee=gone.id)
    desk.sets(gone, number, assignee=anna.id)
    with desk.db.begin() as tx:
        operators.change(tx, gone.id, active=False)
    desk.takes_back(anna, number)
    assert desk.task(number)["assignee"] is None
