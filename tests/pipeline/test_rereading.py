"""Rereading: a message that is edited or taken back puts right what it had done, and nothing that was decided since."""

from datetime import date, timedelta
from typing import Any

import pytest

from dialogs import rewriting, work
from dialogs.writing import Draft
from storage.tasks import CHANGES
from storage.triage import LATELY
from tasks.calendar import Calendar
from tests.dialogs.scene import whole
from tests.fakes.channel import raw
from tests.pipeline.listeners import ASKED, titles, today, waiting
from tests.pipeline.rig import Rig
from tests.tasks.desk import Desk

GREETING = "Здравствуйте!"
PRINTER, MEND_IT = "Не работает принтер.", "Почините его, пожалуйста."


def says(rig: Rig, key: str, text: str, at: int = 0, **more: Any) -> None:
    rig.take(raw("anna", key, text, at=at, **more))
    rig.read()


def edits(rig: Rig, key: str, text: str, at: int = 1000) -> None:
    says(rig, f"{key} again at {at}", text, at, kind="edit", id=f"anna:{key}")


def deletes(rig: Rig, key: str, at: int = 2000) -> None:
    says(rig, f"{key} no more", "", at, kind="deletion", id=f"anna:{key}")


def history(rig: Rig, number: int) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    """What machines changed of a task, after it was made."""
    rows = [row for row in rig.rows(CHANGES) if row.task_id == number and row.actor == "rule"]
    return [(row.before, row.after, row.reason) for row in rows[1:]]


def friday(at: int = 0) -> date:
    day = today(at)
    return day + timedelta(days=(4 - day.weekday() - 1) % 7 + 1)


# ---- the tasks it made ----


def test_in_other_words_a_task_keeps_its_number(rig: Rig) -> None:
    says(rig, "1", ASKED)
    text = "Добрый день! Пришлите счёт за ноябрь до пятницы."
    edits(rig, "1", text)
    (task,) = rig.tasks()
    assert ("ноябрь" in task.title, task.status, task.due_date) == (True, "open", friday())
    assert task.due_at is not None
    (proof,) = task.evidence
    assert text[proof["start"] : proof["end"]] == proof["text"]
    ((before, after, reason),) = history(rig, task.id)
    assert (before["due"], after["due"], reason) == (None, friday().isoformat(), "edited")
    (event,) = rig.events("task.changed")
    assert (event.data["reason"], event.data["message"]) == ("edited", rig.messages()[0].id)
    rig.check()


def test_what_says_nothing_any_more_is_cancelled_and_comes_back_with_its_words(rig: Rig) -> None:
    says(rig, "1", ASKED)
    edits(rig, "1", GREETING)
    (task,) = rig.tasks()
    assert task.status == "cancelled"
    assert task.closed_at is not None
    assert history(rig, task.id) == [({"status": "open"}, {"status": "cancelled"}, "edited")]
    edits(rig, "1", ASKED, at=1001)
    (task,) = rig.tasks()
    assert (task.status, task.closed_at) == ("open", None)
    rig.check()


def test_another_thing_is_another_task(rig: Rig) -> None:
    says(rig, "1", ASKED)
    edits(rig, "1", "Закажите пропуск на вторник.")
    first, second = rig.tasks()
    assert (first.status, second.status) == ("cancelled", "open")
    assert "пропуск" in second.title
    rig.check()


def test_of_two_things_each_keeps_its_own_task(rig: Rig) -> None:
    says(rig, "1", "Пришлите счёт за октябрь. И закажите пропуск на вторник.")
    bill, entry = rig.tasks()
    edits(rig, "1", "Закажите пропуск на среду. И пришлите счёт за октябрь.")
    assert len(rig.tasks()) == 2
    assert ["счёт" in title for title in titles(rig)] == ["счёт" in bill.title, "счёт" in entry.title]
    assert {task.status for task in rig.tasks()} == {"open"}
    rig.check()


def test_a_message_that_is_taken_back_takes_its_tasks_along(rig: Rig) -> None:
    says(rig, "1", ASKED)
    says(rig, "2", "Закажите пропуск на вторник.", at=900)
    deletes(rig, "1")
    gone, other = rig.tasks()
    assert (gone.status, other.status) == ("cancelled", "open")
    assert history(rig, gone.id) == [({"status": "open"}, {"status": "cancelled"}, "deleted")]
    rig.check()


def test_the_same_words_again_are_no_news(rig: Rig) -> None:
    says(rig, "1", "Пришлите счёт за октябрь. И закажите пропуск на вторник.")
    says(rig, "2", "Отбой, счёт не нужен.", at=600)
    before = rig.rows(CHANGES)
    edits(rig, "1", "Пришлите счёт за октябрь. И закажите пропуск на вторник.")
    edits(rig, "2", "Отбой, счёт не нужен.")
    assert rig.rows(CHANGES) == before


def test_what_a_later_message_did_stays(rig: Rig, desk: Desk) -> None:
    says(rig, "1", ASKED)
    desk.replies(desk.operator(), rig.dialogs()[0].id, "Счёт отправили.", channel="shop")
    rig.read()
    edits(rig, "1", "Пришлите, пожалуйста, счёт за ноябрь.")
    (task,) = rig.tasks()
    assert (task.status, "ноябрь" in task.title) == ("done", True)
    deletes(rig, "1")
    assert rig.tasks()[0].status == "done", "what is done is done"
    rig.check()


def test_what_was_said_long_ago_opens_nothing_when_it_is_edited(rig: Rig) -> None:
    long_ago = -int(LATELY.total_seconds()) - 100
    says(rig, "1", GREETING, at=long_ago)
    edits(rig, "1", ASKED)
    assert rig.tasks() == []
    assert waiting(rig) == []


# ---- the tasks of others ----


@pytest.mark.parametrize("how", ["edit", "deletion"])
def test_a_task_it_had_closed_is_open_again(rig: Rig, how: str) -> None:
    says(rig, "1", ASKED)
    says(rig, "2", "Отбой, счёт не нужен.", at=600)
    assert rig.tasks()[0].status == "cancelled"
    edits(rig, "2", "Спасибо!") if how == "edit" else deletes(rig, "2")
    (task,) = rig.tasks()
    assert (task.status, task.closed_at) == ("open", None)
    assert history(rig, task.id)[-1] == (
        {"status": "cancelled"}, {"status": "open"}, {"edit": "edited", "deletion": "deleted"}[how]
    )  # fmt: skip
    rig.check()


def test_a_day_it_had_moved_is_the_one_before(rig: Rig) -> None:
    says(rig, "1", "Подготовьте договор к среде.")
    (before,) = rig.tasks()
    says(rig, "2", "Давайте перенесём договор на пятницу.", at=600)
    (moved,) = rig.tasks()
    assert moved.due_date != before.due_date
    deletes(rig, "2")
    (task,) = rig.tasks()
    names = ("due_date", "due_at", "due_phrase", "evidence", "source_message_id", "status")
    assert [getattr(task, name) for name in names] == [getattr(before, name) for name in names]
    rig.check()


def test_what_was_one_thing_in_two_messages_is_taken_apart(rig: Rig) -> None:
    says(rig, "1", PRINTER)
    (alone,) = rig.tasks()
    says(rig, "2", MEND_IT, at=30)
    (both,) = rig.tasks()
    assert (both.kind, len(both.evidence)) == ("request", 2)
    assert both.source_message_id == rig.messages()[1].id
    deletes(rig, "2")
    (task,) = rig.tasks()
    names = ("kind", "title", "status", "evidence", "source_message_id")
    assert [getattr(task, name) for name in names] == [getattr(alone, name) for name in names]
    rig.check()


def test_what_a_later_message_of_the_turn_took_up_goes_on_without_the_first(rig: Rig) -> None:
    says(rig, "1", PRINTER)
    says(rig, "2", MEND_IT, at=30)
    (both,) = rig.tasks()
    deletes(rig, "1")
    (task,) = rig.tasks()
    assert (task.status, task.title) == ("open", both.title)
    assert {proof["message"] for proof in task.evidence} == {rig.messages()[1].id}
    rig.check()


# ---- operators ----


def test_what_an_operator_set_stays_and_the_rest_follows(rig: Rig, desk: Desk) -> None:
    says(rig, "1", ASKED)
    vera = desk.operator()
    desk.sets(vera, rig.tasks()[0].id, title="Счёт для Анны")
    edits(rig, "1", "Пришлите счёт за ноябрь до пятницы.")
    (task,) = rig.tasks()
    assert (task.title, task.due_date) == ("Счёт для Анны", friday())
    rig.check()


@pytest.mark.parametrize("how", ["edit", "deletion"])
def test_a_task_somebody_took_up_is_his_to_cancel(rig: Rig, desk: Desk, how: str) -> None:
    says(rig, "1", ASKED)
    vera = desk.operator()
    desk.sets(vera, rig.tasks()[0].id, assignee=vera.id)
    edits(rig, "1", GREETING) if how == "edit" else deletes(rig, "1")
    (task,) = rig.tasks()
    reason = {"edit": "edited", "deletion": "deleted"}[how]
    assert (task.status, task.suggestion["status"], task.suggestion["reason"]) == ("open", "cancelled", reason)
    desk.sets(vera, task.id, suggestion="accept")
    assert rig.tasks()[0].status == "cancelled"
    rig.check()


def test_what_an_operator_said_of_a_task_is_not_taken_back(rig: Rig, desk: Desk) -> None:
    says(rig, "1", ASKED)
    says(rig, "2", "Отбой, счёт не нужен.", at=600)
    vera = desk.operator()
    desk.sets(vera, rig.tasks()[0].id, status="open")
    desk.sets(vera, rig.tasks()[0].id, status="cancelled")
    deletes(rig, "2")
    assert rig.tasks()[0].status == "cancelled"
    rig.check()


def test_a_change_of_a_reread_message_can_be_undone(rig: Rig, desk: Desk) -> None:
    says(rig, "1", ASKED)
    edits(rig, "1", GREETING)
    vera = desk.operator()
    desk.takes_back(vera, rig.tasks()[0].id)
    assert rig.tasks()[0].status == "open"
    edits(rig, "1", "Добрый день!", at=1001)
    assert rig.tasks()[0].status == "open", "whoever undid it has decided"
    rig.check()


def test_what_was_waved_away_is_not_suggested_again_for_a_slip_of_the_pen(rig: Rig, desk: Desk) -> None:
    says(rig, "1", "Подготовьте договор к среде.")
    vera = desk.operator()
    desk.sets(vera, rig.tasks()[0].id, due="2027-03-01")
    says(rig, "2", "Давайте перенесём договор на пятницу.", at=600)
    (task,) = rig.tasks()
    assert (f"{task.due_date}", task.suggestion["due"]) == ("2027-03-01", friday(600).isoformat())
    assert task.suggestion["message"] == rig.messages()[1].id
    desk.sets(vera, task.id, suggestion="dismiss")
    edits(rig, "2", "Давайте перенесем договор на пятницу!")
    assert rig.tasks()[0].suggestion is None
    says(rig, "3", "Давайте перенесём договор на пятницу.", at=1200)
    assert rig.tasks()[0].suggestion["message"] == rig.messages()[2].id, "who says it again means it"
    deletes(rig, "3")
    assert rig.tasks()[0].suggestion is None
    rig.check()


def test_replies_are_reread_too(rig: Rig, desk: Desk) -> None:
    says(rig, "1", GREETING)
    vera, dialog = desk.operator(), rig.dialogs()[0].id
    message = desk.replies(vera, dialog, "Перезвоню вам завтра до 12.", channel="shop")
    rig.read()
    draft = Draft("Перезвоню вам завтра до 15.")
    done = work.perform(rig.db, vera, lambda job: rewriting.rewrite(job, dialog, message, draft, whole))
    assert done.pipeline, "somebody has to be told"
    rig.read()
    (task,) = rig.tasks()
    assert (task.status, f"{task.due_time:%H:%M}") == ("open", "15:00")
    work.perform(rig.db, vera, lambda job: rewriting.take_back(job, dialog, message))
    rig.read()
    assert rig.tasks()[0].status == "cancelled"
    assert Calendar().local(rig.messages()[1].sent_at).date() < task.due_date
    rig.check()
