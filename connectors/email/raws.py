"""Mails as they are stored: their bytes as they came, behind a line with what the mailbox knows of them."""

import hashlib
import re

import msgspec

from connectors.base import Raw

# How far a mail is looked into for who wrote it, and the longest address that tells lanes apart.
_HEAD, _LONGEST = 1 << 16, 200
_FROM = re.compile(rb"^from:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
# Begun only where a word begins: a header of one word is read once, not once for each of its letters.
_WORD = rb"[^\s\0<>\"',;:()\[\]@]"
_ADDRESS = re.compile(rb"(?<!%b)%b++@%b+" % (_WORD, _WORD, _WORD))


class Known(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a mail beside its bytes.

    `at` is when it came to the mailbox, in unix time. `history` was there long before we were. Of one with `cut` only
    the head is here, and so many bytes are all of it. `refused` says why the server does not give it at all.
    """

    at: int = 0
    history: bool = False
    cut: int = 0
    refused: str = ""


_decoder = msgspec.json.Decoder(Known)


def raw_of(key: str, known: Known, mail: bytes) -> Raw:
    """The raw of a mail; mails of one sender share a lane."""
    digest = hashlib.sha256(mail).hexdigest() if mail else ""
    return Raw(key, sender_in(mail) or key, line_of(known) + mail, digest=digest)


# What stands before keys of mails out of files.
IMPORTED = "import"


def folder_of(key: str) -> str:
    """The folder a mail with this key (`folder:uidvalidity:uid`) lay in."""
    return key.rsplit(":", 2)[0]


def line_of(known: Known) -> bytes:
    """What stands before the mail."""
    return msgspec.json.encode(known) + b"\n"


def read(data: bytes) -> tuple[Known, bytes]:
    """What is known of a stored mail, and the mail."""
    line, _, mail = data.partition(b"\n")
    return _decoder.decode(line), mail


def sender_in(mail: bytes) -> str:
    """The address of who wrote it, as far as that is plain; it tells lanes apart and nothing else."""
    head = mail[:_HEAD].partition(b"\r\n\r\n")[0]
    found = _FROM.search(head)
    addresses = _ADDRESS.findall(found[1]) if found else []
    return addresses[-1][:_LONGEST].decode("ascii", "replace").lower() if addresses else ""
