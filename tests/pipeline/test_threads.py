"""Threads: an answer finds its message where its sender belongs, and nobody gets into a dialog by naming a key."""

import pytest

from connectors.base import Raw
from storage import operators, participants, talk
from tests.fakes.channel import raw
from tests.pipeline.rig import CHANNEL, Rig

TOGETHER = pytest.mark.parametrize("together", [True, False], ids=["one batch", "one by one"])


def take(rig: Rig, *raws: Raw, together: bool) -> None:
    for lot in [raws] if together else [(each,) for each in raws]:
        rig.take(*lot)


@TOGETHER
def test_an_answer_names_what_it_answers_by_any_key(rig: Rig, together: bool) -> None:
    first = raw("anna", "1", aliases=["<a@x>"])
    take(rig, first, raw("anna", "2", "more", answers=["<gone@x>", "<a@x>"]), together=together)
    one, two = rig.messages()
    assert two.reply_to == one.id
    rig.check()


def test_the_likeliest_candidate_counts(rig: Rig) -> None:
    rig.take(raw("anna", "1", aliases=["<a@x>"]), raw("anna", "2", aliases=["<b@x>"]))
    rig.take(raw("anna", "3", answers=["<b@x>", "<a@x>"]))
    assert rig.messages()[2].reply_to == rig.messages()[1].id


@TOGETHER
def test_who_names_a_message_of_somebody_else_stays_in_his_own_dialog(rig: Rig, together: bool) -> None:
    """Guessed, leaked or forwarded: he sees nothing of it, and nobody takes his words for the client's."""
    take(rig, raw("anna", "1", aliases=["<a@x>"]), raw("eve", "1", "me too", answers=["<a@x>"]), together=together)
    assert len(rig.dialogs()) == 2
    anna, eve = rig.messages()
    assert (anna.dialog_id, eve.dialog_id) == tuple(row.id for row in rig.dialogs())
    assert eve.reply_to is None
    if not together:
        assert eve.data["claims"] == anna.dialog_id


def test_who_was_admitted_joins_the_dialog_under_his_own_name(rig: Rig) -> None:
    rig.take(raw("anna", "1", aliases=["<a@x>"]))
    with rig.db.begin() as tx:
        assert participants.admit(tx, rig.dialogs()[0].id, CHANNEL, "bert")
        assert not participants.admit(tx, rig.dialogs()[0].id, CHANNEL, "bert")
    rig.take(raw("bert", "1", "I am her husband", answers=["<a@x>"]), raw("bert", "2", "and on my own account"))
    anna, bert, own = rig.messages()
    assert (bert.dialog_id, bert.reply_to) == (anna.dialog_id, anna.id)
    assert bert.identity_id not in {None, anna.identity_id}
    assert own.dialog_id != anna.dialog_id
    rig.check()


def test_a_key_sent_ahead_of_the_victim_s_mail_takes_nothing_from_him(rig: Rig) -> None:
    rig.take(raw("eve", "1", "first!", aliases=["<a@x>"]))
    rig.take(raw("anna", "1", "hello", aliases=["<a@x>"]))
    rig.take(raw("anna", "2", "and more", answers=["<a@x>"]))
    assert rig.said() == ["first!", "hello", "and more"]
    assert [row.dialog_id for row in rig.messages()] == [1, 2, 2]


DOUBTED = {"claimed": "anna"}


@TOGETHER
def test_who_is_doubted_is_held_apart(rig: Rig, together: bool) -> None:
    take(rig, raw("anna", "1"), raw("anna (unproven)", "1", "pay me", **DOUBTED), together=together)
    anna, eve = rig.messages()
    assert eve.dialog_id != anna.dialog_id
    assert (eve.data["held"], eve.data["claims"]) == (True, anna.dialog_id)
    assert anna.data is None
    rig.check()


def test_who_is_doubted_and_bears_nobody_s_name_is_held_all_the_same(rig: Rig) -> None:
    rig.take(raw("anna (unproven)", "1", "hello", answers=["<a@x>"], **DOUBTED))
    (only,) = rig.messages()
    assert (only.data["held"], "claims" in only.data) == (True, False)


def test_who_is_doubted_answers_nobody(rig: Rig) -> None:
    rig.take(raw("anna", "1", aliases=["<a@x>"]))
    rig.take(raw("anna (unproven)", "1", "yes, send it", answers=["<a@x>"], **DOUBTED))
    anna, eve = rig.messages()
    assert eve.dialog_id != anna.dialog_id
    assert eve.reply_to is None


def test_who_was_doubted_and_admitted_is_in_the_dialog(rig: Rig) -> None:
    rig.take(raw("anna", "1", aliases=["<a@x>"]))
    rig.take(raw("anna (unproven)", "1", "hello?", **DOUBTED))
    with rig.db.begin() as tx:
        participants.admit(tx, rig.dialogs()[0].id, CHANNEL, "anna (unproven)")
    rig.take(raw("anna (unproven)", "2", "at last", answers=["<a@x>"], **DOUBTED))
    rig.take(raw("anna (unproven)", "3", "and more", **DOUBTED))
    anna, answer, more, _ = rig.messages()
    assert (answer.dialog_id, answer.reply_to, more.dialog_id) == (anna.dialog_id, anna.id, anna.dialog_id)
    assert (answer.data, more.data) == (None, None)
    rig.check()


def test_who_was_admitted_where_he_stands_is_held_no_longer(rig: Rig) -> None:
    rig.take(raw("anna (unproven)", "1", **DOUBTED))
    with rig.db.begin() as tx:
        participants.admit(tx, rig.dialogs()[0].id, CHANNEL, "anna (unproven)")
    rig.take(raw("anna (unproven)", "2", **DOUBTED))
    first, second = rig.messages()
    assert first.dialog_id == second.dialog_id
    assert second.data is None


def test_what_we_wrote_ourselves_is_not_shown_again(rig: Rig) -> None:
    rig.take(raw("anna", "1"))
    with rig.db.begin() as tx:
        operators.enlist(tx, "Olga", "operator")
    letter = rig.letter_row(rig.letter())
    with rig.db.begin() as tx:
        tx.execute(talk.MESSAGES.update().where(talk.MESSAGES.c.id == letter.message_id).values(operator_id=1))
        talk.name_message(tx, letter.message_id, CHANNEL, ["<ours@shop>"])
    rig.take(
        raw("shop", "1", "ok", aliases=["<ours@shop>"], ours=True),
        raw("shop", "2", "form", aliases=["<form@x>"], ours=True),
        raw("anna", "2", "stolen", aliases=["<ours@shop>"]),
    )
    assert sorted(rig.said()) == ["form", "hello", "ok", "stolen"], "only what bears our name can be ours"
    assert rig.flow()["processed"] == 4


def test_what_a_machine_wrote_opens_nothing_and_is_not_unread(rig: Rig) -> None:
    rig.take(raw("anna", "1"))
    rig.resolve()
    rig.take(raw("anna", "2", "I am on holiday", automatic=True))
    assert [row.status for row in rig.episodes()] == ["resolved"]
    assert rig.dialogs()[0].unread == 1
    assert len(rig.messages()) == 2
