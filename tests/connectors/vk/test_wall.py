"""Replies below posts: written once, found again, changed and taken back where they stand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.base import Doubtful, Letter, Receipt, Rejected, Unavailable
from connectors.vk import Vk, wall
from connectors.vk.calls import Unclear
from pipeline.loop import LoopThread
from tests.connectors.vk.kit import ANNA, file, letter
from tests.fakes.vk import FakeVk
from tests.fakes.vk.schema import unknown_parameters

Post = Callable[[Letter], Receipt]
Find = Callable[[Letter], Receipt | None]


@pytest.fixture
def post(channel: Vk, loop: LoopThread) -> Post:
    return lambda letter: loop.run(channel.send(letter), 30)


@pytest.fixture
def find(channel: Vk, loop: LoopThread) -> Find:
    return lambda letter: loop.run(channel.find(letter), 30)


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


def test_every_part_of_a_long_answer_stands_below_the_post(vk: FakeVk, post: Post, asked: str) -> None:
    post(letter("first half", reply_to=asked))
    post(letter("second half", number=2, below=asked))
    assert texts(vk) == ["Open?", "first half", "second half"]
    assert vk.messages(ANNA) == []


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


# ---- an answer that was lost ----


@pytest.mark.parametrize("kind", ["cut", "after"])
def test_a_reply_in_doubt_is_found_when_vk_has_forgotten_its_guid(
    vk: FakeVk, post: Post, find: Find, asked: str, kind: str
) -> None:
    reply = letter("Till nine ", reply_to=asked)
    vk.fault(kind, "wall.createComment")  # type: ignore[arg-type]
    with pytest.raises(Unclear):
        post(reply)
    vk.tune(guid_for=0)
    found = find(reply)
    assert found is not None
    assert found.external_ids == (f"comment:wall:-240_33_{vk.world.comments[-1]['id']}",)
    assert texts(vk) == ["Open?", "Till nine "]
    assert unknown_parameters(vk.calls) == []


def test_a_reply_to_an_answer_is_found_in_its_thread(vk: FakeVk, post: Post, find: Find) -> None:
    first = vk.comments(ANNA, "Open?")["id"]
    answer = vk.comments(ANNA + 1, "I wonder too", reply_to=first)["id"]
    reply = letter("Till nine", reply_to=f"comment:wall:-240_33_{answer}")
    assert find(reply) is None
    assert post(reply) == find(reply)


def test_what_only_looks_like_the_reply_is_not_taken_for_it(vk: FakeVk, post: Post, find: Find, asked: str) -> None:
    reply = letter("Till nine", reply_to=asked)
    assert find(reply) is None
    ours = int(asked.rpartition("_")[2])
    vk.comments(ANNA, "Till nine", reply_to=ours)
    post(letter("Till ten", number=78, reply_to=asked))
    post(letter("Till nine", number=79, reply_to=f"comment:wall:-240_33_{vk.world.comments[-1]['id']}"))
    vk.says(ANNA, "Till nine", random_id=77)
    assert find(reply) is None
    post(reply)
    assert find(reply) is not None
    later = datetime.now(UTC) + timedelta(hours=1)
    assert find(letter("Till nine", reply_to=asked, sent_at=later)) is None
    assert find(letter("Till nine", reply_to=asked, action="edit")) is None


def test_a_reply_is_looked_for_page_by_page_but_not_without_end(
    vk: FakeVk, post: Post, find: Find, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall, "_PAGE", 2)
    receipt = post(letter("Till nine", reply_to=asked))
    above = int(asked.rpartition("_")[2])
    for n in range(3):
        vk.comments(ANNA, f"Thanks {n}", reply_to=above)
    assert find(letter("Till nine", reply_to=asked)) == receipt
    assert vk.requests["wall.getComments"] == 2
    monkeypatch.setattr(wall, "_PAGES", 1)
    assert find(letter("Till nine", reply_to=asked)) is None


def test_a_search_that_fails_is_no_word_on_the_reply(vk: FakeVk, find: Find, asked: str) -> None:
    vk.fault("html", "wall.getComments")
    with pytest.raises(Unavailable):
        find(letter("Till nine", reply_to=asked))


def test_a_search_vk_does_not_allow_leaves_it_to_the_guid_and_later_to_people(
    vk: FakeVk, find: Find, asked: str
) -> None:
    told = {"error_msg": "Group authorization failed: method is unavailable with group auth."}
    vk.fault("error", "wall.getComment", code=27, answer=told, times=2)
    assert find(letter("Till nine", reply_to=asked)) is None
    with pytest.raises(Doubtful, match="below the post"):
        find(letter("Till nine", reply_to=asked, sent_at=datetime.now(UTC) - timedelta(hours=2)))
