"""Amend: edits, deletions, reactions and reports, in any order, and again."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.base import Raw
from pipeline import amend
from storage import early, talk
from storage.attachments import ATTACHMENTS
from storage.db import now
from storage.early import EARLY
from tests.fakes.channel import START, raw
from tests.pipeline.rig import Rig

TOGETHER = pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])


def take(rig: Rig, raws: list[Raw], *, together: bool) -> None:
    for lot in [raws] if together else [[each] for each in raws]:
        rig.take(*lot)


def said(key: str = "1", text: str = "helo", at: int = 1, **more: Any) -> Raw:
    return raw("anna", key, text, at=at, **more)


def changed(number: int, kind: str, at: int = 2, of: str = "1", **told: Any) -> Raw:
    return raw("anna", f"change {number}", told.pop("text", ""), kind=kind, id=f"anna:{of}", at=at, **told)


def pass_time(rig: Rig, by: timedelta) -> None:
    """As if all that waits had come so much earlier, and its turn now."""
    with rig.db.begin() as tx:
        for row in tx.execute(EARLY.select()).all():
            own = EARLY.update().where(EARLY.c.id == row.id)
            tx.execute(own.values(kept_at=row.kept_at - by, next_at=now()))


def catch_up(rig: Rig) -> None:
    """What the clock does."""
    pass_time(rig, timedelta(0))
    rig.db.write(amend.catch_up)


@TOGETHER
def test_an_edit_rewrites_and_keeps_what_it_was_in_the_journal(rig: Rig, together: bool) -> None:
    take(rig, [said(), changed(1, "edit", text="hello")], together=together)
    (message,) = rig.messages()
    assert (message.text, message.edited_at) == ("hello", START + timedelta(seconds=2))
    assert message.sent_at == START + timedelta(seconds=1)
    (event,) = rig.events("message.edited")
    assert event.data == {
        "message": message.id, "seq": 1, "channel": "shop", "before": "helo", "after": "hello",
    }  # fmt: skip
    assert rig.dialogs()[0].unread == 1


@TOGETHER
def test_the_newest_edit_wins_whatever_order_they_come_in(rig: Rig, together: bool) -> None:
    edits = [changed(n, "edit", at=at, text=f"version {at}") for n, at in enumerate((3, 5, 2, 4, 5))]
    take(rig, [said(), *edits], together=together)
    assert rig.said() == ["version 5"]
    assert len(rig.events("message.edited")) == 2, "version 3, then version 5"


@TOGETHER
def test_a_deletion_is_kept_and_nothing_undoes_it(rig: Rig, together: bool) -> None:
    raws = [said(), changed(1, "deletion", at=3), changed(2, "deletion", at=9), changed(3, "edit", at=9, text="back")]
    take(rig, raws, together=together)
    (message,) = rig.messages()
    assert (message.text, message.deleted_at) == ("helo", START + timedelta(seconds=3))
    assert len(rig.events("message.deleted")) == 1
    assert not rig.events("message.edited")


@TOGETHER
def test_an_edit_that_overtook_its_message_stands_for_it(rig: Rig, together: bool) -> None:
    early = [changed(1, "edit", at=4, text="four"), changed(2, "edit", at=3, text="three")]
    take(rig, [*early, said(), changed(3, "edit", at=2, text="two")], together=together)
    assert rig.said() == ["four"]
    assert rig.dialogs()[0].unread == 1
    rig.check()


@TOGETHER
def test_a_deletion_that_overtook_its_message_stands_for_it(rig: Rig, together: bool) -> None:
    early = [changed(1, "edit", at=4, text="secret"), changed(2, "deletion", at=5), changed(3, "edit", at=6, text="no")]
    take(rig, [*early, said(text="secret")], together=together)
    (message,) = rig.messages()
    assert message.deleted_at == START + timedelta(seconds=5)
    assert message.text in {"", "secret"}
    rig.check()


@TOGETHER
def test_a_reaction_and_a_report_that_overtook_their_message_find_it_later(rig: Rig, together: bool) -> None:
    early = [
        changed(1, "reaction", emoji="👍"),
        changed(2, "reaction", emoji="🔥"),
        changed(3, "report", state="read"),
    ]
    take(rig, [*early, said(direction="out")], together=together)
    catch_up(rig)
    (message,) = rig.messages()
    assert message.data["reactions"] == {"anna": "🔥"}
    assert set(message.data["delivery"]) == {"read"}
    assert [line.data["emoji"] for line in rig.events("message.reaction")] == ["👍", "🔥"]
    catch_up(rig)
    assert len(rig.events("message.reaction")) == 2
    assert rig.rows(EARLY) == []
    rig.check()


def test_what_overtook_its_message_comes_before_what_is_told_later(rig: Rig) -> None:
    rig.take(changed(1, "reaction", emoji="👍"))
    rig.take(said(), changed(2, "reaction", emoji="🔥"))
    assert rig.messages()[0].data == {"reactions": {"anna": "🔥"}}
    catch_up(rig)
    assert rig.messages()[0].data == {"reactions": {"anna": "🔥"}}


def test_a_reaction_to_our_reply_waits_until_its_key_is_known(rig: Rig) -> None:
    rig.take(said())
    rig.take(changed(1, "reaction", of="ours", emoji="👍"))
    letter = rig.letter_row(rig.letter())
    catch_up(rig)
    assert len(rig.rows(EARLY)) == 1, "not there yet"
    with rig.db.begin() as tx:
        talk.name_message(tx, letter.message_id, "shop", ["anna:ours"])
    pass_time(rig, timedelta(minutes=1))
    catch_up(rig)
    reply = next(row for row in rig.messages() if row.id == letter.message_id)
    assert reply.data == {"reactions": {"anna": "👍"}}


def test_what_no_message_comes_for_is_looked_for_ever_more_seldom_and_forgotten(rig: Rig) -> None:
    rig.take(changed(1, "reaction", of="9", emoji="👍"))
    waits = []
    for _ in range(3):
        pass_time(rig, timedelta(hours=3))
        catch_up(rig)
        (row,) = rig.rows(EARLY)
        waits.append(round((row.next_at - now()) / timedelta(hours=1)))
    assert waits == [3, 6, 6]
    assert rig.db.write(early.forget) == 0
    pass_time(rig, timedelta(days=2))
    assert rig.db.write(early.forget) == 1


def test_what_cannot_be_read_any_more_spoils_nothing_else(rig: Rig) -> None:
    rig.take(changed(1, "reaction", emoji="👍"), raw("bert", "r", "", kind="reaction", id="bert:1", emoji="🔥"))
    with rig.db.begin() as tx:
        tx.execute(EARLY.update().where(EARLY.c.external_id == "anna:1").values(data='{"type":"of old"}'))
    rig.take(said(direction="out"), raw("bert", "1"), changed(2, "report", state="read"))
    catch_up(rig)
    anna, bert = sorted(rig.messages(), key=lambda row: str(row.external_id))
    assert (set(anna.data), bert.data) == ({"delivery"}, {"reactions": {"bert": "🔥"}})
    assert rig.rows(EARLY) == []


@TOGETHER
def test_changes_under_several_keys_of_a_message_all_stay(rig: Rig, together: bool) -> None:
    rig.take(said(direction="out"))
    with rig.db.begin() as tx:
        talk.add_aliases(tx, {("shop", "anna:also"): rig.messages()[0].id})
    take(rig, [changed(1, "reaction", emoji="👍"), changed(2, "report", of="also", state="read")], together=together)
    assert set(rig.messages()[0].data) == {"reactions", "delivery"}


def test_more_than_one_look_takes_is_caught_up_with_too(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amend, "_LOOK", 2)
    monkeypatch.setattr(early, "_STEP", 2)
    rig.take(*(changed(number, "reaction", of=str(number), emoji="👍") for number in range(5)))
    pass_time(rig, timedelta(0))
    assert [rig.db.write(amend.catch_up) for _ in range(3)] == [True, True, False]
    pass_time(rig, timedelta(days=3))
    assert [rig.db.write(early.forget) for _ in range(4)] == [2, 2, 1, 0]


def test_a_change_of_a_message_nobody_knows_and_nobody_wrote_is_no_poison(rig: Rig) -> None:
    rig.take(
        changed(1, "reaction", of="9", emoji="👍"),
        changed(2, "report", of="9", state="read"),
        raw("anna", "1"),
    )
    assert rig.said() == ["hello"]
    assert rig.flow()["processed"] == 3


@TOGETHER
def test_reactions_are_one_a_person_and_can_be_taken_back(rig: Rig, together: bool) -> None:
    def react(number: int, who: str, emoji: str) -> Raw:
        return raw("anna", f"r{number}", kind="reaction", id="anna:1", emoji=emoji, **{"from": who})

    raws = [said(), react(1, "anna", "👍"), react(2, "bert", "🔥"), react(3, "anna", "❤"), react(4, "bert", "")]
    take(rig, [*raws, react(5, "bert", ""), react(6, "anna", "❤")], together=together)
    assert rig.messages()[0].data == {"reactions": {"anna": "❤"}}
    assert [line.data["emoji"] for line in rig.events("message.reaction")] == ["👍", "🔥", "❤", ""]


@TOGETHER
def test_reports_are_kept_once_each(rig: Rig, together: bool) -> None:
    reports = [
        changed(n, "report", at=at, state=state) for n, (at, state) in enumerate([(2, "delivered"), (3, "read")])
    ]
    failed = changed(7, "report", at=4, state="failed", error="mailbox full")
    take(
        rig,
        [said(direction="out"), *reports, *reports, changed(5, "report", at=9, state="read"), failed],
        together=together,
    )
    told = rig.messages()[0].data["delivery"]
    assert set(told) == {"delivered", "read", "failed", "error"}
    assert told["read"] == (START + timedelta(seconds=3)).isoformat().replace("+00:00", "Z")
    kinds = [line.type for line in rig.events() if line.type.split(".")[1] in told]
    assert kinds == ["message.delivered", "message.read", "message.failed"]


def test_a_report_of_what_a_client_wrote_says_nothing(rig: Rig) -> None:
    rig.take(said())
    rig.take(changed(1, "report", state="failed", error="forged"))
    assert rig.messages()[0].data is None


def test_a_change_of_what_we_wrote_ourselves_finds_it(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", "ours", direction="out"))
    rig.take(changed(1, "edit", of="2", text="ours, better"), changed(2, "report", of="2", state="read"))
    assert rig.said() == ["hello", "ours, better"]
    assert rig.messages()[1].data["delivery"]


def test_changes_of_many_dialogs_at_once(rig: Rig) -> None:
    people = [f"p{n}" for n in range(30)]
    rig.take(*(raw(who, "1") for who in people))
    rig.take(*(raw(who, "e", f"by {who}", kind="edit", id=f"{who}:1", at=9) for who in reversed(people)))
    assert sorted(rig.said()) == sorted(f"by {who}" for who in people)
    rig.check()


@pytest.mark.parametrize("together", [True, False])
def test_a_message_after_its_edit_brings_its_files_and_its_time(rig: Rig, together: bool) -> None:
    rig.take(raw("anna", "0", "first", at=0))
    edit = raw("anna", "e", "hello", kind="edit", id="anna:1", at=9)
    message = raw("anna", "1", "helo", at=1, reply_to="anna:0", files=[{"name": "a.png", "data": "photo"}])
    if together:
        rig.take(edit, message)
    else:
        rig.take(edit)
        rig.take(message)
    first, second = sorted(rig.messages(), key=lambda row: row.sent_at)
    assert (second.text, second.reply_to, second.data) == ("hello", first.id, None)
    assert (second.sent_at - first.sent_at).total_seconds() == 1
    assert [row.message_id for row in rig.rows(ATTACHMENTS)] == [second.id]
    rig.check()


@TOGETHER
def test_an_edit_adds_the_files_it_brings_and_keeps_the_others(rig: Rig, together: bool) -> None:
    one, two = ({"name": f"{key}.png", "data": key, "key": key} for key in ("k1", "k2"))
    raws = [
        raw("anna", "1", "", files=[one]),
        changed(2, "edit", files=[one]),
        changed(3, "edit", at=3, files=[two, one]),
        changed(4, "edit", at=4, files=[two]),
    ]
    take(rig, raws, together=together)
    files = sorted((row.position, row.name) for row in rig.rows(ATTACHMENTS))
    assert files == [(0, "k1.png"), (1, "k2.png")]
    rig.check()


@TOGETHER
def test_an_edit_that_overtook_its_message_has_its_files_once(rig: Rig, together: bool) -> None:
    file = {"name": "1.png", "data": "1", "key": "k1"}
    take(
        rig, [changed(2, "edit", text="hello", files=[file]), raw("anna", "1", "helo", files=[file])], together=together
    )
    assert [row.name for row in rig.rows(ATTACHMENTS)] == ["1.png"]
    assert rig.said() == ["hello"]
