"""Triage: what people write becomes tasks, once, in order, and never against an operator's word."""

import os
import signal
import sqlite3
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from pipeline import triage as module
from storage import leases, triage
from storage.leases import LEASES
from storage.tasks import CHANGES
from storage.triage import LATELY, TRIAGE
from tasks import sheet
from tasks.calendar import Calendar
from tests.fakes.channel import START, raw
from tests.pipeline.children import Child, crew
from tests.pipeline.rig import Rig
from tests.tasks.desk import Desk

ASKED = "Пришлите, пожалуйста, счёт за октябрь."
STAND = (
    "Василий, через неделю мы участвуем на конференции, подготовьте с ребятами стенд и выступление. "
    "Детали отправлю на почту."
)
REPORT = "Давай, надеюсь на вас. И кстати, в конце недели жду консолидированный отчёт за третий квартал по маркетингу."
ELSEWHERE = "other-host/0b00b1e5/4026531836/4711/12345"


@pytest.fixture
def desk(rig: Rig) -> Desk:
    """The same house's operators."""
    return Desk(rig.db)


def today(at: int = 0) -> date:
    return Calendar().local(START + timedelta(seconds=at)).date()


def titles(rig: Rig) -> list[str]:
    return [task.title for task in rig.tasks()]


def waiting(rig: Rig) -> list[int]:
    return [row.message_id for row in rig.rows(TRIAGE)]


def hook(monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> list[int]:
    """Do this once after messages were read and before what came of it is written; how often messages were read."""
    hear, read = module.hear, list[int]()

    def hear_and_do(*given: Any) -> Any:
        pages = hear(*given)
        read.append(sum(len(page.done) for page in pages))
        if len(read) == 1:
            do()
        return pages

    monkeypatch.setattr(module, "hear", hear_and_do)
    return read


def fail_on(monkeypatch: pytest.MonkeyPatch, word: str, how: Callable[[], object]) -> list[str]:
    """Whoever reads a message with this word does that first; the texts that were read."""
    extract, read = sheet.extract, list[str]()

    def extract_or_fail(context: Any, message: Any) -> Any:
        read.append(message.text)
        if word in message.text:
            how()
        return extract(context, message)

    monkeypatch.setattr(sheet, "extract", extract_or_fail)
    return read


def trouble() -> None:
    raise KeyError("what the customer wrote")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# ---- what is found ----


def test_three_sentences_are_three_tasks_with_their_days(rig: Rig, desk: Desk) -> None:
    rig.take(raw("anna", "1", STAND))
    rig.read()
    desk.replies(desk.operator("Vasily"), rig.dialogs()[0].id, "Хорошо, Николай Петрович, сделаем.", channel="shop")
    rig.take(raw("anna", "2", REPORT, at=600))
    rig.read()
    stand, details, report = rig.tasks()
    assert [task.kind for task in (stand, details, report)] == ["request", "commitment", "request"]
    assert "стенд" in stand.title
    assert stand.due_date == today() + timedelta(days=7)
    assert (details.promised_by, details.due_date) == ("client", None)
    assert "отчёт" in report.title
    assert report.due_date == Calendar().end_of_week(today(600))
    assert {task.status for task in rig.tasks()} == {"open"}
    first, _, last = rig.messages()
    assert [task.source_message_id for task in rig.tasks()] == [first.id, first.id, last.id]
    for task in rig.tasks():
        (proof,) = task.evidence
        text = {first.id: STAND, last.id: REPORT}[proof["message"]]
        assert text[proof["start"] : proof["end"]] == proof["text"]
        assert (task.origin, task.owned, bool(task.rules), bool(task.extractor)) == ("rule", [], True, True)
    assert [event.data["task"] for event in rig.events("task.created")] == [stand.id, details.id, report.id]
    assert [event.actor for event in rig.events("task.created")] == ["rule"] * 3
    assert waiting(rig) == []
    rig.check()


def test_a_message_that_cancels_closes_the_right_task(rig: Rig) -> None:
    rig.take(raw("anna", "1", STAND), raw("bert", "1", ASKED))
    rig.take(raw("anna", "2", "Отбой, стенд больше не нужен."))
    rig.read()
    assert {task.title: task.status for task in rig.tasks() if task.status != "open"} == {titles(rig)[0]: "cancelled"}
    (event,) = rig.events("task.changed")
    message = next(row for row in rig.messages() if row.external_id == "anna:2")
    assert event.data["task"] == rig.tasks()[0].id
    assert (event.data["before"], event.data["after"]) == ({"status": "open"}, {"status": "cancelled"})
    assert event.data["message"] == message.id
    assert rig.tasks()[0].closed_at is not None
    rig.check()


def test_what_an_operator_promises_is_a_task(rig: Rig, desk: Desk) -> None:
    rig.take(raw("anna", "1", "Здравствуйте!"))
    desk.replies(desk.operator(), rig.dialogs()[0].id, "Перезвоню вам завтра до 12.", channel="shop")
    rig.read()
    (task,) = rig.tasks()
    assert (task.kind, task.promised_by) == ("commitment", "operator")
    assert f"{task.due_time:%H:%M}" == "12:00"
    assert task.due_date == Calendar().local(rig.messages()[-1].sent_at).date() + timedelta(days=1)
    assert task.due_at == datetime.combine(task.due_date, task.due_time, Calendar().zone)


def test_a_new_task_is_its_dialog_s_owner_s(rig: Rig, desk: Desk) -> None:
    rig.take(raw("anna", "1", ASKED), raw("bert", "1", ASKED))
    vera = desk.operator("Vera")
    dialog = next(row.dialog_id for row in rig.messages() if row.external_id == "anna:1")
    desk.changes(vera, dialog, assignee=vera.id)
    rig.read()
    assert {task.dialog_id == dialog: task.assignee_id for task in rig.tasks()} == {True: vera.id, False: None}


def test_who_answers_from_elsewhere_is_heard_too(rig: Rig) -> None:
    rig.take(raw("anna", "1", ASKED), raw("anna", "2", "Отправлю счёт завтра до 15:00.", direction="out"))
    rig.read()
    assert [(task.kind, task.promised_by) for task in rig.tasks()] == [("request", None), ("commitment", "operator")]
    assert rig.tasks()[1].related_id == rig.tasks()[0].id, "though both were found at once"


@pytest.mark.parametrize(
    "told",
    [
        {"automatic": True},
        {"data": {"mail": "bulk"}},
        {"at": -(LATELY.total_seconds() + 10)},
        {"history": True, "at": -(LATELY.total_seconds() + 10)},
        {"text": "  "},
    ],
    ids=["by a machine", "bulk", "long ago", "history", "no words"],
)
def test_what_is_not_read(rig: Rig, told: dict[str, Any]) -> None:
    rig.take(raw("anna", "1", **{"text": ASKED, **told}))
    assert waiting(rig) == []


def test_history_of_these_days_is_read(rig: Rig) -> None:
    rig.take(raw("anna", "1", ASKED, history=True, at=-(LATELY.total_seconds() - 7200)))
    rig.read()
    assert len(rig.tasks()) == 1


def test_notes_are_not_read_and_not_understood_from(rig: Rig, desk: Desk) -> None:
    rig.take(raw("anna", "1", "Здравствуйте!"))
    rig.read()
    vera = desk.operator()
    desk.notes(vera, rig.dialogs()[0].id, "Пришлите ей счёт завтра до 12")
    assert waiting(rig) == []
    read = list[Any]()
    rig.take(raw("anna", "2", "Добрый день", automatic=True), raw("anna", "3", ASKED))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sheet, "extract", lambda context, said: read.append((said.text, context.before)) or [])
        rig.read()
    ((text, before),) = read
    assert text == ASKED
    assert [said.text for said in before] == ["Здравствуйте!"]


# ---- races ----


def test_an_operator_who_is_faster_than_the_commit_wins(rig: Rig, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.take(raw("anna", "1", ASKED), raw("bert", "1", "Здравствуйте!"))
    rig.read()
    (task,) = rig.tasks()
    rig.take(raw("anna", "2", "Отбой, счёт не нужен."), raw("bert", "2", ASKED))
    vera = desk.operator()
    read = hook(monkeypatch, lambda: desk.sets(vera, task.id, status="done", due="2027-01-15"))
    rig.read()
    assert read == [2, 1], "the one whose tasks had changed was read again, and that one alone"
    assert rig.tasks()[0].status == "done"
    assert len(rig.tasks()) == 2
    assert [row.actor for row in rig.rows(CHANGES) if row.task_id == task.id] == ["rule", f"operator:{vera.id}"]
    rig.check()


def test_a_message_that_is_edited_before_the_commit_is_read_as_it_is_then(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.take(raw("anna", "1", ASKED), raw("anna", "2", "Спасибо!"))
    edit = raw("anna", "edit", "Закажите пропуск на вторник.", kind="edit", id="anna:1", at=5)
    read = hook(monkeypatch, lambda: rig.take(edit))
    rig.read()
    assert read == [2, 2]
    (title,) = titles(rig)
    assert "пропуск" in title.lower()
    assert len(rig.rows(CHANGES)) == 1
    rig.check()


def test_two_workers_at_once_find_nothing_twice(rig: Rig) -> None:
    people = [f"p{number}" for number in range(12)]
    rig.take(*(raw(who, str(number), text) for number, text in enumerate((STAND, REPORT)) for who in people))
    crew(3, lambda: rig.again().read())
    assert len(rig.tasks()) == 3 * len(people)
    assert len(rig.rows(CHANGES)) == 3 * len(people)
    assert not rig.events("triage.failed")
    rig.check()


# ---- whoever dies ----


@pytest.mark.parametrize("moment", ["hear", "file"])
def test_a_worker_that_dies_leaves_its_messages_to_the_next(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    rig.take(raw("anna", "1", ASKED), raw("bert", "1", STAND))

    def read_and_die() -> None:
        monkeypatch.setattr(module, moment, lambda *_: die())
        rig.again().read()

    assert Child(read_and_die).wait() == -signal.SIGKILL
    assert rig.tasks() == []
    rig.read()
    assert len(rig.tasks()) == 3
    assert not rig.events("triage.failed")
    rig.check()


def test_whose_lease_is_not_over_is_not_disturbed(rig: Rig) -> None:
    rig.take(raw("anna", "1", ASKED))
    rig.triage.visit()
    rig.take(raw("anna", "2", STAND))
    for expires, found in ((timedelta(minutes=1), 1), (-timedelta(seconds=1), 3)):
        with rig.db.begin() as tx:
            mine = LEASES.c.name.startswith("triage:")
            at = leases.database_now(tx)
            tx.execute(update(LEASES).where(mine).values(holder=ELSEWHERE, expires_at=at + expires))
        rig.triage.visit()
        assert len(rig.tasks()) == found


def test_who_was_frozen_past_his_lease_writes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.take(raw("anna", "1", ASKED))

    def another() -> None:
        with rig.db.begin() as tx:
            mine = LEASES.c.name.startswith("triage:")
            tx.execute(update(LEASES).where(mine).values(token=LEASES.c.token + 1, holder=""))

    read = hook(monkeypatch, another)
    rig.triage.visit()
    assert read == [1, 1], "and what it had not written was read once more"
    assert len(rig.rows(CHANGES)) == 1
    rig.check()


def test_a_message_that_kills_is_let_be_after_three_starts(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.take(raw("anna", "1", ASKED), raw("anna", "2", "boom"), raw("anna", "3", STAND), raw("bert", "1", ASKED))

    def work() -> None:
        fail_on(monkeypatch, "boom", die)
        rig.again().read()

    died = 0
    while (status := Child(work).wait()) != 0:
        assert status == -signal.SIGKILL
        died += 1
    assert died == 3
    assert len(rig.tasks()) == 4
    (event,) = rig.events("triage.failed")
    assert event.data["message"] == next(row.id for row in rig.messages() if row.text == "boom")
    rig.check()


# ---- what cannot be read ----


def test_a_message_that_cannot_be_read_holds_nobody_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read = fail_on(monkeypatch, "boom", trouble)
    rig.take(raw("anna", "1", ASKED), raw("anna", "2", "boom"), raw("anna", "3", STAND), raw("bert", "1", ASKED))
    rig.read()
    assert read.count("boom") == 3
    assert read.count(STAND) == 1, "what came after it waits until it is let be"
    assert len(rig.tasks()) == 4
    (event,) = rig.events("triage.failed")
    assert event.data["reason"].startswith("KeyError at test_triage.py:")
    assert "customer" not in str(event.data)
    rig.check()


def test_what_is_edited_meanwhile_begins_anew(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read = fail_on(monkeypatch, "boom", trouble)
    rig.take(raw("anna", "1", "boom"))
    while len(read) < 2:
        rig.triage._read_on(0.0)
    assert [row.attempts for row in rig.rows(TRIAGE)] == [2]
    rig.take(raw("anna", "e", ASKED, kind="edit", id="anna:1", at=5))
    rig.read()
    assert not rig.events("triage.failed")
    assert len(rig.tasks()) == 1


def test_a_batch_that_cannot_be_written_is_taken_apart(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    file, tried = module.file, list[int]()

    def broken(job: Any, effects: Any, *more: Any) -> None:
        tried.append(len(effects))
        file(job, effects, *more)
        if any("стенд" in str(each) for each in effects.values()):
            raise ValueError("there is no such character")

    monkeypatch.setattr(module, "file", broken)
    rig.take(raw("anna", "1", STAND), raw("bert", "1", ASKED), raw("carl", "1", ASKED))
    rig.read()
    assert sorted(tried) == [1, 1, 1, 1, 3], "once together, then each alone, and the guilty one twice"
    assert len(rig.tasks()) == 2
    (event,) = rig.events("triage.failed")
    assert event.data["reason"].startswith("ValueError")
    rig.check()


@pytest.mark.parametrize("suspected", [False, True])
def test_trouble_with_the_database_counts_against_nobody(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, suspected: bool
) -> None:
    file, gone = module.file, [True] * 5

    def absent(*given: Any) -> None:
        if gone and gone.pop():
            raise OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error"))
        file(*given)

    monkeypatch.setattr(module, "file", absent)
    rig.take(raw("anna", "1", ASKED))
    with rig.db.begin() as tx:
        triage.suspect(tx, waiting(rig) if suspected else [])
    for _ in range(5):
        with pytest.raises(OperationalError):
            rig.triage.visit()
    assert [row.attempts for row in rig.rows(TRIAGE)] == [2 if suspected else 0]
    rig.read()
    assert len(rig.tasks()) == 1


def test_who_reads_long_writes_what_he_has_before_his_lease_is_over(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENOUGH", -1.0)
    pages = list[Sequence[Any]]()
    hear = module.hear
    monkeypatch.setattr(module, "hear", lambda *given: pages.append(found := hear(*given)) or found)
    rig.take(*(raw("anna", str(number), ASKED) for number in range(3)))
    rig.read()
    assert [len(page.done) for batch in pages for page in batch] == [1, 1, 1]
    rig.check()


# ---- many ----


@pytest.mark.parametrize(("batch", "each"), [(1, 1), (7, 2), (400, 100)])
def test_the_size_of_a_batch_changes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch, batch: int, each: int) -> None:
    monkeypatch.setattr(module, "_BATCH", batch)
    monkeypatch.setattr(module, "_EACH", each)
    read = fail_on(monkeypatch, "-", lambda: None)
    rig.take(*(raw(f"p{number % 30}", str(number), f"{ASKED} {number}") for number in range(120)))
    rig.read()
    for person in range(30):
        numbers = [int(text.split()[-1]) for text in read if int(text.split()[-1]) % 30 == person]
        assert numbers == sorted(numbers)
        assert len(numbers) == 4
    rig.check()


def test_a_hurried_visit_reads_one_batch_and_then_leaves_the_time_to_raws(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_EACH", 1)
    rig.take(*(raw("anna", str(number), "Здравствуйте!") for number in range(5)))
    rig.triage.visit()
    rig.take(*(raw("anna", f"more {number}", "Здравствуйте!") for number in range(3)))
    assert rig.triage.visit(hurried=True)
    assert len(waiting(rig)) == 2
    assert not rig.triage.visit(hurried=True)
    assert len(waiting(rig)) == 2
    assert not rig.triage.visit()
    assert waiting(rig) == []
