"""Mails nobody sent: each is a Mail that can be stored."""

import random
from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.email.mime import Mail, read
from connectors.text import is_storable
from tests.connectors.email.mails import GREETING, attached, encoded, mail, mixed, multipart, part, raw, strings
from tests.connectors.email.parsing.test_bounces import ORIGINAL, fields
from tests.connectors.email.parsing.test_invitations import CALENDAR
from tests.connectors.email.parsing.test_smime import INNER, endless, tlv, wrapped
from tests.connectors.email.parsing.test_tnef import SIGNATURE, file

SEEDS = [
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
    raw(SIGNATURE + file(b"a.txt", b"A", (0x1F, 0x3707, b"a\0")), Content_Type="application/ms-tnef"),
    raw(wrapped(tlv(4, INNER)), Content_Type="application/pkcs7-mime"),
    raw(endless(INNER), Content_Type="application/pkcs7-mime"),
    raw(b"\x1b$B%F%9%H\x1b(B", Subject="=?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=", Content_Type="text/html; charset=utf-7"),
]  # fmt: skip
PIECES = [
    *[
        b"",
        b"\0",
        b"\xff",
        b"\n",
        b"\r\n\r\n",
        b"--b0\r\n",
        b"--b0--",
        b"=?utf-8?B?",
        b"?=",
        b'"',
        b"<",
        b">",
        b"(",
        b";",
        b"=",
    ],
    *[
        b"\xed\xa0\x80",
        b"+2AA-",
        b"charset=utf-7",
        b"charset=utf-16",
        b"charset=hz",
        b"\x1b$B",
        b"*0*=",
        b"\xd0",
        b"=D0",
    ],
    b"Content-Type: multipart/mixed; boundary=b0\r\n",
    b"Content-Type: text/html; charset=idna\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Date: Mon, 3 Nov 2025 10:00:00 +9959\r\n",
]


def check(data: bytes) -> None:
    """What holds for every mail."""
    found = read(data)
    assert isinstance(found, Mail)
    assert all(map(is_storable, strings(found)))
    assert all(one.name and len(one.name) <= 200 for one in found.attachments)
    assert found.date is None or found.date.utcoffset() == timedelta(0)
    assert not any(letter in found.subject + found.message_id for letter in "\r\n")
    msgspec.msgpack.encode(found)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The mail with some of its bytes changed, doubled, cut out or put elsewhere."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at, length = chance.randrange(len(changed) + 1), chance.choice([1, 1, 2, 5, 40])
        match chance.randrange(5):
            case 0:
                changed[at : at + length] = bytes(chance.randrange(256) for _ in range(length))
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length]
            case 3:
                changed[at:at] = chance.choice(PIECES)
            case _:
                del changed[at:]
                changed += chance.choice(SEEDS)[chance.randrange(200) :]
    return bytes(changed)


def test_the_seeds_are_read() -> None:
    for seed in SEEDS:
        check(seed)


@settings(max_examples=600)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_mutated_mails(seed: bytes, chance: random.Random) -> None:
    check(mutated(seed, chance))


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    check(data)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=30))
def test_any_pieces(pieces: list[bytes]) -> None:
    check(b"From: a@b.c\r\nSubject: " + b"".join(pieces))
    check(b"From: " + b"".join(pieces))
    check(b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\n" + b"".join(pieces))
