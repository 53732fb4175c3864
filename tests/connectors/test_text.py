"""Text from outside, made fit to store and to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.text import clean_email, clean_name, clean_text, is_blank, is_storable

# With NUL and lone surrogates, which Hypothesis leaves out by itself.
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()))


@given(ANYTHING)
def test_a_clean_text_can_be_stored_and_keeps_its_length(text: str) -> None:
    clean = clean_text(text)
    clean.encode()
    assert "\x00" not in clean
    assert len(clean) == len(text)
    assert clean_text(clean) == clean


@given(st.text().filter(lambda text: "\x00" not in text))
def test_a_storable_text_stays_as_it_is(text: str) -> None:
    assert clean_text(text) == text


@pytest.mark.parametrize("text", ["", " \r\n\t\u3000", "\u200b\u200d\ufeff", "\u2800\u3164", "\xad \u2060"])
def test_what_nobody_sees_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", " \u200b.", "😀", "❤\ufe0f", "\ufffd", "\u200f\u05d0"])
def test_whatever_can_be_seen_is_not(text: str) -> None:
    assert not is_blank(text)


def test_the_damage_is_shown() -> None:
    assert clean_text("a\x00b\ud83dc\udc00 \U0001f600\r\n\t\u202e") == "a\ufffdb\ufffdc\ufffd \U0001f600\r\n\t\u202e"


@given(ANYTHING, st.integers(1, 50))
def test_a_clean_name_is_one_visible_line(name: str, limit: int) -> None:
    clean = clean_name(name, limit)
    clean.encode()
    assert len(clean) <= limit
    assert clean == clean.strip()
    assert not any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in clean)
    assert unicodedata.bidirectional(clean[0]) not in {"RLO", "LRO"} if clean else True
    assert clean_name(clean, limit) == clean


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("  Anna \t\n Ivanova\u2028 ", "Anna Ivanova"),
        ("Анна\u200b \u202eтест\u2066", "Анна тест"),
        ("\u0000\u001b[31mred", "[31mred"),
        ("\u3164\u115f\ufeff\xad", ""),
        ("a\ud800", "a\ufffd"),
        ("Zoë ❤️ 李", "Zoë ❤️ 李"),
        ("x" * 300, "x" * 200),
    ],
)
def test_names(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize("address", ["anna@example.org", "Anna.I+shop@пример.рф"])
def test_an_address_is_kept(address: str) -> None:
    assert clean_email(f" {address}\n") == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "@",
        "a@",
        "@b",
        "a b@c",
        "a@b@c",
        "a@b\r\nBcc: x@y",
        "a\x00@b",
        "a\u202e@b",
        "\ud800@b",
        "a" * 250 + "@b.org",
    ],
)
def test_what_is_no_address_is_dropped(address: str) -> None:
    assert clean_email(address) == ""


@given(ANYTHING)
def test_what_is_storable_needs_no_cleaning(text: str) -> None:
    assert is_storable(clean_text(text))
    assert is_storable(text) == (clean_text(text) == text)
