"""Whole mails in normal form."""

import base64
import quopri
from datetime import UTC, datetime

import pytest

from connectors.email.mime import Address, Mail, read
from tests.connectors.email.mails import (
    GREETING,
    attached,
    encoded,
    joined,
    mail,
    mixed,
    multipart,
    part,
    raw,
)

IVAN = Address("ivan@mail.example", "Иван Петров")


def test_an_ordinary_mail() -> None:
    found = read(mail(GREETING, Cc="a@b.c", Reply_To="d@e.f", In_Reply_To="<0@x>", References="<00@x> <0@x>"))
    assert found == Mail(
        sender=IVAN,
        to=(Address("help@shop.example"),),
        cc=(Address("a@b.c"),),
        reply_to=(Address("d@e.f"),),
        subject="Вопрос",
        message_id="1@mail.example",
        in_reply_to="0@x",
        references=("00@x", "0@x"),
        plain=True,
        date=datetime(2025, 11, 3, 7, 0, tzinfo=UTC),
        text=GREETING,
    )


@pytest.mark.parametrize("transfer", ["8bit", "quoted-printable", "base64"])
@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "cp866", "iso-8859-5", "utf-8"])
def test_russian_in_every_charset_and_encoding(charset: str, transfer: str) -> None:
    text = GREETING if charset in {"windows-1251", "utf-8"} else GREETING.replace("№", "N").replace("—", "-")
    body = text.encode(charset)
    data = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(transfer, bytes)(body)
    found = read(
        raw(
            data,
            From=f"{encoded('Иван Петров', charset)} <ivan@mail.example>",
            Subject=encoded("Вопрос", charset, "Q"),
            Content_Type=f"text/plain; charset={charset}",
            Content_Transfer_Encoding=transfer,
        )
    )
    assert (found.sender, found.subject, found.text.strip()) == (IVAN, "Вопрос", text)


@pytest.mark.parametrize("declared", ["", "; charset=us-ascii", "; charset=utf-8", "; charset=unknown", "; charset="])
@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "cp866"])
def test_russian_that_is_nowhere_declared(charset: str, declared: str) -> None:
    text = GREETING.replace("№", "N").replace("—", "-")
    found = read(mail(text.encode(charset), Content_Type=f"text/plain{declared}"))
    assert found.text == text


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "utf-8", "cp866"])
def test_raw_headers(charset: str) -> None:
    found = read(raw("", charset, From='"Иван Петров" <ivan@mail.example>', Subject="Вопрос по заказу", To="a@b.c"))
    assert (found.sender, found.subject) == (IVAN, "Вопрос по заказу")


def test_raw_headers_in_the_charset_of_a_part() -> None:
    body = joined(part("内容".encode("gb18030"), "text/plain; charset=gb2312"), boundary="b0")
    found = read(raw(body, "gb18030", Subject="学校", Content_Type="multipart/mixed; boundary=b0"))
    assert (found.subject, found.text) == ("学校", "内容")


# ---- text and page ----


def test_a_page_alone_has_no_text() -> None:
    found = read(mail("<p>Где заказ</p>", Content_Type="text/html; charset=utf-8"))
    assert (found.text, found.html) == ("", "<p>Где заказ</p>")


def test_text_and_page_of_one_choice() -> None:
    both = multipart("alternative", part("Да"), part("<b>Да</b>", "text/html; charset=utf-8"))
    found = read(mixed(both))
    assert (found.text, found.html) == ("Да", "<b>Да</b>")


def test_several_texts_come_in_their_order() -> None:
    found = read(mixed(part("один"), attached("filename=a.pdf"), part("два"), part("три")))
    assert found.text == "один\n\nдва\n\nтри"
    assert [one.name for one in found.attachments] == ["a.pdf"]


def test_a_page_beside_a_text_holds_both_because_the_text_is_not_all() -> None:
    found = read(mixed(part("1 < 2"), part("<p>подпись</p>", "text/html; charset=utf-8")))
    assert found.text == ""
    assert found.html == '<div style="white-space: pre-wrap">1 &lt; 2</div>\n<p>подпись</p>'


def test_an_empty_page_beside_a_text_is_nothing() -> None:
    for page in ("<html><head><style>p{}</style></head><body><br></body></html>", "&nbsp;", "<style>"):
        found = read(mixed(part("Да"), attached("filename=a.pdf"), part(page, "text/html")))
        assert (found.text, found.html) == ("Да", "")


def test_a_footer_beside_a_choice_is_in_text_and_page() -> None:
    both = multipart("alternative", part("Да"), part("<b>Да</b>", "text/html; charset=utf-8"))
    found = read(mixed(both, part("-- \nрассылка")))
    assert found.text == "Да\n\n-- \nрассылка"
    assert found.html.startswith("<b>Да</b>\n<div")
    assert "рассылка" in found.html


def test_a_choice_may_have_names() -> None:
    page = part("<b>Да</b>", 'text/html; charset=utf-8; name="message.html"')
    found = read(mixed(multipart("alternative", part("Да"), page)))
    assert (found.text, found.html, found.attachments) == ("Да", "<b>Да</b>", ())


def test_an_empty_text_of_a_choice_leaves_the_page() -> None:
    both = multipart("alternative", part(" \n"), part("<b>Да</b>", "text/html; charset=utf-8"))
    found = read(mixed(both))
    assert (found.text, found.html) == ("", "<b>Да</b>")


def test_a_choice_inside_a_choice_as_apple_sends_it() -> None:
    rich = multipart(
        "mixed",
        part("<b>до</b>", "text/html; charset=utf-8"),
        attached("filename=a.pdf"),
        part("<b>после</b>", "text/html; charset=utf-8"),
        boundary="b2",
    )
    found = read(mixed(multipart("alternative", part("до\n\nпосле"), rich)))
    assert (found.text, found.html) == ("до\n\nпосле", "<b>до</b>\n<b>после</b>")
    assert [one.name for one in found.attachments] == ["a.pdf"]


def test_pictures_the_page_shows_are_marked() -> None:
    page = part('<img src="cid:one@x"><img src=cid:two%40x>', "text/html")
    pictures = [
        raw("x", Content_Type="image/png", Content_ID="<one@x>"),
        raw("y", Content_Type="image/png", Content_ID="<two@x>", Content_Disposition="inline; filename=y.png"),
        raw("z", Content_Type="image/png", Content_ID="<three@x>", Content_Disposition="inline; filename=z.png"),
    ]
    found = read(mixed(multipart("related", page, *pictures)))
    assert [(one.inline, one.content_id) for one in found.attachments] == [
        (True, "one@x"),
        (True, "two@x"),
        (False, "three@x"),
    ]


@pytest.mark.parametrize(
    ("lines", "parameters", "text"),
    [
        ("Строка \r\nдальше\r\nдругая", "format=flowed", "Строка дальше\nдругая"),
        ("Стро \r\nка", "format=flowed; delsp=yes", "Строка"),
        ("Строка \r\nдальше", "format=fixed", "Строка \nдальше"),
        ("> раз \r\n> два\r\nтри \r\n>> четыре", "format=flowed", "> раз два\nтри \n>> четыре"),
        (" From x\r\n -- y", "format=flowed", "From x\n-- y"),
        ("текст\r\n-- \r\nподпись \r\nвторая", "Format=Flowed", "текст\n-- \nподпись вторая"),
    ],
)
def test_flowed_lines(lines: str, parameters: str, text: str) -> None:
    assert read(mail(lines, Content_Type=f"text/plain; charset=utf-8; {parameters}")).text == text


def test_line_ends_of_every_kind() -> None:
    assert read(mail("a\r\nb\nc\rd")).text == "a\nb\nc\nd"
    assert read(mail("a\r\nb").replace(b"\r\n", b"\r")).text == "a\nb"
    assert read(mail("a\r\nb").replace(b"\r\n", b"\n")).text == "a\nb"


# ---- what is broken ----


@pytest.mark.parametrize(
    "body",
    [
        joined(part("Да"), attached("filename=a.pdf"), boundary="b0", closed=False),
        joined(part("Да"), attached("filename=a.pdf"), boundary="b0") + b"epilogue",
        b"preamble\r\n" + joined(part("Да"), attached("filename=a.pdf"), boundary="b0"),
        joined(part("Да"), attached("filename=a.pdf"), boundary="b0").replace(b"--b0\r\n", b"--b0  \t\r\n"),
        joined(part("Да"), attached("filename=a.pdf"), boundary="b0").replace(b"\r\n", b"\n"),
        joined(part("Да"), attached("filename=a.pdf"), boundary="other"),
        joined(part("Да"), b"", attached("filename=a.pdf"), boundary="b0", closed=False) + b"--b0\r\n",
    ],
    ids=["never closed", "epilogue", "preamble", "blanks", "line feeds", "other boundary", "empty part"],
)
def test_boundaries(body: bytes) -> None:
    found = read(mail(body, Content_Type="multipart/mixed; boundary=b0"))
    assert found.text == "Да"
    assert [one.data for one in found.attachments] == [b"%PDF-1"]


@pytest.mark.parametrize(
    "kind", ["multipart/mixed", "multipart/mixed; boundary=", "multipart", "multipart/mixed; boundary=x"]
)
def test_a_multipart_without_parts_is_text(kind: str) -> None:
    assert read(mail(GREETING, Content_Type=kind)).text == GREETING


def test_a_boundary_inside_another_is_not_taken_for_it() -> None:
    inner = multipart(
        "alternative", part("Да"), part("<b>Да</b>", "text/html; charset=utf-8"), boundary="b0-1", closed=False
    )
    found = read(mixed(inner, attached("filename=a.pdf")))
    assert (found.text, found.html.strip(), len(found.attachments)) == ("Да", "<b>Да</b>", 1)


@pytest.mark.parametrize(
    "kind", ["text", "text/", "plain", "Text/Plain;", "text/plain charset=utf-8", '"text/plain"', "; charset=x"]
)
def test_a_type_that_makes_no_sense(kind: str) -> None:
    found = read(mail(GREETING, Content_Type=kind))
    assert found.text == GREETING or found.attachments[0].data.decode() == GREETING


@pytest.mark.parametrize(
    ("transfer", "body", "text"),
    [
        ("BASE64", base64.b64encode(GREETING.encode()), GREETING),
        ('"base64"', base64.b64encode(GREETING.encode()).rstrip(b"="), GREETING),
        ("base64", base64.urlsafe_b64encode("ёёё>>>???".encode()), "ёёё>>>???"),
        ("base64", b"0J/RgNC4\r\n!!\r\n0LLQtdGC", "Привет"),
        ("base64", b"0J/Rgg==\r\n0J/Rgg==\r\n", "ПтПт"),
        ("base64", b"0J/RgA== and some words\r\n", "Пр"),
        ("base64", b"This never was base64, really.", "This never was base64, really."),
        ("quoted-printable", b"=D0=9F =\r\n=D1=80", "П р"),
        ("quoted-printable", b"100=% =ZZ", "100=% =ZZ"),
        ("quoted-printable (comment)", b"=41", "A"),
        ("8 bit", GREETING.encode(), GREETING),
        ("", b"=41", "=41"),
        ("nonsense", b"=41", "=41"),
    ],
)
def test_transfer_encodings(transfer: str, body: bytes, text: str) -> None:
    assert read(mail(body, Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding=transfer)).text == text


def test_headers_after_lines_that_should_not_be_there() -> None:
    for before in (b"From ivan@mail.example Mon Nov  3 10:00:00 2025\r\n", b"\xef\xbb\xbf", b"\r\n\r\n", b">From x\n"):
        found = read(before + mail(GREETING))
        assert (found.sender, found.text) == (IVAN, GREETING)


def test_bytes_that_are_no_mail() -> None:
    assert read(b"") == Mail()
    assert read(b"\n\n\n").text == ""
    assert read("просто текст\nбез заголовков".encode()).text == "просто текст\nбез заголовков"
    assert read(b"\x00\xff" * 100).text == "\ufffdя" * 100


def test_twice_the_same_header() -> None:
    data = (
        b"Subject: \r\nSubject: second\r\nIn-Reply-To: <1@x>\r\nIn-Reply-To: <2@x>\r\nReferences:\r\n"
        b"References: <3@x>\r\n\r\n"
    )
    found = read(data)
    assert (found.subject, found.in_reply_to, found.references) == ("second", "2@x", ("3@x",))


def test_nothing_decoded_can_become_a_header() -> None:
    found = read(mail("", Subject=encoded("a\r\nBcc: all@x"), Message_ID="<a\tb@x>"))
    assert found.subject == "a Bcc: all@x"
    assert found.message_id == "ab@x"


# ---- what later stages need ----


def test_headers_for_later() -> None:
    found = read(
        b"Received: from a\r\nAuthentication-Results: mx.example; dmarc=pass\r\nReceived: from b\r\n"
        b"Authentication-Results: other; dmarc=fail\r\n by x\r\nX-Loop: okno@shop\r\nFrom: a@b.c\r\n\r\nhi"
    )
    assert found.received == 2
    assert found.loops == ("okno@shop",)
    assert found.authentication_results == ("mx.example; dmarc=pass", "other; dmarc=fail by x")


def test_recipients_over_several_headers() -> None:
    found = read(b"To: a@b.c\r\nTo: D <d@e.f>\r\nCc: g@h.i\r\n\r\nhi")
    assert [one.address for one in (*found.to, *found.cc)] == ["a@b.c", "d@e.f", "g@h.i"]
