"""HTML of mails as text, and made safe to show."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.email.pages import html as pages
from connectors.email.pages.flatten import flattened
from connectors.email.pages.html import sanitised

PARTS = [
    "<p>",
    "</p>",
    "<div style='display:none'>",
    "</div>",
    "<script>",
    "</script>",
    "<style>",
    "</style>",
    "<img src='http://x.example/a.png'>",
    "<img src=cid:a onerror=alert(1)>",
    '<a href="javascript:alert(1)">',
    '<a href="https://x.example">',
    "</a>",
    "<table><tr><td>",
    "<!--",
    "-->",
    "<b",
    ">",
    "<",
    "&#x6a;avascript:",
    "&nbsp;",
    "текст",
    '"',
    "'",
    "=",
    " ",
    "\n",
    "<svg/onload=alert(1)>",
    "<math>",
    "<blockquote type=cite>",
    "<iframe src=//x.example>",
    "<noscript>",
    "<textarea>",
    "<title>",
    '<p style="background:url(//x.example)">',
    "<li>",
    "<pre>",
    "&lt;script&gt;",
    "<form action=//x.example>",
    "<meta http-equiv=refresh content='0;url=//x.example'>",
    "<base href=//x.example>",
    "\x00",
    "\ud800",
]
anything = st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=30).map("".join)


class Seen(HTMLParser):
    """What of some HTML could do harm."""

    def __init__(self) -> None:
        super().__init__()
        self.harm: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {
            "script",
            "style",
            "iframe",
            "form",
            "input",
            "object",
            "embed",
            "link",
            "meta",
            "base",
            "svg",
            "math",
        }:
            self.harm.append(tag)
        for name, value in attrs:
            given = (value or "").strip().lower()
            if name.startswith("on") or re.match(r"(?:javascript|data|vbscript):", given) or "url(" in given:
                self.harm.append(f"{name}={value}")
            if name == "src" and not given.startswith("cid:"):
                self.harm.append(f"{name}={value}")


def harm_of(html: str) -> list[str]:
    seen = Seen()
    seen.feed(html)
    seen.close()
    return seen.harm


@given(anything)
def test_nothing_harmful_is_let_through(html: str) -> None:
    assert harm_of(sanitised(html)) == []


@given(anything)
def test_any_html_has_a_text(html: str) -> None:
    text = flattened(html).text
    text.encode()
    assert "alert(1)</script>" not in text


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ("<p>Да <b>нет</b></p>", "<p>Да <b>нет</b></p>"),
        ("a<script>alert(1)</script>b", "ab"),
        ("<style>p { color: red }</style>b", "b"),
        ('<p onclick="x()" class="c" id="i">a</p>', "<p>a</p>"),
        ('<p style="color:red;position:fixed;top:0">a</p>', '<p style="color:red">a</p>'),
        ('<p style="display:none;font-size:0">a</p>', '<p style="">a</p>'),
        (
            '<p style="color: url(//x.example); border: 1px solid rgb(1, 2, 3)">a</p>',
            '<p style="border:1px solid rgb(1, 2, 3)">a</p>',
        ),
        ('<p style="color:\\75rl(1)">a</p>', '<p style="">a</p>'),
        ('<img src="cid:a@b" alt="x" width="5">', '<img src="cid:a@b" alt="x" width="5">'),
        ('<img src="https://x.example/a.png">', '<img data-src="https://x.example/a.png">'),
        ('<img src="//x.example/a.png" srcset="https://x.example/b.png 2x">', "<img>"),
        ('<img src="data:image/png;base64,AA">', "<img>"),
        ('<td background="https://x.example/a.png">a</td>', "a"),
        ("<form action='https://x.example'><input name=a>b</form>", "b"),
        ("a<!-- b -->c", "ac"),
        ("1 < 2 && 3 > 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<p>a<p>b<div>c", "<p>a</p><p>b</p><div>c</div>"),
        (
            "<table><tr><td>a<td>b<tr><td>c</table>",
            "<table><tbody><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>",
        ),
        ("</div></div>a", "a"),
    ],
)
def test_what_does_no_harm_stays(html: str, safe: str) -> None:
    assert sanitised(html) == safe


def test_links_lead_out_and_tell_nothing() -> None:
    safe = sanitised('<a href="https://x.example/?a=1&b=2">a</a>')
    assert 'href="https://x.example/?a=1&amp;b=2"' in safe
    assert 'target="_blank"' in safe
    assert 'rel="noopener noreferrer nofollow"' in safe


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "&#106;avascript:x",
        "data:text/html,x",
        "/v1/dialogs",
        "//x.example",
        "cid:a",
        "file:///x",
        "\tjava\nscript:x",
    ],
)
def test_other_links_lead_nowhere(address: str) -> None:
    assert "href" not in sanitised(f'<a href="{address}">a</a>')


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Да</p><p>Нет</p>", "Да\n\nНет"),
        ("<div>Да</div><div>Нет</div>", "Да\nНет"),
        ("<div>Да<br></div><div><br></div><div>Нет</div>", "Да\n\nНет"),
        ("Да<br>Нет<br><br>Ещё", "Да\nНет\n\nЕщё"),
        (
            '<p class="MsoNormal">Да</p><p class="MsoNormal"><o:p>&nbsp;</o:p></p><p class="MsoNormal">Нет</p>',
            "Да\n\nНет",
        ),
        ("<b>Да</b>,\n  <i>нет</i> &amp; &laquo;всё&raquo;&nbsp;тут", "Да, нет & «всё» тут"),
        ("<ul><li>Чай</li><li><p>Кофе</p></li></ul><ol><li>Раз<li>Два</ol>", "• Чай\n• Кофе\n1. Раз\n2. Два"),
        ("<table><tr><td>Чай</td><td>3</td></tr><tr><td>Кофе</td><td>2</td></tr></table>", "Чай\t3\nКофе\t2"),
        ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        ('<div style="white-space: pre-wrap">a\nb</div>', "a\nb"),
        ('<a href="https://x.example/a">сюда</a>', "сюда <https://x.example/a>"),
        (
            '<a href="https://x.example/">x.example</a>, <a href="mailto:a@b.example">a@b.example</a>',
            "x.example, a@b.example",
        ),
        ('<a href="#top">вверх</a><a href="javascript:x()">!</a>', "вверх!"),
        ('<a href="https://x.example"><img src="cid:a"></a>Да', "Да"),
        ('<div style="display:none">Скидки!</div>Да', "Да"),
        ('<div style="display:none">Да', "Да"),
        ('<p style="display:none">x<p>Да', "Да"),
        (f'<div style="display:none">{"слово " * 500}</div>', ("слово " * 500).strip()),
        ("<head><title>Тема</title><style>p{}</style></head><script>x</script>Да", "Да"),
        ("Да<!-- нет --><!--[if mso]>нет<![endif]--><![if !mso]>!<![endif]>", "Да!"),
        ("Да<hr>Нет", "Да\n--------------------\nНет"),
        ('Да <img alt="😀" src="x"><img alt="logo" src="y">', "Да 😀"),
        ("5 < 6, 7 <б> и a <3", "5 < 6, 7 <б> и a <3"),
        ('<p title="a > b">Да</p><p don\'t>Нет</p>', "Да\n\nНет"),
        ('<a x="не закрыто>Да <b>нет</b>', "Да нет"),
        ("&#99999999999;&#x110000000;&#xd800;&unknown;", "\ufffd\ufffd\ufffd&unknown;"),
        ("", ""),
        ("просто текст", "просто текст"),
    ],
)
def test_html_reads_like_its_look(html: str, text: str) -> None:
    assert flattened(html).text == text


def test_of_very_long_html_the_beginning_is_shown() -> None:
    text = flattened("<p>да" * 700_000).text
    assert text.startswith("да\n\nда")
    assert text.endswith("[…]")


LONG = [
    "слово " * 300,
    "x" * 900,
    "&nbsp;½&amp;" * 100,
    "<p>",
    "<table>",
    "<tr>",
    "<td>",
    "<ul><li>",
    "<pre>\n",
    "<col>",
]


@given(st.lists(st.sampled_from(LONG), max_size=40).map("".join))
def test_how_long_texts_are_parted_is_not_seen(html: str) -> None:
    parted = sanitised(html)
    with pytest.MonkeyPatch.context() as whole:
        whole.setattr(pages, "_LONGEST_TEXT", 10**9)
        assert sanitised(html) == parted


def test_what_parts_texts_is_taken_out_of_what_says_the_same() -> None:
    assert sanitised("a" * 5000 + '<wbr lang="x-part">' + "b<wbr>") == "a" * 5000 + "b<wbr>"
