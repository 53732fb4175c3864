"""What messages do to the tasks of a dialog, one behaviour at a time."""

from datetime import date, datetime, time, timedelta

import pytest

from tasks.dates import Calendar
from tasks.extract.conversation import tasks_of
from tasks.extract.model import SURE, Change, Context, New, Said, Task
from tasks.extract.reader import extract
from tests.tasks.extract.talks import said, tasks_in

# A Monday.
NOW = datetime(2025, 10, 13, 11, 50)  # noqa: DTZ001 - by the business's own clock
CALENDAR = Calendar()


def talk(*lines: str, minutes: int = 30) -> list[Said]:
    """A conversation with so many minutes between its messages."""
    return said(lines, timedelta(minutes=minutes), NOW)


def tasks(*lines: str, minutes: int = 30) -> list[Task]:
    """The tasks that stand after the conversation."""
    return tasks_in(lines, timedelta(minutes=minutes), NOW)


def told(found: list[Task]) -> list[tuple[str, str, str]]:
    """Kind, due day and status of each."""
    return [(task.kind, str(task.due.date) if task.due else "", task.status) for task in found]


def test_the_defining_example_gives_its_three_tasks() -> None:
    found = tasks(
        "Василий, через неделю мы участвуем на конференции, подготовьте с ребятами стенд и выступление. "
        "Детали отправлю на почту.",
        "> Хорошо, Николай Петрович, сделаем.",
        "Давай, надеюсь на вас. И кстати, в конце недели жду консолидированный отчёт за третий квартал по маркетингу.",
    )
    assert told(found) == [
        ("request", "2025-10-20", "open"),
        ("commitment", "", "open"),
        ("request", "2025-10-17", "open"),
    ]
    assert found[0].title == "Подготовить с ребятами стенд и выступление"
    assert (found[1].promised_by, found[1].evidence[0].text) == ("client", "Детали отправлю на почту.")
    assert all(task.confidence >= SURE for task in found)


def test_a_cancelling_message_closes_the_right_one() -> None:
    found = tasks("Отложите мне кеды 38 и упакуйте в подарок", "Упаковка не нужна")
    assert [task.status for task in found] == ["open", "cancelled"]


def test_what_was_promised_for_a_withdrawn_request_goes_with_it() -> None:
    found = tasks("Закажите такси на 7 утра", "> Закажу вечером", "Такси не потребуется, друзья отвезут")
    assert {task.status for task in found} == {"cancelled"}


def test_a_report_closes_the_request_and_the_promise_for_it() -> None:
    found = tasks("Пришлите результаты анализов", "> К вечеру вышлю", "> Анализы во вложении")
    assert [task.status for task in found] == ["done", "done"]


def test_an_answer_closes_a_question_and_a_promise_to_find_out_does_not() -> None:
    assert told(tasks("Когда починят домофон?", "> Мастер был утром, всё работает"))[0][2] == "done"
    assert told(tasks("Когда починят домофон?", "> Уточню и напишу вам сегодня"))[0][2] == "open"


def test_another_day_moves_the_task_and_makes_no_new_one() -> None:
    found = tasks(
        "Запишите сына к педиатру на вторник", "> Записала на вторник, 10:20", "Перенесите, пожалуйста, на среду"
    )
    assert told(found) == [("request", "2025-10-15", "open")]


def test_a_ping_makes_no_task_and_is_noted() -> None:
    lines = talk("Пришлите договор", "Ну что там?", minutes=600)
    context = Context(CALENDAR, lines[:1], tasks_of(lines[:1], CALENDAR))
    (change,) = extract(context, lines[1])
    assert isinstance(change, Change)
    assert change.nudged


def test_problem_and_ask_in_one_turn_are_one_task() -> None:
    found = tasks("купила у вас тонометр", "показывает ерунду", "обменяете?", minutes=1)
    assert [task.kind for task in found] == ["request"]
    assert (found[0].source, found[0].status) == (2, "open")
    assert "тонометр" in " ".join(span.text for span in found[0].evidence)


def test_an_accepted_offer_is_a_request() -> None:
    found = tasks("> Пионы закончились, остались розы. Собрать из роз?", "Да, давайте")
    assert [(task.kind, task.title) for task in found] == [("request", "Собрать из роз")]


def test_what_is_left_is_proposed() -> None:
    (found,) = tasks("мой заказ 77-12, синий чемодан")
    assert found.status == "proposed"
    assert found.confidence < SURE


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо!", "Ау, вы здесь?", "Представьте, кот спит в вашей коробке", "надо посоветоваться с мужем",
        "Была бы у вас доставка в Якутск, цены бы вам не было", "Это автоматический ответ. Я вернусь 10 ноября.",
        "Ваш сайт теряет клиентов! Закажите аудит", "Have a great weekend, guys!", "good to know, maybe later",
        "Принято.\n\n> Просим вернуть подписанный акт до 10 декабря", "", "👍", "не то окно, простите",
    ],
)  # fmt: skip
def test_what_asks_for_nothing_is_no_task(text: str) -> None:
    assert tasks(text) == []


def test_operators_bring_no_requests() -> None:
    assert tasks("> Проверьте, пожалуйста, папку «Спам»", "> Подскажите номер договора?") == []


def test_the_same_of_the_same() -> None:
    lines = talk("Пришлите счёт до пятницы и позвоните мне", "> Счёт вышлю завтра", "Жду")
    known = tasks_of(lines[:2], CALENDAR)
    context = Context(CALENDAR, lines[:2], known)
    assert extract(context, lines[2]) == extract(context, lines[2])
    assert tasks_of(lines, CALENDAR) == tasks_of(lines, CALENDAR)


def test_evidence_stands_in_the_text_behind_emoji_and_greetings() -> None:
    text = "🙏🏽🙏🏽 Добрый день!\nПришлите счёт до 18:00, пожалуйста"
    (change,) = extract(Context(CALENDAR), Said(7, "client", NOW, text))
    assert isinstance(change, New)
    (span,) = change.evidence
    assert text[span.start : span.end] == span.text == "Пришлите счёт до 18:00, пожалуйста"
    assert change.due is not None
    assert (change.due.date, change.due.time) == (date(2025, 10, 13), time(18))


def test_urgent_words_make_it_urgent() -> None:
    (change,) = extract(Context(CALENDAR), Said(0, "client", NOW, "Срочно пришлите счёт"))
    assert isinstance(change, New)
    assert change.high


@pytest.mark.parametrize(
    ("text", "kind", "title", "due"),
    [
        ("в конце недели жду сводный отчёт за квартал", "request", "Прислать сводный отчёт за квартал", "2025-10-17"),
        ("жду от вас смету и договор", "request", "Прислать смету и договор", None),
        ("Жду звонка", "request", "Сделать: жду звонка", None),
        ("Встреча 20 октября, подготовьте презентацию", "request", "Подготовить презентацию", "2025-10-20"),
        ("Добрый вечер, сколько стоит доставка?", "question", "Ответить: сколько стоит доставка", None),
        ("Напомните мне в понедельник про оплату", "request", "Напомнить мне в понедельник про оплату", "2025-10-20"),
        ("Напомните, когда приём", "question", "Ответить: напомните, когда приём", None),
        ("Order 5 is late", "complaint", "Look into: order 5 is late", None),
    ],
)
def test_a_title_says_what_is_to_be_done(text: str, kind: str, title: str, due: str | None) -> None:
    (change,) = extract(Context(CALENDAR), Said(0, "client", NOW, text))
    assert isinstance(change, New)
    assert (change.kind, change.title, change.due and str(change.due.date)) == (kind, title, due)


def test_why_something_cannot_be_done_does_not_do_it() -> None:
    found = tasks("Верните деньги за заказ 77", "> Не можем оформить возврат, срок вышел")
    assert [task.status for task in found] == ["open"]


def test_the_day_that_does_not_fit_is_not_the_new_one() -> None:
    moved = tasks("Отправьте курьера завтра", "> Курьер будет завтра", "нет, завтра не смогу, давайте послезавтра")
    assert told(moved) == [("request", "2025-10-15", "open"), ("commitment", "2025-10-15", "open")]
    moved = tasks("can you send a courier tomorrow?", "> Sure", "sorry, tomorrow doesn't work, how about Friday?")
    assert told(moved) == [("request", "2025-10-17", "open")]


def test_that_it_is_there_is_an_answer_and_no_offer() -> None:
    found = tasks("У вас есть чёрные кроссовки 42 размера?", "> Да, есть", "Отложите до субботы, пожалуйста")
    assert [(task.title, task.status) for task in found][1:] == [("Отложить до субботы", "open")]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Подскажите, до скольки вы сегодня работаете?", ["Ответить: подскажите, до скольки вы сегодня работаете"]),
        ("Вы работаете?", []),
        ("Прошу направить акт, а также сообщить реквизиты", ["Направить акт", "Сообщить реквизиты"]),
        ("Ребята, сайт лежит!", ["Разобраться: сайт лежит"]),
    ],
)
def test_what_is_asked_beside_is_heard(text: str, titles: list[str]) -> None:
    assert [task.title for task in tasks(text)] == titles


@pytest.mark.parametrize("report", ["Quote attached", "Quote sent", "Here is the quote", "the quote is attached"])
def test_a_report_in_english_closes(report: str) -> None:
    assert told(tasks("Please send a quote", f"> {report}")) == [("request", "", "done")]


@pytest.mark.parametrize("report", ["Держите", "Вот счёт", "Счёт во вложении"])
def test_who_hands_it_over_has_done_it(report: str) -> None:
    assert told(tasks("Пришлите счёт", f"> {report}")) == [("request", "", "done")]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("хочу отменить заказ", ["Отменить заказ"]),
        ("отмените мою бронь на завтра", ["Отменить мою бронь на завтра"]),
        ("Отмените", []),
        ("Забудьте, уже нашёл", []),
        ("looks good, let's proceed", []),
        ("Please don't call me", ["Don't call me"]),
    ],
)
def test_taking_back_what_is_no_task_is_one(text: str, titles: list[str]) -> None:
    assert [task.title for task in tasks(text)] == titles


def test_a_question_ends_with_its_mark() -> None:
    found = tasks("ты сделал презентацию? совещание в 15")
    assert [(task.kind, task.title, task.status) for task in found] == [
        ("question", "Ответить: ты сделал презентацию", "open")
    ]


def test_what_was_promised_is_received_in_english_too() -> None:
    found = tasks("I'll send you the signed form by Monday", "> Great", "here it is", "> Received, thanks")
    assert told(found) == [("commitment", "2025-10-20", "done")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Замените арт. 55012 на 55013 до завтра", ("request", "Заменить арт. 55012 на 55013 до завтра")),
        ("Отмените, пожалуйста, запись на среду", ("request", "Отменить запись на среду")),
        ("Выставите счёт на 40 коробок", ("request", "Выставить счёт на 40 коробок")),
        ("Больше не звоните мне с кредитами", ("request", "Не звонить больше мне с кредитами")),
        ("Сможет мастер подойти завтра?", ("request", "Сделать: сможет мастер подойти завтра")),
        ("I need a copy of my policy asap", ("request", "Provide a copy of my policy asap")),
        ("В счёте ошибка, исправьте её", ("request", "Исправить её — В счёте ошибка")),
        ("Please go ahead and book the hotel", ("request", "Book the hotel — Please go ahead")),
        ("Надо решить вопрос с возвратом", ("request", "Решить вопрос с возвратом")),
        ("Напомните мне за день до визита", ("request", "Напомнить мне за день до визита")),
        ("напомните адрес", ("question", "Ответить: напомните адрес")),
        ("Хочу убедиться, что он отправлен", ("question", "Ответить: хочу убедиться, что он отправлен")),
        ("Hi, do you need my passport?", ("question", "Answer: do you need my passport")),
        ("Стук как был, так и остался", ("complaint", "Разобраться: стук как был, так")),
        ("Макет баннера — к утру понедельника", ("request", "Сделать: макет баннера — к утру понедельника")),
        ("не нашли у себя счёт, продублируете?", ("request", "Сделать: не нашли у себя счёт, продублируете")),
        ("чё за дела, скина нету в инвентаре", ("complaint", "Разобраться: скина нету в инвентаре")),
        ("Удалите мой отзыв", ("request", "Удалить мой отзыв")),
        ("Хочется ещё пять яблонь", ("request", "Сделать: хочется ещё пять яблонь")),
        ("заказ 519 заберёт муж", ("request", "Сделать: заказ 519 заберёт муж")),
        ("Stop sending me paper statements", ("request", "Stop sending me paper statements")),
        ("чо там по моей заявке", ("question", "Ответить: чо там по моей заявке")),
        ("у самоката колесо клинит", ("complaint", "Разобраться: у самоката колесо клинит")),
        ("two of the meals were off", ("complaint", "Look into: two of the meals were off")),
        ("the brakes are squealing again", ("complaint", "Look into: the brakes are squealing again")),
    ],
)  # fmt: skip
def test_how_people_say_it(text: str, found: tuple[str, str]) -> None:
    (task,) = tasks(text)
    assert (task.kind, task.title) == found


@pytest.mark.parametrize(
    "text",
    [
        "Прикрепляю документы", "Как отпуск?", "give the nurse a hug from us", "Передайте Саше, что раф — это любовь",
        "FYI: nothing for you to do", "Thank you for the draft", "Есть кто живой?", "Ну напишите хоть слово!!",
        "Хорошей вам смены, не болейте!", "hmm, let me sleep on it",
    ],
)  # fmt: skip
def test_what_is_only_said_is_no_task(text: str) -> None:
    assert tasks(text) == []


def test_a_day_in_the_next_message_is_that_of_what_was_asked_for() -> None:
    found = tasks("I'd like to reorder the flyers", "they have to be here by the 26th", minutes=1)
    assert told(found) == [("request", "2025-10-26", "open")]


def test_what_is_told_beside_a_promise_to_find_out_answers_its_own_question() -> None:
    found = tasks(
        "Где посмотреть запись урока? И перенесите экзамен на воскресенье.",
        "> Запись урока лежит в кабинете. По экзамену уточню и напишу завтра",
    )
    assert [(task.kind, task.status) for task in found][:2] == [("question", "done"), ("request", "open")]


def test_the_day_behind_a_correction_is_the_one_that_is_meant() -> None:
    found = tasks("Please ship the samples by Friday", "> Will do!", "Sorry, I meant Thursday, he flies out on Friday")
    assert told(found)[0] == ("request", "2025-10-16", "open")
