"""What a mail says: the letter's words, the signature, and what it answers; plain, and as HTML."""

import re
from zoneinfo import ZoneInfo

from connectors.base import Letter, Quoted
from connectors.email.postal import bare
from connectors.email.settings import EmailSettings
from connectors.markup import to_html, written_out
from connectors.text import clean_name, clean_text

# What every mail program takes for the beginning of a signature (RFC 3676, 4.3), with its blank.
_DASHES = "-- "
_AUTHOR = "{author}"
_CITED = "margin:0 0 0 8px;border-left:2px solid #ccc;padding-left:8px"
_NEWLINE = re.compile(r"\r\n?|\n")


def plain(letter: Letter, settings: EmailSettings) -> str:
    """The text without looks."""
    text = written_out(clean_text(letter.text), letter.spans)
    if signed := _signature(letter, settings):
        text += f"\n\n{_DASHES}\n{signed}"
    if letter.quoted:
        lines = _NEWLINE.split(clean_text(letter.quoted.text))
        marked = (f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines)
        text += "\n".join(["\n", _wrote(letter, letter.quoted, settings), *marked])
    return text


def page(letter: Letter, settings: EmailSettings) -> str:
    """The text as HTML."""
    shown = _div(to_html(clean_text(letter.text), letter.spans))
    if signed := _signature(letter, settings):
        # The class by which Thunderbird, and whoever cuts signatures, knows one.
        shown += _div(to_html(f"\n{_DASHES}\n{signed}", ()), "moz-signature")
    if letter.quoted:
        shown += _div(to_html(f"\n{_wrote(letter, letter.quoted, settings)}", ()), "moz-cite-prefix")
        said = _div(to_html(clean_text(letter.quoted.text), ()))
        shown += f'<blockquote type="cite" style="{_CITED}">{said}</blockquote>'
    return f'<html><head><meta charset="utf-8"></head><body>{shown}</body></html>'


def _div(html: str, name: str = "") -> str:
    known_as = f' class="{name}"' if name else ""
    return f'<div{known_as} dir="auto" style="white-space:pre-wrap">{html}</div>'


def _wrote(letter: Letter, quoted: Quoted, settings: EmailSettings) -> str:
    """The line above a quote, in a form that we and others know."""
    at = f"{quoted.at.astimezone(ZoneInfo(settings.timezone)):%d.%m.%Y %H:%M}"
    name, address = clean_name(quoted.name, 100), bare(letter.recipient)
    return f"{at}, {name} <{address}>:" if name else f"{at}, <{address}>:"


def _signature(letter: Letter, settings: EmailSettings) -> str:
    """The signature below what persons write: their department's, or else the channel's; no line that names nobody."""
    if letter.automatic:
        return ""
    author = clean_name(letter.author, 100) if settings.show_author else ""
    lines = clean_text(letter.signature or settings.signature).splitlines()
    kept = [line.replace(_AUTHOR, author) for line in lines if author or line.strip() != _AUTHOR]
    return "\n".join(kept).strip()
