"""What a reply's letters carry: all of it, in order, none of it too much for its channel."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.base import Limits, Part
from dialogs.errors import Invalid
from pipeline import letters


class Narrow:
    """A channel that carries little."""

    limits = Limits(text=10, file=100, files=2, idempotent=True)


class Bare:
    """A channel without files."""

    limits = Limits(text=10, file=0, files=0, idempotent=True)


CHANNELS: Any = {"narrow": Narrow(), "bare": Bare()}


def without_space(text: str) -> str:
    return "".join(text.split())


@given(st.text(), st.integers(1, 50))
@example("a\u0301" * 20, 5)
@example("👩‍👩‍👧" * 10, 4)
@example(" " * 30, 7)
def test_only_white_space_is_lost_and_no_piece_is_too_long(text: str, limit: int) -> None:
    pieces = list(letters.pieces(text, limit))
    assert without_space("".join(pieces)) == without_space(text)
    assert all(0 < len(piece) <= limit for piece in pieces)


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("short", 10, ["short"]),
        ("", 10, []),
        ("one two three", 10, ["one two", "three"]),
        ("First one. Second", 12, ["First one.", "Second"]),
        ("A first line\nand another one", 20, ["A first line", "and another one"]),
        ("Первый абзац.\n\nВторой. Третий", 24, ["Первый абзац.", "Второй. Третий"]),
        ("x" * 25, 10, ["x" * 10, "x" * 10, "x" * 5]),
        ("cafe\u0301s", 4, ["caf", "e\u0301s"]),
    ],
)
def test_a_long_text_is_cut_where_it_breathes(text: str, limit: int, pieces: list[str]) -> None:
    assert list(letters.pieces(text, limit)) == pieces


@pytest.mark.parametrize(
    ("text", "sizes", "parts"),
    [
        ("hello", [], [Part("hello")]),
        ("hello", [1], [Part("hello", (0,))]),
        ("hello", [1, 2, 3], [Part("hello", (0, 1)), Part("", (2,))]),
        ("", [1], [Part("", (0,))]),
        ("hello to all", [1], [Part("hello to"), Part("all", (0,))]),
    ],
)
def test_files_go_with_the_end_of_the_text(text: str, sizes: list[int], parts: list[Part]) -> None:
    assert letters.split(CHANNELS, "narrow", text, sizes) == parts


@pytest.mark.parametrize(("channel", "sizes"), [("nowhere", []), ("bare", [1]), ("narrow", [101])])
def test_what_cannot_go_there_is_refused(channel: str, sizes: list[int]) -> None:
    with pytest.raises(Invalid):
        letters.split(CHANNELS, channel, "x", sizes)
