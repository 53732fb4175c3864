"""Opinions of a language model: proposals with proof, written once and against what is there by then."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from storage import opinions
from storage.db import now
from storage.opinions import Wanted
from storage.talk import MESSAGES
from storage.tasks import TASKS
from tests.fakes.completions import Asked, finds
from tests.pipeline.model import TEXT, Model


def test_a_find_is_proposed_to_whom_the_dialog_belongs(model: Model) -> None:
    dialog, message = model.says()
    staff = model.desk.operator()
    model.desk.changes(staff, dialog, assignee=staff.id)
    model.server.says = finds("Нужен акт за март", title="Прислать акт за март", due_phrase="до пятницы")
    assert model.ask() == 1
    (found,) = model.tasks
    shown = model.desk.task(found.id)
    assert (shown["status"], shown["origin"], shown["kind"]) == ("proposed", "llm", "request")
    assert (shown["title"], shown["due_phrase"]) == ("Прислать акт за март", "до пятницы")
    assert found.due_date.weekday() == 4
    assert found.due_at is not None
    assert (found.confidence, found.assignee_id, found.source_message_id) == (0.45, staff.id, message)
    assert found.evidence == [{"message": message, "start": 0, "end": 17, "text": "Нужен акт за март"}]
    (change,) = model.desk.history(found.id)
    assert (change.actor, change.before, change.message_id, change.rules) == ("llm", {}, message, ["llm"])
    (line,) = model.desk.journal("task.created")
    assert (line.actor, line.dialog_id, line.data["task"]) == ("llm", dialog, found.id)
    assert line.data["after"]["status"] == "proposed"
    assert model.figures == {"answered": 1, "kept": 1}
    model.check()
    model.desk.sets(staff, found.id, status="open")
    model.desk.takes_back(staff, found.id)
    assert model.desk.task(found.id)["status"] == "proposed"


def test_what_the_model_is_shown_is_what_was_said(model: Model) -> None:
    dialog, _ = model.says("Здравствуйте")
    model.desk.replies(model.desk.operator("Secret Name"), dialog, "Слушаю вас")
    model.desk.notes(model.desk.operator(), dialog, "a difficult one")
    model.says("Пришлите акт")
    model.ask()
    assert [(one["from"], one["text"]) for one in model.server.asked[-1].told["conversation"]] == [
        ("client", "Здравствуйте"), ("operator", "Слушаю вас"), ("client", "Пришлите акт"),
    ]  # fmt: skip
    for sent in model.server.asked:
        assert not {"anna", "Secret Name", "difficult"} & set(json.dumps(sent.body, ensure_ascii=False).split('"'))


def test_the_same_answer_again_makes_no_second_task(model: Model) -> None:
    dialog, message = model.says()
    model.server.says = finds("Нужен акт за март", "позвоните Анне")
    for title in ("Прислать акт", "Акт за март"):
        model.server.says = finds("Нужен акт за март", title=title)
        with model.db.begin() as tx:
            opinions.put(tx, [Wanted(message, dialog)])
        assert model.ask() == 1
    assert [one.title for one in model.tasks] == ["Прислать акт"]
    assert len(model.desk.journal("task.created")) == 1
    assert model.figures == {"answered": 2, "kept": 1, "dropped": 1}
    model.check()


def test_the_database_itself_keeps_the_same_find_from_being_made_twice(model: Model) -> None:
    _, message = model.says()
    model.server.says = finds("Нужен акт за март")
    model.ask()
    with model.db.begin() as tx:
        # Nobody would know it again by its words.
        tx.execute(update(TASKS).values(evidence=[], title="?", source_message_id=None))
        opinions.put(tx, [Wanted(message, model.tasks[0].dialog_id)])
    model.ask()
    assert len(model.tasks) == 1


@pytest.mark.parametrize(("judge", "again"), [(None, True), ("cancelled", False), ("rejected", False)])
def test_what_went_with_an_edit_may_be_back_with_the_next_one(model: Model, judge: str | None, again: bool) -> None:
    dialog, message = model.says()
    model.server.says = finds("Нужен акт за март")
    model.ask()
    (first,) = model.tasks
    if judge is None:
        model.desk.moves(first.id, status="cancelled")
    else:
        model.desk.sets(model.desk.operator(), first.id, status=judge)
    for text in (TEXT, f"{TEXT} Спасибо!"):
        with model.db.begin() as tx:
            tx.execute(update(MESSAGES).where(MESSAGES.c.id == message).values(text=text))
            opinions.put(tx, [Wanted(message, dialog)])
        model.ask()
    closed = "cancelled" if judge is None else judge
    assert [one.status for one in model.tasks] == [closed, "proposed"][: 1 + again]


def test_what_the_rules_found_is_left_alone(model: Model) -> None:
    dialog, message = model.says()
    proof = {"message": message, "start": 0, "end": 35, "text": TEXT[:35]}
    number = model.desk.finds(dialog, title="Прислать акт за март", evidence=[proof], source_message_id=message)
    before = model.desk.stored(number)
    model.server.says = finds("акт за март", "позвоните Анне", kind="complaint", title="Позвонить Анне")
    model.ask()
    assert [(one.title, one.origin) for one in model.tasks] == [
        ("Прислать акт за март", "rule"),
        ("Позвонить Анне", "llm"),
    ]
    assert model.desk.stored(number) == before
    assert model.figures == {"answered": 1, "kept": 1, "dropped": 1}


def during(model: Model, work: Callable[[], object], *quotes: str) -> None:
    """Something happens while the model thinks."""

    def says(asked: Asked) -> Any:
        work()
        return finds(*quotes)(asked)

    model.server.says = says


def test_what_the_rules_found_meanwhile_counts_too(model: Model) -> None:
    dialog, message = model.says()
    proof = {"message": message, "start": 0, "end": 17, "text": TEXT[:17]}
    found = {"title": "Прислать акт", "evidence": [proof], "source_message_id": message}
    during(model, lambda: model.desk.finds(dialog, **found), "Нужен акт за март", "позвоните Анне")
    model.ask()
    assert [one.origin for one in model.tasks] == ["rule", "llm"]


def test_what_was_edited_or_taken_back_meanwhile_is_no_task(model: Model) -> None:
    for who, change in (("anna", {"text": "Уже не нужен акт за март"}), ("bert", {"deleted_at": now()})):
        _, message = model.says(who=who)

        def edit(message: int = message, change: dict[str, Any] = change) -> None:
            with model.db.begin() as tx:
                tx.execute(update(MESSAGES).where(MESSAGES.c.id == message).values(**change))

        during(model, edit, "Нужен акт за март")
        assert model.ask() == 1
    assert model.tasks == []
    assert model.figures == {"answered": 2, "dropped": 2}


def test_a_message_put_in_again_meanwhile_is_asked_about_anew(model: Model) -> None:
    dialog, message = model.says()

    def edit() -> None:
        model.server.says = finds("Нужен счёт за март")
        with model.db.begin() as tx:
            tx.execute(update(MESSAGES).where(MESSAGES.c.id == message).values(text="Нужен счёт за март"))
            opinions.put(tx, [Wanted(message, dialog)])

    during(model, edit, "Нужен акт за март")
    assert model.ask() == 2
    assert [one.title for one in model.tasks] == ["Нужен счёт за март"]


def test_nothing_is_held_while_the_model_thinks(model: Model) -> None:
    dialog, _ = model.says()
    during(model, lambda: model.desk.says("anna", "ещё вопрос") + model.desk.finds(dialog), "позвоните Анне")
    model.ask()
    assert [one.origin for one in model.tasks] == ["rule", "llm"]


def test_what_no_client_said_is_not_asked_about(model: Model) -> None:
    dialog, _ = model.says()
    model.ask()
    reply = model.desk.replies(model.desk.operator(), dialog, "Пришлите, пожалуйста, номер заказа")
    with model.db.begin() as tx:
        opinions.put(tx, [Wanted(reply, dialog)])
    model.says("   ", who="bert")
    assert model.ask() == 2
    assert len(model.server.asked) == 1
    assert model.figures == {"answered": 1}
