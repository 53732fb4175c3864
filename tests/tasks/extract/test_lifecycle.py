"""What becomes of tasks in longer talks: settled by other words, put off, taken up, back again."""

from datetime import timedelta

import pytest

from tasks.extract.model import Task
from tests.tasks.extract.talks import day, tasks_in


def tasks(*lines: str, hours: float = 1) -> list[Task]:
    """The tasks of a talk with so many hours between its messages."""
    return tasks_in(lines, timedelta(hours=hours))


def told(found: list[Task]) -> list[tuple[str, str, str | None]]:
    """Kind, status and due day of each."""
    return [(task.kind, task.status, day(task)) for task in found]


# ---- settled ----


@pytest.mark.parametrize(
    ("asked", "report"),
    [
        ("Посчитайте площадку и кейтеринг", "Смета готова и отправлена"),
        ("Проверьте карточку товара", "Проверили, всё активно"),
        ("Could you raise my limit?", "Limit raised."),
        ("Пришлите счёт", "Счёт у вас на почте"),
        ("Пришлите пароль", "Пароль: qwerty-1"),
    ],
)
def test_other_words_settle_it_too(asked: str, report: str) -> None:
    assert [task.status for task in tasks(asked, f"> {report}")] == ["done"]


@pytest.mark.parametrize(
    ("asked", "report"),
    [
        ("запишите на маникюр в пятницу", "На 18 занято"),
        ("привезите корм в понедельник", "Хорошо, записали"),
        ("найдите мою посылку", "Посылку пока не нашли"),
    ],
)
def test_what_is_no_report_settles_nothing(asked: str, report: str) -> None:
    assert [task.status for task in tasks(asked, f"> {report}")] == ["open"]


def test_who_promised_to_come_back_and_comes_back_has_kept_it() -> None:
    talk = (
        "где мой курьер?",
        "> Уточню у склада и вернусь до обеда",
        "> Посылка задержалась, привезём завтра с 10 до 14",
    )
    assert told(tasks(*talk)) == [
        ("question", "done", None), ("commitment", "done", "11-30"), ("commitment", "open", "12-01"),
    ]  # fmt: skip


def test_an_apology_alone_is_no_coming_back() -> None:
    found = tasks("где мой курьер?", "> Уточню у склада и вернусь до обеда", "> Извините за ожидание")
    assert told(found)[1] == ("commitment", "open", "11-30")


def test_the_day_it_was_promised_for_a_bare_report_is_about_it() -> None:
    found = tasks("результатов в кабинете нет", "> Результаты будут сегодня", "> Отправила на почту", hours=2)
    assert told(found)[1] == ("commitment", "done", "11-30")


@pytest.mark.parametrize("word", ["поняла, жду", "ок, жду", "Спасибо, ждём"])
def test_who_waits_says_nothing_of_its_being_done(word: str) -> None:
    found = tasks("результатов в кабинете нет", "> Лаборатория пересдаёт, будет готово к среде", word)
    assert [task.status for task in found] == ["open", "open"]


def test_a_question_is_not_answered_by_a_day_for_something_else() -> None:
    found = tasks("Please confirm whether the deposit is refundable.", "> Our comments will be with you on Wednesday.")
    assert told(found) == [("question", "open", None), ("commitment", "open", "12-02")]


def test_when_is_answered_by_a_day() -> None:
    found = tasks("Когда приедут сборщики?", "> Сборщики приедут в четверг")
    assert told(found) == [("question", "done", None), ("commitment", "open", "12-03")]


def test_the_thing_promised_is_handed_over_by_another_name() -> None:
    found = tasks("таможня просит packing list, I'll send it tomorrow morning", "packing list attached", hours=20)
    assert told(found) == [("commitment", "done", "12-01")]


# ---- put off ----


@pytest.mark.parametrize(
    "news",
    [
        "Сдвигаемся со сметой, кейтеринг не ответил. Будет в среду.",
        "Смета задерживается, пришлю в среду",
        "Извините, сметы пока нет. Подготовлю в среду",
    ],
)
def test_what_is_put_off_is_named_beside_the_new_day(news: str) -> None:
    found = tasks("Посчитайте площадку", "> Смету подготовлю завтра", f"> {news}", hours=2)
    assert told(found) == [("request", "open", None), ("commitment", "open", "12-02")]


def test_what_it_was_promised_for_names_it_too() -> None:
    found = tasks(
        "Can we get a root cause report?", "> Our team will send it within 3 business days.",
        "> The report is taking longer, expect it on Friday.",
    )  # fmt: skip
    assert told(found) == [("request", "open", None), ("commitment", "open", "12-04")]


def test_a_promise_of_something_else_is_a_new_one() -> None:
    found = tasks(
        "No signal since the storm", "> I'll chase the field team and call you before 2 pm.",
        "> Apologies. A mast is down, engineers will be on site tomorrow morning.", hours=2,
    )  # fmt: skip
    assert told(found) == [
        ("complaint", "open", None), ("commitment", "done", "11-30"), ("commitment", "open", "12-01"),
    ]  # fmt: skip


def test_a_slot_that_is_chosen_is_no_second_request() -> None:
    found = tasks(
        "Запишите меня к лору на четверг", "> Готово, четверг 17:40", "в четверг не получается, можно на субботу?",
        "> В субботу доктор не принимает, есть понедельник 7-го в 18:00", "пусть понедельник",
    )  # fmt: skip
    assert told(found) == [("request", "open", "12-07")]


def test_an_offer_may_be_taken_up_for_another_day() -> None:
    found = tasks("> Would you like to view it on Saturday at 10?", "Saturday's tricky, could we do Sunday?")
    assert told(found) == [("request", "open", "12-06")]


# ---- withdrawn, and back ----


def test_what_was_answered_is_not_withdrawn() -> None:
    found = tasks("а окна туда входят?", "> Окна отдельно. Добавить?", "не, окна не надо")
    assert told(found) == [("question", "done", None)]


def test_leave_it_withdraws_what_was_to_be_switched_off() -> None:
    assert told(tasks("Отключите мне услугу «Кино»", "а знаете, оставьте, жена смотрит")) == [
        ("request", "cancelled", None)
    ]


def test_still_nothing_is_the_same_trouble() -> None:
    found = tasks("No signal since the storm", "> The mast is back up.", "still nothing here")
    assert told(found) == [("complaint", "open", None)]


def test_one_of_two_is_withdrawn_and_why_withdraws_no_more() -> None:
    found = tasks("Поменяйте масло и сделайте развал-схождение", "Развал не делайте, передумал")
    assert told(found) == [("request", "open", None), ("request", "cancelled", None)]


def test_who_is_told_not_to_answer_has_no_question_left() -> None:
    assert told(tasks("Сколько от метро пешком?", "всё, нашла на карте, не отвечайте")) == [
        ("question", "cancelled", None)
    ]


def test_a_day_that_is_agreed_on_again_is_no_second_promise() -> None:
    found = tasks(
        "Заберите два ковра в чистку в четверг", "> Заедем в четверг утром", "давайте лучше в субботу",
        "> Ок, приедем в субботу",
    )  # fmt: skip
    assert told(found) == [("request", "open", "12-05"), ("commitment", "open", "12-05")]


def test_who_was_ill_has_done_nothing() -> None:
    found = tasks("Сделайте смету на остекление балкона", "> Сметчик болел, отправлю завтра")
    assert told(found) == [("request", "open", None), ("commitment", "open", "12-01")]


def test_a_trouble_that_was_his_own_is_over() -> None:
    found = tasks("Пылесос не включается", "> Вставлен ли контейнер?", "криво стоял. гудит, извините за беспокойство")
    assert told(found) == [("complaint", "done", None)]


def test_what_broke_down_is_no_report_of_what_was_promised() -> None:
    found = tasks(
        "Когда будут фото?", "> Галерею отдам сегодня", "> Диск полетел, восстанавливаю. Отдам через три дня", hours=2
    )
    assert told(found) == [("question", "done", None), ("commitment", "open", "12-03")]


def test_that_the_day_ends_is_no_confirmation() -> None:
    found = tasks(
        "отвалилась интеграция с CRM", "> Исправление выйдет сегодня", "понедельник заканчивается 🙂", hours=2
    )
    assert [task.status for task in found] == ["open", "open"]


def test_a_paper_that_came_is_not_yet_what_it_was_for() -> None:
    found = tasks(
        "We need a marquee and 80 chairs", "> I'm sending the contract over today.", "Contract received and signed"
    )
    assert [task.status for task in found] == ["open", "done"]


def test_behind_the_day_that_does_not_fit_stands_the_one_that_does() -> None:
    found = tasks("Привезите рюкзак завтра", "> Да, завтра привезём", "завтра меня не будет, пусть лучше в воскресенье")
    assert told(found)[0] == ("request", "open", "12-06")
