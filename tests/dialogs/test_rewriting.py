"""Rewriting: a reply is changed or taken back, in its channel too if that has a form for it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from dialogs import rewriting, work
from dialogs.access import Staff
from dialogs.work import Can
from dialogs.writing import Draft
from errors import Invalid, NotFound
from storage.db import now
from storage.outbox import OUTBOX
from tests.dialogs.scene import Scene, whole


def able(_channel: str, _what: str) -> bool:
    return True


def rewrite(scene: Scene, who: Staff, where: tuple[int, int], text: str, can: Can = able) -> None:
    work.perform(scene.db, who, lambda job: rewriting.rewrite(job, *where, Draft(text), whole), can)


def take_back(scene: Scene, who: Staff, where: tuple[int, int], can: Can = able) -> None:
    work.perform(scene.db, who, lambda job: rewriting.take_back(job, *where), can)


def sent(scene: Scene) -> None:
    with scene.db.begin() as tx:
        tx.execute(update(OUTBOX).values(state="sent", sent_at=OUTBOX.c.created_at, receipt=["k"]))


def actions(scene: Scene, message: int) -> list[tuple[str, str, str]]:
    return [(letter.action, letter.state, letter.payload["text"]) for letter in scene.letters(message)]


@pytest.fixture
def anna(scene: Scene) -> Staff:
    return scene.operator()


def test_other_words_go_out_behind_the_first_ones(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog, "helo")
    sent(scene)
    rewrite(scene, anna, (dialog, message), "hello")
    assert actions(scene, message) == [("send", "sent", "helo"), ("edit", "queued", "hello")]
    assert scene.dialog(anna, dialog)["last_message"]["text"] == "hello"


def test_what_has_not_left_leaves_with_the_other_words(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog, "old price", send_at=now() + timedelta(hours=1))
    rewrite(scene, anna, (dialog, message), "new price", lambda *_: False)
    assert actions(scene, message) == [("send", "queued", "new price")]


@pytest.mark.parametrize("state", ["failed", "unconfirmed", "cancelled"])
def test_what_will_not_leave_is_not_rewritten(scene: Scene, anna: Staff, state: str) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog, "helo")
    with scene.db.begin() as tx:
        tx.execute(update(OUTBOX).values(state=state))
    with pytest.raises(Invalid, match=state):
        rewrite(scene, anna, (dialog, message), "hello")


def test_what_may_be_out_there_is_deleted_there(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog)
    with scene.db.begin() as tx:
        tx.execute(update(OUTBOX).values(in_doubt=True))
    take_back(scene, anna, (dialog, message))
    assert [action for action, _, _ in actions(scene, message)] == ["send", "delete"]


def test_what_may_be_out_where_nobody_can_ask_does_not_go_out_once_more(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog)
    with scene.db.begin() as tx:
        tx.execute(update(OUTBOX).values(in_doubt=True))
    take_back(scene, anna, (dialog, message), lambda _channel, what: what != "find")
    (letter,) = scene.letters(message)
    assert letter.state == "cancelled"
    assert "may be there" in letter.error


def test_words_that_do_not_fit_below_their_files_are_refused(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog, "look")
    with scene.db.begin() as tx:
        (letter,) = scene.letters(message)
        tx.execute(update(OUTBOX).values(payload={**letter.payload, "files": ["x"]}))
    with pytest.raises(Invalid, match="too long"):
        rewrite(scene, anna, (dialog, message), "long")


def test_what_has_not_left_never_does(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog)
    take_back(scene, anna, (dialog, message), lambda *_: False)
    assert [state for _, state, _ in actions(scene, message)] == ["cancelled"]
    with pytest.raises(NotFound):
        take_back(scene, anna, (dialog, message))


def test_what_is_out_is_deleted_there(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog)
    sent(scene)
    take_back(scene, anna, (dialog, message))
    assert [(action, state) for action, state, _ in actions(scene, message)] == [("send", "sent"), ("delete", "queued")]


def test_where_the_channel_has_no_form_for_it_it_is_refused(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    message = scene.replies(anna, dialog)
    sent(scene)
    with pytest.raises(Invalid, match="no way"):
        rewrite(scene, anna, (dialog, message), "x", lambda *_: False)
    with pytest.raises(Invalid, match="no way"):
        take_back(scene, anna, (dialog, message), lambda *_: False)
    assert len(scene.letters(message)) == 1


def test_only_replies_of_ours_can_be_changed(scene: Scene, anna: Staff) -> None:
    dialog = scene.says("v1")
    note = scene.notes(anna, dialog)
    for message in (1, note):
        with pytest.raises(Invalid):
            take_back(scene, anna, (dialog, message))
    with pytest.raises(NotFound):
        rewrite(scene, anna, (dialog, 12345), "x")
    with pytest.raises(Invalid):
        rewrite(scene, anna, (dialog, scene.replies(anna, dialog)), " ")
