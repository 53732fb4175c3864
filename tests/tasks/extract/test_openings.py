"""What the operator opens a talk with asks for nothing and offers nothing: what the client says then counts."""

from datetime import datetime, timedelta

import pytest

from tasks.dates import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.model import Said, Side

NOW = datetime(2026, 11, 30, 12)  # noqa: DTZ001 - by the business's own clock
SIDES: tuple[Side, Side] = ("client", "operator")


def told(*lines: str) -> list[tuple[str, str, str]]:
    """Kind, title and status of the tasks of a talk that the client begins and the two go on with by turns."""
    said = [Said(at, SIDES[at % 2], NOW + timedelta(minutes=at), line) for at, line in enumerate(lines)]
    return [(task.kind, task.title, task.status) for task in tasks_of(said, Calendar())]


@pytest.mark.parametrize(
    ("opening", "line", "title"),
    [
        ("Hello! How can I help you today?", "My package never came", "Look into: my package never came"),
        ("What can I do for you?", "My login is broken", "Look into: my login is broken"),
        ("What seems to be the issue?", "I was charged twice", "Look into: I was charged twice"),
        ("Что подсказать?", "не работает вход", "Разобраться: не работает вход"),
        ("Какой у вас вопрос?", "Не могу войти", "Разобраться: не могу войти"),
        ("Слушаю вас", "Не приходит код", "Разобраться: не приходит код"),
        ("Что случилось?", "Разбился экран", "Разобраться: разбился экран"),
        ("Чем могу быть полезен?", "Заказ 15 не пришёл", "Разобраться: заказ 15 не пришёл"),
        ("Здравствуйте! Чем помочь?", "Хочу вернуть чайник", "Вернуть чайник"),
        ("Здравствуйте! Чем помочь?", "Пришлите счёт", "Прислать счёт"),
    ],
)
def test_what_is_said_after_an_opening_is_found(opening: str, line: str, title: str) -> None:
    assert [(found, status) for _, found, status in told("Здравствуйте", opening, line)] == [(title, "open")]


@pytest.mark.parametrize("line", ["Спасибо, всё хорошо", "Нет, спасибо", "no thanks"])
def test_who_wants_nothing_accepts_nothing(line: str) -> None:
    assert told("Добрый день!", "Здравствуйте! Чем помочь?", line) == []


def test_the_day_of_a_promise_is_not_the_day_of_what_is_wanted_next() -> None:
    *_, last = told("Когда привезёте?", "Завтра привезём. Чем ещё помочь?", "Да, хочу ещё вернуть чайник")
    assert last == ("request", "Вернуть чайник", "open")


def test_a_trouble_beside_an_answer_is_found() -> None:
    assert told("Пришлите счёт", "Какой период?", "За ноябрь. И сайт не открывается") == [
        ("request", "Прислать счёт", "open"),
        ("complaint", "Разобраться: сайт не открывается", "open"),
    ]


def test_what_nobody_understands_is_proposed_beside_open_tasks_too() -> None:
    *_, last = told("Пришлите счёт", "Хорошо", "У меня тут странная ситуация с ключами от офиса")
    assert last == ("request", "Сделать: у меня тут странная ситуация с ключами от офиса", "proposed")


def test_a_letter_with_a_point_ends_a_sentence_before_a_verb() -> None:
    assert told("Поменяйте размер M на L в заказе 4471.", "Размер поменял на L. Перезвоню завтра.") == [
        ("request", "Поменять размер M на L в заказе 4471", "done"),
        ("commitment", "Перезвонить завтра", "open"),
    ]


@pytest.mark.parametrize(
    ("question", "answer"), [("К какому числу нужно?", "К 5 декабря"), ("Когда вам удобно?", "в субботу")]
)
def test_the_day_that_was_asked_for_is_the_task_s(question: str, answer: str) -> None:
    lines = ("Привезите диван", question, answer)
    said = [Said(at, SIDES[at % 2], NOW + timedelta(minutes=at), line) for at, line in enumerate(lines)]
    (task,) = tasks_of(said, Calendar())
    assert task.due is not None
    assert (task.title, str(task.due.date), len(task.evidence)) == ("Привезти диван", "2026-12-05", 2)
