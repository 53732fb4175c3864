"""Replaying: however messages are batched, and however often they are put in again, the same tasks come of them."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from pipeline.replay import Choice, replay_inbox
from settings import Settings
from storage import talk, triage
from storage.db import Database
from storage.tasks import CHANGES, TASKS
from storage.triage import ToRead
from tests.fakes.channel import raw
from tests.pipeline.listeners import REPORT, STAND
from tests.pipeline.rig import Rig

CLIENT = (
    STAND, REPORT, "Пришлите, пожалуйста, счёт за октябрь.", "Пришлите счёт до пятницы.", "Не работает принтер.",
    "Почините его, пожалуйста.", "Отбой, счёт не нужен.", "Ну что там со счётом?", "Давайте перенесём на четверг.",
    "Сколько стоит доставка дивана?", "Спасибо, всё получил!", "Да, давайте.", "синий чайник", "Никому не звоните.",
    "Please send me the invoice by Friday.", "Never mind, I found it.",
)  # fmt: skip
OPERATOR = (
    "Счёт отправили.", "Отправлю счёт завтра до 12:00.", "Доставка дивана стоит 500 рублей.", "Принтер починили.",
    "Может быть, вам перезвонить?", "Хорошо, сделаем.", "Переносим на пятницу.", "I'll send it tomorrow.",
)  # fmt: skip
LINES = st.sampled_from(CLIENT).map(lambda text: ("in", text)) | st.sampled_from(OPERATOR).map(
    lambda text: ("out", text)
)
TALKS = st.lists(LINES, min_size=1, max_size=9)
MANY = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
_people = itertools.count()

Line = tuple[str, str]


def raws(who: str, lines: Sequence[Line]) -> list[Any]:
    return [
        raw(who, str(number), text, direction=direction, at=number * 300)
        for number, (direction, text) in enumerate(lines)
    ]


def anybody() -> str:
    return f"person {next(_people)}"


def told(db: Database, who: str) -> list[Any]:
    """All tasks of somebody and their changes, in a form that is the same for everybody."""
    with db.read() as tx:
        mine = talk.MESSAGES.c.external_id.startswith(f"{who}:")
        query = select(talk.MESSAGES.c.id, talk.MESSAGES.c.dialog_id).where(mine)
        messages = tx.execute(query.order_by(talk.MESSAGES.c.id)).all()
        places = {row.id: place for place, row in enumerate(messages)}
        dialogs = {row.dialog_id for row in messages}
        tasks = tx.execute(select(TASKS).where(TASKS.c.dialog_id.in_(dialogs)).order_by(TASKS.c.id)).all()
        numbers = {row.id: number for number, row in enumerate(tasks)}
        query = select(CHANGES).where(CHANGES.c.task_id.in_(numbers)).order_by(CHANGES.c.task_id, CHANGES.c.id)
        changes = tx.execute(query).all()

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: places[one] if name == "message" else numbers[one] if name == "related" and one else plain(one)
                for name, one in value.items()
            }
        return [plain(one) for one in value] if isinstance(value, list) else value

    same = ("kind", "promised_by", "title", "due_date", "due_time", "due_at", "due_phrase", "priority", "status",
            "confidence", "rules", "owned", "nudged_at")  # fmt: skip
    return [
        [
            {name: getattr(row, name) for name in same}
            | {"evidence": plain(row.evidence), "suggestion": plain(row.suggestion)}
            | {"source": places[row.source_message_id], "related": numbers.get(row.related_id)}
            for row in tasks
        ],
        [
            (numbers[row.task_id], row.actor, plain(row.before), plain(row.after), places[row.message_id], row.reason)
            for row in changes
        ],
    ]


@MANY
@given(lines=TALKS, size=st.integers(1, 4))
def test_what_is_found_does_not_hang_on_batches(rig: Rig, lines: list[Line], size: int) -> None:
    slow, quick, uneven = anybody(), anybody(), anybody()
    for one in raws(slow, lines):
        rig.take(one)
        rig.read()
    rig.take(*raws(quick, lines))
    rig.read()
    for at in range(0, len(lines), size):
        rig.take(*raws(uneven, lines)[at : at + size])
        rig.read()
    assert told(rig.db, slow) == told(rig.db, quick) == told(rig.db, uneven)


@MANY
@given(lines=TALKS)
def test_put_in_again_messages_change_nothing(rig: Rig, lines: list[Line]) -> None:
    who = anybody()
    rig.take(*raws(who, lines))
    rig.read()
    before, events = told(rig.db, who), len(rig.events())
    for kind in ("new", "edited"):
        with rig.db.begin() as tx:
            mine = talk.MESSAGES.c.external_id.startswith(f"{who}:")
            rows = tx.execute(select(talk.MESSAGES).where(mine).order_by(talk.MESSAGES.c.id)).all()
            talk.lock(tx, {row.dialog_id for row in rows})
            triage.put(tx, [ToRead(row.id, row.dialog_id, kind) for row in rows])
        rig.read()
        assert told(rig.db, who) == before
        assert len(rig.events()) == events


@MANY
@given(lines=TALKS, other=st.sampled_from(CLIENT))
def test_an_edit_that_is_edited_back_leaves_what_was_there(rig: Rig, lines: list[Line], other: str) -> None:
    who = anybody()
    lines = [*lines, ("in", lines[-1][1])]
    rig.take(*raws(who, lines))
    rig.read()
    (before, _), last = told(rig.db, who), f"{who}:{len(lines) - 1}"
    for at, text in ((5000, other), (5001, lines[-1][1])):
        rig.take(raw(who, f"edit {at}", text, kind="edit", id=last, at=at))
        rig.read()
    after, _ = told(rig.db, who)
    assert after[: len(before)] == before
    assert {task["status"] for task in after[len(before) :]} <= {"cancelled"}
    rig.check()


def test_raws_that_are_read_again_change_nothing(rig: Rig) -> None:
    talks = [[("in", STAND), ("out", OPERATOR[5]), ("in", REPORT)], [("in", CLIENT[2]), ("in", CLIENT[6])]]
    for lines in talks:
        rig.take(*raws(anybody(), lines))
    rig.read()
    tasks, changes, events = rig.tasks(), rig.rows(CHANGES), rig.events("task.created")
    assert len(tasks) == 4
    choice = Settings.model_validate({"database": {"url": rig.url}, "state_dir": str(rig.folder)})
    assert replay_inbox(choice, Choice(since=rig.messages()[0].sent_at)) == 5
    rig.settle()
    rig.read()
    assert (rig.tasks(), rig.rows(CHANGES), rig.events("task.created")) == (tasks, changes, events)


@pytest.mark.parametrize("kind", ["edited", "deleted"])
def test_what_was_never_read_may_be_told_of_again(rig: Rig, kind: Any) -> None:
    """A note, a machine's mail, a message that is not there: none of them says anything."""
    rig.take(raw("anna", "1", STAND, automatic=True))
    (message,) = rig.messages()
    with rig.db.begin() as tx:
        triage.put(tx, [ToRead(message.id, message.dialog_id, kind), ToRead(5, message.dialog_id, kind)])
    rig.read()
    assert rig.tasks() == []
