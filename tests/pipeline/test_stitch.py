"""Stitch: what was said stands in one dialog a client, in the right episode, once, whatever the batches look like."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.base import Raw
from storage import talk
from storage.db import now
from storage.talk import EPISODES
from tests.fakes.channel import START, Fake, raw
from tests.pipeline.rig import Rig

DAY = 86400


def take(rig: Rig, raws: list[Raw], *, together: bool) -> None:
    """All in one batch, or one by one."""
    for lot in [raws] if together else [[each] for each in raws]:
        rig.take(*lot)


TOGETHER = pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])


# ---- messages ----


@TOGETHER
def test_arrival_gives_the_number_and_the_source_its_own_time(rig: Rig, together: bool) -> None:
    take(rig, [raw("anna", "1", at=30), raw("anna", "2", at=10), raw("anna", "3", at=20)], together=together)
    found = [(row.external_id, row.seq, (row.sent_at - START).total_seconds()) for row in rig.messages()]
    assert found == [("anna:1", 1, 30), ("anna:2", 2, 10), ("anna:3", 3, 20)]
    (dialog,) = rig.dialogs()
    assert (dialog.last_seq, dialog.last_in_seq, dialog.unread) == (3, 3, 3)
    assert dialog.last_at == START + timedelta(seconds=30)


def test_a_source_whose_clock_is_ahead_does_not_stay_last_for_ever(rig: Rig) -> None:
    rig.take(raw("anna", "1", at=100 * DAY))
    assert rig.messages()[0].sent_at <= now()


@TOGETHER
def test_repeats_change_nothing(rig: Rig, together: bool) -> None:
    first, again = raw("anna", "1", "first"), raw("anna", "x", "again", id="anna:1")
    take(rig, [first, again, raw("anna", "2", "next")], together=together)
    assert rig.said() == ["first", "next"]
    assert [row.seq for row in rig.messages()] == [1, 2]
    assert rig.dialogs()[0].unread == 2
    rig.check()


@pytest.mark.parametrize(
    "text",
    ["", "NUL \0 inside", "half \ud800 a pair", "x" * 1_000_000, "Ж" * 500_000, "\u202edesrever", "{}[]\\\"'%s :name"],
    ids=["empty", "nul", "surrogate", "a megabyte", "a megabyte of Ж", "bidi", "marks"],
)
def test_any_text_is_kept_up_to_what_no_database_takes(rig: Rig, text: str) -> None:
    rig.take(raw("anna", "1", text), raw("anna", "2", "neighbour"))
    assert rig.said() == [text.replace("\0", "\ufffd").replace("\ud800", "\ufffd"), "neighbour"]
    assert not rig.parked()


@TOGETHER
def test_an_answer_finds_what_it_answers(rig: Rig, together: bool) -> None:
    raws = [raw("anna", "1"), raw("anna", "2", reply_to="anna:1"), raw("anna", "3", reply_to="anna:9")]
    take(rig, raws, together=together)
    one, two, three = rig.messages()
    assert (one.reply_to, two.reply_to, three.reply_to) == (None, one.id, None)


def test_what_our_side_wrote_elsewhere_is_neither_unread_nor_the_client_s(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", "ours", direction="out"))
    (dialog,) = rig.dialogs()
    assert (dialog.last_seq, dialog.last_in_seq, dialog.unread) == (2, 1, 1)
    assert [line.actor for line in rig.events("message.received")] == ["client:1", "system"]
    rig.check()


def test_files_come_with_their_message(rig: Rig) -> None:
    files = [{"name": "a.txt", "data": "one"}, {"name": "b.txt", "data": "two"}]
    rig.take(raw("anna", "1", files=files), raw("anna", "2"))
    found = rig.rows(talk.MESSAGES.metadata.tables["attachments"])
    assert sorted((row.name, row.position, row.size, row.message_id) for row in found) == [
        ("a.txt", 0, 3, rig.messages()[0].id),
        ("b.txt", 1, 3, rig.messages()[0].id),
    ]
    assert {rig.store.path(row.sha256).read_text() for row in found} == {"one", "two"}


def test_a_raw_may_hold_several_things(rig: Rig) -> None:
    told = [
        {"id": "1", "text": "one"},
        {"id": "2", "text": "two"},
        {"id": "1", "kind": "edit", "text": "one!", "at": 5},
    ]
    rig.take(raw("anna", "1", all=told), raw("anna", "2", all=[]))
    assert rig.said() == ["one!", "two"]
    assert rig.flow()["processed"] == 2


# ---- episodes ----


@TOGETHER
@pytest.mark.parametrize(
    ("reopen", "numbers"),
    [("always", [1, 1, 1, 1]), ("within", [1, 1, 1, 1]), ("new", [1, 1, 2, 2])],
)
def test_a_message_after_the_work_was_done(
    db: Any, tmp_path: Any, together: bool, reopen: str, numbers: list[int]
) -> None:
    rig = Rig(db, tmp_path, reopen=reopen)
    take(rig, [raw("anna", "1", at=1), raw("anna", "2", at=2)], together=together)
    rig.resolve()
    take(rig, [raw("anna", "3", at=3), raw("anna", "4", at=4)], together=together)
    episodes = {row.id: row for row in rig.episodes()}
    assert [episodes[row.episode_id].number for row in rig.messages()] == numbers
    assert [row.status for row in rig.episodes()] == ["resolved", "open"][-len(episodes) :]
    assert rig.dialogs()[0].episode_id == max(episodes)
    kinds = [line.type for line in rig.events() if line.type.startswith("dialog.")]
    assert kinds == ["dialog.opened", "dialog.reopened" if len(episodes) == 1 else "dialog.opened"]
    rig.check()


def test_after_the_time_to_reopen_a_new_episode_begins(db: Any, tmp_path: Any) -> None:
    rig = Rig(db, tmp_path, reopen="within", reopen_within=60)
    rig.take(raw("anna", "1"))
    rig.resolve()
    with rig.db.begin() as tx:
        tx.execute(EPISODES.update().values(resolved_at=now() - timedelta(hours=3)))
    rig.take(raw("anna", "2", at=3500))
    assert [(row.number, row.status) for row in rig.episodes()] == [(1, "resolved"), (2, "open")]


def test_a_repeat_reopens_nothing(rig: Rig) -> None:
    rig.take(raw("anna", "1"))
    rig.resolve()
    rig.take(raw("anna", "again", id="anna:1"))
    assert rig.episodes()[0].status == "resolved"
    assert rig.dialogs()[0].unread == 1


# ---- history ----


@TOGETHER
def test_history_opens_nothing_and_is_not_unread(rig: Rig, together: bool) -> None:
    raws = [raw("anna", str(n), at=n - 400 * DAY, history=True) for n in range(3)]
    take(rig, raws, together=together)
    (episode,) = rig.episodes()
    (dialog,) = rig.dialogs()
    assert episode.status == "resolved"
    assert dialog.unread == 0
    assert len(rig.messages()) == 3
    assert not rig.events("dialog.opened")
    assert dialog.last_at == START + timedelta(seconds=2 - 400 * DAY), "a list by time shows it among the old ones"
    rig.check()


@TOGETHER
def test_history_joins_what_is_there_and_wakes_nobody(rig: Rig, together: bool) -> None:
    rig.take(raw("anna", "9", "live", at=9))
    rig.resolve()
    take(rig, [raw("anna", str(n), at=n - 400 * DAY, history=True) for n in range(2)], together=together)
    (episode,) = rig.episodes()
    assert episode.status == "resolved"
    assert rig.dialogs()[0].unread == 1
    assert rig.dialogs()[0].last_at == START + timedelta(seconds=9)
    rig.check()


@TOGETHER
@pytest.mark.parametrize("reopen", ["always", "within", "new"])
def test_a_new_word_after_history_opens_an_episode(db: Any, tmp_path: Any, together: bool, reopen: str) -> None:
    rig = Rig(db, tmp_path, reopen=reopen)
    read: list[object] = []
    Fake.reading = read.append
    old = raw("anna", "1", at=-400 * DAY, history=True)
    take(rig, [old, raw("anna", "2", "live"), raw("anna", "3", "live too")], together=together)
    assert rig.episodes()[-1].status == "open"
    assert len(rig.episodes()) == (1 if reopen == "always" else 2)
    assert rig.dialogs()[0].unread == 2
    assert len(read) == 3, "nothing had to be tried again"
    assert rig.messages()[-1].episode_id == rig.dialogs()[0].episode_id == rig.episodes()[-1].id
    rig.check()
