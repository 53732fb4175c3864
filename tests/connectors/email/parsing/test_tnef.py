"""Outlook's winmail.dat."""

import base64
import struct

from connectors.email.mime import Mail, read
from connectors.email.parsing.tnef import opened
from tests.connectors.email.mails import mixed, part, raw

SIGNATURE = struct.pack("<IH", 0x223E9F78, 1)
STRING, UNICODE, BINARY, OBJECT, NUMBER = 0x1E, 0x1F, 0x102, 0x0D, 0x03


def attribute(kind: int, value: bytes, level: int = 2) -> bytes:
    """One attribute."""
    return struct.pack("<BHHI", level, kind, 6, len(value)) + value + b"\0\0"


def properties(*values: tuple[int, int, bytes]) -> bytes:
    """MAPI properties of variable length."""
    out = struct.pack("<I", len(values))
    for kind, number, value in values:
        padded = value + b"\0" * (-len(value) % 4)
        out += struct.pack("<HHII", kind, number, 1, len(value)) + padded
    return out


def file(title: bytes, data: bytes, *more: tuple[int, int, bytes]) -> bytes:
    """A file inside."""
    known = attribute(0x9002, b"\0" * 14) + attribute(0x8010, title + b"\0") + attribute(0x800F, data)
    return known + (attribute(0x9005, properties(*more)) if more else b"")


def sent(data: bytes, *parts: bytes) -> Mail:
    """A mail with this winmail.dat."""
    body = base64.encodebytes(data)
    kind = "application/ms-tnef; name=winmail.dat"
    return read(mixed(*parts, raw(body, Content_Type=kind, Content_Transfer_Encoding="base64")))


def test_the_files_inside_stand_beside_the_winmail_dat() -> None:
    name = (UNICODE, 0x3707, "Счёт на оплату.pdf\0".encode("utf-16-le"))
    found = sent(SIGNATURE + file(b"SCHET~1.PDF", b"%PDF", name) + file(b"b.txt", b"B"), part("Смотрите"))
    assert [(one.name, one.data) for one in found.attachments[1:]] == [("Счёт на оплату.pdf", b"%PDF"), ("b.txt", b"B")]
    assert found.attachments[0].name == "winmail.dat"
    assert (found.text, found.notes) == ("Смотрите", ("Файлы взяты из winmail.dat",))


def test_the_code_page_is_heeded() -> None:
    page = attribute(0x9007, struct.pack("<II", 1251, 0), 1)
    found = opened(SIGNATURE + page + file("Счёт.pdf".encode("cp1251"), b"%PDF"))
    assert found is not None
    assert found.files[0].name == "Счёт.pdf"


def test_the_text_inside_is_read_if_there_is_no_other() -> None:
    text = attribute(0x800C, "Где заказ\r\nи всё".encode("cp1251") + b"\0", 1)
    assert sent(SIGNATURE + text).text == "Где заказ\nи всё"
    assert sent(SIGNATURE + text, part("Другое")).text == "Другое"


def test_text_and_page_among_the_properties() -> None:
    said = properties(
        (NUMBER, 0x8001, b""),
        (UNICODE, 0x1000, "Где заказ\0".encode("utf-16-le")),
        (BINARY, 0x1013, "<b>Где заказ</b>".encode()),
    )
    # A named number stands before the others: its id, that it is a number, the number, the value.
    named = struct.pack("<HH", NUMBER, 0x8001) + b"\1" * 16 + struct.pack("<III", 0, 7, 42)
    said = said[:4] + named + said[4 + 12 :]
    found = sent(SIGNATURE + attribute(0x9003, said, 1))
    assert (found.text, found.html) == ("Где заказ", "<b>Где заказ</b>")


def test_an_object_loses_its_sixteen_bytes() -> None:
    data = attribute(0x9002, b"") + attribute(0x9005, properties((OBJECT, 0x3701, b"i" * 16 + b"inner")))
    found = opened(SIGNATURE + data)
    assert found is not None
    assert found.files[0].data == b"inner"


def test_what_is_no_tnef_stays_a_file() -> None:
    assert [one.name for one in sent(b"something else").attachments] == ["winmail.dat"]
    assert opened(b"") is None


def test_a_broken_one_gives_what_was_whole() -> None:
    whole = SIGNATURE + file(b"a.txt", b"A") + file(b"b.txt", b"B", (UNICODE, 0x3707, b"c\0.\0t\0"))
    for end in range(len(whole)):
        found = opened(whole[:end])
        assert found is None or found.files[0].name == "a.txt"
    for at in range(6, len(whole)):
        opened(whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4 :])
