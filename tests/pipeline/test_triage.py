"""Triage: what people write becomes tasks, once, in order, and never against an operator's word."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline import triage as module
from pipeline.triage import Triage
from settings import Settings
from storage import shards
from storage.tasks import CHANGES
from storage.triage import LATELY
from tasks import sheet
from tasks.calendar import Calendar
from tasks.extract.model import Context, Said
from tests.fakes.channel import Fake, raw
from tests.pipeline.children import crew
from tests.pipeline.listeners import ASKED, REPORT, STAND, fail_on, hook, titles, today, waiting
from tests.pipeline.rig import PATIENCE, Rig
from tests.running import eventually
from tests.tasks.desk import Desk

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


def test_what_was_rejected_is_found_again_only_where_it_is_asked_for_again(rig: Rig, desk: Desk) -> None:
    rig.take(raw("anna", "1", ASKED))
    rig.read()
    desk.sets(desk.operator(), rig.tasks()[0].id, status="rejected")
    rig.take(raw("anna", "1", ASKED))
    rig.read()
    assert [task.status for task in rig.tasks()] == ["rejected"]
    rig.take(raw("anna", "2", ASKED))
    rig.read()
    assert [task.status for task in rig.tasks()] == ["rejected", "open"]


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

    def note(context: Context, said: Said) -> list[Any]:
        read.append((said.text, context.before))
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sheet, "extract", note)
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


# ---- beside the drain ----


def test_before_every_message_whoever_is_not_to_wait_is_let_by(rig: Rig) -> None:
    people = [f"p{number}" for number in range(3)]
    rig.take(*(raw(who, str(number), ASKED) for number in range(2) for who in people))
    waits = list[int]()
    Triage(rig.db, Calendar(), Settings(), lambda: waits.append(len(rig.tasks()))).visit()
    assert waits == [0] * 6, "and nothing is written meanwhile"


def test_a_crowd_of_raws_is_let_by_and_no_longer_than_that(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CROWD", 2)
    monkeypatch.setattr(module, "_LOOK", 0.01)
    monkeypatch.setattr(module, "_PAUSE", PATIENCE)
    rig.take(raw("anna", "1", ASKED))
    rig.store_raws(*(raw("bert", str(number), "Здравствуйте!") for number in range(3)))
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(rig.triage.visit)
        time.sleep(0.1)
        assert rig.tasks() == []
        rig.drain.visit()
        reading.result(PATIENCE)
    assert len(rig.tasks()) == 1
    rig.take(raw("anna", "2", REPORT))
    rig.store_raws(*(raw("bert", f"more {number}", "Здравствуйте!") for number in range(3)))
    monkeypatch.setattr(module, "_PAUSE", 0.05)
    rig.triage.visit()
    assert len(rig.tasks()) == 2, "though the crowd is still there"


def test_a_batch_under_way_is_let_by_and_no_longer_than_that(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.drain.let_by(PATIENCE)
    inside, go = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        inside.set()
        go.wait(PATIENCE)

    monkeypatch.setattr(Fake, "reading", slow)
    rig.store_raws(raw("anna", "1", ASKED))
    with ThreadPoolExecutor(2) as pool:
        batch = pool.submit(rig.drain.visit)
        assert inside.wait(PATIENCE)
        rig.drain.let_by(0.01)
        waiting = pool.submit(rig.drain.let_by, PATIENCE)
        time.sleep(0.05)
        assert not waiting.done()
        go.set()
        waiting.result(PATIENCE)
        batch.result(PATIENCE)
    assert rig.said() == [ASKED]


def test_it_reads_by_itself_until_it_is_told_to_stop(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble ends neither the thread nor what comes after it."""
    reader = Triage(rig.db, Calendar(), Settings())
    look, troubles = shards.look, [OSError(), KeyError()]

    def trouble(*given: Any) -> Any:
        if troubles:
            raise troubles.pop()
        return look(*given)

    reader.start()
    rig.take(raw("anna", "1", ASKED))
    monkeypatch.setattr(shards, "look", trouble)

    def has_read() -> bool:
        reader.wake()
        return len(rig.tasks()) == 1

    eventually(has_read)
    reader.close()
    rig.take(raw("anna", "2", STAND))
    reader.wake()
    assert not reader._thread.is_alive()
    assert len(rig.tasks()) == 1
