"""What only sounds withdrawn: an answer to what the house asked beside, a condition, a limit, a no to a no."""

import pytest

from tests.tasks.extract.talks import told


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Доставьте торт в субботу / > Свечи положить? / Нет, спасибо, не нужно", "open 12-05"),
        ("Закажите нам такси / > Детское кресло нужно? / не, не нужно", "open"),
        ("Запишите на стрижку на завтра / > Напомнить за час? / Спасибо, не надо", "open 12-01"),
        ("У нас течёт труба / > Перекрыть воду? / не надо перекрывать, подставили ведро", "open"),
        ("Please deliver the cake on Saturday / > Do you need a receipt? / No, I don't need it", "open 12-05"),
        ("Book us a taxi to the station / > Shall I add a child seat? / No need, thanks", "open"),
        ("Оформите подписку на журнал / > Газету отменить? / Да, отменяйте", "open"),
        ("Запишите на маникюр на пятницу / > Перенести запись на четверг? / Нет, не надо", "open 12-04"),
        ("Сколько стоит замена стекла? / > 5000. Записать вас? / Пока не надо", "open"),
        ("Почините калитку / > Ок / Спасибо, больше ничего не нужно", "open"),
        ("Please mend the gate / > Sure / Nothing else needed, thanks", "open"),
        ("Запишите на пятницу / > Хорошо / Не буду отменять, приду", "open 12-04"),
        ("Доставьте торт в субботу / > Хорошо / Только не отменяйте, как в прошлый раз", "open 12-05"),
        ("Please paint the fence on Friday / > Ok / I don't want to cancel, just asking", "open 12-04"),
        ("Please fix the gate / > Ok / Please don't cancel on me again", "open"),
        ("Запишите на пятницу / > Хорошо / Если заболею, отменю", "open 12-04"),
        ("Помойте окна в среду / > Хорошо / Если будет мороз, не мойте окна", "open 12-02"),
        ("Помойте окна в среду / > Хорошо / Пока не позвоню, окна не мойте", "open 12-02"),
        ("Book me in for Friday / > Ok / If I'm late, cancel it", "open 12-04"),
        ("Позвоните мне по поводу заказа / > Хорошо / До обеда не звоните, на совещании", "open"),
        ("Позвоните мне по поводу заказа / > Хорошо / Мужу не звоните, только мне", "open"),
        ("Отправьте коробку курьером / > Ок / Почтой не отправляйте, только курьером", "open"),
        ("Запишите меня к терапевту / > На какой день? / В понедельник не записывайте", "open"),
        ("Почините калитку / > Ок / Красить её не надо", "open"),
        ("Почините калитку / > Ок / Звонить заранее не нужно", "open"),
        ("Please deliver the cake on Saturday / > Sure / No need to ring the bell", "open 12-05"),
    ],
)  # fmt: skip
def test_it_is_still_wanted(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Доставьте торт в субботу / > Торт ещё нужен? / Нет, не нужен", "cancelled 12-05"),
        ("Закажите нам такси / > Детское кресло нужно? / Уже не надо, дошли пешком", "cancelled"),
        ("Запишите на стрижку / > Есть только 15:00. Записать? / Тогда не надо", "cancelled"),
        ("Нужен столик на пятерых / > Оформляем? / Не надо, передумали", "cancelled"),
        ("Пришлите мастера / > Ок / Приезжать не надо, сам починил", "cancelled"),
        ("Разбудите в семь / > Хорошо / будить не надо, проснёмся сами", "cancelled 11-30"),
        ("Отправьте коробку курьером / > Ок / Если ещё не отправили, отмените", "cancelled"),
        ("Закажите такси на завтра / > Закажем вечером / отбой, рейс отменили", "cancelled 12-01 cancelled 11-30"),
        ("Помойте окна в пятницу / > Хорошо / Отмените, собственник против", "cancelled 12-04"),
        ("Закажите запчасти / > Ок / Если не поздно, не заказывайте", "cancelled"),
        ("Нужен столик на двоих / > На какое время? / Спасибо, не нужно", "cancelled"),
        ("Нам бы фуршет на сорок человек / > Выходит от 76 000. Оформляем? / Дорого, не надо, спасибо", "cancelled"),
        ("Deliver the cake on Saturday / > Add candles? / No, please cancel", "cancelled 12-05"),
        ("Deliver the cake on Saturday / > Add candles? / No, we changed our minds", "cancelled 12-05"),
        ("Deliver the cake on Saturday / > Add candles? / Nothing else, cancel it", "cancelled 12-05"),
        ("Доставьте шкаф / > Подъём нужен? / Нет, не везите", "cancelled"),
        ("Посчитайте крышу / > Сделать с утеплением? / Не надо, отказались от крыши", "cancelled"),
        ("Вызовите мне эвакуатор / > Вызываю / Если эвакуатор не выехал, отмените", "cancelled"),
        ("Please trim the hedge / > Ok / If you haven't started, cancel it", "cancelled"),
        ("Позвоните завтра в 10 / > Хорошо / Не звоните завтра в 10", "cancelled 12-01"),
        ("Если можно, отмените мою запись на среду", "open 12-02"),
        ("Придержите столик на завтра / Не, отменяется, заболели", "cancelled 12-01"),
        ("Book us a taxi / > Do you need a child seat? / No, we no longer need the taxi", "cancelled"),
    ],
)  # fmt: skip
def test_it_is_taken_back(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Пришлите договор / > Договор пока не готов", "open"),
        ("Замените замок / > Поставили другой замок", "done"),
        ("Пришлите другой файл / > Отправил другой файл", "done"),
        ("My internet is down / > fixing / Everything works now", "done"),
        ("Не греют батареи / > Мастер едет / Отопление заработало", "done"),
        ("Принтер не печатает / > чиним / После перезагрузки работает", "done"),
        ("Помойте окна и почистите диван / > Окна помыли, диван в пятницу", "done open"),
        ("Выставьте счёт. Ещё нужен договор / > Счёт во вложении, договор ещё у юристов", "done open"),
        ("Wash the windows. And clean the sofa please / > Windows done, sofa on Friday", "done open"),
        ("Пришлите счёт и акт / > Счёт, акт и накладная отправлены", "done"),
        ("Send me the certificate / > The certificate is not ready yet", "open"),
        ("Почините лифт / > Лифт в соседнем доме починили, очередь за вашим", "open"),
        ("Can you send me the photos? / > I'll send them tomorrow / Got it", "open open 12-01"),
        ("Холодильник не морозит / > Попробуйте разморозить / Готово, посмотрим", "open"),
        ("Не работает интернет / > Перезагрузите роутер, пожалуйста / Сделала, жду", "open"),
        ("Кран течёт / > Мастер будет завтра / У соседей, кстати, работает", "open open 12-01"),
        ("Пришлю фото завтра / > Ждём / Фото ещё не отправила, извините", "open 12-01"),
        ("I'll send the photos tomorrow / > Thanks / Haven't sent the photos yet, sorry", "open 12-01"),
        ("I'll pay tomorrow / > Thanks / I tried to pay but the card was declined", "open 12-01 open"),
    ],
)  # fmt: skip
def test_only_what_is_done_is_done(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Приезжайте в среду / > Приедем в среду / > На четверг ничего не переносим", "open 12-02 open 12-02"),
        ("Приезжайте в среду / > Приедем в среду / > Другой заказ перенесли на четверг", "open 12-02 open 12-02"),
        ("Please deliver it on Wednesday / > Ok / I'd rather not move it to Thursday", "open 12-02"),
        ("> Курьер будет в среду / А завтра можно оплатить?", "open 12-02 open"),
        ("> Приедем в среду / А в пятницу можно?", "open 12-04"),
        ("Please deliver it on Wednesday / > Ok / If you can, make that Thursday", "open 12-03"),
        ("Привезите диван в среду / > Хорошо / Если свободно, перенесите доставку на четверг", "open 12-03"),
        ("Deliver the sofa on Wednesday / > Ok / If you don't mind, move it to Thursday", "open 12-03"),
        ("Нужен электрик в среду / > Записал / Если можно, перенесите на четверг", "open 12-03"),
        ("> Мастер приедет в среду / > Перенесли на другой день, на четверг", "open 12-03"),
    ],
)  # fmt: skip
def test_it_stays_on_its_day_or_moves(talk: str, found: str) -> None:
    assert told(talk) == found
