"""Charsets: declared, lying, undeclared."""

import pytest

from connectors.email.parsing.charsets import codec_of, decode, decode_html
from tests.connectors.email.mails import GREETING

RUSSIAN = ("cp1251", "koi8-r", "cp866", "iso-8859-5", "mac-cyrillic", "utf-8")
NAMES = {"cp1251": "windows-1251", "cp866": "ibm866"}
PLAIN = GREETING.replace("№", "N").replace("—", "-")
TEXTS = ("Привет", "ПРИВЕТ ВСЕМ", "Счёт на оплату.pdf", "Вопрос", "Иванов И.И.", "Доставка на ул. Щорса, д. 5", PLAIN)


@pytest.mark.parametrize("charset", RUSSIAN)
@pytest.mark.parametrize("text", TEXTS)
def test_a_declared_charset_is_used(text: str, charset: str) -> None:
    assert decode(text.encode(charset), NAMES.get(charset, charset)) == text


@pytest.mark.parametrize(
    "declared", ["", "us-ascii", "x-unknown", "unknown-8bit", "nonsense-42", "iso-8859-1", "utf-8"]
)
@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "cp866", "utf-8"])
@pytest.mark.parametrize("text", TEXTS)
def test_russian_is_found_where_nothing_true_was_declared(text: str, charset: str, declared: str) -> None:
    assert decode(text.encode(charset), declared) == text


@pytest.mark.parametrize("declared", ["windows-1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "cp866", "utf-8"])
def test_one_russian_charset_declared_as_another_is_found_out(charset: str, declared: str) -> None:
    assert decode(PLAIN.encode(charset), declared) == PLAIN


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Добрий день, де моє замовлення? Їжак", "cp1251"),
        ("Добрий день, де моє замовлення? Їжак", "koi8-u"),
        ("Grüße aus München, schöne Größe", "cp1252"),
        ("café déjà vu à Noël", "iso-8859-1"),
        ("ÕÄÖÜ", "iso-8859-1"),
        ("10 € – «oui»", "cp1252"),
    ],
)
def test_other_texts_without_a_charset(text: str, charset: str) -> None:
    assert decode(text.encode(charset)) == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("你好，我想问一下关于订单的事情", "gb18030"),
        ("您好，我想請問一下關於訂單的事情", "big5"),
        ("안녕하세요 주문에 대해 문의드립니다", "cp949"),
        ("こんにちは、注文について質問があります", "cp932"),
        ("こんにちは、注文について質問があります", "euc_jp"),
    ],
)
def test_the_far_east_without_a_charset(text: str, charset: str) -> None:
    assert decode(text.encode(charset)) == text
    assert decode(text.encode(charset), charset) == text


@pytest.mark.parametrize(
    ("declared", "data", "text"),
    [
        ("gb2312", "镕囍".encode("gb18030"), "镕囍"),
        ("iso-gb2312", "你好".encode("gb18030"), "你好"),
        ("big5", "堃".encode("big5hkscs"), "堃"),
        ("shift_jis", "①㈱".encode("cp932"), "①㈱"),
        ("ks_c_5601-1987", "똠".encode("cp949"), "똠"),
        ("iso-8859-8-i", "שלום".encode("iso-8859-8"), "שלום"),
        ("win-1257", "ÕÄ".encode("cp1257"), "ÕÄ"),
        ("cp-1251", "Да".encode("cp1251"), "Да"),
        ("us-ascii (plain text)", b"plain", "plain"),
        ("iso-8859-1", "€ –".encode("cp1252"), "€ –"),
        ("iso-utf-8", "Да".encode(), "Да"),
        ("utf-8*ru", "Да".encode(), "Да"),
        ("unicode-1-1-utf-7", b"Hi +BBQ-", "Hi Д"),
        ("utf-16le", "Да".encode("utf-16-le"), "Да"),
        ("utf-16", b"plain after all", "plain after all"),
        ("utf-16", "Где заказ?".encode(), "Где заказ?"),
        ("utf-16", "Где заказ?".encode("utf-16-le"), "Где заказ?"),
        ("utf-16", "Где заказ?".encode("utf-16-be"), "Где заказ?"),
        ("iso-2022-jp", "注文".encode(), "注文"),
        ("iso-2022-jp", b"\x1b$B%F%9%H\x1b(B abc", "テスト abc"),
        ("iso-2022-jp", b"\x1b$B-!%F\x1b(B abc", "①テ abc"),
        ("", "\ufeffДа".encode(), "Да"),
        ("", "\ufeffДа".encode("utf-16-le"), "Да"),
    ],
)
def test_names_and_what_is_meant_by_them(declared: str, data: bytes, text: str) -> None:
    assert decode(data, declared) == text


def test_utf8_under_another_name_is_utf8() -> None:
    for declared in ("big5", "gb2312", "shift_jis", "windows-1251", "iso-8859-1", "koi8-r"):
        assert decode("感谢您的来信".encode(), declared) == "感谢您的来信"


def test_a_letter_cut_in_two_costs_only_itself() -> None:
    assert decode("Привет".encode()[:-1], "utf-8") == "Приве\ufffd"
    assert decode(("Привет " * 40).encode()[1:], "utf-8").endswith("Привет ")


def test_a_footer_in_another_charset_is_read_too() -> None:
    body = "Добрый день, это письмо.\n".encode() + "Отправлено сервером рассылки\n".encode("cp1251")
    assert decode(body, "utf-8") == "Добрый день, это письмо.\nОтправлено сервером рассылки\n"


def test_what_stands_around_helps_with_short_texts() -> None:
    assert decode("学校".encode("gb18030"), "", "gb2312") == "学校"
    assert decode("Ок".encode("cp866"), "", "cp866") == "Ок"


def test_a_page_names_its_charset_itself() -> None:
    page = '<html><head><meta charset="koi8-r"></head>Где заказ'
    assert decode_html(page.encode("koi8-r"), "") == page
    word = "<meta charset=unicode>Где заказ"
    assert decode_html(word.encode("cp1251"), "") == word
    lying = '<meta charset="iso-8859-2">Zażółć'
    assert decode_html(lying.encode("iso-8859-2"), "utf-8") == lying
    old = "<meta http-equiv=content-type content='text/html; charset=windows-1251'>Да"
    assert decode_html(old.encode("cp1251"), "us-ascii") == old


@pytest.mark.parametrize(
    "name",
    [
        "",
        "rot13",
        "hex",
        "zip",
        "idna",
        "undefined",
        "raw_unicode_escape",
        "unicode-escape",
        "\x00",
        "я",
        "a" * 9999,
        "base64",
    ],
)
def test_what_is_no_charset_is_none(name: str) -> None:
    assert codec_of(name) == ""
    assert decode("Да, это так".encode(), name) == "Да, это так"


@pytest.mark.parametrize(
    "declared", ["utf-7", "utf-16", "hz", "iso-2022-jp", "iso-2022-kr", "gb2312", "utf-32", "cp037"]
)
def test_any_bytes_become_some_text(declared: str) -> None:
    for data in (bytes(range(256)), b"\x1b$B", b"\xff", b"+AAA", b"~{", b"\x00" * 3):
        assert isinstance(decode(data, declared), str)
