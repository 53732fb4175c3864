"""What the standard library writes is read back."""

from email.headerregistry import Address as Written
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.email.mime import Address, read

# Nothing that is cleaned away, and no blanks at the ends.
LETTERS = st.characters(
    codec="utf-8",
    categories=["L", "N", "P", "S"],
    exclude_characters="\xad\u034f\u115f\u1160\u2800\u3164\uffa0\ufffc\ufffd",
)
RUSSIAN = st.sampled_from("абвгдежзиклмнопрстуфхцчшщыьэюяАБВЕЁ №5-—«»")
WORDS = st.text(RUSSIAN | LETTERS, min_size=1, max_size=60).map(lambda text: " ".join(text.split())).filter(bool)
TEXT = st.lists(st.text(RUSSIAN | LETTERS, max_size=90), max_size=6).map("\n".join)
NAME = WORDS.filter(lambda name: not set(name) & set("\\/\"'%=?<>@[]():;,") and name.strip("., ") == name)


@settings(max_examples=150)
@given(subject=WORDS, name=NAME, text=TEXT, transfer=st.sampled_from(["8bit", "base64", "quoted-printable"]))
def test_a_text(subject: str, name: str, text: str, transfer: str) -> None:
    sent = EmailMessage(policy=SMTP)
    sent["Subject"] = subject
    sent["From"] = Written(name, "ivan", "mail.example")
    sent.set_content(text, cte=transfer)
    found = read(sent.as_bytes())
    assert found.sender == Address("ivan@mail.example", name)
    assert found.subject.split() == subject.split()
    assert found.text == text.strip("\n")


@settings(max_examples=100)
@given(text=TEXT, page=WORDS, name=NAME, data=st.binary(max_size=300))
def test_a_page_and_a_file(text: str, page: str, name: str, data: bytes) -> None:
    sent = EmailMessage(policy=SMTP)
    sent.set_content(f"a{text}")
    sent.add_alternative(f"<p>a{page}</p>", subtype="html")
    sent.add_attachment(data, maintype="application", subtype="pdf", filename=f"{name}.pdf")
    found = read(sent.as_bytes())
    assert found.text == f"a{text}".strip("\n")
    assert found.html.strip() == f"<p>a{page}</p>"
    assert [(one.name, one.data) for one in found.attachments] == [(f"{name}.pdf", data)]


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "iso-8859-5", "cp866", "utf-8", "utf-16", "utf-7"])
def test_a_charset(charset: str) -> None:
    sent = EmailMessage(policy=SMTP)
    sent["Subject"] = "Вопрос по заказу"
    sent.set_content("Где мой заказ?\n".encode(charset), maintype="text", subtype="plain", disposition="inline")
    sent.set_param("charset", charset)
    assert read(sent.as_bytes()).text == "Где мой заказ?"
