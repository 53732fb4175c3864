"""What a reply's letters carry: all of it, in order, none of it too much for its channel."""

from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.base import Button, Limits, Part, Span
from dialogs.writing import Draft
from errors import Invalid
from pipeline import letters


class Narrow:
    """A channel that carries little."""

    limits = Limits(text=10, file=100, files=2, idempotent=True)


class Choosy:
    """A channel that puts only pictures together, and has looks and buttons."""

    limits = Limits(
        text=10, caption=5, file=100, files=2, idempotent=True, groups=(("image/",),), formats=True, buttons=True
    )


class Wide:
    """A channel for long texts."""

    limits = Limits(text=1000, file=0, files=0, idempotent=True)


class Bare:
    """A channel without files."""

    limits = Limits(text=10, file=0, files=0, idempotent=True)


class Paper(NamedTuple):
    """A file."""

    type: str
    size: int = 1


CHANNELS: Any = {"narrow": Narrow(), "bare": Bare(), "choosy": Choosy(), "wide": Wide()}
PHOTO, PAPER, SONG = Paper("image/png"), Paper("application/pdf"), Paper("audio/ogg")


def without_space(text: str) -> str:
    return "".join(text.split())


@given(st.text(), st.integers(1, 50))
@example("a\u0301" * 20, 5)
@example("👩‍👩‍👧" * 10, 4)
@example(" " * 30, 7)
def test_only_white_space_is_lost_and_no_piece_is_too_long(text: str, limit: int) -> None:
    pieces = [text[start:end] for start, end in letters.cuts(text, limit)]
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
    assert [text[start:end] for start, end in letters.cuts(text, limit)] == pieces


@pytest.mark.parametrize(
    ("text", "count", "parts"),
    [
        ("hello", 0, [Part("hello")]),
        ("hello", 1, [Part("hello", (0,))]),
        ("hello", 3, [Part("hello", (0, 1)), Part("", (2,))]),
        ("", 1, [Part("", (0,))]),
        ("hello to all", 1, [Part("hello to"), Part("all", (0,))]),
    ],
)
def test_files_go_with_the_end_of_the_text(text: str, count: int, parts: list[Part]) -> None:
    assert letters.split(CHANNELS, "narrow", Draft(text), [PHOTO] * count) == parts


@pytest.mark.parametrize(
    ("text", "files", "parts"),
    [
        ("hello", [PHOTO, PAPER, PHOTO, SONG], [Part("hello", (0, 2)), Part("", (1,)), Part("", (3,))]),
        ("hello", [SONG, SONG], [Part("hello", (0,)), Part("", (1,))]),
        ("too long", [PHOTO], [Part("too long"), Part("", (0,))]),
    ],
)
def test_files_that_do_not_go_together_go_one_after_the_other(text: str, files: list[Paper], parts: list[Part]) -> None:
    assert letters.split(CHANNELS, "choosy", Draft(text), files) == parts


def test_looks_go_with_the_words_they_are_for() -> None:
    draft = letters.formatted(Draft(""), "one <b>two</b> three <i>four</i>")
    assert (draft.text, draft.html) == ("one two three four", "one <b>two</b> three <i>four</i>")
    assert letters.split(CHANNELS, "choosy", draft, []) == [
        Part("one two", spans=(Span("bold", 4, 7),)),
        Part("three four", spans=(Span("italic", 6, 10),)),
    ]
    assert [part.spans for part in letters.split(CHANNELS, "narrow", draft, [])] == [(), ()]


def test_markdown_is_looks_where_there_are_some_and_words_where_there_are_none() -> None:
    draft = letters.formatted(Draft(""), None, "**Важно:** [тут](https://x.ru)\n\n> цитата")
    assert draft.text == "Важно: тут\n\nцитата"
    assert draft.html is not None
    assert draft.html.startswith("<b>Важно:</b> <a ")
    (part,) = letters.split(CHANNELS, "wide", draft, [])
    assert part == Part("Важно: тут (https://x.ru)\n\n> цитата")
    shown = letters.split(CHANNELS, "choosy", draft, [])
    assert [(part.text, [span.kind for span in part.spans]) for part in shown] == [
        ("Важно: тут", ["bold", "link"]),
        ("цитата", ["quote"]),
    ]


def test_buttons_stand_below_the_last_words() -> None:
    rows = (({"text": "Yes", "data": "y"}, {"text": "Shop", "url": "https://shop.example"}),)
    draft = Draft("all well?", buttons=rows)
    buttons = ((Button("Yes", "y"), Button("Shop", url="https://shop.example")),)
    assert letters.split(CHANNELS, "choosy", draft, [PHOTO]) == [Part("", (0,)), Part("all well?", buttons=buttons)]
    said = "\n".join(part.text for part in letters.split(CHANNELS, "wide", draft, []))
    assert said == "all well?\n\n• Yes\n• Shop: https://shop.example"
    with pytest.raises(Invalid):
        letters.split(CHANNELS, "choosy", Draft("", buttons=rows), [PHOTO])


@pytest.mark.parametrize(("channel", "size"), [("nowhere", None), ("bare", 1), ("narrow", 101)])
def test_what_cannot_go_there_is_refused(channel: str, size: int | None) -> None:
    files = [] if size is None else [Paper("image/png", size)]
    with pytest.raises(Invalid):
        letters.split(CHANNELS, channel, Draft("x"), files)


def test_a_channel_wants_quotes_or_not() -> None:
    class Quoting:
        limits = Limits(text=10, file=0, files=0, idempotent=False, quotes=True)

    channels: Any = {**CHANNELS, "quoting": Quoting()}
    wanted = [letters.can(channels, name, "quote") for name in ("quoting", "narrow", "nowhere")]
    assert wanted == [True, False, False]
