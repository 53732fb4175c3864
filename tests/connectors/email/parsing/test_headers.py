"""Headers: encoded words, raw 8-bit, parameters, ids."""

import pytest

from connectors.email.parsing.headers import ids, parse_value, split, words
from tests.connectors.email.mails import encoded


def latin(text: str, charset: str) -> str:
    """Raw 8-bit letters the way a header holds them."""
    return text.encode(charset).decode("latin-1")


@pytest.mark.parametrize("kind", ["B", "Q"])
@pytest.mark.parametrize("charset", ["utf-8", "windows-1251", "koi8-r", "iso-8859-5", "cp866"])
def test_an_encoded_word(charset: str, kind: str) -> None:
    assert words(encoded("Вопрос по заказу", charset, kind)) == "Вопрос по заказу"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?=D0=9F=D1?= =?utf-8?Q?=80=D0=B8?=", "При"),
        ("=?utf-8?B?0J8?= =?utf-8?B?0J8?=", "ПП"),
        ("=?utf-8?B?0J8=?= =?utf-8?B?0J8=?=", "ПП"),
        ("=?utf-8?B?0J/R?=\t=?utf-8?B?gNC4?= и всё", "При и всё"),
        ("=?koi8-r?B?8NLJ18XU?==?koi8-r?B?8NLJ18XU?=", "ПриветПривет"),
        ("=?koi8-r?B?8NLJ18XU?= =?utf-8?B?0J/RgNC4?=", "ПриветПри"),
        ("Re: =?utf-8?Q?Hi there =D0=9F?= a", "Re: Hi there П a"),
        ("a =?utf-8?B?0J8=?= b =?utf-8?B?0J8=?= c", "a П b П c"),
        ("=?utf-8?Q?=D0=9F_=3F?=", "П ?"),
        ("=?iso-8859-1?Q?Are_you_ok??=", "Are you ok?"),
        ("=?utf-8?b?0J8?=", "П"),
        ("=?utf-8*ru?B?0J8=?=", "П"),
        ("=?windows-1251?Q?=CF=F0=E8?=", "При"),
        ("=?us-ascii?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"),
        ("=?utf-8?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"),
        ("=?utf-8?Q?=D0=9F=D1=80=D0=B8", "При"),
        ("=?utf-8?Q??=", ""),
        ("=?broken", "=?broken"),
        ("100% =? maybe?=", "100% =? maybe?="),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("no words at all", "no words at all"),
    ],
)
def test_encoded_words_in_the_wild(value: str, text: str) -> None:
    assert words(value.encode().decode("latin-1")) == text


def test_base64_cut_anywhere_is_put_together() -> None:
    whole = encoded("Очень длинная тема письма")[10:-2]
    for cut in range(1, len(whole)):
        assert words(f"=?utf-8?B?{whole[:cut]}?= =?utf-8?B?{whole[cut:]}?=") == "Очень длинная тема письма"


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "utf-8", "cp866"])
def test_raw_8_bit(charset: str) -> None:
    assert words(latin("Вопрос по заказу", charset)) == "Вопрос по заказу"


def test_raw_8_bit_in_the_charset_of_the_body() -> None:
    assert words(latin("学校", "gb18030"), "gb2312") == "学校"
    assert words("\x1b$B%F%9%H\x1b(B") == "テスト"


def test_folded_lines_are_one() -> None:
    headers, at = split(b"Subject: one\r\n two\r\n\tthree\r\nX: y\r\n\r\nbody", 0, 99, 999)
    assert (headers.raw("subject"), headers.raw("x")) == ("one two\tthree", "y")
    assert at == len(b"Subject: one\r\n two\r\n\tthree\r\nX: y\r\n\r\n")


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"Subject: a\n\nbody", b"body"),
        (b"Subject: a\r\n\r\nbody", b"body"),
        (b"Subject: a\nno header, no blank line", b"no header, no blank line"),
        (b"Subject: a\ngarbage between\nFrom: b@c.d\n\nbody", b"body"),
        (b"Subject : a\n\nbody", b"body"),
        (b"just text\nSubject matter\n", b"just text\nSubject matter\n"),
        (b"\nbody", b"body"),
        (b"Subject: a", b""),
    ],
)
def test_where_the_body_begins(data: bytes, body: bytes) -> None:
    headers, at = split(data, 0, len(data), 9999)
    assert data[at:] == body
    assert headers.raw("subject") in {"", "a"}


def test_a_long_block_is_read_as_far_as_agreed() -> None:
    data = b"Subject: a\n" + b"X: y\n" * 10_000 + b"From: b@c.d\n\nbody"
    headers, at = split(data, 0, len(data), 1000)
    assert headers.raw("subject") == "a"
    assert "from" not in headers
    assert data[at:] == b"body"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="a b.txt"', "a b.txt"),
        ("filename=a.txt", "a.txt"),
        ("filename=This is a test.txt", "This is a test.txt"),
        ("filename*=UTF-8''%D0%9F.pdf", "П.pdf"),
        ("filename*=\"utf-8''%D0%9F.pdf\"", "П.pdf"),
        ("filename*=windows-1251'ru'%CF%F0%E8.txt", "При.txt"),
        ("filename*0*=utf-8''%D0; filename*1*=%9F; filename*2=.pdf", "П.pdf"),
        ("filename*2=.pdf; filename*0*=utf-8''%D0; filename*1*=%9F", "П.pdf"),
        ('filename*0="long "; filename*1="name.pdf"', "long name.pdf"),
        ("filename=ascii.pdf; filename*=utf-8''%D0%9F.pdf", "П.pdf"),
        ('filename="=?utf-8?B?0J/R?= =?utf-8?B?gNC4?=.pdf"', "При.pdf"),
        ("filename==?utf-8?Q?a=3B_b?=", "a; b"),
        ('filename="C:\\Docs\\a.txt"', "C:\\Docs\\a.txt"),
        ('filename="a\\"b.txt"', 'a"b.txt'),
        ('filename="Act "Romashka".pdf"; size=3', 'Act "Romashka".pdf'),
        ('filename="a.pdf"; name="b.pdf"', "a.pdf"),
        ('filename="never closed.pdf', "never closed.pdf"),
        ('FileName = "a.txt"', "a.txt"),
        ("filename=a.txt;;; size=3", "a.txt"),
        ('size=3 ; filename="a.txt" creation-date="x"', "a.txt"),
        ("filename*=%D0%9F.pdf", "П.pdf"),
    ],
)
def test_parameters(written: str, name: str) -> None:
    assert parse_value(f"attachment; {written}").parameters["filename"] == name


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "utf-8"])
def test_a_raw_8_bit_name(charset: str) -> None:
    value = parse_value(latin('attachment; filename="Счёт на оплату.pdf"', charset))
    assert value.parameters["filename"] == "Счёт на оплату.pdf"


def test_a_parameter_without_a_semicolon_before_it() -> None:
    assert parse_value("text/plain charset=koi8-r; format=flowed").parameters == {
        "charset": "koi8-r",
        "format": "flowed",
    }
    assert parse_value("text/html").value == "text/html"
    assert parse_value("=?utf-8?Q?inline?=").value == "inline"
    assert parse_value("").value == ""


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["<a@b> <c@d>"], ("a@b", "c@d")),
        (["<a@b>\t<a@b>"], ("a@b",)),
        (["<a@b>", "", "<c@d>"], ("a@b", "c@d")),
        (["a@b"], ("a@b",)),
        (["alone"], ("alone",)),
        (["Message of Mon, 3 Nov from Ivan <a@b>"], ("a@b",)),
        (["your mail of Monday"], ()),
        (["<a\r\n b@c>"], ("ab@c",)),
        (["=?utf-8?Q?=3Ca=40b=3E?="], ("a@b",)),
        (["<>"], ()),
        ([], ()),
    ],
)
def test_ids(values: list[str], found: tuple[str, ...]) -> None:
    assert ids(values, 20) == found


def test_of_many_ids_the_first_and_the_last_stay() -> None:
    found = ids([" ".join(f"<{number}@x>" for number in range(50))], 5)
    assert found == ("0@x", "46@x", "47@x", "48@x", "49@x")
