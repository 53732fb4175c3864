"""Letters become mails that any program reads back as they were written, and nothing in them is taken for a header."""

import email
import email.policy
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Rejected, Span, Unavailable
from connectors.email.compose import mail_of, message_id, token_of
from connectors.markup import to_html
from connectors.text import clean_name, clean_text
from tests.connectors.email.compose_kit import AT, LETTER, SETTINGS, SMTP, file, letter, read, settings, text_of

HOSTILE = "a\r\nBcc: x@evil.example\0\r\n\r\nbody\u202etxt.exe\u2066\ud800\x0b\x85\u2028=?utf-8?q?=0D=0ABcc:_y?="


def shown(text: str) -> str:
    return re.sub(r"\r\n?", "\n", clean_text(text))


# ---- what a client sees ----


def test_a_reply_reads_as_it_was_written() -> None:
    message = read(LETTER)
    assert message["From"].addresses[0].display_name == "Ольга, Магазин «Ёлка»"
    assert message["From"].addresses[0].addr_spec == "support@example.org"
    assert message["To"] == "anna@example.org"
    assert message["Subject"] == "Сообщение от службы поддержки"
    assert message["Date"].datetime == AT
    assert message["X-Loop"] == f"support+{token_of(LETTER.key, SETTINGS)}@example.org"
    assert message["Message-ID"] == f"<{message_id('okno-1-2', SETTINGS)}>"
    assert "Auto-Submitted" not in message
    assert message.get_content_type() == "multipart/alternative"
    assert text_of(message) == LETTER.text


def test_formatting_shows_and_links_are_written_out() -> None:
    text = "Важно: условия & цена, сайт https://shop.ru"
    spans = (Span("bold", 0, 5), Span("link", 7, 14, "https://shop.ru/a?b&c"), Span("link", 28, 43, "https://shop.ru"))
    message = read(letter(text=text, spans=spans))
    assert text_of(message) == "Важно: условия (https://shop.ru/a?b&c) & цена, сайт https://shop.ru"
    assert to_html(text, spans) in text_of(message, "html")


@pytest.mark.parametrize(
    ("author", "name", "show", "seen"),
    [
        ("Olga", "Shop", True, "Olga, Shop"),
        ("Olga", "Shop", False, "Shop"),
        ("", "Shop", True, "Shop"),
        ("Olga", "", True, "Olga"),
        ('O"l\\ga', "(Shop); <x@evil.example>", True, 'O"l\\ga, (Shop); <x@evil.example>'),
        ("=?utf-8?q?Boss?=", "", True, "=?utf-8?q?Boss?="),
        ("", "", True, ""),
    ],
)
def test_the_sender_has_a_name(author: str, name: str, show: bool, seen: str) -> None:
    (sender,) = read(letter(author=author), settings(name=name, show_author=show))["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (seen, "support@example.org")


def test_what_no_person_wrote_says_so() -> None:
    message = read(letter(automatic=True))
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"


# ---- threads ----


def test_an_answer_stands_below_what_it_answers() -> None:
    thread = {"id": "<c@x.ru>", "references": ["a@x.ru", "<b@x.ru>"], "subject": "Где мой заказ?"}
    message = read(letter(thread=thread))
    assert message["Subject"] == "Re: Где мой заказ?"
    assert message["In-Reply-To"] == "<c@x.ru>"
    assert message["References"].split() == ["<a@x.ru>", "<b@x.ru>", "<c@x.ru>"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Заказ", "Re: Заказ"),
        ("Re: Заказ", "Re: Заказ"),
        ("RE: re:Отв: Re[4]: HA: Заказ", "Re: HA: Заказ"),
        ("ОТВ: Заказ", "Re: Заказ"),
        ("Ответ: AW: Заказ", "Re: Заказ"),
        ("Fwd: Re: Заказ", "Re: Fwd: Re: Заказ"),
        ("Реклама: скидки", "Re: Реклама: скидки"),
        ("Re:", "Сообщение от службы поддержки"),
        ("  ", "Сообщение от службы поддержки"),
        ("=?utf-8?q?x=0D=0ABcc:_y@z?=", "Re: =?utf-8?q?x=0D=0ABcc:_y@z?="),
    ],
)
def test_the_subject_says_once_that_it_is_an_answer(before: str, after: str) -> None:
    assert read(letter(thread={"subject": before}))["Subject"] == after


def test_a_long_thread_keeps_its_first_and_its_last_mails() -> None:
    ids = [f"{number}@{'long.' * 30}example.org" for number in range(50)]
    kept = [f"<{one}>" for one in [ids[0], *ids[-18:], "last@x.ru"]]
    # Read by compat32: the default policy forgets how long ids were folded.
    mail = mail_of(letter(thread={"id": "last@x.ru", "references": ids}), SETTINGS)[1]
    assert email.message_from_bytes(mail)["References"].split() == kept


@pytest.mark.parametrize("bad", ["", " ", None, 7, "a b@x", "a\r\nBcc: x", "a>b@x", "почта@x.ru", "a" * 901, "<<a@x>>"])
def test_what_is_no_message_id_is_not_repeated(bad: Any) -> None:
    message = read(letter(thread={"id": bad, "references": ["a@x.ru", bad, "a@x.ru"]}))
    if bad == 7:
        return
    assert "In-Reply-To" not in message
    assert message["References"] == "<a@x.ru>"


@pytest.mark.parametrize("odd", [{}, {"references": "a@x.ru"}, {"references": None, "subject": None, "id": []}])
def test_a_thread_of_any_form_is_read(odd: dict[str, Any]) -> None:
    message = read(letter(thread=odd))
    assert "References" not in message
    assert message["Subject"] == SETTINGS.subject


def test_answers_come_to_an_address_of_their_own_where_the_server_knows_such() -> None:
    assert "Reply-To" not in read(LETTER)
    message = read(LETTER, settings(plus_addressing=True))
    assert message["Reply-To"] == f"support+{token_of(LETTER.key, SETTINGS)}@example.org"
    assert token_of(LETTER.key, SETTINGS) in message["Message-ID"]
    assert token_of("another", SETTINGS) != token_of(LETTER.key, SETTINGS)


# ---- Message-IDs ----


def test_the_same_letter_makes_the_same_mail(tmp_path: Path) -> None:
    one = letter(files=(file(tmp_path / "a"),), thread={"id": "a@x.ru"})
    assert mail_of(one, SETTINGS) == mail_of(one, SETTINGS)


def test_nobody_else_makes_our_message_ids() -> None:
    ids = {
        message_id(LETTER.key, SETTINGS),
        message_id("okno-1-3", SETTINGS),
        message_id(LETTER.key, settings(smtp=SMTP | {"password": "other"})),
        message_id(LETTER.key, settings(address="sales@example.org")),
    }
    assert len(ids) == 4
    assert all(re.fullmatch(r"okno-1-\d\.[0-9a-f]{32}@example\.org", one) for one in ids)


def test_a_secret_outlives_passwords() -> None:
    before, after = (settings(secret="s", smtp=SMTP | {"password": word}) for word in ("old", "new"))
    assert message_id(LETTER.key, before) == message_id(LETTER.key, after)


def test_what_nothing_can_sign_is_not_sent() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        settings(smtp={"host": "127.0.0.1", "security": "none"})


# ---- addresses ----


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("Anna.B+tag@Example.ORG", "Anna.B+tag@example.org"),
        ("анна@example.org", None),
        ("info@пример.рф", "info@xn--e1afmkfd.xn--p1ai"),
        (" a@b.ru ", "a@b.ru"),
        ("o'neil..x@docomo.ne.jp", "o'neil..x@docomo.ne.jp"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_addresses_are_written_as_servers_take_them(address: str, written: str | None) -> None:
    if written is None:
        with pytest.raises(Rejected, match="no mail can go to this address"):
            mail_of(letter(recipient=address), SETTINGS)
    else:
        assert read(letter(recipient=address))["To"] == written


@pytest.mark.parametrize(
    "address",
    ["", "anna", "@x.ru", "a@", "a@b@c", "a b@x.ru", "a@x..ru", "a@-x.ru", "a@[127.0.0.1]", '"a b"@x.ru', "a,b@x.ru",
     "a@x.ru>", "a@x.ru\r\nRCPT TO:<b@x.ru>", "a@x\0.ru", "a" * 65 + "@x.ru", "a@" + "x." * 130 + "ru",
     "a@" + "я" * 70],
)  # fmt: skip
def test_what_is_no_address_is_rejected(address: str) -> None:
    with pytest.raises(Rejected):
        mail_of(letter(recipient=address), SETTINGS)


@pytest.mark.parametrize(
    "address", ["", "support", "@shop.ru", "поддержка@shop.ru", "a b@shop.ru", "a@shop..ru", "a<b@x.ru"]
)
def test_a_channel_whose_address_is_none_is_not_set_up(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        settings(address=address)


def test_the_channel_may_have_a_russian_domain() -> None:
    message = read(LETTER, settings(address="info@ПРИМЕР.рф", plus_addressing=True))
    assert message["From"].addresses[0].addr_spec == "info@xn--e1afmkfd.xn--p1ai"
    assert message["Reply-To"].endswith("@xn--e1afmkfd.xn--p1ai")
    assert message["Message-ID"].endswith("@xn--e1afmkfd.xn--p1ai>")


# ---- files ----


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("report.pdf", "report.pdf"),
        ("счёт за май.pdf", "счёт за май.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\x:y?.txt", "_x_y_.txt"),
        ('a";filename=b.exe', "a_;filename=b.exe"),
        ("cod\u202efdp.exe", "codfdp.exe"),
        ("\u200b.htaccess", "htaccess"),
        ("a\r\nX-Evil: 1.pdf", "a X-Evil_ 1.pdf"),
        ("", "file"),
        ("...", "file"),
        ("100%'.txt", "100%'.txt"),
        ("😀'%.txt", "😀'%.txt"),
        ("я" * 300 + ".pdf", "я" * 118 + ".pdf"),
        ("a" * 300 + "." + "b" * 30, "a" * 240),
    ],
)
def test_files_keep_their_names(tmp_path: Path, name: str, seen: str) -> None:
    message = read(letter(files=(file(tmp_path / "hash", name),)))
    (part,) = message.iter_attachments()
    assert part.get_filename() == seen
    assert part.get_content() == b"content"
    assert part.get_content_disposition() == "attachment"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("image/png", "image/png"),
        ("Text/HTML; charset=cp1251", "text/html"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("x\r\nBcc: y/z", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_file_has_a_type_that_can_be_read(tmp_path: Path, given: str, written: str) -> None:
    message = read(letter(files=(file(tmp_path / "hash", kind=given, content=b"\r\n--=_\0\xff" * 99),)))
    (part,) = message.iter_attachments()
    assert part.get_content_type() == written
    assert part.get_payload(decode=True) == b"\r\n--=_\0\xff" * 99


def test_a_mail_may_be_files_alone(tmp_path: Path) -> None:
    message = read(letter(text="", files=(file(tmp_path / "a"), file(tmp_path / "b", "пусто.txt", b""))))
    assert [part.get_filename() for part in message.iter_parts()] == ["счёт.pdf", "пусто.txt"]
    assert text_of(read(letter(text=""))) == ""


def test_a_file_that_is_gone_sends_nothing(tmp_path: Path) -> None:
    gone = file(tmp_path / "hash")
    (tmp_path / "hash").unlink()
    with pytest.raises(Unavailable, match=r"счёт\.pdf cannot be read"):
        mail_of(letter(files=(gone,)), SETTINGS)


# ---- whatever is in it ----

_anything = st.text(max_size=400) | st.sampled_from([HOSTILE, "=?utf-8?b?0K8=?=", "." * 80, "From me", "x" * 3000])
_looks = st.sampled_from(["bold", "link", "pre", "quote"])


@given(_anything, st.lists(st.sampled_from([".", "..", "From ", "=_", "--=_", " ", "\t", "я", "a" * 998, "\r", "\n"])))
def test_any_text_arrives_as_it_is(text: str, more: list[str]) -> None:
    text += "".join(more)
    assert text_of(read(letter(text=text))) == shown(text)


@given(_anything, st.lists(st.tuples(_looks, st.integers(-9, 99), st.integers(0, 99)), max_size=5))
def test_any_formatting_is_shown(text: str, looks: list[tuple[Any, int, int]]) -> None:
    spans = tuple(Span(kind, start, start + length, "https://x.ru") for kind, start, length in looks)
    page = text_of(read(letter(text=text, spans=spans)), "html")
    assert shown(to_html(clean_text(text), spans)) in page


@given(_anything, _anything, _anything)
def test_names_and_subjects_arrive_and_add_no_header(author: str, name: str, subject: str) -> None:
    message = read(letter(author=author, thread={"subject": f"Заказ {subject}"}), settings(name=name))
    mail = mail_of(letter(author=author, thread={"subject": f"Заказ {subject}"}), settings(name=name))[1]
    sender = email.message_from_bytes(mail)["From"]
    assert str(message["Subject"]) == clean_name(f"Re: {clean_name(f'Заказ {subject}', 1000)}", 250)
    wanted = ", ".join(filter(None, (clean_name(author, 100), clean_name(name, 100))))
    assert decoded(sender) == (wanted, "support@example.org")


@given(_anything, _anything)
def test_threads_and_keys_add_no_header(one: str, other: str) -> None:
    read(letter(key=one, thread={"id": other, "references": [one, other]}))


def decoded(header: str) -> tuple[str, str]:
    """Name and address of a From, read without the standard library's parser, which folds some names."""
    words, _, address = header.rpartition("<")
    words = words.rstrip()
    if words.startswith('"'):
        name = re.sub(r"\\(.)", r"\1", words[1:-1])
    else:
        name = "".join(part if isinstance(part, str) else part.decode(kind or "ascii") for part, kind in pieces(words))
    return name, address.rstrip(">")


def pieces(words: str) -> list[tuple[Any, str | None]]:
    return email.header.decode_header(words)
