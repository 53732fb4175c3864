"""Mails reach a real SMTP server, and what it says or does not say of them is understood."""

import email
import email.policy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import base
from connectors.base import UPLOAD, Blocked, ConnectorError, Denied, Receipt, Rejected, Unavailable
from connectors.email import smtp
from connectors.email.compose import mail_of
from connectors.email.limits import ANSWER, BEFORE, LIMITS, SPARE
from connectors.email.settings import EmailSettings
from connectors.email.smtp import Mailer, Unclear
from pipeline.loop import LoopThread
from tests.connectors.email.smtp_kit import LETTER, TIMEOUT, failed, large, letter, settings_for
from tests.fakes.smtp import CUT, HANG, TAKEN_CUT, TAKEN_HANG, USER, SmtpServer, Stage

Post = Callable[..., Receipt]
Make = Callable[..., Mailer]


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    """One that speaks in the clear, for all that has nothing to do with TLS."""
    with SmtpServer() as server:
        yield server
    assert not server.complaints


@pytest.fixture
def make(server: SmtpServer, loop: LoopThread) -> Iterator[Make]:
    """Mailers for the server, closed in the end."""
    made: list[Mailer] = []

    def make(**section: Any) -> Mailer:
        made.append(Mailer(settings_for(server, **section)))
        return made[-1]

    yield make
    for mailer in made:
        loop.run(mailer.close(), TIMEOUT)


@pytest.fixture
def mailer(make: Make) -> Mailer:
    return make()


@pytest.fixture
def post(mailer: Mailer, loop: LoopThread) -> Post:
    return lambda letter=LETTER, by=mailer: loop.run(by.send(letter), TIMEOUT)


@pytest.fixture
def hasty(make: Make, loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Posts by a mailer that has little time for every answer."""
    monkeypatch.setattr(smtp, "_PROBE", 0.5)
    mailer = make(timeout=1)
    return lambda letter=LETTER: loop.run(mailer.send(letter), TIMEOUT)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


# ---- mails that arrive ----


def test_a_mail_arrives_as_it_was_composed(server: SmtpServer, mailer: Mailer, post: Post) -> None:
    receipt = post()
    key, content = mail_of(LETTER, settings_for(server))
    assert receipt == Receipt((f"<{key}>",))
    (mail,) = server.mails
    assert (mail.sender, mail.recipients, mail.user) == (USER, ("anna@example.org",), USER)
    assert mail.data == content
    assert server.effects(key) == 1


def test_lines_that_begin_with_dots_arrive(server: SmtpServer, post: Post) -> None:
    text = ".\n..\n.htaccess is a file\n.\r\n" + "x" * 100
    post(letter(text=text))
    message = email.message_from_bytes(server.mails[0].data, policy=email.policy.default)
    body = message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_a_large_file_arrives(server: SmtpServer, post: Post, tmp_path: Path) -> None:
    post(large(tmp_path, 8 << 20))
    message = email.message_from_bytes(server.mails[0].data, policy=email.policy.default)
    (part,) = message.iter_attachments()
    assert part.get_filename() == "видео.mp4"
    assert part.get_content() == b"x" * (8 << 20)


def test_a_recipient_in_cyrillic_letters_is_reached(server: SmtpServer, post: Post) -> None:
    post(letter(recipient="info@пример.рф"))
    assert server.mails[0].recipients == ("info@xn--e1afmkfd.xn--p1ai",)


def test_one_connection_carries_many_mails(server: SmtpServer, post: Post) -> None:
    for number in range(5):
        post(letter(key=f"okno-{number}"))
    assert (len(server.mails), server.connections) == (5, 1)


def test_many_mails_at_once_share_a_few_connections(server: SmtpServer, mailer: Mailer, loop: LoopThread) -> None:
    waiting = [loop.submit(mailer.send(letter(key=f"okno-{number}"))) for number in range(20)]
    assert len({future.result(TIMEOUT).external_ids for future in waiting}) == 20
    assert len(server.mails) == 20
    assert server.connections == 2


def test_a_slow_server_is_waited_for(server: SmtpServer, post: Post) -> None:
    server.delay = 0.1
    post()
    assert len(server.mails) == 1


def test_a_letter_has_time_for_all_its_calls(tmp_path: Path) -> None:
    one = large(tmp_path, UPLOAD)
    assert LIMITS.seconds(one) >= BEFORE + ANSWER + 1


def test_a_mail_cannot_be_changed_or_taken_back(server: SmtpServer, post: Post) -> None:
    assert not any([LIMITS.edits, LIMITS.deletes, LIMITS.idempotent])
    for action in ("edit", "delete"):
        assert isinstance(failed(post, letter(action=action, external_id="x@example.org")), Rejected)
    assert not server.connections


def test_nothing_is_sent_for_what_is_no_address(server: SmtpServer, post: Post) -> None:
    assert isinstance(failed(post, letter(recipient="a@x.ru> SIZE=1\r\nRCPT TO:<b@x.ru")), Rejected)
    assert not server.connections


def test_a_channel_that_only_reads_sends_nothing(loop: LoopThread) -> None:
    mailer = Mailer(EmailSettings(kind="email", address=USER))
    assert "nothing can be sent" in loop.run(mailer.check(), TIMEOUT)
    with pytest.raises(Rejected, match=r"no smtp\.host"):
        loop.run(mailer.send(LETTER), TIMEOUT)


# ---- what the server says ----


@pytest.mark.parametrize(
    ("stage", "reply", "error"),
    [
        ("connect", "421 4.3.2 too busy", Unavailable),
        ("connect", "554 5.7.1 your address is on a list", Denied),
        ("ehlo", "421 4.3.2 too busy", Unavailable),
        ("ehlo", "550 who are you", Denied),
        ("auth", "454 4.7.0 try again", Unavailable),
        ("auth", "535 5.7.8 no", Denied),
        ("mail", "452 4.3.1 disk full", Unavailable),
        ("mail", "552 5.3.4 too large", Rejected),
        ("rcpt", "450 4.2.0 grey-listed", Unavailable),
        ("rcpt", "550 5.1.1 no such user", Blocked),
        ("rcpt", "550 нет такого ящика", Blocked),
        ("rcpt", "554 5.7.1 Relay access denied", Denied),
        ("data", "451 4.3.0 later", Unavailable),
        ("data", "554 5.5.1 no valid recipients", Rejected),
        ("end", "421 4.3.2 shutting down", Unavailable),
        ("end", "451 4.7.1 grey-listed", Unavailable),
        ("end", "552 5.3.4 too large", Rejected),
        ("end", "554 5.7.1 спам", Rejected),
    ],
)
def test_a_mail_that_is_refused_is_not_sent(
    server: SmtpServer, post: Post, stage: Stage, reply: str, error: type[ConnectorError]
) -> None:
    server.fault(stage, reply)
    caught = failed(post)
    assert type(caught) is error
    assert reply in str(caught)
    assert not server.mails


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end"])
@pytest.mark.parametrize("reply", ["451 4.3.0 later", "550 5.1.1 no", "421 4.3.2 bye"])
def test_a_refusal_harms_no_other_mail(server: SmtpServer, post: Post, stage: Stage, reply: str) -> None:
    server.fault(stage, reply)
    failed(post)
    post(letter(key="okno-2", recipient="boris@example.org"))
    (mail,) = server.mails
    assert mail.recipients == ("boris@example.org",)
    assert server.connections == (2 if reply.startswith("421") else 1)


def test_a_mail_beyond_the_servers_size_is_not_even_begun(server: SmtpServer, post: Post, tmp_path: Path) -> None:
    server.size = 1 << 20
    assert "the server takes 1.0 MB" in str(failed(post, large(tmp_path, 1 << 20)))
    assert not server.commands["MAIL"]
    post()
    assert server.connections == 1


def test_a_server_that_has_enough_in_the_middle_is_heard(server: SmtpServer, post: Post, tmp_path: Path) -> None:
    server.fault("body", "552 5.3.4 enough of that")
    caught = failed(post, large(tmp_path, 2 << 20))
    assert type(caught) is Rejected
    assert "enough of that" in str(caught)


@pytest.mark.parametrize("stage", ["mail", "end"])
def test_words_that_are_none_say_nothing(server: SmtpServer, post: Post, stage: Stage) -> None:
    server.fault(stage, "what is this")
    assert type(failed(post)) is (Unclear if stage == "end" else Unavailable)
    post()
    assert server.connections == 2


def test_an_answer_of_no_meaning_to_a_whole_mail_is_unclear(server: SmtpServer, post: Post) -> None:
    server.fault("end", "354 go on")
    assert type(failed(post)) is Unclear


# ---- what it does not say ----

# More than the system takes out of our hands before the server reads it.
_BEYOND_BUFFERS = 16 << 20


@pytest.mark.parametrize("stage", ["connect", "ehlo", "auth", "mail", "rcpt", "data"])
@pytest.mark.parametrize("fault", [CUT, HANG])
def test_what_fails_before_the_content_was_not_sent(server: SmtpServer, hasty: Post, stage: Stage, fault: str) -> None:
    server.fault(stage, fault)
    caught = failed(hasty)
    assert type(caught) is Unavailable
    assert not caught.him_alone
    assert not server.mails


@pytest.mark.parametrize("fault", [CUT, HANG])
def test_what_fails_before_the_last_dot_was_not_sent(
    server: SmtpServer, post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault == HANG:
        monkeypatch.setattr(smtp, "ANSWER", LIMITS.call - SPARE - 2.0)
        monkeypatch.setattr(base, "UPLOAD", 1 << 40)
    server.fault("body", fault)
    assert type(failed(post, large(tmp_path, _BEYOND_BUFFERS))) is Unavailable
    assert not server.mails


@pytest.mark.parametrize("fault", [CUT, HANG, TAKEN_CUT, TAKEN_HANG])
def test_what_fails_after_the_last_dot_is_unclear(
    server: SmtpServer, post: Post, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    server.fault("end", fault)
    with monkeypatch.context() as impatient:
        impatient.setattr(smtp, "ANSWER", 0.5)
        assert type(failed(post)) is Unclear
    key = post().external_ids[0].strip("<>")
    # The same Message-ID again: whoever looks at it sees one mail.
    assert server.effects(key) == len(server.mails) == (2 if fault.startswith("taken") else 1)
    assert server.connections == 2


def test_a_call_that_is_given_up_leaves_no_half_mail_behind(
    server: SmtpServer, mailer: Mailer, loop: LoopThread
) -> None:
    server.fault("rcpt", HANG)
    given_up = loop.submit(mailer.send(LETTER))
    wait_until(lambda: bool(server.commands["RCPT"]))
    given_up.cancel()
    loop.run(mailer.send(letter(recipient="boris@example.org")), TIMEOUT)
    assert [mail.recipients for mail in server.mails] == [("boris@example.org",)]


def test_who_waits_for_a_connection_too_long_has_sent_nothing(
    server: SmtpServer, make: Make, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = make(connections=1)
    server.fault("end", TAKEN_HANG)
    first = loop.submit(mailer.send(LETTER))
    wait_until(lambda: bool(server.mails))
    monkeypatch.setattr(smtp, "ANSWER", LIMITS.call - SPARE - 0.5)
    with pytest.raises(Unavailable):
        loop.run(mailer.send(letter(key="okno-2")), TIMEOUT)
    assert server.connections == 1
    first.cancel()


def test_where_nobody_listens_nothing_is_sent(server: SmtpServer, post: Post) -> None:
    server.stop_listening()
    assert "cannot be reached" in str(failed(post))


# ---- kept connections ----


def test_a_connection_an_idle_server_ended_is_made_anew(server: SmtpServer, post: Post) -> None:
    post()
    server.hang_up()
    post(letter(key="okno-2"))
    assert (len(server.mails), server.connections) == (2, 2)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("fault", [CUT, HANG, "421 4.4.2 idle for too long"])
def test_a_kept_connection_that_is_gone_is_not_the_letters_fault(
    server: SmtpServer, hasty: Post, stage: Stage, fault: str
) -> None:
    hasty()
    server.fault(stage, fault)
    assert server.effects(hasty(letter(key="okno-2")).external_ids[0].strip("<>")) == 1
    assert (len(server.mails), server.connections) == (2, 2)


def test_a_kept_connection_may_break_under_a_large_mail(server: SmtpServer, post: Post, tmp_path: Path) -> None:
    post()
    server.fault("body", CUT)
    post(large(tmp_path, _BEYOND_BUFFERS))
    assert (len(server.mails), server.connections) == (2, 2)


def test_a_connection_kept_for_long_is_not_trusted(
    server: SmtpServer, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post()
    monkeypatch.setattr(smtp, "_FRESH", 0.0)
    post(letter(key="okno-2"))
    assert (len(server.mails), server.connections) == (2, 2)


def test_connections_are_given_back_with_a_word(
    server: SmtpServer, mailer: Mailer, post: Post, loop: LoopThread
) -> None:
    post()
    loop.run(mailer.close(), TIMEOUT)
    assert server.commands["QUIT"] == 1


def test_a_server_that_does_not_say_good_bye_holds_up_nobody(
    server: SmtpServer, mailer: Mailer, post: Post, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_GOODBYE", 0.2)
    post()
    server.fault("quit", HANG)
    loop.run(mailer.close(), TIMEOUT)
