"""Markdown becomes text that reads well by itself, with looks where they belong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Span
from connectors.markdown import from_markdown
from connectors.markup import to_html, written_out


def html(source: str) -> str:
    return to_html(*from_markdown(source))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("# Заказ\nготов", "Заказ\n\nготов"),
        ("Вот:\n- чай\n- кофе\n\nВсё", "Вот:\n\n• чай\n• кофе\n\nВсё"),
        ("3. три\n4. четыре\n   - раз\n   - два", "3. три\n4. четыре\n   • раз\n   • два"),
        ("- чай\n  зелёный\n- - кофе", "• чай\n  зелёный\n•\n  • кофе"),
        ("- чай\n\n- кофе\n\n  чёрный", "• чай\n\n• кофе\n\n  чёрный"),
        ("-\n- кофе", "•\n• кофе"),
        ("> one\n>\n> two\n\nthree", "one\n\ntwo\n\nthree"),
        ("a\n\n---\n\nb", "a\n\n———\n\nb"),
        ("```sh\nls  -l\n\n  # x\n```\nend", "ls  -l\n\n  # x\n\nend"),
        ("- run\n\n  ```\n  a\n    b\n  ```", "• run\n\na\n  b"),
        ("<b>5 &lt; 6</b> & \\*x\\*", "<b>5 < 6</b> & *x*"),
        ("[x](javascript:alert(1)) [y](/here)", "[x](javascript:alert(1)) [y](/here)"),
        ("![схема](https://x.ru/a.png)", "схема"),
        ("![](https://x.ru/a.png)", "https://x.ru/a.png"),
        ("", ""),
        ("[](https://x.ru)", ""),
        ("a\0b", "a\ufffdb"),
    ],
)
def test_it_reads_well_without_any_looks(source: str, text: str) -> None:
    assert from_markdown(source)[0] == text


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**Да**, *жду* ~~завтра~~ `x = 1`", "<b>Да</b>, <i>жду</i> <s>завтра</s> <code>x = 1</code>"),
        ("***оба***", "<b><i>оба</i></b>"),
        ("**a **b** c**", "<b>a b c</b>"),
        ("# Заказ *готов*", "<b>Заказ <i>готов</i></b>"),
        ("```\na < b\n```", "<pre>a &lt; b</pre>"),
        ("> one\n> > two", "<blockquote>one<br><br>two</blockquote>"),
        (
            "[**сайт**](https://x.ru/a?b&c) <a@b.ru>",
            (
                '<a href="https://x.ru/a?b&amp;c" rel="noopener nofollow"><b>сайт</b></a> '
                '<a href="mailto:a@b.ru" rel="noopener nofollow">a@b.ru</a>'
            ),
        ),
        (
            "[![схема](https://x.ru/a.png)](https://x.ru) ![*b*](https://x.ru/b.png)",
            (
                '<a href="https://x.ru" rel="noopener nofollow">схема</a> '
                '<a href="https://x.ru/b.png" rel="noopener nofollow">b</a>'
            ),
        ),
    ],
)
def test_looks_stand_where_they_were_written(source: str, shown: str) -> None:
    assert html(source) == shown


@given(st.text("*_~`[](){}!<>#-+.1 \n\tаb&\\:/h"))
def test_whatever_is_written_becomes_text_and_spans_inside_it(source: str) -> None:
    text, spans = from_markdown(source)
    assert text == text.strip("\n")
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


def test_who_sees_no_looks_reads_addresses_and_sees_what_is_quoted() -> None:
    text, spans = from_markdown("> said **before**\n> twice\n\n[here](https://x.ru), <https://x.ru> and <a@b.ru>")
    assert written_out(text, spans) == "> said before\n> twice\n\nhere (https://x.ru), https://x.ru and a@b.ru"
    assert written_out("ab", (Span("quote", 1, 2), Span("link", 0, 1, "javascript:x"))) == "ab"
