"""Who writes mails puts them into a mailbox in order, and what is sent to him is written down as it came."""

import asyncio
import base64
import email.policy
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import msgspec
import pytest

from tests.chaos import ledger
from tests.chaos.config import Config
from tests.chaos.correspondents import Correspondent, Post, Reply
from tests.chaos.servers import free_port
from tests.chaos.wire import Door
from tests.fakes.smtp import PASSWORD, TAKEN_CUT, USER

MAIL = "From: {user}\r\nTo: w7@example.com\r\nMessage-ID: <a@x>\r\n\r\nr5.1 hello {n}\r\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    maildir = tmp_path / "mail"
    for name in ("tmp", "new"):
        (maildir / name).mkdir(parents=True)
    world = Config(1, 40, 0.0, "", "site", "", "", 0, str(tmp_path / "ledger"), ("email",))
    return msgspec.structs.replace(world, address=USER, maildir=str(maildir), smtp_port=free_port())


def send(config: Config, n: int) -> None:
    with smtplib.SMTP("127.0.0.1", config.smtp_port) as client:
        client.ehlo()
        # The library's own login takes ASCII alone.
        client.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode())
        client.sendmail(USER, ["w7@example.com"], MAIL.format(user=USER, n=n))


def test_each_copy_is_written_down_with_its_name_and_its_bytes(config: Config) -> None:
    with ledger.Ledger(Path(config.ledger)) as book, Post(config, book) as post:
        post.spoil("end", TAKEN_CUT)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(config, 1)
        send(config, 1)
        send(config, 2)
        got = list(post.fresh())
        assert list(post.fresh()) == []
    assert got == [Reply(7, "r5.1", "<a@x>", f"r5.1 hello {n}") for n in (1, 1, 2)]
    lines = list(ledger.read(Path(config.ledger)))
    assert [values for kind, values in lines if kind == ledger.GOT] == [[7, "r5.1", f"mail {n}"] for n in (1, 2, 3)]
    first, again, other = (values for kind, values in lines if kind == ledger.COPY)
    assert first == again != other


def test_who_got_a_mail_answers_it_and_his_mails_lie_in_order(config: Config) -> None:
    with ledger.Ledger(Path(config.ledger)) as book:
        writer = Correspondent(config, 7, 40, cast("Door", None), book)
        writer.take(Reply(7, "r5.1", "<a@x>", "r5.1 hello"))
        asyncio.run(writer.write_all())
    arrived = sorted((Path(config.maildir) / "new").iterdir())
    mails = [
        email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
        for path in arrived
    ]
    assert [mail["Message-ID"] for mail in mails] == [f"<w7.{n}@example.com>" for n in range(1, 41)]
    answers = [f"w7.{n}" for n, mail in enumerate(mails, 1) if mail["In-Reply-To"] == "<a@x>"]
    assert 0 < len(answers) < 40
    told = [values for kind, values in ledger.read(Path(config.ledger)) if kind == ledger.ANSWERED]
    assert told == [[token, "r5.1"] for token in answers]
