"""A day with e-mail: `all` beside a real Dovecot and a server that takes mails, and threads are kept."""

import email
import email.policy
import itertools
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import smtp
from tests.fakes.dovecot import PASSWORD, Dovecot
from tests.fakes.smtp import SmtpServer
from tests.walks.household import Household, household, until

_days = itertools.count(1)


@pytest.fixture
def outside() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server
    assert server.complaints == []


@pytest.fixture
def address() -> str:
    """A mailbox of the test's own."""
    return f"day{next(_days)}@shop.example.org"


@pytest.fixture
def signature() -> str:
    """The channel's; for tests to parametrize."""
    return ""


@pytest.fixture
def home(tmp_path: Path, dovecot: Dovecot, outside: SmtpServer, address: str, signature: str) -> Iterator[Household]:
    settings = {
        "KIND": "email",
        "ADDRESS": address,
        "NAME": "Магазин",
        "QUOTE": "true",
        "SIGNATURE": signature,
        "IMAP__HOST": "127.0.0.1",
        "IMAP__PORT": str(dovecot.port),
        "IMAP__SECURITY": "none",
        "IMAP__PASSWORD": PASSWORD,
        "IMAP__SENT": "Sent",
        "SMTP__HOST": "127.0.0.1",
        "SMTP__PORT": str(outside.port),
        "SMTP__SECURITY": "none",
        "SMTP__USER": smtp.USER,
        "SMTP__PASSWORD": smtp.PASSWORD,
        "SMTP__KEEP_COPY": "true",
    }
    with dovecot.client(address) as client:
        client.create("Sent")
    with household(
        tmp_path, "all", **{f"OKNO_CHANNELS__MAIL__{name}": value for name, value in settings.items()}
    ) as home:
        home.ready()
        yield home


Arrives = Callable[..., None]


@pytest.fixture
def arrives(dovecot: Dovecot, address: str) -> Arrives:
    """Lets the mail of this number arrive."""

    def put(number: int, text: str, sender: str = "anna", **headers: str) -> None:
        told = {"From": f"{sender}@example.com", "Subject": "Заказ", "Message-ID": f"<{sender}-{number}@example.com>"}
        lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in (told | headers).items())
        dovecot.put(address, f"{lines}Content-Type: text/plain; charset=utf-8\n\n{text}\n".encode())

    return put


def dialogs(home: Household) -> list[dict[str, Any]]:
    return list(home.ask("GET", "/v1/dialogs?channel=mail")[1]["items"])


def messages(home: Household, dialog: int) -> list[dict[str, Any]]:
    return list(home.ask("GET", f"/v1/dialogs/{dialog}/messages")[1]["items"])


def plain(mail: bytes) -> str:
    """What a mail says to who sees no looks."""
    body = email.message_from_bytes(mail, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return f"\n{body.get_content()}".replace("\r\n", "\n")


def test_a_mail_is_answered_and_the_answer_stands_under_it(
    home: Household, outside: SmtpServer, arrives: Arrives
) -> None:
    assert home.run("check").returncode == 0
    arrives(1, "Где мой заказ?\n\n-- \nАнна")
    (dialog,) = until(lambda: dialogs(home))
    (first,) = messages(home, dialog["id"])
    assert (first["text"].strip(), first["data"]["subject"]) == ("Где мой заказ?", "Заказ")
    status, sent = home.ask("POST", f"/v1/dialogs/{dialog['id']}/messages", {"html": "Он <b>в пути</b>"})
    assert status == 202
    (mail,) = until(lambda: outside.mails)
    assert mail.recipients == ("anna@example.com",)
    assert b"In-Reply-To: <anna-1@example.com>" in mail.data
    assert re.search(r"\nОн в пути\n\n[\d.]+ [\d:]+, <anna@example\.com>:\n> Где мой заказ\?$", plain(mail.data))
    key = re.search(rb"Message-ID: (<[^>]+>)", mail.data)
    assert key is not None
    arrives(2, "Спасибо!\n\n> Он в пути", In_Reply_To=key[1].decode())
    arrives(3, "Пустите и меня", sender="eve", In_Reply_To=key[1].decode())
    until(lambda: len(dialogs(home)) == 2)
    until(lambda: len(messages(home, dialog["id"])) == 3)
    # Mail counts in whole seconds: within one nobody knows what was first.
    (thanks,) = [each for each in messages(home, dialog["id"]) if each["text"].strip() == "Спасибо!"]
    assert thanks["reply_to"] == sent["id"]
    (own,) = [each for each in dialogs(home) if each["id"] != dialog["id"]]
    assert messages(home, own["id"])[0]["data"]["claims"] == dialog["id"]
    assert home.run("verify").returncode == 0
    assert smtp.PASSWORD not in home.log.read_text()


def test_answers_written_with_another_program_are_shown_and_ours_are_not_twice(
    home: Household, dovecot: Dovecot, outside: SmtpServer, address: str, arrives: Arrives
) -> None:
    arrives(1, "Где мой заказ?")
    (dialog,) = until(lambda: dialogs(home))
    home.ask("POST", f"/v1/dialogs/{dialog['id']}/messages", {"text": "В пути"})
    (mail,) = until(lambda: outside.mails)
    theirs = (
        f"From: Olga <{address}>\nTo: anna@example.com\nMessage-ID: <o@shop>\nIn-Reply-To: <anna-1@example.com>\n"
        "Content-Type: text/plain; charset=utf-8\n\nУже у двери\n"
    )
    with dovecot.client(address) as client:
        until(lambda: client.select("Sent", readonly=True)[1] == [b"1"])
        found = client.fetch("1", "BODY.PEEK[]")[1]
        assert mail.data in [part[1] for part in found if isinstance(part, tuple)]
    dovecot.put(address, theirs.encode(), folder="Sent")
    until(lambda: len(messages(home, dialog["id"])) == 3)
    arrives(2, "Спасибо!", In_Reply_To="<o@shop>")
    until(lambda: len(messages(home, dialog["id"])) == 4)
    shown = {each["text"].strip(): each for each in messages(home, dialog["id"])}
    assert set(shown) == {"Где мой заказ?", "В пути", "Уже у двери", "Спасибо!"}
    elsewhere = shown["Уже у двери"]
    assert (elsewhere["direction"], elsewhere["data"]["author"]) == ("out", "Olga")
    assert shown["Спасибо!"]["reply_to"] == elsewhere["id"]
    assert len(dialogs(home)) == 1
    assert home.run("verify").returncode == 0


def test_a_receiver_that_is_killed_takes_nothing_twice_and_loses_nothing(home: Household, arrives: Arrives) -> None:
    for number in range(30):
        arrives(number, f"line {number}", sender=f"p{number}")
    until(lambda: dialogs(home))
    home.kill_child("workers.py receive")
    for number in range(30, 60):
        arrives(number, f"line {number}", sender=f"p{number}")
    until(lambda: len(home.ask("GET", "/v1/dialogs?channel=mail&limit=200")[1]["items"]) == 60)
    assert home.run("verify").returncode == 0


def test_a_wrong_password_is_told_and_loses_nothing(home: Household, outside: SmtpServer, arrives: Arrives) -> None:
    arrives(1, "Где мой заказ?")
    (dialog,) = until(lambda: dialogs(home))
    outside.fault("auth", *["535 5.7.8 no"] * 10)
    home.ask("POST", f"/v1/dialogs/{dialog['id']}/messages", {"text": "В пути"})
    until(lambda: [each for each in home.ask("GET", "/v1/channels")[1]["items"] if each.get("halt")])
    assert home.run("check").returncode == 1
    (letter,) = home.ask("GET", "/v1/outbox")[1]["items"]
    assert (letter["state"], outside.mails) == ("queued", [])


def sent(outside: SmtpServer, count: int) -> bool:
    return len(outside.mails) == count


def hired(home: Household, name: str, **more: Any) -> str:
    """The token of a new operator."""
    who = home.ask("POST", "/v1/operators", {"name": name, **more})[1]["id"]
    return str(home.ask("POST", f"/v1/operators/{who}/tokens", {})[1]["token"])


@pytest.mark.parametrize("signature", ["{author}\nМагазин"])
def test_a_reply_ends_with_the_signature_of_its_writers_department(
    home: Household, outside: SmtpServer, arrives: Arrives
) -> None:
    sales = home.ask("POST", "/v1/departments", {"name": "Sales", "signature": "{author}\nОтдел продаж"})[1]["id"]
    olga, boris = hired(home, "Ольга", department=sales), hired(home, "Борис")
    arrives(1, "Где мой заказ?")
    (dialog,) = until(lambda: dialogs(home))
    path = f"/v1/dialogs/{dialog['id']}/messages"
    for number, (token, signed) in enumerate([(olga, "Ольга\nОтдел продаж"), (boris, "Борис\nМагазин")], 1):
        assert home.ask("POST", path, {"text": "В пути"}, token)[0] == 202
        until(partial(sent, outside, number))
        own, _, quoted = plain(outside.mails[-1].data).partition(", <anna@example.com>:\n")
        assert own.startswith(f"\nВ пути\n\n-- \n{signed}\n\n")
        assert quoted.startswith("> Где мой заказ?")
