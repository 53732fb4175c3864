"""What is read in a mail: itself, and of its text the sender's own words."""

import msgspec

from connectors.email.mime import Mail, read
from connectors.email.pages.html import sanitised
from connectors.email.reply import own_words


class Reading(msgspec.Struct, frozen=True):
    """What a mail says: itself, its full text, the sender's own words, where in the full text the rest stands, and the
    page of it that may be shown."""

    mail: Mail
    full: str
    own: str
    cuts: tuple[tuple[int, int], ...]
    page: str = ""


def reading_of(data: bytes) -> Reading:
    """Read a mail here and now."""
    mail = read(data)
    full, own = own_words(mail.text, mail.html, mail.subject)
    return Reading(mail, full, own.text, own.cuts, sanitised(mail.html) if mail.html else "")
