"""The right task and no other: what a few words close, withdraw or move, and what they leave alone."""

from datetime import timedelta

import pytest

from tests.tasks.extract.talks import sure_in, tasks_in, told


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        (
            "Пришлите счёт до четверга. Закажите пропуск на субботу. / Пропуск уже не нужен, отмените",
            "open 12-03 cancelled 12-05",
        ),
        ("Пришлите акт / Вызовите такси / Такси больше не требуется. Отмените, пожалуйста.", "open cancelled"),
        ("Закажите пропуск / Пришлите акт / Акт не нужен уже, можете отменить", "open cancelled"),
        ("Пришлите счёт / > Отправил на почту / Спасибо, больше ничего не нужно", "done"),
        ("Перезвоните мне / > Перезвонили / Отлично, перезванивать не надо", "done"),
        ("Please call me back / > Called you / Great, no need to call me back", "done"),
        ("Прошу вернуть деньги за заказ 1055 / > Вернём завтра / Заказ 1056 пришёл, спасибо", "open open 12-01"),
        ("Мы участвуем в конференции, подготовьте стенд / жду отчёт / Конференция отменяется", "cancelled open"),
        ("Забронируйте столик и такси на пятницу / Такси не надо", "open 12-04"),
        ("book a room for Wednesday and order lunch / Never mind the lunch", "open 12-02 cancelled"),
        ("Хочу вернуть товар и получить новый каталог / Возврат не нужен", "cancelled open"),
        ("Доставьте заказ 1001 завтра, а заказ 1002 послезавтра. / 1001 отмените", "cancelled 12-01 open 12-02"),
    ],
)
def test_what_is_taken_back(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Почините дверь / Замените лампу / > Сделаем / Дверь починили, всё работает, спасибо!", "done open"),
        ("Не работает лифт / Почините дверь / > Сделаем / Дверь починили, всё работает, спасибо!", "open done"),
        ("Не приходит смс / Пришлите счёт / > Выслали / Счёт пришёл, спасибо, всё ок", "open done"),
        ("The elevator is broken / When do you work? / > 9 to 6 / Perfect, that works for me", "open done"),
        ("Не работает интернет / > Какого цвета горит лампочка? / Горит красным", "open"),
        ("Не включается чайник / > Пробовали другую розетку? / Пробовал, то же самое", "open"),
        ("My order hasn't arrived. / > Did you get a tracking number? / Yes, I got it", "open"),
        ("I can't log in. / > Did you receive our mail? / Received it, but the link doesn't work", "open open"),
        ("Пришлите акт / Наш бухгалтер работает до пятницы", "open"),
        ("Пришлите акт / > Пришлём завтра / Отлично. В среду у нас проверка.", "open open 12-01"),
        ("Замените дверь / > Мастер будет завтра / В четверг у нас праздник", "open open 12-01"),
        ("Вы обещали перезвонить / > Перезвоню сегодня до 18:00 / Опять не позвонили", "open open 11-30"),
        ("The app crashes / > Fixed in 5.2.2, please update. / Works great now!", "done"),
    ],
)
def test_what_a_client_is_glad_of(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Where is my order? / > Hello! Thanks for contacting us.", "open"),
        ("Где мой заказ? / > Спасибо за обращение, мы получили ваше сообщение", "open"),
        ("Where is my order? / > Sorry for the wait, we are quite busy today", "open"),
        ("Please send the invoice / > The invoice will be sent once the payment is confirmed", "open"),
        ("Пришлите отчёт к пятнице / > В пятницу офис закрыт", "open 12-04"),
        ("Почините кран / > Оставили заявку мастеру, он свяжется с вами", "open open"),
        ("Please repair my phone / > We've received your phone", "open"),
        ("Почините телефон / > Телефон посмотрели, нужна замена экрана", "open"),
        ("Измените адрес заказа / > Изменили бы, но заказ уже отправлен", "open"),
        ("Перезвоните мне / > Звонили вам, не дозвонились", "open"),
        ("Send me the receipt and confirm my booking / > The receipt is attached", "done open"),
        ("Потребуется план БТИ на гараж, раздобудете? / > Архив был закрыт.", "open"),
        ("Send me the invoice for October and update my billing address / > The invoice is attached.", "done open"),
    ],
)
def test_what_the_house_reports(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Доставьте диван в пятницу после 18 / А в субботу доставляете?", "open 12-04 open"),
        ("Deliver it on Saturday / Are you open on Sunday?", "open 12-05 open"),
        ("Book a table for Friday / > Booked / Is there live music on Saturday?", "done 12-04 open"),
        ("Перенесите запись на пятницу / > Перенесла / Спасибо! В пятницу во сколько приходить?", "done 12-04 open"),
        ("Доставьте диван в пятницу / А в субботу?", "open 12-05"),
        ("Доставьте диван в пятницу / А в субботу получится?", "open 12-05"),
        ("Пришлите счёт до пятницы / Счёт лучше к понедельнику, пожалуйста", "open 12-07"),
        ("Отправьте курьера завтра / > Курьер назначен на 14:00", "open 12-01"),
        ("Call me tomorrow at 3pm / > Sure, will call at 3", "open 12-01 open 12-01"),
        ("Запишите на среду / > Записала, среда 17:00 / Ой, на 6-е", "open 12-06"),
    ],
)
def test_which_day_moves(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Пришлите, пожалуйста, счёт / Пришлите, пожалуйста, счёт", "open"),
        ("Please send the invoice / > Will do / Please send the invoice", "open"),
        ("I'll think about it and get back to you.", ""),
        ("Let me check with my wife and get back to you", ""),
        ("we'll discuss and let you know", ""),
        ("Не работает интернет / > Какого цвета лампочка? / Мигает жёлтым", "open"),
        ("Подготовьте план гаража / > Хорошо / Ну и где мой план?", "open"),
    ],
)
def test_what_makes_no_task(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize("text", ["Что-то тут не очень понятно с оплатой", "I'm not happy with the service"])
def test_what_is_denied_is_no_praise(text: str) -> None:
    assert tasks_in([text], timedelta())


@pytest.mark.parametrize(
    ("talk", "title"),
    [
        ("Запишите меня на стрижку в среду / В пятницу лучше", "Записать меня на стрижку в пятницу"),
        ("Reschedule our call to Tuesday / Sorry, make that Thursday", "Reschedule our call to Thursday"),
        ("I need a refund for order 5512 please", "Provide a refund for order 5512"),
    ],
)
def test_titles(talk: str, title: str) -> None:
    assert sure_in(talk)[0].title == title
