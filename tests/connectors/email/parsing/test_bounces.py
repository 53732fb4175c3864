"""Mails given back: who failed, and which mail it was."""

import pytest

from connectors.email.mime import Mail, read
from tests.connectors.email.mails import joined, mail, part, raw

ORIGINAL = raw("текст", From="help@shop.example", Message_ID="<sent.1@shop.example>", Subject="Ответ")


def fields(*, action: str = "failed", **more: str) -> str:
    """One recipient's block of a report."""
    known = {"Final-Recipient": "rfc822; anna@mail.example", "Action": action, "Status": "5.1.1"}
    given = {name.replace("_", "-"): value for name, value in more.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in (known | given).items())


def report(*blocks: str, back: bytes = ORIGINAL, kind: str = "message/rfc822", **headers: str) -> Mail:
    """A delivery report with these blocks."""
    told = "\r\n".join(["Reporting-MTA: dns; mx.example\r\n", *blocks])
    body = joined(
        part("Письмо не доставлено"), raw(told, Content_Type="message/delivery-status"), raw(back, Content_Type=kind)
    )
    known = {"From": "MAILER-DAEMON@mx.example", "Subject": "Undelivered Mail Returned to Sender"}
    known["Content_Type"] = "multipart/report; report-type=delivery-status; boundary=b1"
    return read(mail(body, **(known | headers)))


def test_a_report() -> None:
    found = report(fields())
    assert (found.kind, found.bounced, found.bounced_id) == ("bounce", ("anna@mail.example",), "sent.1@shop.example")
    assert not found.delayed
    assert found.text == "Письмо не доставлено"
    assert [one.type for one in found.attachments] == ["message/delivery-status", "message/rfc822"]


def test_several_recipients_and_only_the_failed_ones() -> None:
    found = report(
        fields(), fields(action="delivered", Final_Recipient="rfc822;b@c.d"), fields(Final_Recipient="e@f.g")
    )
    assert found.bounced == ("anna@mail.example", "e@f.g")


def test_the_address_as_it_was_written_by_us_counts() -> None:
    assert report(fields(Original_Recipient="rfc822;anna@alias.example")).bounced == ("anna@alias.example",)


def test_a_delay_is_no_failure_yet() -> None:
    found = report(fields(action="delayed"), Subject="Delivery Status Notification (Delay)")
    assert (found.kind, found.bounced, found.delayed) == ("bounce", ("anna@mail.example",), True)
    assert report(fields(action="delayed"), fields(Final_Recipient="b@c.d")).bounced == ("b@c.d",)


def test_a_delivery_that_went_well_is_only_automatic() -> None:
    found = report(fields(action="delivered"), Subject="Delivery Status Notification (Success)")
    assert (found.kind, found.bounced, found.bounced_id) == ("auto", (), "")


def test_a_report_from_an_unknown_sender_under_any_subject() -> None:
    assert report(fields(), From="robot@x.example", Subject="Hello").kind == "bounce"


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822-headers", "message/rfc822"])
def test_only_the_headers_came_back(kind: str) -> None:
    assert (
        report(fields(), back=b"Message-ID: <sent.1@shop.example>\r\nSubject: x\r\n", kind=kind).bounced_id
        == "sent.1@shop.example"
    )


def test_an_old_bounce_of_qmail() -> None:
    body = (
        "Hi. This is the qmail-send program at mx.example.\r\nI'm afraid I wasn't able to deliver your message.\r\n\r\n"
        "<anna@mail.example>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        "--- Below this line is a copy of the message.\r\n\r\nReturn-Path: <help@shop.example>\r\n"
        "Message-ID: <sent.1@shop.example>\r\nSubject: x\r\n\r\nтекст\r\n"
    )
    found = read(mail(body, From="MAILER-DAEMON@mx.example", Subject="failure notice"))
    assert (found.kind, found.bounced, found.bounced_id) == ("bounce", ("anna@mail.example",), "sent.1@shop.example")


def test_a_bounce_of_a_system_nobody_knows() -> None:
    body = "Ваше письмо не дошло.\n\nАдрес anna@mail.example: 550 5.1.1 нет такого ящика\n"
    found = read(
        mail(body, From="MAILER-DAEMON@mx.example", Subject="Не доставлено", In_Reply_To="<sent.1@shop.example>")
    )
    assert (found.kind, found.bounced, found.bounced_id) == ("bounce", ("anna@mail.example",), "sent.1@shop.example")


def test_a_bounce_that_is_only_a_page() -> None:
    body = "<p>Delivery failed</p><p><b>anna@mail.example</b>: 550 5.1.1 no such user</p>"
    found = read(mail(body, From="MAILER-DAEMON@mx.example", Subject="Undeliverable: x", Content_Type="text/html"))
    assert (found.kind, found.bounced) == ("bounce", ("anna@mail.example",))


def test_a_client_who_forwards_a_bounce_is_a_client() -> None:
    told = raw(fields(), Content_Type="message/delivery-status")
    inner = mail(joined(told), Content_Type="multipart/report; report-type=delivery-status; boundary=b1")
    body = joined(part("Что это мне пришло?"), raw(inner, Content_Type="message/rfc822"), boundary="b0")
    found = read(mail(body, Content_Type="multipart/mixed; boundary=b0", Subject="Fwd: Undelivered Mail"))
    assert (found.kind, found.bounced) == ("client", ())


@pytest.mark.parametrize(
    ("sender", "writer", "expected"),
    [
        ("postmaster@mx.example", "help@shop.example", ("bounce", "sent.1@shop.example")),
        ("postmaster@mx.example", "ivan@mail.example", ("client", "")),
        ("ivan@mail.example", "help@shop.example", ("client", "")),
    ],
)
def test_a_postmaster_who_encloses_our_mail(sender: str, writer: str, expected: tuple[str, str]) -> None:
    back = raw("текст", From=writer, Message_ID="<sent.1@shop.example>")
    body = joined(part("Адрес anna@mail.example: 550 нет ящика"), raw(back, Content_Type="message/rfc822"))
    found = read(mail(body, From=sender, Subject="Не доставлено", Content_Type="multipart/mixed; boundary=b1"))
    assert (found.kind, found.bounced_id) == expected


def test_a_report_that_does_not_say_of_what() -> None:
    content = "multipart/report; boundary=b1"
    assert report(fields(), From="robot@x.example", Subject="Hello", Content_Type=content).kind == "bounce"
    receipt = "multipart/report; report-type=disposition-notification; boundary=b1"
    assert read(mail("--b1\r\n\r\nread\r\n--b1--", Content_Type=receipt)).kind == "auto"


@pytest.mark.parametrize(
    ("said", "trusted"),
    [
        ({}, False),
        ({"Return_Path": "<ivan@mail.example>"}, False),
        ({"From": "postmaster@mail.example"}, False),
        ({"Return_Path": "<>"}, True),
        ({"From": "Mailer-Daemon@mx.example"}, True),
    ],
)
def test_only_a_mail_system_names_our_mail_in_its_words(said: dict[str, str], trusted: bool) -> None:
    expected = ("bounce", "sent.1@shop.example" if trusted else "")
    for name in ("In_Reply_To", "References", "X_Original_Message_ID"):
        found = read(mail("x", X_Failed_Recipients="a@b.c", **{name: "<sent.1@shop.example>"}, **said))
        assert (found.kind, found.bounced_id) == expected
    found = read(mail("Message-ID: <sent.1@shop.example>", X_Failed_Recipients="a@b.c", **said))
    assert (found.kind, found.bounced_id) == expected


def test_a_report_names_our_mail_whoever_sends_it() -> None:
    found = report(fields(), back=b"", From="robot@x.example", In_Reply_To="<sent.1@shop.example>")
    assert (found.kind, found.bounced_id) == ("bounce", "sent.1@shop.example")


def test_a_report_of_nonsense_is_a_bounce_without_addresses() -> None:
    for told in ("", "x\r\n" * 50, "Final-Recipient: rfc822; nobody\r\nAction: failed\r\n", "\r\n\r\n\r\n"):
        found = report(told, back=b"")
        assert (found.kind, found.bounced) == ("bounce", ())
