"""Mails, and what their way or somebody hostile makes of them; the same of the same seed."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.connectors.email.mails import GREETING, attached, encoded, joined, mail, mixed, multipart, part, raw
from tests.connectors.email.parsing.test_bounces import ORIGINAL, fields
from tests.connectors.email.parsing.test_invitations import CALENDAR
from tests.connectors.email.parsing.test_smime import INNER, endless, tlv, wrapped
from tests.connectors.email.parsing.test_tnef import SIGNATURE, file
from tests.connectors.email.quotes import HEADERS, OWN, QUOTED

SAMPLES = [
    mail(GREETING, References="<0@x> <1@x>", Cc="a@b.c, D <d@e.f>, Group: g@h.i;"),
    raw(GREETING, "cp1251", From=f'"{encoded("Иван", "koi8-r")}" <a@b.c>', Content_Type="text/plain; charset=cp1251"),
    mixed(
        multipart("alternative", part("Да"), part("<b>Да</b>", "text/html"), part(CALENDAR, "text/calendar")),
        attached(f'filename="{encoded("Счёт.pdf")}"'),
        attached("filename*0*=utf-8''%D0; filename*1*=%9F.pdf"),
        raw(mail("чужие слова"), Content_Type="message/rfc822"),
    ),
    mail("раз \r\n> два \r\n> три\r\n-- \r\n", Content_Type="text/plain; format=flowed; delsp=yes; charset=utf-8"),
    mail("begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n"),
    mail(fields() + "\r\n" + fields(action="delayed"), From="MAILER-DAEMON", Content_Type="message/delivery-status"),
    mail(multipart("report", raw(ORIGINAL, Content_Type="message/rfc822")), Return_Path="<>"),
    mail(
        joined(
            part("Письмо не доставлено"),
            raw(fields(), Content_Type="message/delivery-status"),
            raw(ORIGINAL, Content_Type="message/rfc822"),
        ),
        From="MAILER-DAEMON@mx.example",
        Content_Type="multipart/report; report-type=delivery-status; boundary=b1",
    ),
    raw(SIGNATURE + file(b"a.txt", b"A", (0x1F, 0x3707, b"a\0")), Content_Type="application/ms-tnef"),
    raw(wrapped(tlv(4, INNER)), Content_Type="application/pkcs7-mime"),
    raw(endless(INNER), Content_Type="application/pkcs7-mime"),
    raw(b"\x1b$B%F%9%H\x1b(B", Subject="=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", Content_Type="text/html; charset=utf-7"),
    mail(
        '<div>Да</div><blockquote type="cite"><p style="color:red">Нет</p><img src=cid:a><a href=http://x.y>z</a>',
        Content_Type="text/html; charset=utf-8",
    ),
    *(mail(f"{OWN}\n\n{intro}\n\n{QUOTED}", Message_ID=f"<{name}@x>") for name, intro in HEADERS.items()),
]  # fmt: skip
# What means something to whoever reads mails, or should mean nothing.
PIECES = [
    b"", b"\0", b"\xff", b"\n", b"\r", b"\r\n\r\n", b"\t", b"--b0\r\n", b"--b0--", b"=?utf-8?B?", b"=?utf-8?Q?=00?=",
    b"?=", b'"', b"<", b">", b"(", b";", b"=", b",", b"@", b"%00", b"%ED%A0%80", b"&#0;", b"&#xD800;", b"\\",
    b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xe2\x80\xae", b"\xef\xbf\xbe", b"+2AA-", b"\x1b$B", b"*0*=", b"\xd0",
    b"=D0", b"=00", b"\x78\x9f\x3e\x22", b"\x30\x80", b"<div>", b"</p>", b"<!--", b"<style>", b"<a href=javascript:x>",
    b"On Mon, 3 Nov 2025 at 10:00, A <a@b.c> wrote:\r\n", b"> ", b"-- \r\n", b"-----Original Message-----\r\n",
    b"Content-Type: multipart/mixed; boundary=b0\r\n", b"Content-Type: message/rfc822\r\n",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Date: Mon, 3 Nov 2025 10:00:00 +9959\r\n", b"Date: Mon, 3 Nov 9999 23:59:59 -1200\r\n", b"Date: 1 Jan 1\r\n",
    b"From: <>\r\n", b"From: =?utf-8?B?AA==?=\r\n", b"Message-ID: <a@b>\r\n", b"In-Reply-To: <1@mail.example>\r\n",
    b"Content-Type: text/html; charset=idna\r\n",
    b"\r\n" * 300, b">" * 500, b"\xe4\xb8\xad" * 2000, b"a@" * 500,
]  # fmt: skip
_CHARSETS = [
    b"utf-7", b"utf-16", b"utf-32-be", b"hz", b"idna", b"punycode", b"cp1251", b"us-ascii", b"gb2312", b"iso-2022-jp",
    b"base64", b"rot13", b"unicode_escape", b"raw_unicode_escape", b"undefined", b"x-unknown", b"", b"\xff", b"koi8-r",
]  # fmt: skip
_LONGEST_LINE = 5_000
_LENGTHS = [1, 1, 2, 5, 40, 400]

Change = Callable[[bytearray, random.Random, Sequence[bytes]], None]


def samples(folder: Path | None = None) -> list[bytes]:
    """The project's own mails, and those of a folder if there is one."""
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []
    return [*SAMPLES, *(path.read_bytes() for path in files)]


def mutated(mails: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the mails, changed in one to eight places."""
    data = bytearray(chance.choice(mails))
    for _ in range(chance.randint(1, 8)):
        chance.choice(_CHANGES)(data, chance, mails)
    return bytes(data)


def _overwrite(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    at, length = _somewhere(data, chance)
    data[at : at + length] = chance.randbytes(length)


def _flip(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    for at in [chance.randrange(len(data)) for _ in range(5) if data]:
        data[at] ^= 1 << chance.randrange(8)


def _cut_out(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    at, length = _somewhere(data, chance)
    del data[at : at + length]


def _double(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    at, length = _somewhere(data, chance)
    data[at:at] = data[at : at + length]


def _insert(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    at, _ = _somewhere(data, chance)
    data[at:at] = chance.choice(PIECES)


def _splice(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    at, _ = _somewhere(data, chance)
    other = chance.choice(mails)
    data[at:] = other[chance.randrange(len(other) + 1) :]


def _truncate(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    at, _ = _somewhere(data, chance)
    del data[at:]


def _double_a_line(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    lines = bytes(data).splitlines(keepends=True)
    if lines:
        line = chance.choice(lines[:30])[:_LONGEST_LINE]
        at = chance.randrange(min(len(lines), 30) + 1)
        lines[at:at] = [line] * chance.choice([1, 2, 50])
        data[:] = b"".join(lines)


def _lie(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    """Another charset than it is written in, wherever one is named."""
    before, named, after = bytes(data).partition(b"charset=")
    if not named:
        data[0:0] = b"Content-Type: text/plain; charset=" + chance.choice(_CHARSETS) + b"\r\n"
        return
    data[:] = before + named + chance.choice(_CHARSETS) + b";" + after


def _name_bytes(data: bytearray, chance: random.Random, mails: Sequence[bytes]) -> None:
    """A header in which everything is noise."""
    name = chance.choice([b"From", b"To", b"Subject", b"Message-ID", b"References", b"Content-Type", b"Date"])
    noise = chance.randbytes(chance.choice([3, 30, 3000])).replace(b"\n", b"<")
    data[0:0] = name + b": <" + noise + b"@" + noise[:20] + b">\r\n"


_CHANGES: list[Change] = [
    _overwrite, _flip, _cut_out, _double, _insert, _insert, _insert, _splice, _truncate, _double_a_line, _lie,
    _name_bytes,
]  # fmt: skip


def _somewhere(data: bytearray, chance: random.Random) -> tuple[int, int]:
    """A place, in every second case one in the headers, and a length."""
    most = min(len(data), 1000) if chance.random() < 0.5 else len(data)
    return chance.randrange(most + 1), chance.choice(_LENGTHS)
