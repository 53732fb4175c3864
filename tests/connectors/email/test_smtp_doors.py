"""Getting in: TLS that is never left out, and logins by passwords and access tokens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.base import Denied, Unavailable
from connectors.email.settings import EmailSettings
from connectors.email.smtp import Mailer
from pipeline.loop import LoopThread
from tests.connectors.email.smtp_kit import LETTER, TIMEOUT, failed, large, settings_for
from tests.fakes.smtp import CUT, HANG, TOKEN, USER, Certificate, SmtpServer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    """One that speaks in the clear, for all that has nothing to do with TLS."""
    with SmtpServer() as server:
        yield server
    assert not server.complaints


# ---- TLS ----


@pytest.mark.parametrize("implicit", [True, False])
def test_mails_go_encrypted(
    certificate: Certificate, loop: LoopThread, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, implicit: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    with SmtpServer(certificate, implicit_tls=implicit) as server:
        mailer = Mailer(settings_for(server))
        assert loop.run(mailer.check(), TIMEOUT) == f"localhost takes mails from {USER}"
        loop.run(mailer.send(large(tmp_path, 2 << 20)), TIMEOUT)
        loop.run(mailer.send(LETTER), TIMEOUT)
        loop.run(mailer.close(), TIMEOUT)
    assert [mail.tls for mail in server.mails] == [True, True]
    assert server.connections == 2
    assert not server.complaints


@pytest.mark.parametrize("implicit", [True, False])
def test_a_certificate_nobody_vouches_for_is_not_taken(
    certificate: Certificate, loop: LoopThread, monkeypatch: pytest.MonkeyPatch, implicit: bool
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    check_refused(certificate, loop, implicit)


@pytest.mark.parametrize("implicit", [True, False])
def test_a_certificate_of_another_host_is_not_taken(
    tmp_path: Path, loop: LoopThread, monkeypatch: pytest.MonkeyPatch, implicit: bool
) -> None:
    other = Certificate.make(tmp_path, "mail.example.org", "192.0.2.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.path))
    check_refused(other, loop, implicit)


def check_refused(certificate: Certificate, loop: LoopThread, implicit: bool) -> None:
    with SmtpServer(certificate, implicit_tls=implicit) as server:
        caught = outcome(Mailer(settings_for(server)), loop)
    assert type(caught) is Denied
    assert "certificate" in str(caught)
    assert "smtp.host" in str(caught)
    assert not server.commands["AUTH"]
    assert not server.commands["MAIL"]


def test_without_tls_no_password_is_told(
    certificate: Certificate, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    with SmtpServer(certificate) as server:
        section = settings_for(server)
        server.offers_starttls = False
        caught = outcome(Mailer(section), loop)
    assert type(caught) is Denied
    assert "offers no STARTTLS" in str(caught)
    assert not server.commands["AUTH"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [("454 4.7.0 not now", Unavailable), ("502 5.5.1 not here", Denied), (CUT, Unavailable), (HANG, Unavailable)],
)
def test_tls_that_does_not_begin_is_told_apart(
    certificate: Certificate, loop: LoopThread, monkeypatch: pytest.MonkeyPatch, reply: str, error: type[Exception]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    with SmtpServer(certificate) as server:
        server.fault("starttls", reply)
        caught = outcome(Mailer(settings_for(server, timeout=1 if reply == HANG else 30)), loop)
    assert type(caught) is error
    assert not server.commands["AUTH"]


def test_tls_at_a_port_that_begins_in_the_clear_is_told_in_words(certificate: Certificate, loop: LoopThread) -> None:
    with SmtpServer(certificate) as server:
        caught = outcome(Mailer(settings_for(server, security="tls")), loop)
    assert type(caught) is Denied
    assert "set security starttls" in str(caught)


def outcome(mailer: Mailer, loop: LoopThread) -> Exception:
    """What comes of the letter."""
    return failed(lambda: loop.run(mailer.send(LETTER), TIMEOUT))


# ---- logins ----


@pytest.mark.parametrize("mechanisms", [["PLAIN"], ["LOGIN"], ["LOGIN", "PLAIN", "XOAUTH2"]])
def test_passwords_of_any_letters_are_told_as_the_server_wants(
    server: SmtpServer, loop: LoopThread, mechanisms: list[str]
) -> None:
    server.mechanisms = mechanisms
    assert user_of_mail(server, Mailer(settings_for(server)), loop) == USER


def test_a_wrong_password_is_tried_once(server: SmtpServer, loop: LoopThread) -> None:
    mailer = Mailer(settings_for(server, password="wrong"))
    caught = outcome(mailer, loop)
    assert type(caught) is Denied
    assert "user and password" in str(caught)
    assert server.commands["AUTH"] == 1
    with pytest.raises(Denied):
        loop.run(mailer.check(), TIMEOUT)


def test_a_server_without_a_fitting_login_is_told_in_words(server: SmtpServer, loop: LoopThread) -> None:
    server.mechanisms = ["GSSAPI"]
    assert "no login by a password" in str(outcome(Mailer(settings_for(server)), loop))


def without_password(server: SmtpServer) -> Mailer:
    section = {"host": "127.0.0.1", "port": server.port, "security": "none"}
    return Mailer(EmailSettings.model_validate({"kind": "email", "address": USER, "secret": "s", "smtp": section}))


def test_a_server_of_the_house_may_want_no_login(server: SmtpServer, loop: LoopThread) -> None:
    server.user = ""
    assert user_of_mail(server, without_password(server), loop) == ""


def test_a_server_that_wants_a_login_after_all_is_told_in_words(server: SmtpServer, loop: LoopThread) -> None:
    mailer = without_password(server)
    assert "set user and password" in str(outcome(mailer, loop))
    loop.run(mailer.close(), TIMEOUT)


def user_of_mail(server: SmtpServer, mailer: Mailer, loop: LoopThread) -> str:
    """Who had logged in when the letter was taken."""
    loop.run(mailer.send(LETTER), TIMEOUT)
    loop.run(mailer.close(), TIMEOUT)
    (mail,) = server.mails
    return mail.user


def by_token(server: SmtpServer, token: str | Exception, renewed: str = "revoked") -> Mailer:
    async def told(*, renew: bool = False) -> str:
        if isinstance(token, Exception):
            raise token
        return renewed if renew else token

    return Mailer(settings_for(server), told)


def test_an_access_token_stands_for_the_password(server: SmtpServer, loop: LoopThread) -> None:
    assert user_of_mail(server, by_token(server, TOKEN), loop) == USER


def test_one_that_was_revoked_before_its_end_is_renewed(server: SmtpServer, loop: LoopThread) -> None:
    assert user_of_mail(server, by_token(server, "revoked", TOKEN), loop) == USER


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("revoked", Denied),
        (Unavailable("no token now"), Unavailable),
        (Denied("revoked"), Denied),
        (OSError(), Unavailable),
    ],
)
def test_a_token_that_is_not_taken_is_told(
    server: SmtpServer, loop: LoopThread, token: str | Exception, error: type[Exception]
) -> None:
    assert type(outcome(by_token(server, token), loop)) is error
    assert not server.mails


def test_a_server_that_takes_no_tokens_is_told_in_words(server: SmtpServer, loop: LoopThread) -> None:
    server.mechanisms = ["PLAIN"]
    assert "XOAUTH2" in str(outcome(by_token(server, TOKEN), loop))
