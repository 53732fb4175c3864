"""Replies leave as letters, notes never; recipients are frozen; nothing is said past what the client just wrote."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from connectors.base import Part, Proof
from dialogs import files, work, writing
from dialogs.access import Staff
from errors import Invalid, Stale
from storage import outbox, people, talk, verify
from storage.db import now
from storage.files import Content
from storage.outbox import OUTBOX
from tests.dialogs.scene import SHOP, Scene, whole


def upload(scene: Scene, staff: Staff, name: str = "plan.pdf") -> str:
    content = Content("0" * 64, 10, "")
    return str(
        work.perform(scene.db, staff, lambda job: files.upload(job, name, "application/pdf", content)).result["id"]
    )


def promises_kept(scene: Scene) -> bool:
    with scene.db.snapshot() as tx:
        return verify.verify(tx) == []


def test_a_reply_is_a_message_and_its_letters_in_one(scene: Scene) -> None:
    anna = scene.operator("Anna")
    dialog = scene.says("anon:v1")
    one, two = upload(scene, anna), upload(scene, anna, "photo.pdf")
    message = scene.replies(anna, dialog, "look", files=(two, one))
    (letter,) = scene.letters(message)
    assert (letter.channel, letter.recipient, letter.state, letter.action) == ("site", "anon:v1", "queued", "send")
    assert letter.payload == {"text": "look", "files": [two, one], "author": "Anna"}
    assert letter.send_at <= letter.created_at
    shown = scene.messages(anna, dialog)[-1]
    assert [file["name"] for file in shown["files"]] == ["photo.pdf", "plan.pdf"]
    assert shown["author"] == {"kind": "operator", "id": anna.id, "name": "Anna"}
    assert shown["delivery"] == {"state": "queued", "attempts": 0, "letters": [letter.id]}
    dialog_shown = scene.dialog(anna, dialog)
    assert dialog_shown["last_message"]["id"] == message
    assert dialog_shown["unread"] == 0
    assert dialog_shown["episode"]["first_reply_at"] is not None
    (told,) = scene.journal("message.created")
    assert told.data == {"message": message, "seq": 2, "channel": "site", "direction": "out"}
    assert promises_kept(scene)


def test_parts_become_letters_in_order_with_their_files(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1", key="v1:question")
    first = upload(scene, anna)

    def halves(_channel: str, draft: writing.Draft, files: Any) -> list[Part]:
        assert [file.size for file in files] == [10]
        return [Part(draft.text[:2]), Part(draft.text[2:], (0,))]

    draft = writing.Draft("abcd", (first,), reply_to=1)
    message = work.perform(scene.db, anna, lambda job: writing.reply(job, dialog, draft, halves)).result
    payloads = [letter.payload for letter in scene.letters(message)]
    author = anna.name
    assert payloads == [
        {"text": "ab", "files": [], "author": author, "reply_to": "v1:question"},
        {"text": "cd", "files": [first], "author": author, "below": "v1:question"},
    ]


def test_it_goes_where_the_client_wrote_last_unless_told_otherwise(scene: Scene) -> None:
    anna = scene.operator()
    anna_at = (Proof("email", "a@example.org"),)
    dialog = scene.says("s1", proofs=anna_at)
    assert scene.says("b1", channel=SHOP, proofs=anna_at) == dialog
    assert scene.says("b2", channel=SHOP, proofs=anna_at) == dialog

    def recipient(**more: Any) -> tuple[str, str]:
        (letter,) = scene.letters(scene.replies(anna, dialog, **more))
        return letter.channel, letter.recipient

    assert recipient() == (SHOP, "b2")
    assert recipient(channel="site") == ("site", "s1")
    scene.says("b1", channel=SHOP)
    assert recipient(channel=SHOP) == (SHOP, "b1")
    scene.says("s1")
    assert recipient() == ("site", "s1")
    with pytest.raises(Invalid):
        recipient(channel="elsewhere")


def test_who_can_not_be_reached_is_not_written_to(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    with scene.db.begin() as tx:
        people.set_reachable(tx, "site", "v1", reachable=False)
    with pytest.raises(Invalid):
        scene.replies(anna, dialog)
    assert [message["direction"] for message in scene.messages(anna, dialog)] == ["in"]


def test_seen_up_to(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    seen = scene.messages(anna, dialog)[0]
    scene.says("v1", "wait")
    for value in (seen["seq"], seen["id"]):
        with pytest.raises(Stale) as refused:
            scene.replies(anna, dialog, seen_up_to=value)
        assert refused.value.extra == {"last_seq": 2}
    scene.replies(anna, dialog, seen_up_to=2)
    # What colleagues write does not make it stale.
    scene.replies(anna, dialog, seen_up_to=2)
    other = scene.messages(anna, scene.says("v2"))[0]["id"]
    for nonsense in (other, 5, 2**63 - 1):
        with pytest.raises(Invalid):
            scene.replies(anna, dialog, seen_up_to=nonsense)


def test_a_client_who_writes_at_the_same_moment_makes_it_stale_or_comes_after(scene: Scene) -> None:
    anna = scene.operator()
    for round_ in range(10):
        dialog = scene.says(f"v{round_}")
        with ThreadPoolExecutor(2) as pool:
            said = pool.submit(scene.says, f"v{round_}", "wait")
            replied = pool.submit(scene.replies, anna, dialog, seen_up_to=1)
            said.result()
            stale = isinstance(replied.exception(), Stale)
        arrived = sorted(scene.messages(anna, dialog), key=lambda message: int(message["seq"]))
        assert [message["direction"] for message in arrived] == (["in", "in"] if stale else ["in", "out", "in"])


def test_a_reply_in_a_resolved_dialog_goes_on_with_its_last_episode(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    scene.changes(anna, dialog, assignee=anna.id)
    scene.changes(anna, dialog, status="resolved")
    scene.replies(anna, dialog)
    episode = scene.dialog(anna, dialog)["episode"]
    assert (episode["number"], episode["status"], episode["assignee"]["id"]) == (1, "open", anna.id)
    assert [line.actor for line in scene.journal("dialog.reopened")] == [anna.label]


def test_a_reply_at_a_later_time(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    at = now() + timedelta(hours=1)
    message = scene.replies(anna, dialog, send_at=at)
    (letter,) = scene.letters(message)
    assert letter.send_at == letter.next_at == at
    assert scene.messages(anna, dialog)[-1]["sent_at"] == at
    with scene.db.read() as tx:
        assert outbox.due(tx, "site", 10) == []
    for nonsense in (now() - timedelta(seconds=1), now() + timedelta(days=400)):
        with pytest.raises(Invalid):
            scene.replies(anna, dialog, send_at=nonsense)


def test_only_ones_own_free_uploads_go_along(scene: Scene) -> None:
    anna, boris = scene.operator(), scene.operator()
    dialog = scene.says("v1")
    mine, his = upload(scene, anna), upload(scene, boris)
    for wrong in ((his,), ("nowhere",), (mine, mine), (mine, his)):
        with pytest.raises(Invalid):
            scene.replies(anna, dialog, files=wrong)
    scene.replies(anna, dialog, files=(mine,))
    with pytest.raises(Invalid):
        scene.replies(anna, dialog, files=(mine,))
    assert promises_kept(scene)


def test_what_is_answered_is_of_the_dialog_and_no_note(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    note = scene.notes(anna, dialog)
    other = scene.messages(anna, scene.says("v2"))[0]["id"]
    for wrong in (note, 2, other, 77):
        with pytest.raises(Invalid):
            scene.replies(anna, dialog, reply_to=wrong)


@pytest.mark.parametrize("text", ["", " \n "])
def test_nothing_is_no_message(scene: Scene, text: str) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    with pytest.raises(Invalid):
        scene.replies(anna, dialog, text)
    with pytest.raises(Invalid):
        scene.notes(anna, dialog, text)


def test_a_note_stays_between_us_and_moves_nothing(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1")
    before = scene.dialog(anna, dialog)
    note = scene.notes(anna, dialog, "he is angry")
    after = scene.dialog(anna, dialog)
    assert after == before
    assert scene.letters(note) == []
    shown = scene.messages(anna, dialog)[-1]
    assert (shown["direction"], shown["channel"], shown["text"]) == ("note", None, "he is angry")
    assert "delivery" not in shown
    assert promises_kept(scene)


def test_writing_first_opens_an_episode_that_is_the_writers(scene: Scene) -> None:
    anna, boris = scene.operator(), scene.operator()
    dialog = scene.says("v1")
    client = scene.dialog(anna, dialog)["client"]["id"]
    scene.changes(anna, dialog, status="resolved")

    def write_first(staff: Staff, client_id: int) -> int:
        draft = writing.Draft("good morning")
        return int(
            work.perform(scene.db, staff, lambda job: writing.write_first(job, client_id, draft, whole)).result[0]
        )

    assert write_first(boris, client) == dialog
    episode = scene.dialog(anna, dialog)["episode"]
    assert (episode["number"], episode["status"], episode["assignee"]["id"]) == (2, "open", boris.id)
    assert write_first(anna, client) == dialog
    episode = scene.dialog(anna, dialog)["episode"]
    assert (episode["number"], episode["assignee"]["id"]) == (2, boris.id)
    with pytest.raises(Invalid):
        write_first(anna, 4711)
    assert promises_kept(scene)


def test_parallel_replies_keep_their_order_and_lose_nothing(scene: Scene) -> None:
    team = [scene.operator() for _ in range(4)]
    dialog = scene.says("v1")
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: scene.replies(team[n % 4], dialog, str(n)), range(40)))
    with scene.db.read() as tx:
        lane = tx.execute(select(OUTBOX.c.message_id).order_by(OUTBOX.c.id)).scalars().all()
    shown = [message["id"] for message in scene.messages(team[0], dialog)[1:]]
    assert sorted(sent) == sorted(shown)
    # Letters leave in the order the messages have in the dialog.
    with scene.db.read() as tx:
        assert [
            message["id"] for message in sorted(scene.messages(team[0], dialog)[1:], key=lambda m: m["seq"])
        ] == lane


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["note", "reply", "say", "resolve", "open", "take", "read"]),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40),
        ),
        max_size=12,
    )
)
def test_notes_never_make_letters_whatever_happens_around_them(scene: Scene, steps: list[tuple[str, str]]) -> None:
    anna = scene.operator()
    dialog = scene.says(f"v{anna.id}")
    for step, text in steps:
        words = f"secret {text}"
        if step == "note":
            scene.notes(anna, dialog, words)
        elif step == "reply":
            scene.replies(anna, dialog, f"public {text}")
        elif step == "say":
            scene.says(f"v{anna.id}", text)
        elif step in {"resolve", "open"}:
            scene.changes(anna, dialog, status="resolved" if step == "resolve" else "open")
        elif step == "take":
            scene.changes(anna, dialog, status="open", assignee=anna.id)
        else:
            scene.changes(anna, dialog, read_up_to=scene.row(dialog).last_seq)
    with scene.db.read() as tx:
        letters = tx.execute(select(OUTBOX).where(OUTBOX.c.dialog_id == dialog)).all()
        replies = sum(step == "reply" for step, _ in steps)
        assert len(letters) == replies
        assert all(letter.payload["text"].startswith("public") for letter in letters)
        assert tx.execute(select(func.count()).select_from(OUTBOX)).scalar_one() >= replies


# ---- what the client wrote goes along, where the channel wants it ----


def quoted(scene: Scene, anna: Staff, dialog: int, split: writing.Split = whole) -> list[Any]:
    """What each letter of a reply quotes."""

    def act(job: work.Work) -> int:
        return writing.reply(job, dialog, writing.Draft("here you are"), split)

    message = work.perform(scene.db, anna, act, lambda _, what: what == "quote").result
    return [letter.payload.get("quoted") for letter in scene.letters(message)]


def test_a_reply_brings_along_the_newest_words_where_the_channel_wants_them(scene: Scene) -> None:
    anna, at = scene.operator(), now()
    dialog = scene.says("v1", "first", name="Vera", thread={"id": "1"})
    scene.says("v1", "second", name="Vera", sent_at=at, thread={"id": "2"})
    (letter,) = scene.letters(scene.replies(anna, dialog))
    assert "quoted" not in letter.payload
    assert letter.payload["thread"] == {"id": "2"}
    assert quoted(scene, anna, dialog) == [{"text": "second", "name": "Vera", "at": at.isoformat()}]


def test_of_many_letters_the_first_quotes(scene: Scene) -> None:
    dialog = scene.says("v1", "hello")
    found = quoted(scene, scene.operator(), dialog, lambda *_: [Part("here"), Part("you are")])
    assert [each and each["text"] for each in found] == ["hello", None]


@pytest.mark.parametrize("text", ["", " \n", "regretted"])
def test_nothing_is_quoted_where_nothing_is_said(scene: Scene, text: str) -> None:
    dialog = scene.says("v1", text, deleted_at=now() if text.strip() else None)
    assert quoted(scene, scene.operator(), dialog) == [None]


def test_a_long_message_is_quoted_in_part(scene: Scene) -> None:
    (found,) = quoted(scene, scene.operator(), scene.says("v1", "x" * 30_000))
    assert found["text"] == "x" * 20_000 + "\n[…]"


def test_a_letter_goes_on_with_what_it_answers_and_not_with_a_machine_s(scene: Scene) -> None:
    anna = scene.operator()
    dialog = scene.says("v1", "first", key="k1", thread={"id": "1"})
    scene.says("v1", "second", thread={"id": "2"})
    scene.says("v1", "I am on holiday", thread={"id": "3"}, automatic=True)
    with scene.db.read() as tx:
        first = talk.ids_of(tx, "site", ["k1"])["k1"]
    sent = [scene.replies(anna, dialog), scene.replies(anna, dialog, reply_to=first)]
    assert [scene.letters(each)[0].payload["thread"] for each in sent] == [{"id": "2"}, {"id": "1"}]
