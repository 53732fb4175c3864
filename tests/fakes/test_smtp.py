"""The fake mail server answers the standard library's client as a real one does."""

import base64
import smtplib
import ssl
from pathlib import Path

import pytest

from tests.fakes.smtp import CUT, PASSWORD, USER, Certificate, SmtpServer

MAIL = "Subject: =?utf-8?b?0KHRh9GR0YI=?=\r\nMessage-ID: <a@x>\r\n\r\n.hidden\r\n"


@pytest.mark.parametrize("implicit", [True, False])
def test_a_mail_is_taken_by_tls_alone(tmp_path: Path, implicit: bool) -> None:
    certificate = Certificate.make(tmp_path)
    context = ssl.create_default_context(cafile=str(certificate.path))
    with SmtpServer(certificate, implicit_tls=implicit) as server:
        client = (
            smtplib.SMTP_SSL("localhost", server.port, context=context)
            if implicit
            else smtplib.SMTP("localhost", server.port)
        )
        with client:
            if not implicit:
                client.ehlo()
                assert not client.has_extn("auth")
                client.starttls(context=context)
            log_in(client)
            client.sendmail(USER, ["anna@example.org", "boris@example.org"], MAIL)
    (mail,) = server.mails
    assert (mail.sender, mail.recipients) == (USER, ("anna@example.org", "boris@example.org"))
    assert (mail.data.decode(), mail.user, mail.tls) == (MAIL, USER, True)
    assert server.effects("a@x") == 1
    assert not server.complaints


def log_in(client: smtplib.SMTP) -> None:
    """The library's own login takes ASCII alone."""
    client.ehlo()
    assert client.docmd("AUTH", "LOGIN")[0] == 334
    assert client.docmd(base64.b64encode(USER.encode()).decode())[0] == 334
    assert client.docmd(base64.b64encode(PASSWORD.encode()).decode())[0] == 235


def test_nothing_is_taken_from_strangers() -> None:
    with SmtpServer() as server, smtplib.SMTP("127.0.0.1", server.port) as client:
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail(USER, ["anna@example.org"], MAIL)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(USER, "wrong")
    assert not server.mails


def test_faults_come_once_each() -> None:
    with SmtpServer() as server:
        server.user = ""
        server.fault("rcpt", "450 4.2.0 later", CUT)
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail(USER, ["anna@example.org"], MAIL)
            with pytest.raises(smtplib.SMTPServerDisconnected):
                client.sendmail(USER, ["anna@example.org"], MAIL)
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.sendmail(USER, ["anna@example.org"], MAIL)
    assert len(server.mails) == 1


def test_what_no_server_takes_is_complained_of() -> None:
    with SmtpServer() as server:
        server.user = ""
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.sendmail(USER, ["anna@example.org"], b"\xff" + b"x" * 2000 + b"\r\n")
    assert server.complaints == ["a line too long", "a letter beyond ASCII"]
