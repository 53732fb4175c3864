"""Respond: what goes back to clients by itself, and where they can be reached."""

from datetime import timedelta

from pipeline.attach import Shelf
from pipeline.drain import Drain
from storage import signals
from storage.db import now
from storage.models import Signal
from storage.outbox import OUTBOX
from tests.fakes.channel import Fake, raw
from tests.pipeline.rig import CHANNEL, CLIENTS, IDENTITIES, Rig, Sending

SIGNALS = Signal.__table__  # type: ignore[attr-defined]


def test_a_polite_answer_goes_out_by_itself(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1", "[a file too large]", respond="too large"))
    asked, answer = rig.messages()
    assert (answer.direction, answer.text, answer.operator_id) == ("out", "too large", None)
    dialog = rig.dialogs()[0]
    assert (dialog.last_message_id, dialog.unread, dialog.last_seq) == (asked.id, 1, 2)
    sending.settle()
    assert [(call["to"], call["text"]) for call in rig.world.calls()] == [("anna", "too large")]
    rig.check()


def test_an_automatic_answer_with_no_known_end_is_held(rig: Rig) -> None:
    rig = Rig(rig.db, rig.folder, idempotent=False)
    sending = Sending(rig)
    rig.take(raw("anna", "1", "", respond="lost"))
    sending.settle()
    sending.close()
    assert [row.state for row in rig.rows(OUTBOX)] == ["unconfirmed"]


def test_history_is_answered_by_nobody(rig: Rig) -> None:
    rig.take(raw("anna", "1", "old", respond="too large", press="p", history=True))
    assert rig.said() == ["old"]
    assert rig.rows(SIGNALS) == []


def test_a_pressed_button_is_a_message_and_the_channel_hears_that_it_counts(rig: Rig, sending: Sending) -> None:
    Fake.signs.clear()
    rang: list[str] = []
    rig.drain = Drain(rig.db, rig.channels, Shelf(rig.store), rig.work, rang.extend)
    rig.take(raw("anna", "1", "Yes", press="query 7", data={"button": "y"}))
    assert rang == [CHANNEL]
    sending.settle()
    assert [(sign.kind, sign.recipient, sign.data) for sign in Fake.signs] == [("press", "anna", "query 7")]
    assert rig.rows(SIGNALS) == []
    assert rig.messages()[0].data == {"button": "y"}


def test_a_sign_that_fails_is_forgotten_and_holds_up_nothing(rig: Rig, sending: Sending) -> None:
    Fake.signs.clear()
    rig.take(raw("anna", "1", "Yes", press="broken"))
    letter = rig.letter("ok")
    sending.settle()
    sending.settle()
    assert len(Fake.signs) == 1
    assert rig.letter_row(letter).state == "sent"


def test_who_blocked_us_is_shown_and_who_writes_can_be_reached_again(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", kind="reach", reachable=False))
    assert not rig.rows(IDENTITIES)[0].reachable
    rig.take(raw("anna", "3", kind="reach", reachable=False))
    assert len(rig.events("client.unreachable")) == 1
    rig.take(raw("anna", "4", "I am back"))
    assert rig.rows(IDENTITIES)[0].reachable
    rig.take(raw("nobody", "1", kind="reach", reachable=False))
    assert len(rig.events("client.unreachable")) == 1


def test_who_writes_after_he_blocked_us_can_be_reached(rig: Rig) -> None:
    rig.take(raw("anna", "1"))
    rig.take(raw("anna", "2", kind="reach", reachable=False, at=5), raw("anna", "3", "I am back", at=9))
    assert rig.rows(IDENTITIES)[0].reachable


def test_by_which_link_somebody_allowed_us_to_write_is_kept(rig: Rig) -> None:
    rig.take(raw("anna", "1", profile={"language": "ru", "start": "spring"}), raw("bert", "1"))
    rig.take(raw("anna", "2", kind="reach", reachable=True, profile={"start": "autumn"}))
    rig.take(raw("nobody", "1", kind="reach", reachable=True, profile={"start": "autumn"}))
    profiles = {row.address: row.profile for row in rig.rows(IDENTITIES)}
    assert profiles == {"anna": {"language": "ru", "start": "autumn"}, "bert": {}}
    assert not rig.events("client.reachable"), "she could be written to before"


def test_the_link_is_kept_too_of_who_writes_at_once(rig: Rig) -> None:
    """What was told before he wrote says nothing of whether he can be reached now, but where he came from."""
    allowed = raw("anna", "1", kind="reach", reachable=True, profile={"start": "autumn"}, at=5)
    rig.take(allowed, raw("anna", "2", "hello", at=9))
    (anna,) = rig.rows(IDENTITIES)
    assert (anna.profile, anna.reachable) == ({"start": "autumn"}, True)


def test_who_moved_is_the_same_client_and_his_letters_follow(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"))
    letter = rig.letter("ok")
    rig.take(raw("anna", "2", kind="move", before="anna", after="anna2"))
    rig.take(raw("anna2", "1", "my new place"))
    assert len(rig.dialogs()) == 1
    assert rig.letter_row(letter).recipient == "anna2"
    rig.take(raw("anna2", "2", kind="move", before="anna", after="anna2"))
    assert len(rig.events("client.moved")) == 1
    sending.settle()
    assert [call["to"] for call in rig.world.calls()] == ["anna2"]
    rig.check()


def test_what_the_source_tells_of_people_is_kept(rig: Rig) -> None:
    proofs = [["phone", "+79990001122"]]
    rig.take(raw("anna", "1", profile={"start": "promo", "language": "ru"}))
    rig.take(raw("anna", "2", profile={"language": "en"}, proofs=proofs))
    assert rig.rows(IDENTITIES)[0].profile == {"start": "promo", "language": "en"}
    assert rig.rows(CLIENTS)[0].phone == "+79990001122"
    rig.take(raw("bert", "1", proofs=proofs))
    assert len(rig.dialogs()) == 1, "a proven number joins his identities"


def test_who_of_a_group_wrote_is_kept(rig: Rig) -> None:
    rig.take(raw("group", "1", author="Anna", data={"quote": "x"}))
    assert rig.messages()[0].data == {"author": "Anna", "quote": "x"}


def test_signals_nobody_takes_go_when_they_are_stale(rig: Rig) -> None:
    rig.take(raw("anna", "1", "Yes", press="query 7"))
    with rig.db.begin() as tx:
        signals.forget(tx)
    assert len(rig.rows(SIGNALS)) == 1
    with rig.db.begin() as tx:
        tx.execute(SIGNALS.update().values(created_at=now() - timedelta(minutes=1)))
        signals.forget(tx)
    assert rig.rows(SIGNALS) == []
