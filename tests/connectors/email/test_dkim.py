"""Mails bear a signature that others verify, as they arrive at a server; what is changed on the way does not."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Letter, Quoted
from connectors.email.compose import mail_of
from connectors.email.settings import EmailSettings
from connectors.email.smtp import Mailer
from connectors.registry import Channels
from pipeline.loop import LoopThread
from settings import SettingsError, load
from tests.connectors.email.compose_kit import AT, LETTER, file, letter, settings
from tests.connectors.email.smtp_kit import TIMEOUT, settings_for
from tests.fakes.smtp import SmtpServer

Kind = Literal["rsa", "ed25519"]
RSA, ED25519 = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()
THREAD = {
    "id": "c@x.ru",
    "references": [f"{n}@{'long.' * 20}x.ru" for n in range(30)],
    "subject": "Где мой заказ? " * 9,
}
FULL = letter(
    text=".\n..\nЗаказ  готов \t\n\n   \n", thread=THREAD, automatic=True, quoted=Quoted("Где?\n ", "Анна", AT)
)


def pem(key: Any, lock: KeySerializationEncryption | None = None, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return str(key.private_bytes(Encoding.PEM, form, lock or NoEncryption()).decode())


def signing(kind: Kind = "rsa", key: str = "") -> dict[str, str]:
    return {"domain": "example.org", "selector": "okno-1", "key": key or pem(RSA if kind == "rsa" else ED25519)}


def in_dns(kind: Kind) -> bytes:
    if kind == "rsa":
        public = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        public = ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode()}".encode()


def is_verified(mail: bytes, kind: Kind = "rsa") -> bool:
    def look_up(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"okno-1._domainkey.example.org."
        return in_dns(kind)

    return bool(dkim.verify(mail, dnsfunc=look_up))


def signed(one: Letter = LETTER, kind: Kind = "rsa", **more: Any) -> bytes:
    return mail_of(one, settings(dkim=signing(kind), **more))[1]


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server
    assert not server.complaints


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_what_a_server_took_is_verified(server: SmtpServer, loop: LoopThread, tmp_path: Path, kind: Kind) -> None:
    section = settings_for(server).model_dump() | {"dkim": signing(kind), "plus_addressing": True}
    section |= {"smtp": settings_for(server).smtp}
    mailer = Mailer(EmailSettings.model_validate(section))
    files = (file(tmp_path / "a", content=b".\r\n" * 999), file(tmp_path / "b", "пусто.txt", b""))
    for one in (LETTER, letter(text=".\n..\n \nВсё. \n\n\n"), FULL, letter(text="", files=files), letter(files=files)):
        loop.run(mailer.send(one), TIMEOUT)
    loop.run(mailer.close(), TIMEOUT)
    assert len(server.mails) == 5
    assert all(is_verified(mail.data, kind) for mail in server.mails)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("body", b"\r\n\r\n--=_", b"\r\n\r\n--=x"),
        ("from", b"\r\n <support@example.org>", b"\r\n <boss@example.org>"),
        ("to", b"To: anna@", b"To: eve@"),
        ("subject", b"Subject: =?utf-8?", b"Subject: Spam =?utf-8?"),
        ("date", b"Date: Mon, 04", b"Date: Mon, 05"),
        ("message-id", b"Message-ID: <", b"Message-ID: <x"),
        ("in-reply-to", b"In-Reply-To: <", b"In-Reply-To: <x"),
        ("references", b"References: <", b"References: <x"),
        ("reply-to", b"Reply-To: support+", b"Reply-To: eve+"),
        ("auto-submitted", b"Auto-Submitted: auto-replied", b"Auto-Submitted: no"),
        ("content-type", b"Content-Type: multipart/alternative; ", b"Content-Type: multipart/mixed; "),
        ("second from", b"\r\nFrom: ", b"\r\nFrom: boss@example.org\r\nFrom: "),
    ],
)
def test_what_was_changed_is_not_verified(name: str, before: bytes, after: bytes) -> None:
    mail = signed(FULL, plus_addressing=True)
    assert is_verified(mail)
    changed = mail.replace(before, after, 1)
    assert changed != mail
    assert not is_verified(changed)


def test_what_servers_may_change_is_verified_all_the_same() -> None:
    mail = signed()
    assert is_verified(b"Received: by x\r\n" + mail.replace(b"\r\n ", b"\r\n\t") + b"\r\n\r\n")


def test_the_same_letter_makes_the_same_signature() -> None:
    assert signed(FULL) == signed(FULL)
    head = signed(FULL, plus_addressing=True).partition(b"\r\nFrom: ")[0]
    assert head.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=okno-1;\r\n t=")
    # Named twice, From cannot be added; the verifier here would see that by itself.
    assert b"; h=from:from:to:subject:date:message-id:\r\n in-reply-to:references:" in head
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert b"DKIM-Signature" not in mail_of(LETTER, settings())[1]


def test_a_russian_domain_signs_too() -> None:
    section = signing() | {"domain": "Пример.рф"}
    assert b"; d=xn--e1afmkfd.xn--p1ai; s=" in mail_of(LETTER, settings(dkim=section))[1]


@given(st.text(), st.text(), st.text(), st.sampled_from([" ", "\t \n", "\n\n", "x" * 2000, "\u2028"]))
def test_whatever_is_in_it_is_verified(text: str, author: str, subject: str, end: str) -> None:
    one = letter(text=text + end, author=author, thread={"subject": subject})
    assert is_verified(signed(one, "ed25519"), "ed25519")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("canary", "none in PEM"),
        ("-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n", "none in PEM"),
        (pem(RSA)[:-200] + "\n-----END PRIVATE KEY-----\n", "none in PEM"),
        (pem(ED25519, BestAvailableEncryption(b"word")), "locked with a password"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "RSA and Ed25519 alone"),
        ("", "need domain, selector and key"),
    ],
    ids=["words", "no key inside", "cut off", "locked", "of another kind", "none"],
)
def test_a_key_that_signs_nothing_is_told_and_not_shown(key: str, says: str) -> None:
    section = {"kind": "email", "address": "a@example.org", "dkim": signing() | {"key": key}}
    with pytest.raises(SettingsError) as caught:
        Channels({"mail": section})
    assert says in str(caught.value)
    assert str(caught.value).startswith("channels.mail.dkim: ")
    assert not any(line in str(caught.value) for line in key.splitlines() if not line.startswith("---"))


def test_old_forms_of_keys_are_understood() -> None:
    key = pem(RSA, form=PrivateFormat.TraditionalOpenSSL)
    assert "BEGIN RSA PRIVATE KEY" in key
    assert is_verified(mail_of(LETTER, settings(dkim=signing(key=key)))[1])


def test_the_key_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(pem(RSA))
    prefix = "OKNO_CHANNELS__MAIL__"
    environ = {
        f"{prefix}KIND": "email", f"{prefix}ADDRESS": "support@example.org",
        f"{prefix}DKIM__DOMAIN": "example.org", f"{prefix}DKIM__SELECTOR": "okno-1",
        f"{prefix}DKIM__KEY_FILE": str(tmp_path / "key.pem"),
    }  # fmt: skip
    found = Channels(load(environ).channels).settings["mail"]
    assert isinstance(found, EmailSettings)
    assert found.dkim.signer is not None
    assert "PRIVATE" not in repr(found)
