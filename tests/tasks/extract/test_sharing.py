"""One verb over several things that each have a day, and what becomes of a title when the day moves."""

from datetime import date, timedelta

import pytest

from tasks.extract.model import Task
from tests.tasks.extract.talks import day, tasks_in

# A Monday is the first day.
TUE, WED, THU, FRI, MON = "12-01", "12-02", "12-03", "12-04", "12-07"


def tasks(*lines: str) -> list[Task]:
    """The tasks of a talk without pauses."""
    return tasks_in(lines, timedelta(minutes=1))


def told(found: list[Task]) -> list[tuple[str, str | None]]:
    """Title and due day of each."""
    return [(task.title, day(task)) for task in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "Пришлите счёт до пятницы и акт до среды",
            [("Прислать счёт до пятницы", FRI), ("Прислать акт до среды", WED)],
        ),
        (
            "Нужен счёт к среде, акт к пятнице и договор к понедельнику",
            [
                ("Сделать: нужен счёт к среде", WED), ("Сделать: акт к пятнице", FRI),
                ("Сделать: договор к понедельнику", MON),
            ],
        ),
        (
            "Хочу получить счёт до вторника, а договор до четверга",
            [("Получить счёт до вторника", TUE), ("Получить договор до четверга", THU)],
        ),
        (
            "Привезите стол в среду, а стулья в четверг",
            [("Привезти стол в среду", WED), ("Привезти стулья в четверг", THU)],
        ),
        (
            "Could you send me the contract by Thursday and the invoice by Friday?",
            [("Send me the contract by Thursday", THU), ("Send the invoice by Friday", FRI)],
        ),
        (
            "> Пришлю счёт до пятницы, а акт до вторника",
            [("Прислать счёт до пятницы", FRI), ("Прислать акт до вторника", TUE)],
        ),
    ],
)  # fmt: skip
def test_each_thing_has_its_own_day(text: str, found: list[tuple[str, str]]) -> None:
    assert told(tasks(text)) == found


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("Забронируйте столик на 5 декабря, имя Ольга, на 7 вечера", "12-05"),
        ("Перенесите встречу со среды на пятницу", FRI),
        ("Позвоните мне в среду или в четверг", WED),
        ("Подготовьте стенд и выступление к пятнице", FRI),
    ],
)
def test_one_thing_stays_one(text: str, due: str) -> None:
    (found,) = tasks(text)
    assert day(found) == due


def test_the_words_that_prove_a_piece_are_its_own() -> None:
    text = "Пришлите счёт до пятницы и акт до среды"
    assert [text[span.start : span.end] for task in tasks(text) for span in task.evidence] == [
        "Пришлите счёт до пятницы", "акт до среды",
    ]  # fmt: skip


def test_the_title_goes_with_the_day() -> None:
    found = tasks("Пришлите счёт до пятницы", "> Хорошо, пришлю в пятницу", "Давайте лучше до среды")
    assert told(found) == [("Прислать счёт до среды", WED), ("Прислать до среды", WED)]


def test_an_hour_belongs_to_no_day_of_another_verb() -> None:
    found = tasks("Could you swap the banner by EOD and push the page live next Tuesday?")
    assert [task.due.date for task in found if task.due] == [date(2026, 11, 30), date(2026, 12, 8)]
