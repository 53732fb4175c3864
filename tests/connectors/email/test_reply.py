"""A sender's own new words in plain text: what mail programs put below them is cut, what he wrote never is."""

import pytest

from connectors.email.reply import own_words
from tests.connectors.email.quotes import HEADERS, MARKED, OWN, QUOTED


def own(text: str) -> str:
    full, found = own_words(text)
    assert full == text
    return found.text


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("quoted", [MARKED, QUOTED], ids=["marked", "unmarked"])
@pytest.mark.parametrize("gap", ["\n", "\n\n"], ids=["", "gap"])
def test_what_is_below_a_header_is_cut(header: str, quoted: str, gap: str) -> None:
    assert own(f"{OWN}\n\n{header}{gap}{quoted}\n") == OWN


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_what_is_written_below_a_marked_quote_is_kept(header: str) -> None:
    assert own(f"{header}\n{MARKED}\n\n{OWN}\n") == OWN


@pytest.mark.parametrize(
    "header",
    [
        "Чайная лавка пишет:",
        "Вы писали:",
        "Анна написала:",
        "Ви писали:",
        "Tea Shop wrote:",
        "Quoting Tea Shop <hello@tea.example>:",
        "hello@tea.example:",
        "Am 06.11.2025 um 09:41 schrieb Teeladen:",
        "06.11.2025 Чайная лавка:",
    ],
)
def test_above_marked_lines_a_few_words_are_a_header(header: str) -> None:
    assert own(f"{OWN}\n\n{header}\n{MARKED}") == OWN


@pytest.mark.parametrize(
    "text",
    [
        "Позавчера курьер написал:\nбуду через час. И не приехал.",
        "Прошу счёт по договору от 03.10.2025:\nбумага А4, 10 пачек;\nручки, 50 шт.",
        "Привезите завтра в 12:30, нужно:\n1. Чай\n2. Кофе",
        "03.10.2025 в 12:30 ваш менеджер Ольга написала:\nдоставим сегодня. Где заказ?",
        "Понедельник, 3 ноября, после 12:00 подойдёт:\nя буду дома.",
        "От: Москва\nКуда: Тверь\nТема: переезд\nСколько это стоит?",
        "Итого:\n\n----------\n\nЧай: 3 пачки\nКофе: 2 пачки",
        "Заказ:\n----------\nИмя: Анна\nТелефон: +7 900 000-00-00\nАдрес: Лесная, 5\nEmail: anna@mail.example",
        "On second thought, please cancel:\norder 77 and order 78.",
        "On 5 May 2025 your manager said:\nit will be ready. It is not.",
        "Жду ответа.\n\nС уважением,\nАнна Петрова\nтел. +7 900 000-00-00",
        "Отправлено вам вчера письмо с телефона, ответьте, пожалуйста.",
        "Sent from my office, it never reached me.",
        "Почему не приходит письмо? Прошу уведомить меня.",
        "5 > 3\nи это правда",
        "Конфиденциально: письмо прошу удалить.",
        "1. Чай\n---\n2. Кофе\n---\n3. Сахар",
        "Пересылаю договор.\nОт: Анна",
    ],
)
def test_what_only_looks_like_a_quote_is_kept(text: str) -> None:
    _, found = own_words(text)
    assert (found.text, found.cuts) == (text, ())


def test_answers_between_quotes_are_kept_in_order() -> None:
    text = (
        f"Добрый день!\n\n{HEADERS['gmail']}\n> Какой адрес?\n\nЛесная, 5\n\n> Когда удобно?\n\nВ четверг\n\n> Спасибо"
    )
    assert own(text) == "Добрый день!\n\nЛесная, 5\n\nВ четверг"


def test_a_quote_nobody_announced_stays_above_its_answer_and_goes_at_the_end() -> None:
    assert own("> Какой адрес?\nЛесная, 5") == "> Какой адрес?\nЛесная, 5"
    assert own("Лесная, 5\n\n> Какой адрес?\n> Когда?") == "Лесная, 5"


def test_a_quoted_line_broken_on_its_way_is_still_quoted() -> None:
    long = "> Здравствуйте, напоминаем вам о том, что ваш заказ ждёт вас в нашем пункте на улице"
    assert own(f"{OWN}\n\n{HEADERS['gmail']}\n{long}\nлесной, дом 5\n> и будет ждать неделю") == OWN


def test_initials_before_the_mark_are_part_of_it() -> None:
    marked = "ЧЛ> Добрый вечер!\nЧЛ>> Здравствуйте\nЧЛ>"
    assert own(f"Добрый день.\n\n{HEADERS['the bat']}\n\n{marked}\n\n{OWN}") == f"Добрый день.\n\n{OWN}"


def test_words_right_above_a_header_are_kept() -> None:
    assert own(f"Заказ от 06.11.2025 не пришёл\n{HEADERS['gmail']}\n{MARKED}") == "Заказ от 06.11.2025 не пришёл"
    assert own(f"06.11.2025 жду\nЛавка <a@tea.example> пишет:\n{MARKED}") == "06.11.2025 жду"


@pytest.mark.parametrize(
    "announced",
    [
        "-------- Пересылаемое сообщение --------",
        "Начало переадресованного сообщения:",
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "-------- Перенаправленное сообщение --------",
        "---------- Пересланное сообщение ---------",
        "-------- Weitergeleitete Nachricht --------",
        "---------- Переслане повідомлення ---------",
    ],
)
def test_forwards_are_kept_whole(announced: str) -> None:
    text = f"Посмотрите, что прислали\n\n{announced}\n{HEADERS['outlook']}\n\n{QUOTED}\n\n{HEADERS['gmail']}\n{MARKED}"
    _, found = own_words(text)
    assert (found.text, found.cuts) == (text, ())
    assert own(f"Вот\n\n> {announced}\n>\n> {QUOTED}") == f"Вот\n\n> {announced}\n>\n> {QUOTED}"


@pytest.mark.parametrize("subject", ["FW: Заказ 77", "Fwd: Заказ", "Пересл: Заказ", "WG: Заказ"])
def test_the_subject_tells_that_outlook_forwards(subject: str) -> None:
    text = f"Посмотрите, что прислали\n\n{HEADERS['outlook']}\n\n{QUOTED}"
    assert own_words(text, subject=subject)[1].cuts == ()
    assert own_words(text, subject=f"Re: {subject}")[1].text == "Посмотрите, что прислали"
    assert own_words(f"{OWN}\n\n{HEADERS['gmail']}\n{MARKED}", subject=subject)[1].text == OWN


def test_what_is_announced_is_kept() -> None:
    text = f"Вот что вы мне писали:\n\n{HEADERS['outlook']}\n\n{QUOTED}\n\nГде мой чай?"
    assert own(text) == text


def test_a_header_on_the_line_of_the_last_words_is_cut_behind_them() -> None:
    assert own(f"Да, жду {HEADERS['gmail']}\n\n{MARKED}") == "Да, жду"
    assert own(f"Yes On Thu, Nov 6, 2025 at 9:41 AM Tea Shop <hello@tea.example> wrote:\n{MARKED}") == "Yes"


def test_headers_are_found_however_they_are_broken() -> None:
    recipients = "От: Лавка\nДата: 06.11.2025 9:41\nКому: a@mail.example;\nb@mail.example; c@mail.example\nТема: Чай"
    names_above = "От:\nЛавка <hello@tea.example>\nОтправлено:\n6 ноября 2025 9:41\nКому:\nАнна\nТема:\nЧай"
    apart = "От: Лавка <hello@tea.example>\n\nОтправлено: 6 ноября 2025\n\nКому: Анна\n\nТема: Чай"
    yandex = f"----------------\nКому: Анна;\nТема: Чай;\n{HEADERS['yandex']}"
    for header in (recipients, names_above, apart, yandex):
        assert own(f"{OWN}\n\n{header}\n\n{QUOTED}") == OWN
    mine = f"Тема: доставка\n\n{OWN}"
    assert own(f"{mine}\n\n{HEADERS['outlook']}\n\n{QUOTED}") == mine


def test_a_forward_inside_a_quote_goes_with_it() -> None:
    assert own(f"{OWN}\n\n{HEADERS['gmail']}\n> Begin forwarded message:\n{MARKED}") == OWN
    assert own(f"{OWN}\n\n{HEADERS['gmail']}\n{QUOTED}\n---------- Forwarded message ---------\nтекст") == OWN


@pytest.mark.parametrize(
    "ending",
    [
        "-- \nАнна Петрова\nbux@mail.example",
        "--\nАнна",
        "—\nАнна Петрова",
        "Отправлено с iPhone",
        "Отправлено из мобильной Почты Mail.ru",
        "Отправлено из мобильного приложения Яндекс Почты",
        "Отправлено с моего Galaxy",
        "Отправлено из Почты для Windows",
        "Отправлено с устройства Samsung",
        "Надіслано з iPhone",
        "Sent from my iPhone",
        "Sent from Mail for Windows 10",
        "Get Outlook for iOS<https://aka.ms/x>",
        "Sent from my TI-85",
        "Скачайте Outlook для Android\n<https://aka.ms/x>",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Wysłane z iPhone'a",
        "Verstuurd vanaf mijn iPhone",
        "Enviado do meu iPhone",
        "iPhoneから送信",
        "发自我的iPhone",
        "Skickat från min iPhone",
        "Без вирусов. www.avast.ru",
        "----------\nАнна Петрова\nwww.tea.example",
        "_______________\ntea mailing list\nhttps://lists.example/listinfo/tea",
        (
            "Настоящее электронное письмо и вложения к нему конфиденциальны и предназначены только для адресата. "
            "Если вы получили его по\n"
            "ошибке, незамедлительно уведомите отправителя и удалите его."
        ),
        (
            "This e-mail and any attachments are confidential and intended solely for the addressee. If you are not "
            "the intended recipient, "
            "please notify the sender and delete it."
        ),
        (
            "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Empfänger sind, löschen "
            "Sie bitte diese Nachricht."
        ),
    ],
)
def test_what_programs_put_below_each_mail_is_cut(ending: str) -> None:
    assert own(f"{OWN}\n\n{ending}\n") == OWN
    assert own(f"{OWN}\n\n{ending}\n\n{HEADERS['gmail']}\n\n{MARKED}") == OWN
    assert own(f"{HEADERS['gmail']}\n{MARKED}\n\n{OWN}\n\n{ending}") == OWN


@pytest.mark.parametrize(
    "text",
    [MARKED, f"{HEADERS['gmail']}\n{MARKED}", HEADERS["outlook"], "-- \nАнна", "", " \n\n", "Sent from my iPhone"],
)
def test_a_mail_of_nothing_else_is_shown_whole(text: str) -> None:
    assert own_words(text)[1].cuts == ()
    assert own_words(text)[1].text == text.strip()


def test_cuts_are_counted_in_the_full_text() -> None:
    text = f"😀 Да\r\n\r\n{HEADERS['gmail']}\r\n> старое\r\n\r\nи ещё\r\n"
    full, found = own_words(text)
    (cut,) = found.cuts
    assert full[slice(*cut)].strip() == f"{HEADERS['gmail']}\r\n> старое"
    assert found.text == "😀 Да\n\nи ещё"


def test_what_is_too_long_to_look_at_is_kept_or_goes_with_its_quote() -> None:
    text = "слово " * 60_000
    assert own(text) == text.strip()
    assert own(f"{OWN}\n\n{HEADERS['outlook']}\n\n{text}") == OWN
    assert own(f"{OWN}\n\n{HEADERS['outlook']}\n\n" + "строка\n" * 60_000) == OWN
