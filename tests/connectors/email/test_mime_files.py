"""Files of mails, mails in mails, secrets and limits."""

import base64

import pytest

from connectors.email.mime import read
from tests.connectors.email.mails import attached, encoded, joined, mail, mixed, multipart, only_file, part, raw


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (f'filename="{encoded("Счёт № 5.pdf")}"', "Счёт № 5.pdf"),
        (f"filename={encoded('Счёт № 5.pdf', 'windows-1251', 'Q')}", "Счёт № 5.pdf"),
        ("filename*=koi8-r''%F3%DE%A3%D4.pdf", "Счёт.pdf"),
        ("filename*0*=utf-8''%D0%A1%D1%87%D1; filename*1*=%91%D1%82.pdf", "Счёт.pdf"),
        ('filename="Счёт.pdf"', "Счёт.pdf"),
        ('filename="%D0%A1%D1%87%D1%91%D1%82.pdf"', "Счёт.pdf"),
        ('filename="100%.pdf"', "100%.pdf"),
        ('filename="C:\\Users\\Ivan\\a.pdf"', "a.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="Акт 12/34.pdf"', "Акт 12/34.pdf"),
        ('filename="a\u202egpj.exe"', "agpj.exe"),
        ('filename="a\u200bb.pdf"', "ab.pdf"),
        ('filename=".."', "файл-1.pdf"),
        ('filename=""', "файл-1.pdf"),
        ("size=1", "файл-1.pdf"),
        (f'filename="{"я" * 3000}.pdf"', "я" * 196 + ".pdf"),
    ],
)
def test_names_of_files(written: str, name: str) -> None:
    assert only_file(mixed(attached(written))).name == name


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r"])
def test_raw_names_of_files(charset: str) -> None:
    body = joined(attached('filename="Счёт.pdf"').decode().encode(charset), boundary="b0")
    assert only_file(raw(body, Content_Type="multipart/mixed; boundary=b0")).name == "Счёт.pdf"


def test_the_name_may_stand_with_the_type() -> None:
    file = raw("x", Content_Type=f'image/png; name="{encoded("Фото.png")}"')
    assert only_file(mixed(file)).name == "Фото.png"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("image/jpeg", "картинка-1.jpg"),
        ("audio/mpeg", "аудио-1.mp3"),
        ("application/x-nobody-knows", "файл-1.bin"),
        ("text/csv", "файл-1.csv"),
    ],
)
def test_a_file_without_a_name_gets_one(kind: str, name: str) -> None:
    assert only_file(mixed(raw("x", Content_Type=kind))).name == name


def test_a_text_with_a_name_is_a_file_unless_it_comes_first() -> None:
    first = raw("Да", Content_Type='text/plain; charset=utf-8; name="letter.txt"')
    second = raw("Нет", Content_Type='text/plain; charset=utf-8; name="log.txt"')
    found = read(mixed(first, second))
    assert found.text == "Да"
    assert [one.name for one in found.attachments] == ["log.txt"]


def test_a_mail_that_is_a_file() -> None:
    found = read(mail("%PDF", Content_Type="application/pdf; name=a.pdf"))
    assert (found.text, found.attachments[0].name, found.attachments[0].data) == ("", "a.pdf", b"%PDF")
    assert read(mail("a", Content_Type="text/plain", Content_Disposition="attachment")).attachments[0].data == b"a"


def test_bytes_of_files_are_kept_exactly() -> None:
    data = bytes(range(256)) * 50
    assert only_file(mixed(attached("filename=a.bin", data))).data == data
    eight_bit = raw(b"a\r\n\r\nb\r\n", Content_Type="application/octet-stream", Content_Transfer_Encoding="binary")
    assert only_file(mixed(eight_bit)).data == b"a\r\n\r\nb\r\n"


def test_uuencoded_files_are_taken_out_of_the_text() -> None:
    found = read(mail("до\r\n\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\nпосле\r\n"))
    assert (found.attachments[0].name, found.attachments[0].data) == ("cat.txt", b"Cat")
    assert found.text == "до\n\nпосле"


def test_words_that_only_begin_like_uuencode_stay() -> None:
    text = "begin 644 things\nand go on\nend"
    assert read(mail(text)).text == text
    assert read(mail("begin 644 a\n#0V%T\n")).text == "begin 644 a\n#0V%T"


def test_uuencode_with_anything_in_its_last_letters() -> None:
    found = read(mail("begin 644 cat.txt\r\n#0V%T\r\n!0___\r\n!0__!\r\n`\r\nend\r\n"))
    assert found.attachments[0].data == b"CatCC"


def test_a_uuencoded_part() -> None:
    file = raw(
        "begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n",
        Content_Type="text/x-cat; name=cat.txt",
        Content_Transfer_Encoding="x-uuencode",
    )
    assert only_file(mixed(file)).data == b"Cat"


# ---- mails in mails, secrets, limits ----


def test_a_forwarded_mail_is_a_file_and_not_the_text() -> None:
    inner = mail("чужие слова")
    found = read(mixed(part("смотрите"), raw(inner, Content_Type="message/rfc822")))
    assert found.text == "смотрите"
    assert (found.attachments[0].name, found.attachments[0].data) == ("Вопрос.eml", inner)
    assert found.notes == ()


def test_a_mail_that_only_forwards_says_so() -> None:
    inner = mail("чужие слова")
    found = read(mail(inner, Content_Type="message/rfc822"))
    assert (found.text, found.notes) == ("", ("Переслано письмо: «Вопрос»",))
    assert read(mixed(raw(raw("x"), Content_Type="message/rfc822"))).notes == ("Переслано письмо: без темы",)


def test_a_forwarded_mail_in_base64_is_decoded() -> None:
    inner = mail("чужие слова")
    sent = raw(base64.encodebytes(inner), Content_Type="message/rfc822", Content_Transfer_Encoding="base64")
    assert only_file(mixed(sent)).data == inner


def test_a_digest_is_mails() -> None:
    found = read(mail(joined(b"\r\n" + mail("a"), b"\r\n" + mail("b")), Content_Type="multipart/digest; boundary=b1"))
    assert [one.type for one in found.attachments] == ["message/rfc822"] * 2
    assert found.text == ""


def test_an_encrypted_mail_is_a_file_with_a_note() -> None:
    body = joined(
        raw("Version: 1", Content_Type="application/pgp-encrypted"),
        raw("-----BEGIN", Content_Type="application/octet-stream; name=encrypted.asc"),
    )
    found = read(mail(body, Content_Type='multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b1'))
    assert [one.name for one in found.attachments] == ["файл-1.asc", "encrypted.asc"]
    assert found.notes[0].startswith("Письмо зашифровано (PGP)")
    smime = read(
        mail("MIIB", Content_Type="application/pkcs7-mime; name=smime.p7m", Content_Transfer_Encoding="base64")
    )
    assert smime.attachments[0].name == "smime.p7m"
    assert smime.notes[0].startswith("Письмо зашифровано (S/MIME)")
    assert read(mail("-----BEGIN PGP MESSAGE-----\n")).notes[0].startswith("Письмо зашифровано (PGP)")


def test_a_signed_mail_is_read_and_says_that_nobody_checked() -> None:
    body = joined(part("Да"), raw("sig", Content_Type="application/pgp-signature; name=signature.asc"))
    found = read(mail(body, Content_Type='multipart/signed; protocol="application/pgp-signature"; boundary=b1'))
    assert (found.text, found.attachments[0].name) == ("Да", "signature.asc")
    assert found.notes == ("Письмо подписано (PGP), подпись не проверялась",)
    other = read(mail(body, Content_Type='multipart/signed; protocol="application/pkcs7-signature"; boundary=b1'))
    assert other.notes == ("Письмо подписано (S/MIME), подпись не проверялась",)


def test_parts_elsewhere_are_told_of() -> None:
    found = read(mixed(raw("", Content_Type='message/external-body; access-type=URL; name="a.ps"')))
    assert (found.attachments[0].name, len(found.notes)) == ("a.ps", 1)
    assert len(read(mail("a", Content_Type="message/partial; id=1; number=1; total=2")).notes) == 1


def test_too_many_parts_are_cut_and_told_of() -> None:
    found = read(mixed(*[part("да")] * 1500))
    assert len(found.text.split()) == 1000
    assert found.notes[0].startswith("Частей в письме больше")


def test_too_deep_parts_are_a_file_and_told_of() -> None:
    inner = part("глубоко")
    for depth in range(60):
        inner = multipart("mixed", inner, boundary=f"d{depth}x")
    found = read(mixed(part("сверху"), inner))
    assert found.text == "сверху"
    assert "глубоко".encode() in found.attachments[0].data
    assert found.notes[0].startswith("Части письма вложены слишком глубоко")


def test_a_very_long_text_is_cut_and_told_of() -> None:
    found = read(mail("да " * 1_000_000))
    assert len(found.text) == 2_000_000
    assert len(found.notes) == 1
