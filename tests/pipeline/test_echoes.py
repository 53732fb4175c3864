"""Echoes: what we said ourselves comes back as no new message, and as proof that it arrived."""

import pytest
from sqlalchemy import update

from storage import outbox
from storage.outbox import OUTBOX
from tests.fakes.channel import Fake, raw
from tests.pipeline.rig import Rig, Sending


def number(rig: Rig, letter: int) -> int:
    return outbox.number_of(outbox.key_of(rig.letter_row(letter)))


def echo(rig: Rig, letter: int, key: str = "e") -> None:
    rig.take(raw("anna", key, "ok", direction="out", echo=number(rig, letter)))


@pytest.fixture
def letter(rig: Rig) -> int:
    rig.take(raw("anna", "1"))
    return rig.letter("ok")


def test_an_echo_before_the_answer_is_no_message_of_its_own(rig: Rig, letter: int, sending: Sending) -> None:
    Fake.during = lambda _: echo(rig, letter)
    sending.settle()
    assert rig.said() == ["hello", "ok"]
    assert rig.letter_row(letter).state == "sent"
    # Both names lead to it: that of the echo, and that of the receipt.
    rig.take(raw("anna", "2", "what?", reply_to="anna:e"), raw("anna", "3", "why?", reply_to=f"their-{letter}"))
    _, ours, *answers = rig.messages()
    assert [answer.reply_to for answer in answers] == [ours.id, ours.id]


@pytest.mark.parametrize("state", ["unconfirmed", "queued", "held", "failed"])
def test_an_echo_settles_what_nobody_knew_the_end_of(rig: Rig, letter: int, state: str) -> None:
    with rig.db.begin() as tx:
        tx.execute(update(OUTBOX).values(state=state, error="no answer"))
    echo(rig, letter)
    row = rig.letter_row(letter)
    assert (row.state, row.receipt, row.error) == ("sent", ["anna:e"], None)
    assert [line.data["letter"] for line in rig.events("message.sent")] == [letter]
    echo(rig, letter)
    assert len(rig.events("message.sent")) == 1
    rig.check()


def test_an_echo_is_known_however_much_was_said_since(rig: Rig, letter: int, sending: Sending) -> None:
    for batch in range(3):
        rig.take(*(raw("anna", f"more {batch} {n}", "and more") for n in range(100)))
    Fake.during = lambda _: echo(rig, letter)
    sending.settle()
    assert rig.said().count("ok") == 1


def test_where_no_number_is_told_the_text_of_what_is_under_way_counts(rig: Rig, letter: int, sending: Sending) -> None:
    Fake.during = lambda _: rig.take(raw("anna", "e", "[below] ok", direction="out", echo="ok"))
    sending.settle()
    # By somebody else's hand: nothing with this text is under way.
    rig.take(raw("anna", "f", "[below] ok", direction="out", echo="ok"))
    assert rig.said() == ["hello", "ok", "[below] ok"]
    assert rig.letter_row(letter).state == "sent"


def test_a_letter_known_to_be_out_is_nobodys_echo_by_its_text(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"))
    letter = rig.letter("lost ok")
    sending.settle()
    assert rig.letter_row(letter).state == "sent"
    rig.take(raw("anna", "f", "by another hand", direction="out", echo="lost ok"))
    assert "by another hand" in rig.said()


def test_what_somebody_wrote_elsewhere_is_a_message(rig: Rig, letter: int) -> None:
    rig.take(raw("anna", "e", "from the page", direction="out", echo=number(rig, letter) ^ 1))
    rig.take(raw("anna", "f", "from the phone", direction="out"))
    rig.take(raw("bert", "e", "to another", direction="out", echo=number(rig, letter)))
    assert sorted(rig.said()) == ["from the page", "from the phone", "hello", "ok", "to another"]


def test_numbers_are_never_zero_and_fit_31_bits() -> None:
    numbers = {outbox.number_of(f"okno-{n}-17") for n in range(10_000)}
    assert len(numbers) > 9_990
    assert all(0 < n < 2**31 for n in numbers)
