"""Comments on posts, photos, videos, goods and in discussions."""

from typing import Any

import pytest

from connectors.base import Deletion, Message
from connectors.vk.events import raw_of
from tests.connectors.vk.samples import ANNA, AT, DATE, GROUP, SENT, attached, edit, event, read, said

KINDS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "wall_reply": (
        {"post_id": 5, "post_owner_id": -7, "owner_id": -7},
        "comment:wall:-7_5_8", "https://vk.com/wall-7_5?reply=8", "Комментарий к записи",
    ),
    "photo_comment": (
        {"photo_id": 5, "photo_owner_id": -7},
        "comment:photo:-7_5_8", "https://vk.com/photo-7_5", "Комментарий к фото",
    ),
    "video_comment": (
        {"video_id": 5, "video_owner_id": -7},
        "comment:video:-7_5_8", "https://vk.com/video-7_5", "Комментарий к видео",
    ),
    "market_comment": (
        {"item_id": 5, "market_owner_id": -7},
        "comment:market:-7_5_8", "https://vk.com/market-7?w=product-7_5", "Комментарий к товару",
    ),
    "board_post": (
        {"topic_id": 5, "topic_owner_id": -7},
        "comment:board:-7_5_8", "https://vk.com/topic-7_5?post=8", "Сообщение в обсуждении",
    ),
}  # fmt: skip


def _comment(kind: str, text: str = "nice", **more: Any) -> dict[str, Any]:
    return KINDS[kind][0] | {"id": 8, "from_id": ANNA, "date": DATE, "text": text} | more


def _deleted(kind: str) -> dict[str, Any]:
    place = {name.replace("post_owner", "owner"): value for name, value in KINDS[kind][0].items()}
    if kind in {"photo_comment", "video_comment", "market_comment"}:
        place["owner_id"] = place.pop(f"{kind.partition('_')[0]}_owner_id")
    return place | {"id": 8, "deleter_id": 33}


@pytest.mark.parametrize("kind", KINDS)
def test_a_comment_is_a_message_with_a_link_to_its_place(kind: str) -> None:
    found = said(event(f"{kind}_new", _comment(kind)))
    _, key, link, head = KINDS[kind]
    assert (found.external_id, found.sent_at, found.direction) == (key, SENT, "in")
    assert found.text == f"[{head} {link}]\nnice"
    assert found.data == {"link": link}
    assert (found.sender.address, found.sender.ask) == ("101", True)


@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_and_a_deletion_are_of_the_comment(kind: str) -> None:
    _, key, link, head = KINDS[kind]
    changed = edit(event(f"{kind}_edit", _comment(kind, "nicer")))
    assert (changed.external_id, changed.text, changed.edited_at) == (key, f"[{head} {link}]\nnicer", AT)
    assert changed.sender is not None
    assert read(event(f"{kind}_delete", _deleted(kind))) == [Deletion(key, AT)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_becomes_of_a_comment_stays_behind_it(kind: str) -> None:
    lanes = {
        raw_of(event(f"{kind}_{verb}", body, f"e{verb}"), AT).address_hint
        for verb, body in (("new", _comment(kind)), ("edit", _comment(kind)), ("delete", _deleted(kind)))
    }
    assert len(lanes) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_comment_restored_is_said_anew(kind: str) -> None:
    found = said(event(f"{kind}_restore", _comment(kind), "e9"))
    assert (found.external_id, found.sent_at) == (f"{KINDS[kind][1]}:e9", AT)
    assert found.text.startswith("[Комментарий восстановлен]\n[")
    assert found.text.endswith("nice")


def test_a_comment_in_a_thread_is_found_by_its_link() -> None:
    found = said(event("wall_reply_new", _comment("wall_reply", parents_stack=[6], reply_to_comment=6)))
    assert found.data == {"link": "https://vk.com/wall-7_5?reply=8&thread=6"}
    assert found.reply_to == "comment:wall:-7_5_6"


def test_a_comment_of_the_community_goes_to_whom_it_answers() -> None:
    ours = _comment("wall_reply", from_id=-GROUP, reply_to_user=ANNA, reply_to_comment=6)
    found = said(event("wall_reply_new", ours))
    assert (found.direction, found.sender.address, found.reply_to) == ("out", "101", "comment:wall:-7_5_6")
    assert found.echo == "nice", "what it is known by if it was ours"


def test_a_comment_of_the_community_to_nobody_is_in_no_dialog() -> None:
    assert read(event("wall_reply_new", _comment("wall_reply", from_id=-GROUP))) == []


def test_an_edit_of_the_communitys_comment_below_a_post_is_our_own_come_back() -> None:
    ours = _comment("wall_reply", "nicer", from_id=-GROUP, reply_to_user=ANNA, reply_to_comment=6)
    assert read(event("wall_reply_edit", ours)) == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "wall_reply"])
def test_an_edit_of_the_community_elsewhere_is_its_own_and_never_the_clients(kind: str) -> None:
    changed = edit(event(f"{kind}_edit", _comment(kind, "nicer", from_id=-GROUP)))
    assert changed.text.endswith("\nnicer")
    assert changed.sender is None


def test_a_comment_of_another_community_is_a_clients() -> None:
    found = said(event("wall_reply_new", _comment("wall_reply", from_id=-9)))
    assert (found.direction, found.sender.address) == ("in", "-9")


def test_attachments_of_a_comment_come_with_it() -> None:
    doc = attached("doc", id=3, owner_id=1, title="a.txt", ext="txt", size=1, url="https://vk.com/doc1_3")
    found = said(event("wall_reply_new", _comment("wall_reply", "", attachments=[doc])))
    assert [file.name for file in found.files] == ["a.txt"]
    assert found.text == "[Комментарий к записи https://vk.com/wall-7_5?reply=8]"


def test_mentions_in_comments_are_shown_as_names() -> None:
    (found,) = read(event("board_post_new", _comment("board_post", "[id5:bp-7_9|Vera], yes")))
    assert isinstance(found, Message)
    assert found.text.endswith("\nVera, yes")
