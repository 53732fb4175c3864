"""How mail programs mark in HTML what is not the sender's new words."""

import re
from typing import Literal

# "rest": from here on nothing is the sender's. "maybe": a quote if a line above it says so. "gmail": what Gmail wraps
# around a quote and its header, and around what is written below them.
Mark = Literal["quote", "maybe", "rest", "signature", "gmail"]

# In classes, ids and names; Outlook writes "x_" before those of others, Yahoo a number.
_QUOTES = re.compile(
    r"gmail_attr(?![\w-])|gmail_quote_attribution|moz-cite-prefix|mail-quote-collapse|mail-app-auto-quote|yahoo_quoted"
    r"|protonmail_quote|tutanota_quote|composewebview_previouse?_content|zmail_extra|front-blockquote|spark_quote"
    r"|messagereplysection|reply-intro|isreplycontent|olk_src_body_section|__quoted_text__|airmail_ext_on"
    r"|mail-editor-reference-message-container"
)
_RESTS = re.compile(r"divrplyfwdmsg|appendonsend|ms-outlook-mobile-body-separator-line")
_SIGNATURES = re.compile(
    r"gmail_signature(?!_prefix)|moz-signature|mail-app-auto-signature|ms-outlook-(?:mobile|ios)-signature"
    r"|protonmail_signature_block|applemailsignature"
)
_PATTERNS: dict[Mark, re.Pattern[str]] = {"rest": _RESTS, "quote": _QUOTES, "signature": _SIGNATURES}
_MARKED = ("class", "id", "name", "data-marker", "data-smartmail")
_SIDE_RULE = re.compile(r"border-left(?:-width)?\s*:(?!\s*(?:medium\s+)?(?:none|0))", re.IGNORECASE)
_TOP_RULE = re.compile(r"border-top\s*:\s*solid\s+[^;]{1,40}?\b1(?:\.0)?pt", re.IGNORECASE)
# No `font-size: 0`: tables are laid out with it, and their cells set another size.
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all", re.IGNORECASE)
_KEEPS_LINES = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_NO_MARGIN = re.compile(r"margin(?:-bottom)?\s*:\s*0", re.IGNORECASE)


def mark_of(tag: str, attributes: dict[str, str], inside_gmail: bool) -> Mark | None:
    """What a mail program says about what stands inside this tag."""
    marks = " ".join(attributes.get(name, "") for name in _MARKED).lower() if attributes else ""
    for mark, pattern in _PATTERNS.items():
        if pattern.search(marks):
            return mark
    if tag == "div" and ("gmail_quote" in marks or marks.strip() == "quote"):
        return "gmail"
    if tag != "blockquote":
        return None
    # Gmail's button for indenting makes blockquotes of this class too.
    ruled = _SIDE_RULE.search(attributes.get("style", "")) is not None
    gmail = "gmail_quote" in marks and (inside_gmail or ruled)
    return "quote" if gmail or attributes.get("type", "").lower() == "cite" else "maybe"


def has_top_rule(style: str) -> bool:
    """Whether it is the line that Outlook draws above what is answered."""
    return _TOP_RULE.search(style) is not None


def is_hidden(attributes: dict[str, str]) -> bool:
    """Whether the sender's program would not show it."""
    return "hidden" in attributes or _HIDDEN.search(attributes.get("style", "")) is not None


def keeps_lines(tag: str, style: str) -> bool:
    """Whether ends of lines and blanks inside count."""
    return tag == "pre" or _KEEPS_LINES.search(style) is not None


def is_tight(attributes: dict[str, str]) -> bool:
    """Whether a paragraph has no blank line below it."""
    return "mso" in attributes.get("class", "").lower() or _NO_MARGIN.search(attributes.get("style", "")) is not None
