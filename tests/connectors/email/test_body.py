"""What stands below an operator's words in a mail, and that we know it again when it comes back."""

import re
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Quoted
from connectors.email.reply import own_words
from connectors.email.settings import EmailSettings
from connectors.text import clean_text
from tests.connectors.email.compose_kit import LETTER, file, letter, read, settings, text_of
from tests.connectors.email.quotes import HEADERS

SIGNED = settings(signature="{author}\nМагазин «Ёлка» <1>\n+7 800 000-00-00\n")


def test_below_what_a_person_wrote_stands_the_signature() -> None:
    message = read(LETTER, SIGNED)
    assert text_of(message) == f"{LETTER.text}\n\n-- \nОльга\nМагазин «Ёлка» <1>\n+7 800 000-00-00"
    page = text_of(message, "html")
    assert "Ольга<br>Магазин «Ёлка» &lt;1&gt;<br>+7 800 000-00-00</div></body>" in page
    assert "moz-signature" not in text_of(read(LETTER), "html")


def test_a_signature_tells_no_more_than_the_sender_does() -> None:
    kept = "\n\n-- \nМагазин «Ёлка» <1>\n+7 800 000-00-00"
    hidden = settings(show_author=False, signature=SIGNED.signature)
    assert text_of(read(LETTER, hidden)) == text_of(read(letter(author=""), SIGNED)) == LETTER.text + kept
    assert text_of(read(LETTER, settings(signature="Ваш {author}", show_author=False))).endswith("\n-- \nВаш")
    assert text_of(read(letter(author=""), settings(signature="{author}"))) == LETTER.text


def test_the_departments_signature_comes_before_the_channels() -> None:
    ours = letter(signature="{author}\nОтдел продаж <2>")
    assert text_of(read(ours, SIGNED)) == text_of(read(ours)) == f"{LETTER.text}\n\n-- \nОльга\nОтдел продаж <2>"
    assert "Ольга<br>Отдел продаж &lt;2&gt;</div></body>" in text_of(read(ours, SIGNED), "html")
    hidden = settings(show_author=False, signature=SIGNED.signature)
    assert text_of(read(ours, hidden)) == f"{LETTER.text}\n\n-- \nОтдел продаж <2>"
    assert text_of(read(letter(automatic=True, signature=ours.signature), SIGNED)) == LETTER.text


def test_what_a_machine_wrote_and_files_alone_are_not_signed(tmp_path: Path) -> None:
    assert text_of(read(letter(automatic=True), SIGNED)) == LETTER.text
    message = read(letter(text="", files=(file(tmp_path / "a"),)), SIGNED)
    assert [part.get_filename() for part in message.iter_parts()] == ["счёт.pdf"]


def test_our_own_signature_that_comes_back_is_cut() -> None:
    message = read(LETTER, SIGNED)
    assert own_words(text_of(message))[1].text == LETTER.text
    assert own_words("", text_of(message, "html"))[1].text == LETTER.text
    assert own_words("", text_of(message, "html").replace("-- <br>", ""))[1].text == LETTER.text


QUOTING = settings(quote=True, signature="{author}\nМагазин «Ёлка»")
SAID = Quoted("Где мой заказ?\n\n> Ваш заказ принят\nЖду ответа.", "Анна", datetime(2026, 11, 28, 11, 3, tzinfo=UTC))
ASKED = letter(quoted=SAID)


def test_below_it_stands_what_the_client_wrote() -> None:
    message = read(ASKED, QUOTING)
    assert text_of(message) == (
        f"{LETTER.text}\n\n-- \nОльга\nМагазин «Ёлка»\n\n"
        "28.11.2026 14:03, Анна <anna@example.org>:\n> Где мой заказ?\n>\n>> Ваш заказ принят\n> Жду ответа."
    )
    page = text_of(message, "html")
    assert "28.11.2026 14:03, Анна &lt;anna@example.org&gt;:" in page
    assert '<blockquote type="cite"' in page
    assert "Где мой заказ?<br><br>&gt; Ваш заказ принят<br>Жду ответа.</div></blockquote></body>" in page


def test_a_quote_does_not_say_that_its_writer_proved_nothing() -> None:
    unproven = letter(recipient="anna@example.org (unproven)", quoted=SAID)
    assert text_of(read(unproven, QUOTING)) == text_of(read(ASKED, QUOTING))


def test_the_line_above_it_names_the_time_where_the_channel_is() -> None:
    nameless = letter(quoted=Quoted("Жду", "", SAID.at))
    assert "\n\n28.11.2026 21:03, <anna@example.org>:\n> Жду" in text_of(
        read(nameless, settings(timezone="Asia/Vladivostok"))
    )
    with pytest.raises(ValueError, match="is not a time zone"):
        settings(timezone="Mars/Olympus")


@pytest.mark.parametrize("name", ["Анна", "", "Анна (Москва), отдел закупок", "anna@example.org"])
@pytest.mark.parametrize("with_settings", [QUOTING, settings(quote=True)], ids=["signed", "unsigned"])
def test_a_quote_of_ours_is_known_as_one(name: str, with_settings: EmailSettings) -> None:
    message = read(letter(quoted=Quoted(SAID.text, name, SAID.at)), with_settings)
    page = text_of(message, "html")
    assert own_words(text_of(message))[1].text == LETTER.text
    assert own_words("", page)[1].text == LETTER.text
    # As programs leave it that keep neither classes nor styles.
    bare = re.sub(r' (?:class|dir|style|type)="[^"]*"', "", page)
    assert own_words("", bare)[1].text == LETTER.text


@pytest.mark.parametrize("header", [HEADERS["gmail"], HEADERS["outlook"], HEADERS["yandex"]])
def test_of_a_clients_answer_to_it_only_his_words_are_his(header: str) -> None:
    ours = read(ASKED, QUOTING)
    below = text_of(ours)
    if "Отправлено" not in header:
        below = "\n".join(f"> {line}" for line in below.split("\n"))
    assert own_words(f"Спасибо!\n\n{header}\n\n{below}\n")[1].text == "Спасибо!"
    page = text_of(ours, "html")
    cited = f"<div>Спасибо!</div><div>{escape(header)}</div><blockquote>{page}</blockquote>"
    assert own_words("", cited)[1].text == "Спасибо!"


@given(st.text(), st.text())
def test_any_quote_stands_below_the_words(said: str, name: str) -> None:
    text = text_of(read(letter(quoted=Quoted(said, name, SAID.at)), settings(quote=True)))
    assert text.startswith(f"{LETTER.text}\n\n28.11.2026 14:03, ")


@given(st.text(), st.text(), st.text())
def test_any_signature_stands_below_any_text(text: str, author: str, signature: str) -> None:
    read(letter(text=text, author=author), settings(signature=clean_text(signature) + "{author}"))
