"""Admission: an operator's word lets somebody beside the client into a dialog, and nothing else does."""

import pytest
from sqlalchemy import select

from dialogs import admission, work
from dialogs.access import Staff
from errors import Forbidden, Invalid, NotFound
from storage.talk import MESSAGES
from tests.dialogs.scene import Scene


def admit(scene: Scene, who: Staff, dialog: int, message: int) -> None:
    work.perform(scene.db, who, lambda change: admission.admit(change, dialog, message))


def last(scene: Scene) -> tuple[int, int, object]:
    with scene.db.read() as tx:
        row = tx.execute(select(MESSAGES).order_by(MESSAGES.c.id.desc()).limit(1)).one()
    return row.id, row.dialog_id, (row.data or {}).get("claims")


def test_who_was_admitted_writes_to_the_dialog_from_then_on(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1", aliases=("<a@x>",))
    own = scene.says("v2", "his wife", answers=("<a@x>",))
    claim, where, claims = last(scene)
    assert (where, claims) == (own, dialog)
    admit(scene, anna, dialog, claim)
    admit(scene, anna, dialog, claim)
    assert len(scene.journal("dialog.admitted")) == 1
    scene.says("v2", "again", answers=("<a@x>",))
    assert last(scene)[1:] == (dialog, None)


def test_only_who_claims_it_can_be_admitted(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1", aliases=("<a@x>",))
    scene.says("v2", "about something else")
    with pytest.raises(Invalid):
        admit(scene, anna, dialog, last(scene)[0])
    with pytest.raises(Invalid):
        admit(scene, anna, dialog, 999)
    with pytest.raises(NotFound):
        admit(scene, anna, 999, last(scene)[0])


def test_who_may_only_look_admits_nobody(scene: Scene) -> None:
    dialog = scene.says("v1", aliases=("<a@x>",))
    scene.says("v2", "his wife", answers=("<a@x>",))
    with pytest.raises(Forbidden):
        admit(scene, scene.operator(role="read-only"), dialog, last(scene)[0])
