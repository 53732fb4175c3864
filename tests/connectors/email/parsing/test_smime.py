"""Mails wrapped into their own signature."""

import base64

from connectors.email.mime import Mail, read
from connectors.email.parsing.smime import unwrapped
from tests.connectors.email.mails import mail, part

SIGNED, DATA = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
INNER = part("Подписанный вопрос")


def tlv(tag: int, value: bytes) -> bytes:
    """A value of DER."""
    size = len(value)
    head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + value


def wrapped(content: bytes) -> bytes:
    """A signed mail of DER, without its certificates and signatures."""
    inside = tlv(0x30, DATA + tlv(0xA0, content))
    return tlv(0x30, SIGNED + tlv(0xA0, tlv(0x30, b"\x02\x01\x01" + tlv(0x31, b"") + inside)))


def endless(content: bytes) -> bytes:
    """The same as programs write it that do not know the length yet."""
    head = b"\x30\x80" + SIGNED + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00\x30\x80" + DATA + b"\xa0\x80\x24\x80"
    pieces = b"".join(tlv(4, content[at : at + 10]) for at in range(0, len(content), 10))
    return head + pieces + b"\0\0" * 6


def sent(data: bytes) -> Mail:
    """A mail that is this."""
    body = base64.encodebytes(data)
    kind = "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"
    return read(mail(body, Content_Type=kind, Content_Transfer_Encoding="base64"))


def test_the_text_is_taken_out_and_the_file_stays() -> None:
    for data in (wrapped(tlv(4, INNER)), endless(INNER)):
        found = sent(data)
        assert found.text == "Подписанный вопрос"
        assert found.attachments[0].data == data
        assert found.notes == ("Письмо подписано (S/MIME), подпись не проверялась",)


def test_signed_again_and_again_is_opened_a_few_times() -> None:
    data = INNER
    for _ in range(5):
        data = b"Content-Type: application/pkcs7-mime\r\n\r\n" + wrapped(tlv(4, data))
    found = read(data)
    assert found.text == ""
    assert len(found.attachments) == 4


def test_an_encrypted_one_gives_nothing() -> None:
    assert unwrapped(wrapped(tlv(4, INNER)).replace(SIGNED, SIGNED[:-1] + b"\x03")) == b""
    assert unwrapped(b"") == b""


def test_a_broken_one_gives_something_or_nothing() -> None:
    for whole in (wrapped(tlv(4, INNER)), endless(INNER)):
        for end in range(len(whole)):
            assert isinstance(unwrapped(whole[:end]), bytes)
        for at in range(len(whole)):
            assert isinstance(unwrapped(whole[:at] + b"\xff" + whole[at + 1 :]), bytes)
