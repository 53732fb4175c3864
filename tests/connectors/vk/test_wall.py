"""Replies below posts: written once, changed and taken back where they stand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.base import Letter, Receipt, Rejected
from connectors.vk import Vk
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, file, letter
from tests.fakes.vk import FakeVk
from tests.fakes.vk.schema import unknown_parameters

Post = Callable[[Letter], Receipt]


@pytest.fixture
def post(channel: Vk, loop: LoopThread) -> Post:
    return lambda letter: loop.run(channel.send(letter), 30)


@pytest.fixture
def asked(vk: FakeVk) -> str:
    """The key of a comment of Anna's."""
    return f"comment:wall:-240_33_{vk.comments(ANNA, 'Open?')['id']}"


def texts(vk: FakeVk) -> list[str]:
    """What stands below the posts."""
    return [comment["text"] for comment in vk.world.comments]


def test_an_answer_to_a_comment_is_a_comment_and_is_made_once(vk: FakeVk, post: Post) -> None:
    asked = letter("Open till nine", reply_to="comment:wall:-240_33_5")
    first, second = post(asked), post(asked)
    assert first == second
    assert [(each["method"], each["reply_to"]) for each in vk.ledger] == [("wall.createComment", 5)]
    assert first.external_ids[0].startswith("comment:wall:-240_33_")
    assert vk.calls[-1][1]["guid"] == asked.key


def test_a_comment_carries_no_files(post: Post, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="text alone"):
        post(letter("x", reply_to="comment:wall:-240_33_5", files=(file(tmp_path, "a.pdf", "application/pdf"),)))


def test_an_edit_changes_our_comment_and_not_the_one_it_answers(vk: FakeVk, post: Post, asked: str) -> None:
    (ours,) = post(letter("Till nien", reply_to=asked)).external_ids
    # What changes a letter still names what that one answered.
    assert post(letter("Till nine", action="edit", reply_to=asked, external_id=ours)) == Receipt()
    assert texts(vk) == ["Open?", "Till nine"]
    assert unknown_parameters(vk.calls) == []


@pytest.mark.parametrize("answered", [True, False])
def test_a_deletion_takes_our_comment_back(vk: FakeVk, post: Post, asked: str, *, answered: bool) -> None:
    (ours,) = post(letter("oops", reply_to=asked)).external_ids
    assert post(letter("", action="delete", reply_to=asked if answered else None, external_id=ours)) == Receipt()
    assert texts(vk) == ["Open?"]
    assert unknown_parameters(vk.calls) == []


def test_an_edit_of_a_letter_is_no_comment_whatever_it_answers(vk: FakeVk, post: Post, asked: str) -> None:
    (ours,) = post(letter("helo")).external_ids
    post(letter("hello", action="edit", reply_to=asked, external_id=ours))
    assert vk.messages(ANNA)[-1]["text"] == "hello"
    assert texts(vk) == ["Open?"]


@pytest.mark.parametrize(("action", "method"), [("edit", "wall.editComment"), ("delete", "wall.deleteComment")])
def test_what_vk_keeps_from_a_communitys_key_is_rejected_and_stops_nothing(
    vk: FakeVk, post: Post, asked: str, action: str, method: str
) -> None:
    (ours,) = post(letter("oops", reply_to=asked)).external_ids
    told = {"error_msg": "Group authorization failed: method is unavailable with group auth."}
    vk.fault("error", method, code=27, answer=told)
    with pytest.raises(Rejected, match="community's key"):
        post(letter("x", action=action, external_id=ours))
