"""Corrections: what operators decided is told as they decided it, and nothing that nobody has."""

from datetime import date, time
from typing import Any

import pytest

from storage.talk import MESSAGES
from tasks import corrections
from tests.tasks.desk import Desk

TEXT = "Привет 👋 пришлите акт до пятницы, 12:00"


class Found:
    """A message with a task in it, and an operator who looks at it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.anna = desk, desk.operator()
        self.dialog = desk.says("v1", TEXT)
        (message,) = desk.messages(self.anna, self.dialog)
        self.message: int = message["id"]

    def task(self, **more: Any) -> int:
        start = TEXT.index("пришлите")
        proof = {"message": self.message, "start": start, "end": len(TEXT), "text": TEXT[start:]}
        plain = {
            "title": "Прислать акт", "due_date": date(2026, 11, 27), "due_time": time(12), "due_phrase": "до пятницы",
            "rules": ["ru.please"], "extractor": "1.2", "evidence": [proof], "source_message_id": self.message,
            "status": "proposed",
        }  # fmt: skip
        return self.desk.finds(self.dialog, **{**plain, **more})

    def verdicts(self) -> dict[int, str]:
        return {one["task"]: one["verdict"] for one in corrections.examples(self.desk.db)}


@pytest.fixture
def found(desk: Desk) -> Found:
    return Found(desk)


def test_an_example_is_whole(desk: Desk, found: Found) -> None:
    number = found.task()
    desk.sets(found.anna, number, title="Отправить акт сверки", due="2026-11-30")
    desk.sets(found.anna, number, title="Отправить акт", status="open")
    (example,) = corrections.examples(desk.db)
    start = TEXT.index("пришлите")
    read = {"kind": "request", "promised_by": None, "due_time": "12:00", "priority": "normal"}
    assert example == {
        "task": number, "dialog": found.dialog, "text": TEXT, "evidence": {"start": start, "end": len(TEXT)},
        "origin": "rule", "rules": ["ru.please"], "extractor": "1.2", "confidence": 0.75,
        "verdict": "edited", "at": desk.history(number)[-1].at,
        "proposed": {**read, "title": "Прислать акт", "due": "2026-11-27", "due_phrase": "до пятницы"},
        "final": {**read, "title": "Отправить акт", "due": "2026-11-30", "due_phrase": None, "status": "open"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ([{"status": "open"}], "accepted"),
        ([{"status": "done"}], "accepted"),
        ([{"status": "open"}, {"status": "cancelled"}], "accepted"),
        ([{"status": "rejected"}], "rejected"),
        ([{"title": "x"}, {"status": "rejected"}], "rejected"),
        ([{"status": "rejected"}, {"status": "open"}], "accepted"),
        ([{"kind": "question"}], "edited"),
        ([{"due": None}], "edited"),
        ([{"due_time": None}], "edited"),
        ([{"title": "x"}, {"title": "Прислать акт"}], None),
        ([{"title": "x"}, {"title": "Прислать акт"}, {"status": "open"}], "accepted"),
        ([{"status": "cancelled"}], None),
        ([{"assignee": None}], None),
    ],
)
def test_what_operators_do_is_a_verdict_or_none(
    desk: Desk, found: Found, steps: list[dict[str, Any]], verdict: str | None
) -> None:
    number = found.task()
    for fields in steps:
        desk.sets(found.anna, number, **fields)
    assert found.verdicts() == ({} if verdict is None else {number: verdict})


def test_nobody_s_word_is_no_example(desk: Desk, found: Found) -> None:
    machine, undone, resolved = found.task(), found.task(), found.task(status="open")
    by_hand, delivery = desk.makes(found.anna, found.dialog), found.task(origin="delivery")
    desk.moves(machine, status="done")
    desk.sets(found.anna, undone, status="rejected")
    desk.takes_back(found.anna, undone)
    for number in (by_hand, delivery):
        desk.sets(found.anna, number, title="x")
    desk.settles(found.anna, found.dialog, "done")
    assert desk.task(resolved)["status"] == "done"
    assert found.verdicts() == {}


def test_what_a_machine_changed_is_its_own_proposal(desk: Desk, found: Found) -> None:
    number = found.task()
    desk.moves(number, due="2026-12-01", due_phrase="во вторник")
    desk.sets(found.anna, number, status="open")
    (example,) = corrections.examples(desk.db)
    assert (example["verdict"], example["proposed"]["due"]) == ("accepted", "2026-12-01")
    # And what it changes later of what nobody has touched is not the operator's correction.
    desk.moves(number, title="Прислать акт и счёт")
    (example,) = corrections.examples(desk.db)
    assert (example["verdict"], example["proposed"]["title"]) == ("accepted", "Прислать акт и счёт")


def test_words_that_were_edited_away_prove_nothing_and_messages_that_are_gone_tell_nothing(
    desk: Desk, found: Found
) -> None:
    number = found.task()
    desk.sets(found.anna, number, status="open")
    with desk.db.begin() as tx:
        tx.execute(MESSAGES.update().where(MESSAGES.c.id == found.message).values(text="я передумал"))
    (example,) = corrections.examples(desk.db)
    assert (example["text"], example["evidence"]) == ("я передумал", None)
    with desk.db.begin() as tx:
        tx.execute(MESSAGES.update().where(MESSAGES.c.id == found.message).values(deleted_at=example["at"]))
    assert found.verdicts() == {}


def test_many_are_read_step_by_step(desk: Desk, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "_STEP", 2)
    numbers = [found.task() for _ in range(5)]
    for number in numbers:
        desk.sets(found.anna, number, status="rejected")
    assert found.verdicts() == dict.fromkeys(numbers, "rejected")
