"""Those who write mails, and the mail server that takes our answers to them."""

import email.policy
import hashlib
import os
import time
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.chaos import ledger
from tests.chaos.config import Config
from tests.chaos.wire import Door
from tests.chaos.writers import Writer
from tests.fakes.smtp import Mail, SmtpServer, Stage

# One mail in so many answers one of ours, if there is any; one in so many is HTML too.
_ANSWERS, _PAGES = 2, 3


class Reply(NamedTuple):
    """A mail of ours that somebody got."""

    writer: int
    token: str
    name: str
    text: str


class Post:
    """The mail server of everybody outside; it fails on demand."""

    def __init__(self, config: Config, book: ledger.Ledger) -> None:
        self._book, self._read = book, 0
        self._server = SmtpServer()
        self._server.port = config.smtp_port

    def spoil(self, stage: Stage, *what: str) -> None:
        """Spoil the next times it comes to this."""
        self._server.fault(stage, *what)

    def fresh(self) -> Iterator[Reply]:
        """What came since the last look; it is written down."""
        while self._read < len(self._server.mails):
            mail = self._server.mails[self._read]
            reply = _opened(mail)
            self._read += 1
            self._book.note(ledger.GOT, reply.writer, reply.token, f"mail {self._read}")
            self._book.note(ledger.COPY, reply.token, reply.name, hashlib.sha256(mail.data).hexdigest())
            yield reply

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for complaint in self._server.complaints:
            self._book.note(ledger.WRONG, f"a mail server was told {complaint}")
        self._server.__exit__(kind, error, trace)


class Correspondent(Writer):
    """Somebody who writes mails, some of them in answer to ours.

    He owes nothing to the second in which he writes: his mails are told apart in it by the order in which they came to
    the mailbox, and a folder's numbers keep that. So his are to be in order like everybody's, without any excuse.
    """

    def __init__(self, config: Config, number: int, count: int, door: Door, book: ledger.Ledger) -> None:
        super().__init__(config, number, count, door, book)
        self._said = 0
        self._newest: Reply | None = None

    def take(self, reply: Reply) -> None:
        """He got this."""
        self._newest = reply

    async def _arrive(self) -> None:
        """Anybody can write a mail."""

    async def _write(self, key: str, text: str) -> None:
        # A mail is given to its server once; what is lost behind it is lost.
        number = int(key[1:])
        if number > self._said:
            self._said = number
            _deliver(Path(self._config.maildir), self.name, self._mail(number, text))

    def _mail(self, number: int, text: str) -> bytes:
        mail = EmailMessage(email.policy.SMTP)
        mail["From"] = f"Writer {self.number} <{address_of(self.number)}>"
        mail["To"] = self._config.address
        mail["Subject"] = "Заказ"
        mail["Date"] = format_datetime(localtime())
        mail["Message-ID"] = f"<{self.name}.{number}@example.com>"
        answered = self._newest if self._chance.randrange(_ANSWERS) == 0 else None
        if answered is not None:
            mail["In-Reply-To"] = answered.name
            mail["References"] = f"<somebody@example.net> {answered.name}"
            self._book.note(ledger.ANSWERED, f"{self.name}.{number}", answered.token)
        quote = f"\n\n04.05.2026 10:30, Shop пишет:\n> {answered.text}\n" if answered else "\n"
        mail.set_content(text + quote)
        if self._chance.randrange(_PAGES) == 0:
            mail.add_alternative(f"<p>{text}</p>", subtype="html")
        return mail.as_bytes()


def address_of(number: int) -> str:
    """The address of the writer with this number."""
    return f"w{number}@example.com"


def _deliver(maildir: Path, who: str, mail: bytes) -> None:
    """What a mail server does with a mail: into the folder as a whole, under a name that says when."""
    seconds, rest = divmod(time.time_ns(), 10**9)
    name = f"{seconds}.M{rest // 1000:06}P{os.getpid()}Q{who}.example.org"
    (maildir / "tmp" / name).write_bytes(mail)
    (maildir / "tmp" / name).rename(maildir / "new" / name)


def _opened(mail: Mail) -> Reply:
    """What is in a mail of ours; raises ValueError when it is not as it should be."""
    (recipient,) = mail.recipients
    found = email.message_from_bytes(mail.data, policy=email.policy.default)
    body = found.get_body(("plain",))
    if body is None or found["To"] != recipient:
        raise ValueError(f"a mail to {recipient} without a text, or for somebody else")
    text = str(body.get_content()).strip()
    token = text.partition(" ")[0]
    return Reply(int(recipient.partition("@")[0].removeprefix("w")), token, str(found["Message-ID"]), text)
