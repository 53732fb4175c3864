"""Text from outside, made fit to store and to show."""

import re

# No database takes them all: NUL, and halves of UTF-16 pairs that JSON lets through.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Controls, bidi marks, zero-width and other letters nobody sees: with them a name can look like another one.
_NOBODY_SEES = (
    "\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
)
_UNSEEN, _SEEN = re.compile(f"[{_NOBODY_SEES}]"), re.compile(rf"[^\s{_NOBODY_SEES}]")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


def clean_text(text: str) -> str:
    """The text with U+FFFD for what cannot be stored; nothing else is changed, and its length stays."""
    return text if is_storable(text) else _UNSTORABLE.sub("\ufffd", text)


def is_storable(text: str) -> bool:
    """Whether the text holds nothing that no database takes."""
    # Ten times as fast as the pattern, and asked for everything that comes in.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def is_blank(text: str) -> bool:
    """Whether people would see nothing of it."""
    return _SEEN.search(text) is None


def clean_name(name: str, limit: int = 200) -> str:
    """A person's name on one line of at most `limit` characters, without anything unseen; may be empty."""
    return " ".join(clean_text(_UNSEEN.sub("", name)).split())[:limit].rstrip()


def clean_email(address: str) -> str:
    """The e-mail address as it was given, or nothing if it cannot be one."""
    address = address.strip()
    return address if len(address) <= 254 and address.isprintable() and _EMAIL.fullmatch(address) else ""
