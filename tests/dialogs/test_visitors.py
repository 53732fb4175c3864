"""What a client sees at the public door: his own words and what was sent to him, in the order it reached him."""

import random

import pytest

from connectors.base import Proof
from dialogs import files, visitors
from dialogs.access import Visitor
from dialogs.view import dialogs
from errors import Forbidden, NotFound
from storage import attachments
from storage.db import now
from storage.files import Content
from storage.pages import Page
from tests.dialogs.scene import SHOP, SITE, Scene

ME = Visitor(SITE, "anon:v1")


def seen(scene: Scene, who: Visitor = ME, after: str | None = None, limit: int = 200) -> Page:
    with scene.db.read() as tx:
        return visitors.visitor_messages(tx, who, after, limit)


def texts(scene: Scene, who: Visitor = ME, after: str | None = None) -> list[str]:
    return [item["text"] for item in seen(scene, who, after).items]


def test_nothing_before_the_first_word(scene: Scene) -> None:
    assert seen(scene) == Page([], None)
    assert seen(scene, after="x") == Page([], None)


def test_items_are_those_of_the_contract(scene: Scene) -> None:
    anna = scene.operator("Anna")
    dialog = scene.says("anon:v1", "hello", key="anon:v1:abc:1", name="Vera")
    message = scene.replies(anna, dialog, "good day")
    scene.delivers(message)
    mine, theirs = seen(scene).items
    assert (mine["id"], mine["author"]) == ("abc:1", {"kind": "visitor", "name": "Vera"})
    assert (theirs["id"], theirs["author"]) == (f"m{message}", {"kind": "operator", "name": "Anna"})
    assert set(theirs) == {"id", "text", "author", "sent_at", "files"}
    with scene.db.read() as tx:
        mine_id = scene.messages(anna, dialog)[0]["id"]
        assert visitors.visitor_items(tx, ME, [message, mine_id, 77]) == {message: theirs, mine_id: mine}
        assert visitors.visitor_items(tx, ME, []) == {}


def test_only_what_was_sent_to_this_very_address_is_seen(scene: Scene) -> None:
    anna = scene.operator()
    both = (Proof("email", "a@example.org"),)
    dialog = scene.says("anon:v1", "one", proofs=both)
    assert scene.says("anon:v2", "from my other device", proofs=both) == dialog
    scene.says("anon:v1", "from the shop", channel=SHOP, proofs=both)
    scene.says("anon:v1", "two")
    scene.notes(anna, dialog, "a note")
    scene.replies(anna, dialog, "on its way")
    scene.delivers(scene.replies(anna, dialog, "arrived"))
    for state in ("failed", "unconfirmed", "held", "cancelled", "sending", "queued"):
        scene.delivers(scene.replies(anna, dialog, state), state)
    scene.delivers(scene.replies(anna, dialog, "to the shop", channel=SHOP))
    assert texts(scene) == ["one", "two", "arrived"]
    assert texts(scene, Visitor(SITE, "anon:v2")) == ["from my other device"]
    assert texts(scene, Visitor(SHOP, "anon:v1")) == ["from the shop", "to the shop"]
    assert texts(scene, Visitor(SITE, "anon:v3")) == []


def test_what_is_deleted_is_empty_and_what_is_edited_says_so(scene: Scene) -> None:
    at = now()
    scene.says("anon:v1", "regretted", deleted_at=at)
    scene.says("anon:v1", "better", edited_at=at)
    gone, better = seen(scene).items
    assert (gone["text"], gone["files"], gone["deleted_at"]) == ("", [], at)
    assert better["edited_at"] == at


def test_looks_are_seen_until_the_message_is_taken_back(scene: Scene) -> None:
    scene.says("anon:v1", "bold", html="<b>bold</b>", direction="out")
    scene.says("anon:v1", "gone", html="<b>gone</b>", direction="out", deleted_at=now())
    shown, gone = seen(scene).items
    assert (shown["text"], shown["html"]) == ("bold", "<b>bold</b>")
    assert "html" not in gone


def test_what_our_side_wrote_elsewhere_is_seen(scene: Scene) -> None:
    scene.says("anon:v1", "hello")
    scene.says("anon:v1", "from a phone", direction="out")
    assert texts(scene) == ["hello", "from a phone"]


def test_a_reply_that_left_late_is_not_missed_by_who_reads_on(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("anon:v1", "hello", key="anon:v1:1")
    late = scene.replies(anna, dialog, "late")
    scene.says("anon:v1", "are you there?", key="anon:v1:2")
    assert texts(scene) == ["hello", "are you there?"]
    scene.delivers(late)
    assert texts(scene, after="2") == ["late"]
    assert texts(scene, after=f"m{late}") == []
    assert texts(scene) == ["hello", "are you there?", "late"]
    # Told of twice, it keeps its place.
    scene.delivers(late)
    assert texts(scene, after=f"m{late}") == []


@pytest.mark.parametrize("seed", range(8))
def test_reading_on_gives_everything_once(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    anna = scene.operator()
    dialog = scene.says("anon:v1", "0", key="anon:v1:0")
    waiting: list[int] = []
    got = [item["id"] for item in seen(scene).items]
    for step in range(1, 40):
        what = chance.choice(["say", "reply", "deliver", "deliver", "poll"])
        if what == "say":
            scene.says("anon:v1", str(step), key=f"anon:v1:{step}")
        elif what == "reply":
            waiting.append(scene.replies(anna, dialog, str(step)))
        elif what == "deliver" and waiting:
            scene.delivers(waiting.pop(chance.randrange(len(waiting))))
        elif what == "poll":
            page = seen(scene, after=got[-1], limit=chance.randint(1, 3))
            got += [item["id"] for item in page.items]
    while True:
        page = seen(scene, after=got[-1], limit=2)
        got += [item["id"] for item in page.items]
        if page.next is None:
            break
    assert got == [item["id"] for item in seen(scene).items]
    assert len(got) == len(set(got))


def test_pages_and_the_newest(scene: Scene) -> None:
    scene.many("anon:v1", 7)
    newest = seen(scene, limit=3)
    assert ([item["text"] for item in newest.items], newest.next) == (["text 4", "text 5", "text 6"], None)
    page = seen(scene, after="1", limit=3)
    assert ([item["text"] for item in page.items], page.next) == (["text 2", "text 3", "text 4"], "4")
    assert texts(scene, after="nobody knows this") == [f"text {n}" for n in range(7)]


def test_an_item_named_like_one_of_ours_is_still_his(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("anon:v1", "first", key="anon:v1:1")
    reply = scene.replies(anna, dialog, "reply")
    scene.delivers(reply)
    scene.says("anon:v1", "second", key=f"anon:v1:m{reply}")
    assert texts(scene, after=f"m{reply}") == []


def test_a_visitor_has_no_business_at_the_desk(scene: Scene) -> None:
    scene.says("anon:v1")
    with scene.db.read() as tx, pytest.raises(Forbidden):
        dialogs(tx, ME, None, "-last_at", (1, None))  # type: ignore[arg-type]


def test_files_are_opened_by_whom_they_were_sent_to_or_came_from(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("anon:v1", "hello", key="anon:v1:1")
    with scene.db.begin() as tx:
        content = Content("0" * 64, 3, "")
        rows = [
            attachments.stored(owner, "a.txt", "text/plain", content)
            for owner in (
                attachments.visitor(SITE, "anon:v1"), attachments.visitor(SITE, "anon:v1"),
                attachments.visitor(SITE, "anon:v2"), attachments.operator(anna.id), attachments.operator(anna.id),
                attachments.operator(anna.id),
            )
        ]  # fmt: skip
        attachments.add(tx, rows)
    mine_sent, mine, not_mine, theirs, pending, noted = (row.id for row in rows)
    with scene.db.begin() as tx:
        message = scene.messages(anna, dialog)[0]["id"]
        attachments.attach(tx, [attachments.Claim(message, 0, attachments.visitor(SITE, "anon:v1"), mine_sent)])
    scene.delivers(scene.replies(anna, dialog, files=(theirs,)))
    scene.replies(anna, dialog, files=(pending,))
    note = scene.notes(anna, dialog)
    with scene.db.begin() as tx:
        attachments.attach(tx, [attachments.Claim(note, 0, attachments.operator(anna.id), noted)])
    with scene.db.read() as tx:
        for file_id in (mine_sent, mine, theirs):
            assert files.find(tx, ME, file_id).id == file_id
        for file_id in (not_mine, pending, noted, "nowhere"):
            with pytest.raises(NotFound):
                files.find(tx, ME, file_id)
        for row in rows:
            assert files.find(tx, anna, row.id).id == row.id
