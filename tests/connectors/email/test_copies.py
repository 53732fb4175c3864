"""What was sent is put into the mailbox's own folder, and whatever becomes of that, the sending knows nothing of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.base import Letter, Receipt
from connectors.email import copies
from connectors.email.connector import Email
from connectors.email.imap import Refused, Session
from connectors.email.settings import EmailSettings
from pipeline.loop import LoopThread
from tests.connectors.email.conftest import Account
from tests.connectors.email.smtp_kit import LETTER, TIMEOUT, letter, settings_for
from tests.fakes.smtp import TAKEN_CUT, USER, SmtpServer

Logged = list[Any]


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def logged() -> Iterator[Logged]:
    """What is logged meanwhile."""
    with capture_logs() as logged:
        yield logged


class Shop:
    """A channel that sends by one server and keeps copies on another."""

    def __init__(self, account: Account, server: SmtpServer, loop: LoopThread, sent: str) -> None:
        self._account, self._loop = account, loop
        self._email = Email("mail", settings(account, server, sent=sent))

    def sends(self, one: Letter = LETTER) -> Receipt:
        return self._loop.run(self._email.send(one), TIMEOUT)

    def close(self) -> None:
        self._loop.run(self._email.close(), TIMEOUT)

    def kept(self, folder: str = "Sent") -> list[tuple[bytes, bytes]]:
        """The flags and bytes of the mails in a folder."""
        with self._account.server.client(self._account.user) as client:
            if client.select(f'"{folder}"', readonly=True)[1] == [b"0"]:
                return []
            found = client.fetch("1:*", "(FLAGS BODY.PEEK[])")[1]
        return [(part[0], part[1]) for part in found if isinstance(part, tuple)]


def settings(account: Account, server: SmtpServer, **imap: Any) -> EmailSettings:
    section = settings_for(server).smtp.model_dump(exclude={"oauth"}) | {"user": USER, "keep_copy": True}
    given = account.section | {"smtp": section, "imap": account.section["imap"] | imap}
    return EmailSettings.model_validate(given)


Opens = Callable[..., Shop]


@pytest.fixture
def opens(account: Account, server: SmtpServer, loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opens]:
    """Opens such a channel; its folder Sent is there."""
    monkeypatch.setattr(copies, "_FIRST_WAIT", 0.1)
    monkeypatch.setattr(copies, "_LONGEST_WAIT", 0.2)
    with account.server.client(account.user) as client:
        for folder in ("Sent", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"):
            assert client.create(folder)[0] == "OK"
    opened: list[Shop] = []

    def make(sent: str = "Sent") -> Shop:
        opened.append(Shop(account, server, loop, sent))
        return opened[-1]

    yield make
    for shop in opened:
        shop.close()


def wait_until(is_so: Callable[[], object]) -> None:
    until = time.monotonic() + TIMEOUT
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def restarted(account: Account) -> Iterator[None]:
    """The IMAP server is there again for the others, whatever the test does to it."""
    yield
    account.server.stop()
    account.server.start()


def test_the_same_bytes_stand_in_the_folder_and_are_read(opens: Opens, server: SmtpServer) -> None:
    shop = opens()
    for number in range(3):
        shop.sends(letter(key=f"okno-{number}"))
    wait_until(lambda: len(shop.kept()) == 3)
    kept = shop.kept()
    assert [mail for _, mail in kept] == [mail.data for mail in server.mails]
    assert all(b"\\Seen" in flags for flags, _ in kept)


def test_the_folder_may_have_a_russian_name(opens: Opens) -> None:
    shop = opens("Отправленные")
    shop.sends()
    wait_until(lambda: len(shop.kept("&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-")) == 1)


def test_what_the_provider_copied_itself_is_not_copied_again(opens: Opens, account: Account, loop: LoopThread) -> None:
    shop = opens()
    shop.sends()
    wait_until(lambda: len(shop.kept()) == 1)
    shop.sends()
    shop.sends(letter(key="okno-9"))
    wait_until(lambda: len(shop.kept()) == 2)
    assert sum(b"Message-ID: <okno-1-2." in mail for _, mail in shop.kept()) == 1


def test_what_was_not_taken_for_sure_is_not_copied(opens: Opens, server: SmtpServer) -> None:
    shop = opens()
    for stage, fault in (("rcpt", "550 5.1.1 no"), ("end", TAKEN_CUT)):
        server.fault(stage, fault)  # type: ignore[arg-type]
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the server makes of it
            shop.sends(letter(key=stage))
    shop.sends(letter(key="okno-9"))
    wait_until(shop.kept)
    ((_, mail),) = shop.kept()
    assert b"Message-ID: <okno-9." in mail


def test_without_imap_mails_go_all_the_same_and_are_copied_later(
    opens: Opens, account: Account, server: SmtpServer, restarted: None
) -> None:
    shop = opens()
    account.server.stop()
    shop.sends(letter(key="okno-1"))
    shop.sends(letter(key="okno-2"))
    assert len(server.mails) == 2
    account.server.start()
    wait_until(lambda: len(shop.kept()) == 2)


def test_a_folder_that_is_not_there_is_told_and_no_more(opens: Opens, server: SmtpServer, logged: Logged) -> None:
    shop = opens("Nowhere")
    shop.sends()
    wait_until(lambda: logged)
    assert [(line["event"], line["mails"]) for line in logged] == [("imap.not_copied", 1)]
    assert "has no folder 'Nowhere'" in logged[0]["reason"]
    shop.sends(letter(key="okno-2"))
    wait_until(lambda: len(logged) == 2)
    assert len(server.mails) == 2


def test_one_that_the_server_does_not_want_holds_up_no_other(
    opens: Opens, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opens()
    monkeypatch.setattr(copies, "_PATIENCE", 2.0)
    append = Session.append

    async def picky(self: Any, folder: str, mail: bytes, flag: str) -> None:
        if b"Message-ID: <okno-1." in mail:
            raise Refused("the server says NO: over quota")
        await append(self, folder, mail, flag)

    monkeypatch.setattr(Session, "append", picky)
    shop.sends(letter(key="okno-1"))
    shop.sends(letter(key="okno-2"))
    wait_until(lambda: len(shop.kept()) == 1)
    wait_until(lambda: logged)
    assert [(line["reason"], line["mails"]) for line in logged] == [("the server says NO: over quota", 1)]


def test_no_more_wait_than_there_is_room_for(
    opens: Opens, account: Account, logged: Logged, monkeypatch: pytest.MonkeyPatch, restarted: None
) -> None:
    monkeypatch.setattr(copies, "_MOST", 2)
    shop = opens()
    account.server.stop()
    for number in range(3):
        shop.sends(letter(key=f"okno-{number}"))
    assert [line["reason"] for line in logged] == ["too many copies wait"]
    monkeypatch.setattr(copies, "_BYTES", 10)
    account.server.start()
    wait_until(lambda: len(shop.kept()) == 2)
    shop.sends(letter(key="okno-3"))
    assert len(logged) == 2


def test_what_waits_at_the_end_is_tried_once_more(
    opens: Opens, account: Account, logged: Logged, monkeypatch: pytest.MonkeyPatch, restarted: None
) -> None:
    monkeypatch.setattr(copies, "_FIRST_WAIT", 3600.0)
    shop = opens()
    account.server.stop()
    shop.sends()
    account.server.start()
    shop.close()
    assert len(shop.kept()) == 1
    assert not logged
    account.server.stop()
    late = opens()
    late.sends(letter(key="okno-2"))
    late.close()
    assert [line["mails"] for line in logged] == [1]
    account.server.start()


def test_a_server_that_hangs_holds_up_the_end_for_seconds_at_most(
    opens: Opens, account: Account, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_GOODBYE", 0.3)
    shop = opens()
    search = Session.uids
    thaw: list[Callable[[], None]] = []

    async def hang(self: Any, *criteria: str) -> Sequence[int]:
        thaw.append(account.server.freeze(account.user))
        return await search(self, *criteria)

    monkeypatch.setattr(Session, "uids", hang)
    shop.sends()
    wait_until(lambda: thaw)
    shop.close()
    thaw[0]()
    assert [line["reason"] for line in logged] == ["there was no more time"]


@pytest.mark.parametrize("imap", [{"sent": ""}, {"sent": "Sent", "host": ""}])
def test_copies_need_a_folder(account: Account, server: SmtpServer, imap: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"keep_copy needs imap\.host and imap\.sent"):
        settings(account, server, **imap)
