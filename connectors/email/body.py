"""What a mail says: the letter's words, below them the signature; for those who want it plain, and with its looks."""

from connectors.base import Letter
from connectors.email.settings import EmailSettings
from connectors.markup import to_html, written_out
from connectors.text import clean_name, clean_text

# What every mail program takes for the beginning of a signature (RFC 3676, 4.3), with its blank.
_DASHES = "-- "
_AUTHOR = "{author}"


def plain(letter: Letter, settings: EmailSettings) -> str:
    """The text without looks."""
    text = written_out(clean_text(letter.text), letter.spans)
    signed = _signature(letter, settings)
    return f"{text}\n\n{_DASHES}\n{signed}" if signed else text


def page(letter: Letter, settings: EmailSettings) -> str:
    """The text as HTML."""
    shown = _div(to_html(clean_text(letter.text), letter.spans))
    if signed := _signature(letter, settings):
        # The class by which Thunderbird, and whoever cuts signatures, knows one.
        shown += _div(to_html(f"\n{_DASHES}\n{signed}", ()), "moz-signature")
    return f'<html><head><meta charset="utf-8"></head><body>{shown}</body></html>'


def _div(html: str, name: str = "") -> str:
    known_as = f' class="{name}"' if name else ""
    return f'<div{known_as} dir="auto" style="white-space:pre-wrap">{html}</div>'


def _signature(letter: Letter, settings: EmailSettings) -> str:
    """The channel's signature below what persons write; a line that names nobody is left out."""
    if letter.automatic:
        return ""
    author = clean_name(letter.author, 100) if settings.show_author else ""
    lines = clean_text(settings.signature).splitlines()
    kept = [line.replace(_AUTHOR, author) for line in lines if author or line.strip() != _AUTHOR]
    return "\n".join(kept).strip()
