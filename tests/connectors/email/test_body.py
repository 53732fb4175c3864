"""What stands below an operator's words in a mail, and that we know it again when it comes back."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from connectors.email.reply import own_words
from connectors.text import clean_text
from tests.connectors.email.compose_kit import LETTER, file, letter, read, settings, text_of

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


def test_what_a_machine_wrote_and_files_alone_are_not_signed(tmp_path: Path) -> None:
    assert text_of(read(letter(automatic=True), SIGNED)) == LETTER.text
    message = read(letter(text="", files=(file(tmp_path / "a"),)), SIGNED)
    assert [part.get_filename() for part in message.iter_parts()] == ["счёт.pdf"]


def test_our_own_signature_that_comes_back_is_cut() -> None:
    message = read(LETTER, SIGNED)
    assert own_words(text_of(message))[1].text == LETTER.text
    assert own_words("", text_of(message, "html"))[1].text == LETTER.text
    assert own_words("", text_of(message, "html").replace("-- <br>", ""))[1].text == LETTER.text


@given(st.text(), st.text(), st.text())
def test_any_signature_stands_below_any_text(text: str, author: str, signature: str) -> None:
    read(letter(text=text, author=author), settings(signature=clean_text(signature) + "{author}"))
