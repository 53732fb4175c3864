"""Two folders of one account: each mail once, and each folder goes on where it was."""

from collections.abc import Iterator

import pytest

from connectors.base import Batch, Denied, Message, Raw
from connectors.email import Email
from connectors.email.account import _told_apart
from connectors.email.raws import folder_of
from connectors.email.settings import EmailSettings
from pipeline.loop import LoopThread
from tests.connectors.email.conftest import Account, Read

HELLO = b"From: Anna <anna@example.org>\nMessage-ID: <a@x>\nSubject: Hi\n\nWhere is it?"
ANSWER = (
    b"From: Olga <shop@example.org>\nTo: Anna <Anna@example.org>, boss@example.org\nCc: shop@example.org\n"
    b"Message-ID: <o@shop>\nIn-Reply-To: <a@x>\n\nOn its way\n\n> Where is it?\n"
)


class Source:
    """Reads both folders the way the pipeline does."""

    def __init__(self, loop: LoopThread, settings: EmailSettings, cursor: str | None = None) -> None:
        self._loop, self._email, self.cursor = loop, Email("mail", settings), cursor
        self._batches = self._email.receive(cursor)

    def batch(self, timeout: float = 20.0) -> Batch:
        """One more batch."""
        batch = self._loop.run(self._next(), timeout)
        self.cursor = batch.cursor or self.cursor
        return batch

    def read(self, count: int) -> list[Raw]:
        """So many raws."""
        found: list[Raw] = []
        while len(found) < count:
            found += self.batch().raws
        return found

    def parse(self, raw: Raw) -> list[Message]:
        """The messages it holds."""
        return [each for each in self._email.parse(raw) if isinstance(each, Message)]

    def close(self) -> None:
        """Give everything back."""
        self._loop.run(self._batches.aclose(), 5)
        self._loop.run(self._email.close(), 5)

    async def _next(self) -> Batch:
        return await anext(self._batches)


@pytest.fixture
def both(account: Account) -> EmailSettings:
    """Settings by which what our side sent is read too."""
    with account.server.client(account.user) as client:
        client.create("Sent")
    return account.settings(sent="Sent").model_copy(update={"address": "shop@example.org"})


@pytest.fixture
def source(loop: LoopThread, both: EmailSettings, account: Account) -> Iterator[Source]:
    imap = both.imap.model_copy(update={"user": account.user})
    source = Source(loop, both.model_copy(update={"imap": imap}))
    yield source
    source.close()


def test_each_folder_is_read_and_goes_on_where_it_was(
    account: Account, loop: LoopThread, both: EmailSettings, source: Source
) -> None:
    account.put(HELLO)
    account.put(ANSWER, folder="Sent")
    assert {folder_of(raw.external_id) for raw in source.read(2)} == {"INBOX", "Sent"}
    source.batch()
    again = Source(loop, both.model_copy(update={"imap": both.imap.model_copy(update={"user": account.user})}),
                   source.cursor)  # fmt: skip
    account.put(HELLO, folder="Sent")
    account.put(HELLO)
    assert sorted(raw.external_id.rpartition(":")[2] for raw in again.read(2)) == ["2", "2"]
    again.close()


def test_what_was_written_elsewhere_is_ours_to_its_first_recipient(account: Account, source: Source) -> None:
    account.put(ANSWER, folder="Sent")
    (raw,) = source.read(1)
    (message,) = source.parse(raw)
    assert (message.direction, message.sender.address, message.author) == ("out", "anna@example.org", "Olga")
    assert (message.text.strip(), message.answers, message.ours) == (
        "On its way", ("<a@x> anna@example.org", "<a@x>"), True,
    )  # fmt: skip
    assert message.thread is None


def test_a_cursor_of_before_two_folders_goes_on(account: Account, loop: LoopThread, read: Read) -> None:
    account.put(HELLO)
    alone = read(account.settings())
    alone.read(1)
    again = Source(loop, account.settings(), alone.cursor)
    account.put(ANSWER)
    (raw,) = again.read(1)
    assert raw.external_id.endswith(":2")
    again.close()


def test_two_mails_nobody_can_have_are_not_one() -> None:
    refused = [Raw(f"Sent:7:{uid}", "", b"{}") for uid in (1, 2)]
    assert [_told_apart(raw).digest for raw in refused] == ["", ""]
    assert _told_apart(Raw("Sent:7:3", "", b"{}", digest="d")).digest == "sent:d"


def test_what_went_to_nobody_is_nobody_s(account: Account, source: Source) -> None:
    account.put(b"From: shop@example.org\nTo: shop@example.org\n\nnote", folder="Sent")
    (raw,) = source.read(1)
    assert source.parse(raw) == []


def test_a_folder_that_is_not_there_is_told(account: Account, loop: LoopThread) -> None:
    source = Source(loop, account.settings(sent="Gesendet"))
    with pytest.raises(Denied, match="Gesendet"):
        source.read(1)
    with pytest.raises(Denied, match="Gesendet"):
        loop.run(Email("mail", account.settings(sent="Gesendet")).check(), 10)
