"""A sender's own new words in HTML: what mail programs mark, and what stands below their headers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.email.reply import Own, own_words
from tests.connectors.email.quotes import HEADERS, MARKED, OWN, QUOTED

SAID = OWN.replace("\n", "<br>")
OLD = f"<p>{QUOTED.replace(chr(10), '<br>')}</p>"
FROM_GMAIL = (
    "чт, 6 нояб. 2025 г. в 09:41, Чайная лавка &lt;<a href='mailto:hello@tea.example'>hello@tea.example</a>&gt;:"
)
FROM_YANDEX = '06.11.2025, 09:41, "Чайная лавка" &lt;hello@tea.example&gt;:'
FROM_MAILRU = "Четверг, 6 ноября 2025, 9:41 +03:00 от Чайная лавка &lt;hello@tea.example&gt;:"
FROM_UNKNOWN = "Qwe 6 rty, uio &lt;hello@tea.example&gt; pas:"
OUTLOOK = (
    "<b>От:</b> Чайная лавка &lt;hello@tea.example&gt;<br><b>Отправлено:</b> 6 ноября 2025 г. 9:41<br>"
    "<b>Кому:</b> anna@mail.example<br><b>Тема:</b> Заказ 77"
)
CASES = {
    "gmail": f'<div dir="ltr">{SAID}</div><br><div class="gmail_quote">'
    f'<div dir="ltr" class="gmail_attr">{FROM_GMAIL}<br></div>'
    f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid rgb(204,204,204)">{OLD}'
    f"</blockquote></div>",
    "gmail, unknown language": f'<div>{SAID}</div><div class="gmail_quote gmail_quote_container">'
    f'<div class="gmail_attr">{FROM_UNKNOWN}</div>'
    f'<blockquote class="gmail_quote">{OLD}</blockquote></div>',
    "gmail, below": f'<div class="gmail_quote"><div class="gmail_attr">{FROM_GMAIL}</div>'
    f'<blockquote class="gmail_quote">{OLD}</blockquote>'
    f"<div>{SAID}</div></div>",
    "gmail, no blockquote": f'{SAID}<div class="gmail_quote">{OLD}</div>',
    "gmail in outlook": f'<div>{SAID}</div><div class="x_gmail_quote"><blockquote class="x_gmail_quote">{OLD}'
    f"</blockquote></div>",
    "thunderbird": f'<p>{SAID}</p><div class="moz-cite-prefix">06.11.2025 9:41, Чайная лавка пишет:<br></div>'
    f'<blockquote type="cite">{OLD}</blockquote>',
    "thunderbird, below": f'<div class="moz-cite-prefix">Qwe:</div><blockquote type="cite" cite="mid:a">{OLD}'
    f"</blockquote><p>{SAID}</p>",
    "apple": f'<div>{SAID}</div><div><blockquote type="cite">6 нояб. 2025 г., в 09:41, Чайная лавка написал(а):'
    f"<br>{OLD}</blockquote></div>",
    "outlook web": f'<div>{SAID}</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">{OUTLOOK}</div>'
    f"<div>{OLD}</div>",
    "outlook, unknown language": f'<div>{SAID}</div><hr><div id="x_divRplyFwdMsg"><b>Qwe:</b> rty<br></div>'
    f"<div>{OLD}</div>",
    "outlook": f'<p class="MsoNormal">{SAID}</p>'
    f'<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
    f'<p class="MsoNormal">{OUTLOOK}</p></div>{OLD}',
    "outlook, english paragraphs": f"<p class=MsoNormal>{SAID}</p>"
    f"<p class=MsoNormal>From: Tea &lt;a@tea.example&gt;</p><p class=MsoNormal>Sent: Monday"
    f"</p><p class=MsoNormal>To: Anna</p><p class=MsoNormal>Subject: 77</p>{OLD}",
    "outlook, a table": f"<div>{SAID}</div><table><tr><td>От:</td><td>hello@tea.example</td></tr><tr><td>Кому:"
    f"</td><td>Анна</td></tr>"
    f"<tr><td>Тема:</td><td>77</td></tr></table>{OLD}",
    "yandex": f"<div>{SAID}</div><div> </div><div>{FROM_YANDEX}</div><blockquote>{OLD}</blockquote>",
    "yandex, below": f"<div>{FROM_YANDEX}</div><blockquote>{OLD}</blockquote><div>{SAID}</div>",
    "yandex, signed": f"<div>{SAID}</div><div>{FROM_YANDEX}</div><blockquote>{OLD}</blockquote><div>-- </div>"
    f"<div>Анна</div>",
    "mail.ru": f'<div>{SAID}</div><blockquote style="border-left:1px solid #0857A6;margin:10px">{FROM_MAILRU}'
    f"<br>{OLD}</blockquote>",
    "mail.ru, folded": f'<div>{SAID}</div><div class="mail-quote-collapse">{FROM_UNKNOWN}<blockquote>{OLD}'
    f"</blockquote></div>",
    "mail.ru, telephone": f'<div>{SAID}</div><div id="mail-app-auto-signature">Отправлено из Почты</div>{FROM_MAILRU}'
    f'<blockquote id="mail-app-auto-quote">{OLD}</blockquote>',
    "yahoo": f'<div>{SAID}</div><div id="ydp12yahoo_quoted_34" class="ydp12yahoo_quoted">{FROM_UNKNOWN}{OLD}</div>',
    "proton": f'<div>{SAID}</div><div class="protonmail_quote">{FROM_UNKNOWN}'
    f'<blockquote class="protonmail_quote" type="cite">{OLD}</blockquote></div>',
    "roundcube": f'<p>{SAID}</p><p id="reply-intro">{FROM_UNKNOWN}</p><blockquote type="cite">{OLD}</blockquote>',
    "gmx": f'<div>{SAID}</div><div name="quote" style="margin:10px">{FROM_UNKNOWN}{OLD}</div>',
    "bitrix": f"<div>{SAID}</div><div>06.11.2025 09:41, Чайная лавка (hello@tea.example) написал(а):</div>"
    f"<blockquote>{OLD}</blockquote>",
    "bitrix, block": f"{SAID}<br><br>От кого: Чайная лавка &lt;hello@tea.example&gt;<br>Дата: 06.11.2025 09:41"
    f"<br>Тема: 77<br><br>{OLD}",
    "separator": f"<p>{SAID}</p><p>-----Исходное сообщение-----</p><p>От: Чайная лавка</p>{OLD}",
    "no marks": f"<div>{SAID}</div><div>{FROM_GMAIL}</div>{OLD}",
    "telephone": f"<div>{SAID}</div><div>Отправлено с iPhone</div>",
    "signature": f'<div>{SAID}</div><div class="gmail_signature">Анна Петрова</div>',
    "preheader": f'<div style="display:none">Ответ</div><div>{SAID}</div>',
}


def own(html: str) -> str:
    return own_words("", html)[1].text


@pytest.mark.parametrize("html", CASES.values(), ids=CASES)
def test_what_programs_mark_is_cut(html: str) -> None:
    assert own(html) == OWN
    assert own(f"<html><head><title>x</title></head><body>\n{html}\n</body></html>") == OWN


@pytest.mark.parametrize(
    "html",
    [
        f"<p>В договоре сказано:</p><blockquote>{OLD}</blockquote><p>{SAID}</p>",
        f"<blockquote>{SAID}</blockquote>",
        f'<blockquote style="margin:0 0 0 40px;border:none;padding:0"><div>{SAID}</div></blockquote>',
        (
            f'<div>Да</div><blockquote class="gmail_quote" style="margin:0 0 0 40px;border:none"><div>{SAID}</div>'
            f"</blockquote>"
        ),
        f"<p>Курьер написал:</p><blockquote>буду в 10</blockquote><p>{SAID}</p>",
        '<div style="border-top:solid #E1E1E1 1.0pt">Таблица</div><p>и текст</p>',
        (
            f'<div>Смотрите</div><div class="gmail_quote">'
            f'<div class="gmail_attr">---------- Forwarded message ---------<br>{OUTLOOK}</div>{OLD}</div>'
        ),
        (
            f'<div>Смотрите</div><blockquote type="cite"><div>Начало переадресованного сообщения:'
            f"</div>{OUTLOOK}{OLD}</blockquote>"
        ),
        (
            f"<div>Смотрите</div>"
            f'<div class="moz-forward-container">-------- Пересылаемое сообщение --------{OUTLOOK}{OLD}</div>'
        ),
        f'<blockquote type="cite">{OLD}</blockquote>',
    ],
)
def test_what_is_no_quote_or_all_there_is_stays(html: str) -> None:
    full, found = own_words("", html)
    assert found == Own(full, ())


def test_quotes_of_one_program_in_those_of_another_are_one_quote() -> None:
    inner = f'<div class="gmail_quote">{OLD}</div>'
    assert own(f'{SAID}<div class="yahoo_quoted">{inner}{OLD}{inner}</div>') == OWN
    assert own(f'{SAID}<div class="gmail_quote"><blockquote type="cite">{inner}{OLD}</blockquote></div>') == OWN


def test_answers_between_quotes_are_kept_in_order() -> None:
    html = (
        f'<div class="moz-cite-prefix">{FROM_UNKNOWN}</div><blockquote type="cite">Какой адрес?</blockquote>'
        f"<p>Лесная, 5</p>"
        '<blockquote type="cite">Когда?</blockquote><p>В четверг</p>'
    )
    assert own(html) == "Лесная, 5\n\nВ четверг"


def test_cuts_are_counted_in_the_full_text() -> None:
    full, found = own_words("", CASES["gmail"])
    (cut,) = found.cuts
    assert full[: cut[0]].strip() == OWN
    assert full[slice(*cut)].split() == f"{HEADERS['gmail']} {QUOTED}".split()


def test_plain_text_comes_first() -> None:
    assert own_words("Да", "<p>Нет</p>") == ("Да", Own("Да", ()))
    assert own_words(" \n", "<p>Нет</p>") == ("Нет", Own("Нет", ()))
    assert own_words("") == ("", Own("", ()))


TEXTS = [
    *HEADERS.values(),
    MARKED,
    QUOTED,
    OWN,
    "-- ",
    "---",
    "> ",
    ">>",
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "Sent from my iPhone",
    "Fwd:",
    "On ",
    " wrote:",
    "---------- Forwarded message ---------",
    "От: ",
    "2025",
    "10:00",
    "<a@b.example>",
    "пишет:",
    "\x00",
    "\u2028",
    "😀",
    "*",
    ":",
    "\t",
]
TAGS = [
    "<blockquote>",
    "</blockquote>",
    "<blockquote type=cite>",
    '<div class="gmail_quote">',
    "</div>",
    "<div>",
    "<br>",
    "<hr>",
    "<p>",
    "</p>",
    '<div id="appendonsend">',
    '<div class="gmail_signature">',
    '<div style="display:none">',
    "<pre>",
    "<a href='https://x.example'>",
    "</a>",
    "<td>",
    '<div style="border:none;border-top:solid #E1E1E1 1.0pt">',
    "<li>",
    "&gt;",
    *CASES.values(),
]


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in re.split(r"\r\n?|\n", text) if line.strip()]


def hold(full: str, found: Own) -> None:
    """What is promised of every mail."""
    edges = [edge for cut in found.cuts for edge in cut]
    assert edges == sorted(set(edges)) or not edges
    assert all(0 <= edge <= len(full) for edge in edges)
    left = "".join(full[begin:end] for begin, end in zip([0, *edges[1::2]], [*edges[::2], len(full)], strict=True))
    assert lines_of(found.text) == lines_of(left)
    assert bool(lines_of(found.text)) == bool(lines_of(full))


@given(st.lists(st.sampled_from(TEXTS) | st.text(max_size=8), max_size=25).map("".join))
def test_any_text_is_what_is_shown_and_what_is_cut(text: str) -> None:
    full, found = own_words(text)
    assert full == text
    hold(full, found)


@given(st.lists(st.sampled_from([*TEXTS, *TAGS]) | st.text(max_size=8), max_size=25).map("".join))
def test_any_html_is_what_is_shown_and_what_is_cut(html: str) -> None:
    hold(*own_words("", html))
