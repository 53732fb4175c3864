"""Mails made to keep a reader busy for ever: each is read soon, in a process of its own that can be stopped."""

import subprocess
import sys

import pytest

# Each takes a second or two; on a busy machine the process waits for its turn.
SECONDS = 60
TEXTS = {
    "on on on": "'On ' * 20_000",
    "lines of on": r"'On wrote\n' * 10_000",
    "blank lines": r"'\n' * 200_000",
    "blank carriage returns": r"'\r' * 200_000",
    "dashes": "'-' * 100_000",
    "lines of dashes": r"'--\n' * 85_000",
    "rules": r"'---\n' * 60_000",
    "quote marks": "'> ' * 100_000",
    "lines of quotes": r"'> x\ny\n' * 40_000",
    "angle brackets": "'<' * 100_000",
    "addresses": r"('a@' * 190 + 'wrote:\n') * 600",
    "headers": r"'a:\n' * 80_000",
    "blocks": r"'From: a@b.example 2025 10:00\nTo: c\n' * 7_000",
    "intros": r"'пт, 26 сент. 2025 г. в 10:00, Магазин <a@b.example>:\n' * 5_000",
    "originals": r"'-----Original Message-----\n' * 8_000",
    "weekdays": r"('mo ' * 130 + ':\n') * 600",
    "digits": r"('1' * 390 + ':\n') * 600",
    "numbers": r"('1,' * 190 + ' 2025 10:00, wrote:\n\n') * 600",
    "wrote": r"('10:00 2025 ' + 'wrote ' * 60 + ':\n\n') * 600",
    "sent from": r"('sent from ' + 'my ' * 80 + '\n') * 900",
    "shared lines": r"('x On Mon, Jan 1 ' * 25 + '\n') * 600",
    "capitals": r"'a\n---\n' + 'A' * 250_000",
    "links": r"('<https://' * 40 + '\n') * 600",
    "notices": r"('e-mail confidential recipient ' * 3 + '\n\n') * 2_500",
    "one line": "'слово ' * 200_000",
    "nothing": "' ' * 250_000",
}
HTMLS = {
    "blocks": "'<div>' * 100_000 + 'x'",
    "quotes": "'<blockquote type=cite>x<blockquote>' * 50_000",
    "gmail": "'<div class=gmail_quote>x' * 50_000",
    "formats": "'<b>' * 100_000 + 'x' + '</i>' * 100_000",
    "tables": "'<table><tr><td>' * 33_000 + 'x'",
    "cells": "'<td>' * 100_000",
    "paragraphs": "'<p>x' * 100_000",
    "links": "'<a href=http://x.example>x' * 40_000",
    "fonts": "'<div>' + ''.join(f'<font color={n}>' for n in range(5_000)) + '</div>' + '<p>x' * 20_000",
    "hidden": "'<p style=display:none>x' * 50_000",
    "tags that never end": "'<a ' * 200_000",
    "quotes that never end": "'<a x=\"' * 100_000",
    "scripts that never end": "'<script>' * 50_000",
    "comments that never end": "'<!--' * 100_000",
    "attributes": "'<p ' + ' '.join(f'x{n}=1' for n in range(100_000)) + '>x'",
    "styles": "'<p style=\"' + 'border-top:solid ' * 50_000 + '\">x'",
    "calls": "'<p style=\"' + 'color:(1' * 50_000 + '\">x'",
    "entities": "'&#' + '9' * 100_000 + ';' + '&' * 100_000 + '&x' * 100_000",
    "ampersands": "'&' * 1_900_000",
    "hard blanks": r"'\xa0' * 1_900_000 + 'x'",
    "ampersands in attributes": "'<p title=\"' + '&' * 1_900_000 + '\">x'",
    "names": "'<' + 'a' * 500_000",
}


def run(made: str, call: str) -> None:
    program = (
        "from connectors.email.pages.html import sanitised\nfrom connectors.email.reply import own_words\n"
        f"made = {made}\nfull, own = {call}\nassert bool(own.text.strip()) == bool(full.strip())"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=SECONDS)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_hostile_text_is_read_soon(text: str) -> None:
    run(text, "own_words(made)")


@pytest.mark.parametrize("html", HTMLS.values(), ids=HTMLS)
def test_hostile_html_is_read_and_made_safe_soon(html: str) -> None:
    run(html, "sanitised(made) and own_words('', made) or own_words('', made)")
