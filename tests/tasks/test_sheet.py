"""The sheet: what machines find is kept as far as they may say so, and suggested where they may not."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from storage.tasks import NewTask
from tasks import sheet as module
from tasks.calendar import Calendar
from tasks.extract.model import Change, Due, New, Said, Span
from tasks.extract.version import version
from tasks.sheet import Item, Made, Moved, Sheet, key_of, task_of

AT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
CALENDAR = Calendar()
MONDAY = Due(date(2026, 11, 30), time(12), "в понедельник до 12")
PROOF = Span(5, 0, 13, "Пришлите счёт")
SOURCE = {"message": 5, "start": 0, "end": 13, "text": "Пришлите счёт"}
KEPT = NewTask(
    1, "request", "Прислать счёт", "open", "rule", 0.9, evidence=[SOURCE], source_message_id=5, rules=["order"]
)  # fmt: skip


def sheet_of(**columns: Any) -> Sheet:
    """A sheet with one task, number 7."""
    row = KEPT._replace(**columns)
    return Sheet(1, {7: Item(task_of(7, row), row)}, CALENDAR)


def move(sheet: Sheet, **change: Any) -> Mapping[str, Any]:
    """The fields the task has after this change."""
    told = {"task": 7, "message": 9, "rule": "x", "confidence": 0.8, **change}
    sheet.move(Change(**told), AT)
    (moved, *_) = [*sheet.effects, None]
    return moved.after if isinstance(moved, Moved) else {}


def test_what_is_sure_is_done() -> None:
    sheet = sheet_of()
    assert move(sheet, due=MONDAY, status="done") == {
        "status": "done", "due": "2026-11-30", "due_time": "12:00", "due_phrase": "в понедельник до 12",
    }  # fmt: skip
    (moved,) = sheet.effects
    assert isinstance(moved, Moved)
    assert (moved.number, moved.was, moved.message_id, moved.reason, moved.rules) == (7, KEPT, 9, "x", ("x",))
    assert (sheet.items[7].task.status, sheet.items[7].task.due) == ("done", MONDAY)
    assert sheet.items[7].columns.due_at == datetime(2026, 11, 30, 9, tzinfo=UTC)


def test_what_is_not_sure_is_suggested_and_changes_nothing() -> None:
    sheet = sheet_of()
    assert move(sheet, due=MONDAY, status="done", confidence=0.4, nudged=True) == {
        "suggestion": {
            "status": "done", "due": "2026-11-30", "due_time": "12:00", "due_phrase": "в понедельник до 12",
            "message": 9, "reason": "x", "confidence": 0.4,
        },
    }  # fmt: skip
    assert sheet.items[7].task == task_of(7, KEPT)


@pytest.mark.parametrize(
    ("owned", "done", "suggested"),
    [
        (["due", "due_phrase", "due_time"], {"title"}, {"due", "due_time", "due_phrase"}),
        (["title"], {"due", "due_time", "due_phrase"}, {"title"}),
        (["assignee"], {"title", "due", "due_time", "due_phrase"}, set()),
    ],
)
def test_what_an_operator_has_set_is_suggested(owned: list[str], done: set[str], suggested: set[str]) -> None:
    after = move(sheet_of(owned=owned), due=MONDAY, title="Выслать счёт")
    reasons = {"message", "reason", "confidence"} if suggested else set()
    assert set(after) - {"suggestion"} == done
    assert set(after.get("suggestion", {})) == suggested | reasons


@pytest.mark.parametrize(("owned", "done"), [([], True), (["due", "due_phrase", "due_time"], False)])
def test_a_title_that_names_the_day_moves_with_it_or_not_at_all(owned: list[str], done: bool) -> None:
    sheet = sheet_of(title="Прислать счёт до пятницы", owned=owned, due_date=date(2026, 12, 4), due_phrase="до пятницы")
    after = move(sheet, due=MONDAY)
    title = "Прислать счёт в понедельник до 12"
    assert after.get("title") == (title if done else None)
    assert after.get("suggestion", {}).get("title") == (None if done else title)


@pytest.mark.parametrize(
    ("status", "owned", "to", "suggested"),
    [
        ("open", ["status"], "done", True),
        ("done", ["status"], "open", True),
        ("done", [], "cancelled", False),
        ("cancelled", [], "done", False),
        ("rejected", ["status"], "open", False),
        ("rejected", [], "done", False),
    ],
)
def test_what_a_machine_may_not_is_suggested_where_an_operator_may(
    status: str, owned: list[str], to: str, suggested: bool
) -> None:
    after = move(sheet_of(status=status, owned=owned), status=to)
    assert set(after) == ({"suggestion"} if suggested else set())
    assert after.get("suggestion", {"status": to})["status"] == to


def test_a_guess_becomes_sure_with_its_status_and_not_without() -> None:
    guess = {"status": "proposed", "confidence": 0.4}
    assert move(sheet_of(**guess), status="open") == {"status": "open", "confidence": 0.8}
    assert set(move(sheet_of(**guess, owned=["status"]), status="open")) == {"suggestion"}


def test_the_same_is_not_suggested_twice() -> None:
    sheet = sheet_of(owned=["status"])
    move(sheet, status="done")
    sheet.move(Change(7, 11, "y", 0.9, "done"), AT)
    assert len(sheet.effects) == 1
    sheet.move(Change(7, 11, "y", 0.9, "cancelled"), AT)
    assert [one.after["suggestion"]["status"] for one in sheet.effects if isinstance(one, Moved)] == [
        "done",
        "cancelled",
    ]


def test_a_reminder_is_noted_and_what_is_so_already_is_no_change() -> None:
    assert move(sheet_of(), nudged=True) == {"nudged_at": "2026-11-25T09:30:00Z"}
    assert move(sheet_of(nudged_at=AT), nudged=True) == {}
    assert move(sheet_of(status="done"), status="done") == {}


def test_words_of_a_later_message_that_say_it_now_make_that_its_source() -> None:
    later = Span(9, 0, 8, "почините")
    sheet = sheet_of()
    after = move(sheet, source=9, evidence=(later,), kind="request", title="Починить")
    (moved,) = sheet.effects
    assert isinstance(moved, Moved)
    assert (after["evidence"][0]["message"], moved.source) == (9, 9)
    by_hand = sheet_of(owned=["evidence", "title"], evidence=[])
    after = move(by_hand, source=9, evidence=(later,), title="Починить")
    assert set(after) == {"suggestion"}
    assert by_hand.items[7].task.source == 5


def test_a_find_is_open_when_it_is_sure_and_else_proposed() -> None:
    sheet = sheet_of()
    for number, confidence in enumerate((0.9, 0.4)):
        sheet.make(New("request", "Прислать счёт", confidence, 9, (PROOF,), MONDAY, rules=("order",)), f"key {number}")
    sure, guess = (one for one in sheet.effects if isinstance(one, Made))
    assert (sure.task.status, guess.task.status) == ("open", "proposed")
    assert sure.task.due_at == datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert (sure.task.dedupe_key, sure.task.extractor, sure.task.origin) == ("key 0", version(), "rule")
    assert {sure.number, guess.number} == set(sheet.items) - {7}


def test_a_find_that_is_settled_already_was_open_before() -> None:
    sheet = Sheet(1, {}, CALENDAR)
    sheet.make(New("request", "Прислать счёт", 0.9, 9, (PROOF,), status="done"), "key")
    made, moved = sheet.effects
    assert isinstance(made, Made)
    assert isinstance(moved, Moved)
    assert (made.task.status, moved.number, moved.after) == ("open", made.number, {"status": "done"})


def test_a_find_is_known_by_what_it_is_about() -> None:
    def key(dialog: int = 1, times: int = 1, **more: Any) -> str:
        found = Counter[str]()
        told = {
            "kind": "request",
            "title": "Прислать счёт",
            "confidence": 0.9,
            "source": 9,
            "evidence": (PROOF,),
            **more,
        }
        return [key_of(dialog, New(**told), found) for _ in range(times)][-1]

    same: dict[str, Any] = {
        "confidence": 0.5,
        "due": MONDAY,
        "evidence": (Span(5, 4, 21, "пришлите мне счета"),),
        "rules": ("y",),
    }
    assert key(**same) == key()
    other: list[dict[str, Any]] = [
        {"dialog": 2},
        {"times": 2},
        {"kind": "question"},
        {"source": 8},
        {"title": "Прислать договор"},
    ]
    assert len({key(), *(key(**each) for each in other)}) == 1 + len(other)


def test_a_message_that_cannot_be_read_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    new = New("request", "Прислать счёт", 0.9, 9, (PROOF,))
    monkeypatch.setattr(
        module, "extract", lambda *_: [new, Change(7, 9, "x", 0.9, "done"), Change(8, 9, "x", 0.9, "done")]
    )
    sheet = sheet_of()
    before = dict(sheet.items)
    with pytest.raises(KeyError):
        sheet.hear((), Said(9, "client", datetime(2026, 11, 25, 12), "x"), AT)  # noqa: DTZ001 - the business's own
    assert (sheet.items, sheet.effects) == (before, [])


def test_what_was_made_by_hand_is_known_by_its_title() -> None:
    (span,) = task_of(7, KEPT._replace(evidence=[], source_message_id=None)).evidence
    assert (span.text, span.message) == ("Прислать счёт", 0)
