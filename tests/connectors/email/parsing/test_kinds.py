"""Client, automatic, given back or mailing."""

import pytest

from connectors.email.mime import read
from tests.connectors.email.mails import encoded, mail, raw

PERHAPS_AUTO = [
    "Меня нет в офисе: Вопрос",
    "Отсутствую на рабочем месте",
    "Вне офиса: Вопрос",
    "Автоматическое уведомление",
    "Auto: Question",
    "Vacation",
    "Annual leave: Question",
    "Out of the office - back on Monday",
    "Abwesend: Frage",
    "Frånvaro: fråga",
]
# How mail systems begin what they give back, and clients of shops their complaints.
UNDELIVERED = [
    "Не доставлен заказ",
    "Недоставлен товар",
    "Не удалось доставить посылку",
    "Ошибка доставки",
    "Сообщение не доставлено",
    "Отчёт о доставке",
    "Уведомление о доставке",
    "Возврат почты",
    "Delivery problem",
    "Delivery failed",
    "Delivery failure",
    "Delivery status",
    "Delivery delayed",
    "Failed delivery",
    "Undelivered parcel",
    "Returned to sender",
    "Rejected: my payment",
    "Message you sent",
    "Unzustellbar: Paket",
]
COMPLAINT = """Заказ на 450 рублей не доставлен, напишите мне на ivan@mail.example
Дом 512 не нашли. My mail to help@shop.example was lost too, 550 5.1.1 user unknown.
"""


def kind(**headers: str) -> str:
    """The kind of a mail with these headers besides the usual ones."""
    return read(mail("Здравствуйте", **headers)).kind


@pytest.mark.parametrize(
    "subject",
    [
        "Вопрос по заказу",
        "Почему мне приходит автоответ?",
        "Автоответ не работает",
        "Re: Автоматический ответ: ваша заявка принята",
        "Re: Automatic reply: hello",
        "Отпуск: какие туры есть?",
        "Out of office chairs, do you have any",
        "Не доставлен заказ 4512",
        "Не доставлено! Где посылка?",
        "Undelivered parcel",
        "Delivery problem with my order",
        "Возврат письма",
        "Vacation",
        "Vacation: which dates are free?",
        "Vacation, two persons, Crete",
        "Vacation: question re: dates",
        "Annual leave - how many days",
        "Annual leave - question re: pay",
        "Auto: Ford Focus 2019",
        "Auto - вопрос по запчастям",
        "Auto-email issue",
        "Auto answer: how do I turn it off",
        "OOO: счёт на оплату",
        "Автоответчик: есть ли в наличии?",
        "Автоматическое уведомление: как отключить",
        "Автоответ - как настроить?",
        "Вне офиса: доставка",
        "Меня нет в офисе: оставьте у охраны",
        "Нет на месте: курьер",
        "Отсутствую на рабочем месте: срочный вопрос",
        "Out of office - which desk fits a home",
        "自動返信が届きません",
        "Autoclave",
        "Автомойка: запись",
        "",
    ],
)
def test_clients_write_about_these_things_too(subject: str) -> None:
    assert kind(Subject=subject) == "client"


@pytest.mark.parametrize(
    "subject",
    [
        "Автоответ: Вопрос",
        "Автоматический ответ: Вопрос",
        "Автоответ",
        "[Автоответ] Вопрос",
        "Автоматична відповідь: Питання",
        "Automatic reply: Question",
        "Auto-Reply: Question",
        "AutoReply",
        "Out of Office: Question",
        "Out of Office AutoReply: Question",
        "Automatische Antwort: Frage",
        "Abwesenheitsnotiz: Frage",
        "Réponse automatique : question",
        "Respuesta automática: pregunta",
        "Risposta automatica: domanda",
        "Automatyczna odpowiedź: pytanie",
        "Automatisch antwoord: vraag",
        "Resposta automática: pergunta",
        "Autosvar: fråga",
        "自動返信: 質問",
        "自动回复：问题",
        "【自動返信】質問",
        "Auto: Re: Question",
        "Vacation Re: Question",
        "Вне офиса: Re: Вопрос",
    ],
)
def test_subjects_of_programs(subject: str) -> None:
    assert kind(Subject=encoded(subject)) == "auto"
    assert kind(Subject=subject) == "auto"


@pytest.mark.parametrize("subject", PERHAPS_AUTO)
@pytest.mark.parametrize(
    "sign",
    [{"Return_Path": "<>"}, {"X_Auto_Response_Suppress": "All"}, {"Precedence": "bulk"}],
    ids=lambda sign: str(*sign),
)
def test_ordinary_words_are_a_programs_with_a_sign_of_one(subject: str, sign: dict[str, str]) -> None:
    assert kind(Subject=subject, **sign) == "auto"
    assert kind(Subject=subject) == "client"
    assert kind(Subject=subject, In_Reply_To="<sent.1@shop.example>", Return_Path="<ivan@mail.example>") == "client"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Auto_Submitted", "auto-replied", "auto"),
        ("Auto_Submitted", "auto-generated; type=x", "auto"),
        ("Auto_Submitted", "auto-replied (vacation)", "auto"),
        ("Auto_Submitted", "no", "client"),
        ("Precedence", "auto_reply", "auto"),
        ("Precedence", "bulk", "bulk"),
        ("Precedence", "list", "bulk"),
        ("Precedence", "normal", "client"),
        ("X_Autoreply", "yes", "auto"),
        ("X_Autoreply", "no", "client"),
        ("X_Autorespond", "Вопрос", "auto"),
        ("X_Auto_Response_Suppress", "All", "client"),
        ("X_Autogenerated", "Reply", "auto"),
        ("X_Auto_Submitted", "auto-replied", "auto"),
        ("X_FC_MachineGenerated", "true", "auto"),
        ("X_Mail_Autoreply", "true", "auto"),
        ("List_Id", "<news.shop.example>", "bulk"),
        ("List_Unsubscribe", "<mailto:a@b.c>", "bulk"),
        ("X_POST_MessageClass", "9; Autoresponder", "auto"),
    ],
)
def test_headers_of_programs(name: str, value: str, expected: str) -> None:
    assert kind(**{name: value}) == expected


def test_an_answer_by_itself_is_no_mailing_even_if_sent_in_bulk() -> None:
    assert kind(Precedence="bulk", Auto_Submitted="auto-replied") == "auto"
    assert kind(Precedence="bulk", Subject="Автоответ: Вопрос") == "auto"


@pytest.mark.parametrize("subject", UNDELIVERED)
@pytest.mark.parametrize(
    "sender",
    [
        "Ivan <ivan@mail.example>",
        "postmaster@client.example",
        "Почтовая служба <info@courier.example>",
        "mail-delivery@courier.example",
        "bounce@trampolines.example",
        "Mail Delivery and Sons <jo@courier.example>",
        "",
    ],
)
def test_a_complaint_of_a_delivery_is_no_mail_given_back(subject: str, sender: str) -> None:
    for path in ({}, {"Return_Path": "<ivan@mail.example>"}):
        assert read(mail(COMPLAINT, From=sender, Subject=subject, **path)).kind == "client"


@pytest.mark.parametrize("subject", UNDELIVERED)
def test_the_same_subjects_of_mail_systems(subject: str) -> None:
    assert kind(From="MAILER-DAEMON@mx.example", Subject=subject) == "bounce"
    assert kind(From="robot@x.example", Return_Path="<>", Subject=subject) == "bounce"
    assert kind(From="robot@x.example", Return_Path="<MAILER-DAEMON@mx.example>", Subject=subject) == "bounce"


def test_a_postmaster_may_be_a_person() -> None:
    assert kind(From="postmaster@client.example") == "client"


def test_a_postmaster_who_is_a_program() -> None:
    """With a sign of a program in its headers an address must have failed as well."""
    program = {"From": "postmaster@x.example", "Subject": "Undeliverable: Question", "Auto_Submitted": "auto-generated"}
    assert kind(**program) == "auto"
    found = read(mail("<anna@mail.example>: 550 5.1.1 no such user", **program))
    assert (found.kind, found.bounced) == ("bounce", ("anna@mail.example",))


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "MAILER-DAEMON@mx.example", "Subject": "failure notice"},
        {"From": "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Return_Path": "<>", "Subject": "Hello"},
        {"From": "Mail Delivery System <admin@x.example>", "Subject": "Mail delivery failed"},
        {"From": "postmaster@x.example", "Subject": "Не доставлено: Вопрос", "Return_Path": "<>"},
        {"From": "postmaster@x.example", "Subject": "Undeliverable: Question", "Return_Path": "<>"},
        {"From": "Microsoft Outlook <MicrosoftExchange329e@x.example>", "Subject": "Недоставленное: Вопрос"},
        {"From": "robot@x.example", "Return_Path": "<>", "Subject": "Сообщение не доставлено"},
        {"From": "MAILER-DAEMON", "Subject": "Returned mail: see transcript"},
        {"From": "Почтовая система <noreply@x.example>", "Return_Path": "<>", "Subject": "Ошибка доставки письма"},
    ],
)
def test_given_back(headers: dict[str, str]) -> None:
    assert kind(**headers) == "bounce"


def test_failed_recipients_in_a_header() -> None:
    found = read(mail("x", X_Failed_Recipients="a@b.c, d@e.f"))
    assert (found.kind, found.bounced) == ("bounce", ("a@b.c", "d@e.f"))


def test_reports_that_tell_of_no_failure() -> None:
    receipt = raw(
        "--b\r\n\r\nread\r\n--b--", Content_Type="multipart/report; report-type=disposition-notification; boundary=b"
    )
    assert read(receipt).kind == "auto"
