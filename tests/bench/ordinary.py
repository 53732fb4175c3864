"""Ordinary messages: what customers write on an ordinary day, in two languages, with numbers and names that vary.

Two in three are taken for something to be done, which is more than in most talks: nobody answers these customers.
"""

import random

_MESSAGES = (
    "Здравствуйте! Подскажите, пожалуйста, сколько стоит доставка заказа {n} в {city}?",
    "Добрый день, заказ {n} пришёл без крышки. Пришлите, пожалуйста, недостающую деталь.",
    "Спасибо большое, всё получил, {name} очень помог!",
    "Оформите, пожалуйста, возврат по заказу {n}. Размер не подошёл, носить такое невозможно.",
    "Когда будет курьер? Обещали до {hour}, уже вечер, а никого нет.",
    "Да, спасибо.",
    "Договор подпишу завтра и отправлю скан на почту.",
    "Не могу войти в личный кабинет, пишет «неверный пароль», хотя я его только что менял.",
    "Нужно перенести встречу с {name} на пятницу, в четверг не получается.",
    "А скидка {m} % ещё действует?",
    "Добрый вечер. Мы с мужем хотели бы заказать кухню, примерно {m} метра. Пришлите каталог и цены до пятницы.",
    "Отмените, пожалуйста, запись на {m} число.",
    "ок",
    "Фото прикрепил, посмотрите, пожалуйста: на экране царапина, хотя коробка целая.",
    "Здравствуйте, {name}! Счёт {n} оплатили сегодня утром, платёжку вышлю следующим письмом. Ждём отгрузку в среду.",
    "Перезвоните мне, пожалуйста, после {hour}, сейчас на совещании.",
    "Интернет третий день работает с перебоями, скорость падает вечером до {m} мегабит. Когда почините?",
    "Понял вас, жду.",
    "Сколько времени занимает изготовление по индивидуальным размерам? И можно ли забрать самому со склада в {city}?",
    "Посылка {n} уже неделю стоит в сортировочном центре. Разберитесь, пожалуйста, и напишите мне, где она.",
    "Добавьте в заказ {n} ещё две пары носков, если не трудно.",
    "Всё заработало, вопрос снят.",
    "Мы участвуем в выставке через две недели, подготовьте, пожалуйста, образцы и прайс. Список пришлю в понедельник.",
    "Какие документы нужны для оформления рассрочки? Паспорта достаточно?",
    "У меня списали деньги два раза, по {n} рублей. Верните, пожалуйста, лишнее!",
    "Подтвердите, пожалуйста, бронь на {m} июня, двое взрослых и ребёнок.",
    "Доброе утро! Напоминаю про акт сверки за третий квартал.",
    "Ну что там с моим заказом {n}?",
    "Адрес: {city}, улица Мира, дом {m}, квартира {m}. Домофон не работает, звоните.",
    "Спасибо, {name}, хорошего дня и вам!",
    "Подскажите, а этот чайник можно ставить на индукционную плиту? В описании не нашла.",
    "Хочу поменять тариф на «Семейный», как это сделать и с какого числа он начнёт действовать?",
    "Нет, не подходит, давайте в другой день.",
    "В накладной {n} указано пять коробок, а приехало четыре. Просим разобраться до конца месяца и прислать пятую.",
    "Можно мне копию чека на почту?",
    "Машина после ремонта опять стучит, на кочках слышно справа. Запишите меня на диагностику, лучше в субботу утром.",
    "Hi! Could you tell me when order {n} will be shipped?",
    "Thanks a lot, {name}, that solved it.",
    "Please cancel my subscription, I don't use it any more.",
    "The app crashes every time I open the invoice from {m} May. I have the latest version, reinstalling did not help.",
    "I'll send the signed contract tomorrow morning.",
    "Can you change the delivery address to {m} Station Road, please? The courier is supposed to come on Friday.",
    "ok great",
    "We need the report on sales in {city} by the end of the week, and could you also check the figures of last month?",
    "Do you ship to {city}? How much would it be for two boxes?",
    "I was charged twice for order {n}. Please refund one of the payments.",
    "Any news on my ticket?",
    "Never mind, I found the answer in the manual.",
    "Good morning, the parcel arrived but one of the glasses is broken. What should I do now?",
    "Yes, please go ahead.",
    "Please book a table for {m} people on Saturday at {hour}, under the name of {name}.",
    "My password reset e-mail never arrives. I have looked in spam too.",
    "Could we move the call to Thursday? I am travelling tomorrow.",
    "It works now, thank you!",
    "How long is the warranty on this model, and does it cover the battery?",
    "Hello {name}, we agreed on a discount of {m} % but invoice {n} does not show it. Please correct and resend it.",
    "Добрый день! Пришлите, пожалуйста, реквизиты, оплатим сегодня до {hour}.",
    "Почему до сих пор не отправили заказ {n}? Вы обещали ещё во вторник!",
    "Запишите дочку на пробное занятие, ей {m} лет, удобнее по вторникам после {hour}.",
    "Курьер приехал вовремя, всё отлично, буду заказывать у вас ещё.",
    "Добрый день!",
    "Спасибо!",
    "Да, всё верно.",
    "Хорошо, договорились.",
    "Размер {m}, цвет синий.",
    "Меня зовут {name}, телефон указан в заказе.",
    "Отлично, до встречи!",
    "Заказ {n}, оформляла на сайте вчера.",
    "Понятно, буду иметь в виду.",
    "Ладно, подумаю.",
    "Ура, получилось!",
    "Нет, не нужно.",
    "Hello!",
    "Yes, that's the one.",
    "Great, see you on Monday.",
    "Order {n}, placed on the website.",
    "Thanks, I'll wait.",
    "No problem at all.",
)  # fmt: skip
_NAMES = ("Анна", "Игорь", "Мария Петровна", "Сергей", "Ольга", "John", "Emma", "Mr Brown", "Kate")
_CITIES = ("Казань", "Тверь", "Нижний Новгород", "Leeds", "Riga", "Самара", "Bristol")


def texts(count: int) -> list[str]:
    """So many of them, each with numbers and names of its own."""
    chance = random.Random(5)
    return [_filled(chance, _MESSAGES[number % len(_MESSAGES)]) for number in range(count)]


def _filled(chance: random.Random, text: str) -> str:
    return text.format(
        n=chance.randrange(1000, 10**6), m=chance.randrange(2, 28), hour=f"{chance.randrange(9, 20)}:00",
        name=chance.choice(_NAMES), city=chance.choice(_CITIES),
    )  # fmt: skip
