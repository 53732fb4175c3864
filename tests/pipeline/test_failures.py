"""A reply that never arrives: days may have gone by, and the dialog be settled; whoever owns it has to know."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from connectors.base import Raw
from dialogs import desk, queues, work
from dialogs.access import Staff
from storage import operators, outbox, talk, tasks
from storage.db import now
from storage.outbox import OUTBOX
from storage.tasks import TASKS
from tasks import board
from tests.fakes.channel import raw
from tests.pipeline.rig import Rig, Sending
from tests.tasks.desk import HOURS


def report(number: int, state: str, error: str = "") -> Raw:
    return raw("anna", f"report {number}", "", kind="report", id="anna:2", state=state, at=2, error=error)


def owner(rig: Rig, dialog_id: int = 1) -> Staff:
    """Somebody who owns the dialog."""
    with rig.db.begin() as tx:
        row = operators.create(tx, "Owner", "operator")
    staff = Staff(row.id, row.name, row.role)
    wish = desk.Wish(assigns=True, assignee=staff.id)
    work.perform(rig.db, staff, lambda job: desk.change(job, dialog_id, wish))
    return staff


def retry(rig: Rig, staff: Staff, letter: int) -> None:
    """An operator tries it again."""
    work.perform(rig.db, staff, lambda job: queues.retry(job, letter))


def states(rig: Rig) -> list[str]:
    return [row.status for row in rig.rows(TASKS)]


def test_one_that_is_refused_for_good_brings_its_dialog_back(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"), raw("bert", "1"))
    lost = rig.letter("rejected")
    rig.resolve()
    sending.sweep()
    assert rig.letter_row(lost).state == "failed"
    own = rig.letter_row(lost).dialog_id
    assert {row.dialog_id: row.status for row in rig.episodes()} == {own: "open", 3 - own: "resolved"}
    assert [line.dialog_id for line in rig.events("dialog.reopened")] == [own]
    rig.check()


@pytest.mark.parametrize(
    ("text", "automatic", "state"),
    [("ok", False, "sent"), ("unavailable", False, "queued"), ("rejected", True, "failed")],
)
def test_one_that_nobody_waits_for_does_not(rig: Rig, sending: Sending, text: str, automatic: bool, state: str) -> None:
    rig.take(raw("anna", "1"))
    rig.letter(text, automatic=automatic)
    rig.resolve()
    sending.sweep()
    assert [row.state for row in rig.rows(OUTBOX)] == [state]
    assert [row.status for row in rig.episodes()] == ["resolved"]
    assert states(rig) == []


def test_one_that_comes_back_brings_its_dialog_back_once(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", direction="out"))
    rig.resolve()
    rig.take(report(1, "delivered"))
    assert [row.status for row in rig.episodes()] == ["resolved"]
    rig.take(report(2, "failed"), report(3, "failed"))
    assert [row.status for row in rig.episodes()] == ["open"]
    assert len(rig.events("dialog.reopened")) == 1
    rig.check()


def test_one_whose_time_ran_out_in_a_call_nobody_heard_the_end_of_is_lost_too(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"))
    letter = rig.letter("ok")
    rig.resolve()
    with rig.db.begin() as tx:
        long_ago = now() - timedelta(days=30)
        values: dict[str, Any] = {"state": "sending", "worker": "gone", "attempts": 1, "expires_at": long_ago}
        tx.execute(update(OUTBOX).values(**values, send_at=long_ago))
    sending.sweep()
    assert rig.letter_row(letter).state == "failed"
    assert [row.status for row in rig.episodes()] == ["open"]
    assert states(rig) == ["open"]
    rig.check()


# ---- as a task ----


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("rejected ok, I will", "Reach the client another way: the reply did not arrive (the channel says rejected)"),
        (
            "rejected ok хорошо",
            "Связаться с клиентом другим путём: ответ не дошёл (the channel says rejected)",
        ),
    ],
)
def test_a_lost_reply_is_its_owner_s_task_until_it_is_sent(rig: Rig, sending: Sending, text: str, title: str) -> None:
    rig.take(raw("anna", "1"))
    staff = owner(rig)
    lost = rig.letter(text)
    sending.sweep()
    (task,) = rig.rows(TASKS)
    message = rig.letter_row(lost).message_id
    assert (task.dialog_id, task.kind, task.status, task.origin) == (1, "request", "open", "delivery")
    assert (task.title, task.assignee_id, task.source_message_id) == (title, staff.id, message)
    assert task.evidence == [{"message": message, "start": 0, "end": len(text), "text": text}]
    (made,) = rig.events("task.created")
    assert (made.actor, made.data["task"]) == ("system", task.id)
    retry(rig, staff, lost)
    sending.sweep()
    assert rig.letter_row(lost).state == "sent"
    (line,) = rig.events("task.changed")
    assert line.data == {
        "task": task.id, "before": {"status": "open"}, "after": {"status": "done"}, "message": message,
        "reason": "the reply was sent",
    }  # fmt: skip
    (done,) = rig.rows(TASKS)
    assert (line.actor, done.status) == ("system", "done")
    assert done.closed_at is not None
    rig.check()


def test_many_lost_letters_of_one_reply_are_one_task_that_ends_with_the_last(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"))
    staff = owner(rig)
    first = rig.letter("rejected rejected ok")
    message = rig.letter_row(first).message_id
    with rig.db.begin() as tx:
        new = outbox.NewLetter(message, 1, 1, "shop", "anna", "send", {"text": "rejected ok"}, now())
        outbox.put(tx, [new])
    second = first + 1
    sending.settle()
    assert states(rig) == ["open"]
    for letter, status in ((first, "open"), (second, "open"), (first, "done")):
        retry(rig, staff, letter)
        sending.settle()
        assert states(rig) == [status], letter
    assert len(rig.events("task.created")) == len(rig.events("task.changed")) == 1
    rig.check()


def test_one_that_comes_back_is_a_task_once(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", "Добрый день", direction="out"))
    rig.take(report(1, "failed", "550 5.1.1\n  user   unknown"), report(2, "failed", "again"))
    (task,) = rig.rows(TASKS)
    assert task.title == "Связаться с клиентом другим путём: ответ не дошёл (550 5.1.1 user unknown)"
    assert task.assignee_id is None
    rig.check()


def test_a_long_reason_is_cut_and_none_is_left_out(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", "hi", direction="out"), report(1, "failed", "x" * 500))
    rig.take(raw("bert", "1"), raw("bert", "2", "", direction="out"))
    rig.take(raw("bert", "r", "", kind="report", id="bert:2", state="failed"))
    long, bare = (row.title for row in rig.rows(TASKS))
    plain = "Reach the client another way: the reply did not arrive"
    assert (long, bare) == (f"{plain} ({'x' * 79}…)", plain)


def test_what_a_machine_wrote_is_nobody_s_task_when_it_comes_back(rig: Rig) -> None:
    rig.take(raw("anna", "1"), raw("anna", "2", "I am away", direction="out", automatic=True), report(1, "failed"))
    rig.take(raw("bert", "1"))
    rig.letter("hello", to="bert", automatic=True)
    (greeting,) = [row for row in rig.messages() if row.text == "hello" and row.direction == "out"]
    with rig.db.begin() as tx:
        talk.name_message(tx, greeting.id, "shop", ["bert:2"])
    rig.take(raw("bert", "r", "", kind="report", id="bert:2", state="failed"))
    assert states(rig) == []


def test_an_echo_proves_that_it_arrived(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"))
    lost = rig.letter("rejected")
    sending.sweep()
    number = outbox.number_of(outbox.key_of(rig.letter_row(lost)))
    rig.take(raw("anna", "e", "rejected", direction="out", echo=number))
    assert states(rig) == ["done"]
    rig.check()


def test_one_that_fails_once_more_is_to_be_done_once_more(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"))
    staff = owner(rig)
    lost = rig.letter("rejected same")
    sending.sweep()
    retry(rig, staff, lost)
    sending.sweep()
    assert states(rig) == ["done"]
    rig.take(raw("anna", "r", "", kind="report", id="the same", state="failed"))
    assert states(rig) == ["open"]
    assert len(rig.events("task.created")) == 1
    # It came back from where it went: that it goes again does not mean that it stays there.
    with rig.db.begin() as tx:
        tx.execute(update(OUTBOX).values(state="failed"))
    retry(rig, staff, lost)
    sending.sweep()
    assert states(rig) == ["open"]
    rig.check()


def test_what_an_operator_said_of_it_stays(rig: Rig, sending: Sending) -> None:
    rig.take(raw("anna", "1"))
    staff = owner(rig)

    def says(number: int, status: str) -> None:
        wish = board.Wish({"status": status})
        work.perform(rig.db, staff, lambda job: board.change(job, number, wish, HOURS))

    first = rig.letter("rejected ok")
    sending.sweep()
    says(1, "cancelled")
    says(1, "open")
    retry(rig, staff, first)
    sending.sweep()
    assert states(rig) == ["open"]
    second = rig.letter("rejected rejected")
    sending.sweep()
    says(2, "done")
    retry(rig, staff, second)
    sending.sweep()
    assert states(rig) == ["open", "done"]
    with rig.db.read() as tx:
        assert {row.owned[0] for row in tx.execute(TASKS.select())} == {"status"}
        assert tasks.open_of(tx, [1]) == {1: 1}
