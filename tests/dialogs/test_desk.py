"""What operators do with a dialog: one transaction each, and no lost update when they race."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from dialogs.access import Staff
from errors import Conflict, Forbidden, Invalid, NotFound, Stale
from storage import operators
from tests.dialogs.scene import Scene


def test_take_hand_over_and_put_back(scene: Scene) -> None:
    anna, boris = scene.operator("Anna"), scene.operator("Boris")
    dialog = scene.says("v1")
    scene.changes(anna, dialog, assignee=anna.id)
    assert scene.dialog(boris, dialog)["episode"]["assignee"] == {"id": anna.id, "name": "Anna"}
    scene.changes(anna, dialog, assignee=boris.id)
    scene.changes(anna, dialog, assignee=None)
    assert scene.dialog(boris, dialog)["episode"]["assignee"] is None
    told = [(line.actor, line.data) for line in scene.journal("dialog.assigned")]
    owners: list[int | None] = [None, anna.id, boris.id, None]
    assert told == [
        (f"operator:{anna.id}", {"episode": 1, "before": {"assignee": was}, "after": {"assignee": becomes}})
        for was, becomes in itertools.pairwise(owners)
    ]


def test_of_fifty_who_take_it_at_once_one_gets_it(scene: Scene) -> None:
    team = [scene.operator() for _ in range(50)]
    dialog = scene.says("v1")

    def take(staff: Staff) -> bool:
        try:
            scene.changes(staff, dialog, assignee=staff.id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        got = list(pool.map(take, team))
    assert sum(got) == 1
    assert scene.dialog(team[0], dialog)["episode"]["assignee"]["id"] == team[got.index(True)].id
    assert len(scene.journal("dialog.assigned")) == 1


def test_of_fifty_given_to_somebody_at_once_one_stays(scene: Scene) -> None:
    boss = scene.operator(role="admin")
    team = [scene.operator() for _ in range(50)]
    dialog = scene.says("v1")

    def give(staff: Staff) -> bool:
        try:
            scene.changes(boss, dialog, assignee=staff.id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(give, team)) == 1


def test_nobody_is_given_work_who_is_not_there(scene: Scene) -> None:
    anna, gone = scene.operator(), scene.operator()
    with scene.db.begin() as tx:
        operators.change(tx, gone.id, active=False)
    dialog = scene.says("v1")
    for nobody in (gone.id, 999_999):
        with pytest.raises(Invalid):
            scene.changes(anna, dialog, assignee=nobody)


def test_resolve_and_reopen_are_told_once(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    for _ in range(2):
        scene.changes(anna, dialog, status="resolved")
    shown = scene.dialog(anna, dialog)["episode"]
    assert shown["status"] == "resolved"
    assert shown["resolved_at"] is not None
    with pytest.raises(Conflict):
        scene.changes(anna, dialog, assignee=anna.id)
    for _ in range(2):
        scene.changes(anna, dialog, status="open", assignee=anna.id)
    shown = scene.dialog(anna, dialog)["episode"]
    assert (shown["status"], shown["resolved_at"], shown["assignee"]["id"]) == ("open", None, anna.id)
    assert len(scene.journal("dialog.resolved")) == len(scene.journal("dialog.reopened")) == 1


def test_what_the_client_just_wrote_is_not_resolved_unseen(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    scene.says("v1", "one more thing")
    with pytest.raises(Stale) as refused:
        scene.changes(anna, dialog, status="resolved", read_up_to=1)
    assert refused.value.extra == {"last_seq": 2}
    assert scene.dialog(anna, dialog)["unread"] == 2
    scene.changes(anna, dialog, status="resolved", read_up_to=2)
    assert scene.dialog(anna, dialog)["episode"]["status"] == "resolved"


def test_an_owner_who_left_gives_a_reopened_dialog_to_the_queue(scene: Scene) -> None:
    anna, gone = scene.operator(), scene.operator()
    dialog = scene.says("v1")
    scene.changes(gone, dialog, assignee=gone.id)
    scene.changes(gone, dialog, status="resolved")
    with scene.db.begin() as tx:
        operators.change(tx, gone.id, active=False)
    scene.changes(anna, dialog, status="open")
    assert scene.dialog(anna, dialog)["episode"]["assignee"] is None


def test_reading_goes_forward_only(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.many("v1", 5)
    assert scene.dialog(anna, dialog)["unread"] == 5
    scene.changes(anna, dialog, read_up_to=3)
    assert scene.dialog(anna, dialog)["unread"] == 2
    scene.changes(anna, dialog, read_up_to=1)
    assert scene.dialog(anna, dialog)["unread"] == 2
    # The id of a message is taken for its number.
    scene.changes(anna, dialog, read_up_to=scene.messages(anna, dialog)[-1]["id"])
    assert scene.dialog(anna, dialog)["unread"] == 0
    assert [line.data["after"]["unread"] for line in scene.journal("dialog.read")] == [2, 0]
    for nonsense in (6, 1_000_000_000_000):
        with pytest.raises(Invalid):
            scene.changes(anna, dialog, read_up_to=nonsense)


def test_a_read_only_operator_changes_nothing(scene: Scene) -> None:
    guest = scene.operator(role="read-only")
    dialog = scene.says("v1")
    with pytest.raises(Forbidden):
        scene.changes(guest, dialog, status="resolved")
    with pytest.raises(NotFound):
        scene.changes(scene.operator(), 999, status="resolved")
