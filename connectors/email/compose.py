"""Letters as mails, written by hand: the standard library breaks long Message-IDs, and keeps large files five times."""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from email.header import Header
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from connectors.base import Letter, Outgoing, Rejected, Unavailable
from connectors.email import body
from connectors.email.postal import BadAddress, bare, in_ascii
from connectors.email.settings import EmailSettings
from connectors.email.threading import tagged
from connectors.text import clean_name

# How many mails a thread's References name: the first, and the last ones.
_FIRST, _LAST = 1, 19
_SUBJECT, _LINE = 250, 76
# A file name in UTF-8 that makes a header line short enough once each byte is written as %XX.
_NAME = 240
_MESSAGE_ID = re.compile(r"[!-;=?-~]{1,900}")
_TYPE = re.compile(r"(?!message/|multipart/)[a-z0-9][a-z0-9.+_-]{0,60}/[a-z0-9][a-z0-9.+_-]{0,80}")
# What mail programs put before the subject of an answer, once or many times, with a number or without.
_ANSWER = re.compile(
    r"(?:re|отв|ответ|aw|antw|sv|odp|rif|回复|答复)(?:\s?[\[(]\d{1,3}[\])])?\s?[:：]\s*", re.IGNORECASE
)
_NEWLINE = re.compile(r"\r\n?|\n")
# Letters a file's name may not have anywhere it is saved, and those a parameter may have as they are (RFC 5987).
_PATH = re.compile(r'[/\\:*?"<>|]')
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~")
_MARK = "=?"


def mail_of(letter: Letter, settings: EmailSettings) -> tuple[str, bytes]:
    """The Message-ID without its brackets, and the whole mail in ASCII; the same letter makes the same mail.

    Raises Rejected and Unavailable.
    """
    key = message_id(letter.key, settings)
    thread = letter.thread or {}
    headers = [
        ("From", _from(letter.author if settings.show_author else "", settings)),
        ("To", recipient_of(letter)),
        *_reply_to(letter, settings),
        ("Subject", _subject(letter.key, thread, settings)),
        ("Date", format_datetime(letter.sent_at.astimezone(UTC))),
        ("Message-ID", f"<{key}>"),
        *_references(thread),
        ("MIME-Version", "1.0"),
        ("X-Loop", _with_token(letter.key, settings)),
    ]
    if letter.automatic:
        headers += [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")]
    # In no encoding used here "=" is followed by "_": no content ends its part.
    boundary = f"=_{token_of(letter.key, settings)}"
    mail = _lines(headers) + b"".join(_content(letter, settings, boundary))
    return key, settings.dkim.signer.signed(mail, letter.sent_at) if settings.dkim.signer else mail


def message_id(key: str, settings: EmailSettings) -> str:
    """The Message-ID of the letter with this key: it tells the key, and nobody else can make one."""
    secret = hmac.digest(settings.signing_secret.encode(), b"okno message-id", "sha256")
    local, domain = in_ascii(settings.address).rsplit("@", 1)
    signed = f"{local}@{domain}\n{key}".encode(errors="replace")
    return f"{re.sub(r'[^A-Za-z0-9-]', '-', key)[:80]}.{hmac.digest(secret, signed, 'sha256').hex()[:32]}@{domain}"


def token_of(key: str, settings: EmailSettings) -> str:
    """What nobody else can make of the letter's key: its part of the Message-ID, and of the address of answers."""
    return message_id(key, settings).partition("@")[0].rpartition(".")[2]


def tag_of(key: str, settings: EmailSettings) -> str:
    """What of the letter's key stands in its subject, where subjects are tagged."""
    return token_of(key, settings)[:10]


def recipient_of(letter: Letter) -> str:
    """Where the letter goes, as SMTP writes it; raises Rejected for what is no address."""
    try:
        return in_ascii(bare(letter.recipient))
    except BadAddress as error:
        raise Rejected(f"no mail can go to this address: {error}") from None


# ---- headers ----


def _lines(headers: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")


def _from(author: str, settings: EmailSettings) -> str:
    name = ", ".join(filter(None, (clean_name(author, 100), clean_name(settings.name, 100))))
    address = in_ascii(settings.address)
    return f"{_phrase(name)}\r\n <{address}>" if name else address


def _phrase(name: str) -> str:
    if name.isascii() and _MARK not in name:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _words(name, len("From: "))


def _words(text: str, before: int) -> str:
    """The text in encoded words, the first of them behind so many letters."""
    return Header(text, "utf-8", maxlinelen=_LINE, header_name="x" * (before - 2)).encode(linesep="\r\n")


def _subject(key: str, thread: dict[str, Any], settings: EmailSettings) -> str:
    asked = clean_name(str(thread.get("subject") or ""), 4 * _SUBJECT)
    while found := _ANSWER.match(asked):
        asked = asked[found.end() :]
    subject = f"Re: {asked}" if asked else clean_name(settings.subject)
    subject = tagged(subject[:_SUBJECT], tag_of(key, settings) if settings.subject_tag else "")
    before = len("Subject: ")
    if subject.isascii() and _MARK not in subject and len(subject) < _LINE - before:
        return subject
    return _words(subject, before)


def _reply_to(letter: Letter, settings: EmailSettings) -> Iterator[tuple[str, str]]:
    """Where answers shall go: to an address that tells which letter they answer."""
    if settings.plus_addressing:
        yield "Reply-To", _with_token(letter.key, settings)


def _with_token(key: str, settings: EmailSettings) -> str:
    local, domain = in_ascii(settings.address).rsplit("@", 1)
    return f"{local}+{token_of(key, settings)}@{domain}"


def _references(thread: dict[str, Any]) -> Iterator[tuple[str, str]]:
    answered = _known(thread.get("id"))
    before = thread.get("references")
    known = [_known(one) for one in (before if isinstance(before, list | tuple) else ())]
    # Named twice, the later place counts.
    chain = list(dict.fromkeys(reversed([*filter(None, known), *filter(None, [answered])])))[::-1]
    if len(chain) > _FIRST + _LAST:
        chain = chain[:_FIRST] + chain[-_LAST:]
    if answered:
        yield "In-Reply-To", f"<{answered}>"
    if chain:
        yield "References", "\r\n ".join(f"<{one}>" for one in chain)


def _known(one: Any) -> str:
    """The Message-ID, if it is one that can stand in a header."""
    bare = str(one or "").strip().removeprefix("<").removesuffix(">")
    return bare if _MESSAGE_ID.fullmatch(bare) else ""


# ---- content ----


def _content(letter: Letter, settings: EmailSettings, boundary: str) -> Iterator[bytes]:
    parts = [_written(letter, settings, boundary)] if letter.text or not letter.files else []
    parts += [_attached(file) for file in letter.files]
    if len(parts) == 1 and not letter.files:
        yield from parts[0]
        return
    yield _lines([("Content-Type", f'multipart/mixed; boundary="{boundary}.m"')]) + b"\r\n"
    yield from _joined(parts, f"{boundary}.m")


def _written(letter: Letter, settings: EmailSettings, boundary: str) -> Iterator[bytes]:
    """The text for those who want it plain, and for those who want to see it."""
    yield _lines([("Content-Type", f'multipart/alternative; boundary="{boundary}.a"')]) + b"\r\n"
    parts = [_encoded("plain", body.plain(letter, settings)), _encoded("html", body.page(letter, settings))]
    yield from _joined(parts, f"{boundary}.a")


def _joined(parts: Iterable[Iterable[bytes]], boundary: str) -> Iterator[bytes]:
    for part in parts:
        yield f"--{boundary}\r\n".encode()
        yield from part
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _encoded(kind: str, text: str) -> Iterator[bytes]:
    lines = _NEWLINE.sub("\n", text).encode()
    quoted = binascii.b2a_qp(lines, istext=True)
    packed = base64.encodebytes(lines.replace(b"\n", b"\r\n"))
    name, short = ("quoted-printable", quoted) if len(quoted) <= len(packed) else ("base64", packed)
    yield _lines([("Content-Type", f"text/{kind}; charset=utf-8"), ("Content-Transfer-Encoding", name)]) + b"\r\n"
    yield short.replace(b"\n", b"\r\n")


def _attached(file: Outgoing) -> Iterator[bytes]:
    kind = file.type.partition(";")[0].strip().lower()
    headers = [
        ("Content-Type", kind if _TYPE.fullmatch(kind) else "application/octet-stream"),
        ("Content-Disposition", f"attachment;\r\n {_file_name(file.name)}"),
        ("Content-Transfer-Encoding", "base64"),
    ]
    yield _lines(headers) + b"\r\n"
    try:
        content = Path(file.path).read_bytes()
    except OSError as error:
        # Raised as it is, it would look as if something had been sent.
        raise Unavailable(f"the file {file.name} cannot be read: {error.strerror}") from error
    yield base64.encodebytes(content).replace(b"\n", b"\r\n")


def _file_name(name: str) -> str:
    """The name as a parameter (RFC 2231); what stands behind its last dot is kept however long it is."""
    clean = _PATH.sub("_", clean_name(name, 1000)).strip(". ") or "file"
    stem, dot, kind = clean.rpartition(".")
    if not dot or len(kind) > 20:
        stem, dot, kind = clean, "", ""
    room = _NAME - len(f"{dot}{kind}".encode())
    whole = stem.encode()[:room].decode(errors="ignore") + dot + kind
    if whole.isascii():
        return f'filename="{whole}"'
    return "filename*=utf-8''" + "".join(chr(b) if b in _PLAIN else f"%{b:02X}" for b in whole.encode())
