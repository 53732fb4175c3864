"""What both sides come to in a longer talk: days offered and taken, work taken back, and what a report is of."""

from datetime import timedelta

import pytest

from tests.tasks.extract.talks import sure_in, tasks_in, told


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Хочу вызвать настройщика в выходные / > Суббота, 12:00, мастер Георгий / суббота хорошо", "open 12-05"),
        ("септик откачайте завтра / > есть среда после обеда / ну среда так среда", "open 12-02"),
        ("запишите на маникюр / > есть четверг 12:00 и пятница 15:00 / пятница подойдёт", "open 12-04"),
        ("Need the chimney swept next week / > Wednesday at 9 any good? / Lovely, Wednesday it is", "open 12-02"),
        ("Запишите к врачу / > Во вторник? / Во вторник никак. А среда? / > Среда 17:40, переписала вас", "done 12-02"),
        ("перенесите вождение / > Есть пятница и суббота / суббота / > Переставила на субботу", "done 12-05"),
        ("Отправьте всё четырнадцатого / давайте отправку на неделю позже", "open 12-21"),
        ("стол почините / > В среду приедет Георгий / в среду мы на даче, можно на день позже?", "open open 12-03"),
        ("в чём дело, ковра нет / > Привезём в среду / в среду дома никого, только четверг", "open open 12-03"),
        ("стол нужен / > Стол будет готов к среде / ну что там, в пятницу забирать можно?", "open open 12-02"),
        ("Орлика пора перековать. Сможете в среду?", "open 12-02"),
        ("пломба вылетела / > У доктора свободно в среду в 9:00 и в четверг в 17:30 / четверг", "open 12-03"),
        ("got any slots? / > Thursday at 2 or Friday at half nine / Thursday'd be lovely", "done open 12-03"),
        ("инет отваливается / > нужен выезд. В понедельник 18–20? / норм", "open open 12-07"),
        ("Ship it on Friday please / > Monday or Tuesday? / Tuesday", "open 12-08"),
        ("> Мы работаем в субботу и в воскресенье / в субботу приеду", ""),
        ("> Напоминаю: завтра выезд до 12:00 / завтра, помним", ""),
        ("> Заказ будет в среду / среда отлично", "open 12-02"),
        ("Диплом переплести в твёрдую обложку, забрать надо в четверг", "open 12-03"),
        ("Нам нужна няня на полдня, выйти с 1 марта", "open 03-01"),
        ("стол сделайте / > Стол готов будет к пятнице / > будет будет не к пятнице, а ко вторнику", "open open 12-01"),
        ("Пришлите машину к среде / > Будет во вторник / > Сдвигаем на пятницу", "open 12-04 open 12-04"),
    ],
)  # fmt: skip
def test_a_day_is_agreed_on(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("кармашек приклейте / > Вижу, поставила в печать / кармашек не клейте, диск не требуют", "cancelled"),
        ("Запишите меня на бачату с 9-го / > Записала / Вычёркивайте меня из бачаты", "cancelled 12-09"),
        ("На четверг забронируйте переговорку / > четверг, бронь ваша / переговорка нам ни к чему", "cancelled 12-03"),
        ("и торфа добавьте / > Торф только самовывозом / а, ну тогда без торфа", "cancelled"),
        ("бронируйте / тогда без проблем", "open"),
        ("А фату сошьёте? / > Сошьём / фату не дошивайте 🙈 свекровь достала бабушкину", "cancelled cancelled"),
        ("Закажите факсимиле директора / передумал. вопрос снят", "cancelled"),
        ("I want to move up to a larger unit / > I've pencilled you in / I'm staying put", "cancelled"),
    ],
)
def test_it_is_taken_back(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Посчитайте, сколько выходит налог / > Налог 18 200 ₽", "done"),
        ("Нужен ещё один стол / > По столу пришлю соглашение завтра / > Соглашение отправила", "open done 12-01"),
        ("Нужен прайс / > пришлю прайс завтра / > Прайс отправила", "done done 12-01"),
        ("Swap us to two doubles, please / > Shall I do that? / Yes do. And put us down for two bikes", "open open"),
        ("scrap the generator / > Generator's off. Credit note to you by Friday", "open 12-04"),
        ("А фату сошьёте? / > Сошьём, 3 500. Берём в работу? / Берите!", "open"),
        ("Лифт стоит / > Механик будет до двух / ну и где механик", "open 11-30"),
        ("Any news on the visa? / > A statement is needed / I'll scan it by Sunday / Attached", "done done 12-06"),
        ("снег сбейте / > бригада уберёт снег сегодня / снег скинули, спасибо ребятам", "done done 11-30"),
        ("flyers please / > I can add a bleed or you can resend / I'll resend", "open open"),
        ("> Пересадили вас в «Сосну», ключ на ресепшен", ""),
        ("Can someone come and quote? / > Quote's in your inbox", "done"),
    ],
)  # fmt: skip
def test_a_word_is_of_what_it_names(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "found"),
    [
        ("Запишите на пятницу / > Увы, не в пятницу", "open 12-04"),
        ("Please deliver on Friday / > Sorry, not on Friday", "open 12-04"),
        ("Нужен стол к пятнице / > Будет к пятнице / > Оплата не в пятницу, а в понедельник", "open 12-04 open 12-04"),
        ("Перевезите диван / > Перевезём / Не переживайте, лестница широкая", "open open"),
        ("Включите отопление / > Включили / Больше не выключайте отопление!", "done open"),
        ("Закажите торт на субботу / > Какую начинку? / Шоколад, лучше без орехов", "open 12-05"),
        ("Замените стекло / > Завтра / до завтра перебьёмся", "open"),
        ("Привезите пиццу / > С луком? / давайте без лука", "open"),
        ("Send the invoice by Friday / > Sure / > The meeting is not on Friday but on Monday", "open 12-04"),
        ("Закажите торт / > С надписью? / надпись ни к чему", "open"),
        ("Нужен пропуск / > Готов / Уберите меня из рассылки", "done open"),
        ("Please frame my prints / > They're ready / Great, drop them off at reception please", "open open"),
        ("Collect the garden waste on Monday / > OK / Bin bags please, two rolls", "open 12-07"),
        ("Book me a table for Friday / > Booked / Change of plan, we're six not four", "done 12-04"),
        ("Пришлите договор / > Во вторник у нас переезд / понятно, во вторник не до того", "open"),
        ("Привезите шкаф в субботу / > Привезём / меня не будет только в пятницу", "open 12-05 open"),
        ("Fix the gate by Friday / > Will do / Can you say what time tomorrow?", "open 12-04 open"),
        ("Пришлите смету к пятнице / > Хорошо / давайте встречу на неделю позже", "open 12-04 open"),
        ("Нужен стол на ужин / > Забронирую на пятницу / > Забронировала / давайте на субботу", "open open 12-05"),
        ("Запишите на приём / > В среду поставили новый аппарат УЗИ", "open"),
        ("Запишите на маникюр / > Записала, предоплату до среды", "done"),
        ("Передвиньте шкаф к окну / > Записали", "open"),
        ("Когда будет готово? / > Узнаю. Могу перезвонить на этот номер?", "open open"),
        ("Посчитайте, сколько стоит забор / > 2 недели срок забора", "open"),
        ("Send the quote / > The quote's being prepared", "open"),
        ("Почините розетку у двенадцатого стола", "open"),
        ("Почините часы / > Позвоним, когда будет готово / Когда?", "open"),
    ],
)  # fmt: skip
def test_a_word_in_common_does_nothing(talk: str, found: str) -> None:
    assert told(talk) == found


@pytest.mark.parametrize(
    ("talk", "titles"),
    [
        ("Всякое случается, но когда почините?", ["почините"]),
        ("Без обид, ремонт никуда не годится", ["ремонт"]),
        ("Нужна справка, продлить абонемент", ["справка", "Продлить"]),
        ("They do deliver my papers daily", []),
        ("Our app's out on Friday!", []),
        ("> Please bring ID with you on Friday", []),
        ("> Looking forward to working with you on Monday", []),
        ("> Best wishes to you for Friday", []),
        ("> Мастер обещает быть завтра", ["Мастер"]),
        ("а гвозди свои покупать или у вас есть", ["гвозди"]),
        ("спасжилеты выдаёте или свои брать", ["спасжилеты"]),
        ("надо позвонить или написать", ["Позвонить"]),
        ("Так что выступление снимаем", []),
        ("> Miso ate both breakfasts / Both?!", []),
        ("появилось, села смотреть", []),
        ("на замке села батарейка", ["батарейка"]),
        ("я в понедельник не дошла", []),
        ("третий раз за лето зацвела!!", []),
        ("never looked tbh", []),
        ("Have an amazing day. Top marks", []),
        ("Boiler's packed in again, not a drop of hot water", ["packed in"]),
        ("Хотим ваши пироги. Испечёте два больших к 18му?", ["пироги"]),
        ("спасибо(( и еще, когда теория у 14 группы", ["когда теория"]),
        ("Just do the reduction instead", ["reduction"]),
        ("Oh, and book me travel insurance while you're at it", ["insurance"]),
        ("всякое бывает, без обид", []),
        ("Our site is down since morning", ["site is down"]),
        ("So you can take the scaffold down", ["scaffold"]),
        ("Директор говорит за подпись банк по голове даст", []),
        ("> На завтра ливень обещают", []),
    ],
)
def test_it_is_a_task_or_none(talk: str, titles: list[str]) -> None:
    found = [task.title for task in sure_in(talk)]
    assert len(found) == len(titles)
    assert all(title in own for title, own in zip(titles, found, strict=True))


@pytest.mark.parametrize(
    ("lines", "titles"),
    [
        (["у папы аппарат свистит", "и батарейки отложите нам две пачки"], ["свистит", "Отложить батарейки"]),
        (["чайник сломался", "и пришлите мастера"], ["Прислать мастера"]),
    ],
)
def test_what_is_asked_for_beside_a_trouble_may_be_another_thing(lines: list[str], titles: list[str]) -> None:
    found = [task.title for task in tasks_in(lines, timedelta(minutes=1))]
    assert len(found) == len(titles)
    assert all(title in own for title, own in zip(titles, found, strict=True))
