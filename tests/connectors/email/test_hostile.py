"""Mails made to stop us: each is read, in bounded time and memory."""

import base64

import pytest

from tests.connectors.email.mails import read_apart

HEAD = b"From: a@b.c\r\nTo: d@e.f\r\nSubject: x\r\n"
BASE64 = HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n"
TNEF = HEAD + b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\0\0"
REPORT = HEAD + b"Content-Type: message/delivery-status\r\n\r\n"
GIVEN_BACK = b"From: mailer-daemon@x.y\r\nSubject: Undelivered Mail\r\n\r\n"
MULTIPART = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def nested(depth: int) -> bytes:
    """Multiparts in multiparts."""
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%dx\r\n\r\n--b%dx\r\n" % (one, one) for one in range(depth)
    )
    return HEAD + opened + b"Content-Type: text/plain\r\n\r\nhi\r\n"


MAILS = {
    "header block": HEAD + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\nhello",
    "headers": HEAD + b"".join(b"X-A%d: a\r\n" % one for one in range(80_000)) + b"\r\nhello",
    "folded lines": HEAD + b"X-A: a\r\n" + b" b\r\n" * 250_000 + b"\r\nhello",
    "quotes in From": b"From: " + b'"' * 50_000 + b" <a@b.c>\r\n\r\nhi",
    "stray quotes in From": b"From: " + b'a "x<' * 12_000 + b" <a@b.c>\r\n\r\nhi",
    "words in From": b"From: " + b"=?utf-8?Q?" * 6_000 + b" <a@b.c>\r\n\r\nhi",
    "colons in From": b"From: " + b":" * 60_000 + b" <a@b.c>\r\n\r\nhi",
    "parentheses in From": b"From: " + b"(" * 50_000 + b" <a@b.c>\r\n\r\nhi",
    "brackets in From": b"From: " + b"<>" * 30_000 + b"\r\n\r\nhi",
    "senders": b"From: nobody\r\n" * 12_000 + b"\r\nhi",
    "parts": HEAD + MULTIPART + b"--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n" * 20_000 + b"--b--",
    "parts nobody declared": HEAD + MULTIPART + (b"--b\r\n\r\n" + bytes(range(128, 256)) * 20 + b"\r\n") * 2000,
    "depth": nested(2000),
    "one boundary": HEAD + MULTIPART + (b"--b\r\n" + MULTIPART) * 20_000,
    "almost boundaries": HEAD + MULTIPART + b"\n--bb" * 1_000_000,
    "deep and long": nested(49) + b"\n--" * 3_000_000,
    "parameters": HEAD + b"Content-Type: a/b" + b"".join(b"; name*%d*=%%41" % one for one in range(20_000)),
    "open parameters": HEAD + b"Content-Type: text/plain; " + b'a="' * 60_000 + b"\r\n\r\nhi",
    "blank lines": HEAD + b"\r\n" * 200_001,
    "encoded words": b"Subject: " + b"=?utf-8?B?0J/RgNC40LLQtdGC?=\r\n " * 30_000 + b"x\r\n\r\nhi",
    "open encoded words": b"Subject: " + b"=?utf-8?Q?a" * 30_000 + b"x\r\n\r\nhi",
    "addresses": b"To: " + b", ".join(b"a%d@b.c" % one for one in range(20_000)) + b"\r\n\r\nhi",
    "lists of addresses": b"".join(b"To: a%d@b.c\r\n" % one for one in range(20_000)) + b"\r\nhi",
    "references": HEAD + b"References: " + b" ".join(b"<a%d@b.c>" % one for one in range(20_000)) + b"\r\n\r\nhi",
    "base64": BASE64 + base64.encodebytes(b"\xcf\xf0\xe8\xe2 " * 1_000_000),
    "base64 of pieces": BASE64 + b"YQ==\r\n" * 300_000,
    "quoted-printable": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=D0=9F" * 800_000,
    "uuencode": HEAD + b"\r\n" + b"begin 644 a\n#86%A\n" * 100_000,
    "flowed": HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 500_000,
    "quotes": HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b">" * 2_000_000,
    "open tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 2_000_000,
    "open styles": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style>" * 25_000,
    "open metas": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<meta " * 200_000 + b"\xff",
    "bounce": GIVEN_BACK + b"a" * 3_000_000,
    "bounce of brackets": GIVEN_BACK + b"failed recipients <" * 90_000,
    "report": REPORT + b"Final-Recipient: a@b.c\nAction: failed\n\n" * 50_000,
    "events": HEAD + b"Content-Type: text/calendar\r\n\r\n" + b"BEGIN:VEVENT\r\n" * 100_000,
    "tnef": TNEF + b"\x02\x03\x90\x06\0\0\0\0\0" * 300_000,
    "date": HEAD + b"Date: " + b"1 " * 30_000 + b"\r\n\r\nhi",
    "zeros": b"\0" * 3_000_000,
    "colons": b":\n" * 1_000_000,
}  # fmt: skip


@pytest.mark.parametrize("name", MAILS)
def test_a_hostile_mail_is_read(name: str) -> None:
    answer = read_apart(MAILS[name])
    assert answer.split()[0] in {"client", "bounce", "auto", "bulk"}, answer
