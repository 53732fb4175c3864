"""Mails made to stop whoever reads them, each put together when it is called for."""

import base64
import io
import struct
import zipfile
from collections.abc import Callable

from tests.connectors.email.parsing.test_smime import tlv, wrapped
from tests.connectors.email.parsing.test_tnef import SIGNATURE, attribute, file

HEAD = b"From: a@b.c\r\nTo: d@e.f\r\nSubject: x\r\n"
BASE64 = HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n"
WINMAIL = HEAD + b"Content-Type: application/ms-tnef\r\n\r\n" + SIGNATURE
REPORT = HEAD + b"Content-Type: message/delivery-status\r\n\r\n"
GIVEN_BACK = b"From: mailer-daemon@x.y\r\nSubject: Undelivered Mail\r\n\r\n"
MULTIPART = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
HTML = HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n"


def attached(megabytes: int, count: int = 1) -> bytes:
    """A mail with files of so many megabytes in base64."""
    data = base64.encodebytes(bytes(range(256)) * (megabytes << 12))
    kind = b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return HEAD + MULTIPART + b"--b\r\n\r\nhi\r\n" + (kind + data) * count + b"--b--\r\n"


def nested(depth: int) -> bytes:
    """Multiparts in multiparts."""
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%dx\r\n\r\n--b%dx\r\n" % (one, one) for one in range(depth)
    )
    return HEAD + opened + b"Content-Type: text/plain\r\n\r\nhi\r\n"


def pkcs7(content: bytes) -> bytes:
    """A mail signed by S/MIME, as a part."""
    kind = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return kind + base64.encodebytes(wrapped(tlv(4, content)))


def zipped() -> bytes:
    """A hundred megabytes of zeros, in a hundred kilobytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("zeros", bytes(100 << 20))
    return file.getvalue()


MAILS: dict[str, Callable[[], bytes]] = {
    "header block": lambda: HEAD + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\nhello",
    "headers": lambda: HEAD + b"".join(b"X-A%d: a\r\n" % one for one in range(80_000)) + b"\r\nhello",
    "folded lines": lambda: HEAD + b"X-A: a\r\n" + b" b\r\n" * 250_000 + b"\r\nhello",
    "quotes in From": lambda: b"From: " + b'"' * 50_000 + b" <a@b.c>\r\n\r\nhi",
    "stray quotes in From": lambda: b"From: " + b'a "x<' * 12_000 + b" <a@b.c>\r\n\r\nhi",
    "words in From": lambda: b"From: " + b"=?utf-8?Q?" * 6_000 + b" <a@b.c>\r\n\r\nhi",
    "colons in From": lambda: b"From: " + b":" * 60_000 + b" <a@b.c>\r\n\r\nhi",
    "parentheses in From": lambda: b"From: " + b"(" * 50_000 + b" <a@b.c>\r\n\r\nhi",
    "brackets in From": lambda: b"From: " + b"<>" * 30_000 + b"\r\n\r\nhi",
    "senders": lambda: b"From: nobody\r\n" * 12_000 + b"\r\nhi",
    "parts": lambda: HEAD + MULTIPART + b"--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n" * 20_000 + b"--b--",
    "parts nobody declared": lambda: HEAD + MULTIPART + (b"--b\r\n\r\n" + bytes(range(128, 256)) * 20 + b"\r\n") * 2000,
    "depth": lambda: nested(2000),
    "one boundary": lambda: HEAD + MULTIPART + (b"--b\r\n" + MULTIPART) * 20_000,
    "almost boundaries": lambda: HEAD + MULTIPART + b"\n--bb" * 1_000_000,
    "deep and long": lambda: nested(49) + b"\n--" * 3_000_000,
    "parameters": lambda: HEAD + b"Content-Type: a/b" + b"".join(b"; name*%d*=%%41" % one for one in range(20_000)),
    "open parameters": lambda: HEAD + b"Content-Type: text/plain; " + b'a="' * 60_000 + b"\r\n\r\nhi",
    "blank lines": lambda: HEAD + b"\r\n" * 200_001,
    "encoded words": lambda: b"Subject: " + b"=?utf-8?B?0J/RgNC40LLQtdGC?=\r\n " * 30_000 + b"x\r\n\r\nhi",
    "open encoded words": lambda: b"Subject: " + b"=?utf-8?Q?a" * 30_000 + b"x\r\n\r\nhi",
    "addresses": lambda: b"To: " + b", ".join(b"a%d@b.c" % one for one in range(20_000)) + b"\r\n\r\nhi",
    "lists of addresses": lambda: b"".join(b"To: a%d@b.c\r\n" % one for one in range(20_000)) + b"\r\nhi",
    "one word in From": lambda: b"From: " + b"a" * 60_000 + b"\r\n\r\nhi",
    "references": lambda: b"References:" + b"".join(b" <a%d@b.c>" % one for one in range(20_000)) + b"\r\n\r\nhi",
    "base64": lambda: BASE64 + base64.encodebytes(b"\xcf\xf0\xe8\xe2 " * 1_000_000),
    "base64 of pieces": lambda: BASE64 + b"YQ==\r\n" * 300_000,
    "quoted-printable": lambda: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=D0=9F" * 800_000,
    "uuencode": lambda: HEAD + b"\r\n" + b"begin 644 a\n#86%A\n" * 100_000,
    "flowed": lambda: HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 500_000,
    "quotes": lambda: HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b">" * 2_000_000,
    "open tags": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 2_000_000,
    "open styles": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style>" * 25_000,
    "open metas": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<meta " * 200_000 + b"\xff",
    "bounce": lambda: GIVEN_BACK + b"a" * 3_000_000,
    "bounce of brackets": lambda: GIVEN_BACK + b"failed recipients <" * 90_000,
    "report": lambda: REPORT + b"Final-Recipient: a@b.c\nAction: failed\n\n" * 50_000,
    "events": lambda: HEAD + b"Content-Type: text/calendar\r\n\r\n" + b"BEGIN:VEVENT\r\n" * 100_000,
    "tnef": lambda: WINMAIL + b"\x02\x03\x90\x06\0\0\0\0\0" * 300_000,
    "date": lambda: HEAD + b"Date: " + b"1 " * 30_000 + b"\r\n\r\nhi",
    "zeros": lambda: b"\0" * 3_000_000,
    "colons": lambda: b":\n" * 1_000_000,
    "on on on": lambda: HEAD + b"\r\n" + b"On " * 20_000,
    "lines of on": lambda: HEAD + b"\r\n" + b"On\n" * 20_000,
    "blocks": lambda: HTML + b"<div>" * 100_000 + b"x",
    "closed blocks": lambda: HTML + b"<div>" * 100_000 + b"x" + b"</div>" * 100_000,
    "tables": lambda: HTML + b"<table><tr><td>" * 60_000 + b"x",
    "crossed tags": lambda: HTML + b"<b><p></b>" * 200_000 + b"x",
    "formats": lambda: HTML + b"".join(b"<b title=%d>" % one for one in range(99)) + b"<p>x" * 100_000,
    "ampersands": lambda: HTML + b"&" * 2_000_000,
    "ampersands in a title": lambda: HTML + b'<p title="' + b"&" * 1_000_000 + b'">x',
    "entities": lambda: HTML + b"&amp;" * 1_000_000,
    "long page": lambda: HTML + b'<p style="color:red;margin:3px">Hello <b>you</b></p>\n' * 100_000,
    "many attributes": lambda: HTML + b"<p " + b"a=b " * 400_000 + b">x",
    "long style": lambda: HTML + b'<p style="' + b"color:rgb(" * 150_000 + b'">x',
    "signed in signed": lambda: HEAD + pkcs7(pkcs7(pkcs7(pkcs7(b"x" * 20_000)))),
    "winmail of properties": lambda: WINMAIL
    + attribute(0x9003, b"\xff" * 4 + struct.pack("<HHI", 0x1E, 0x1000, 2**32 - 1) * 200_000),
    "winmail of files": lambda: WINMAIL + file(b"a", b"A" * 500, (0x102, 0x3701, bytes(500))) * 20_000,
    "base64 without end": lambda: BASE64 + b"QUJD" * 7_000_000,
    "zip": lambda: HEAD + b"Content-Type: application/zip; name=a.zip\r\n\r\n" + zipped(),
    "file of 28 MB": lambda: attached(28),
    "files of 28 MB": lambda: attached(7, 4),
    "text of 40 MB": lambda: HEAD + b"\r\n" + "Привет, это много слов\r\n".encode() * 950_000,
    "bytes of 40 MB": lambda: HEAD + b"\r\n" + bytes(range(256)) * (40 << 12),
}  # fmt: skip
