"""One connection to a real Dovecot: whatever goes wrong is told at once, and nothing hangs."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from connectors.base import Denied
from connectors.email import imap, items
from connectors.email.imap import Broken, Refused, Session
from pipeline.loop import LoopThread
from tests.connectors.email.conftest import Account
from tests.fakes.dovecot import Dovecot

MAIL = b"From: Anna <anna@example.org>\nSubject: hi\n\nhello\n"
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def run(loop: LoopThread) -> Run:
    return lambda work: loop.run(work, 30)


async def opened(account: Account, **more: Any) -> Session:
    return await Session.open(account.settings(**more).imap, account.user)


@pytest.fixture
def trusting(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at certificates trusts Dovecot's."""
    context = ssl.create_default_context(cafile=str(dovecot.certificate))
    monkeypatch.setattr(ssl, "create_default_context", lambda: context)


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
def test_a_mail_is_read_byte_by_byte_and_stays_unread(
    account: Account, run: Run, trusting: None, security: str
) -> None:
    account.put(MAIL, MAIL.replace(b"hello", "привет ".encode("cp1251") * 50))
    port = account.server.tls_port if security == "tls" else account.server.port

    async def work() -> dict[int, items.Item]:
        session = await opened(account, security=security, port=port)
        assert await session.select("INBOX") > 0
        assert list(await session.uids("UID", "1:*")) == [1, 2]
        found = await session.fetch([1, 2, 99], "RFC822.SIZE INTERNALDATE BODY.PEEK[]")
        await session.close()
        return found

    found = run(work())
    assert found[1].data == MAIL.replace(b"\n", b"\r\n")
    assert found[2].data is not None
    assert found[2].data.count("привет".encode("cp1251")) == 50
    assert set(found) == {1, 2}
    assert all(item.size == len(item.data or b"") and abs(item.at - time.time()) < 60 for item in found.values())
    with account.server.client(account.user) as other:
        other.select()
        assert other.search(None, "UNSEEN")[1] == [b"1 2"]


def test_no_log_tells_what_a_mail_says(account: Account, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    account.put(MAIL)
    caplog.set_level(logging.DEBUG)

    async def work() -> None:
        session = await opened(account)
        await session.select("INBOX")
        account.put(MAIL)
        # The server tells of the second one unasked.
        assert len(await session.fetch([1], "BODY.PEEK[]")) == 1
        assert list(await session.uids("ALL")) == [1, 2]
        await session.close()

    run(work())
    assert not [record for record in caplog.records if record.name.startswith("aioimaplib")]


def test_what_the_server_told_during_another_command_ends_the_next_rest(account: Account, run: Run) -> None:
    account.put(MAIL)

    async def work() -> Sequence[int]:
        session = await opened(account)
        await session.select("INBOX")
        assert list(await session.look(1)) == [1]
        # As mail servers do it: of what another client puts there half is told now, and half while it rests.
        (account.server.folder / "mail" / account.user / "new" / "1.M1P1.example.org").write_bytes(MAIL)
        while not session._protocol.arrived:
            await session.fetch([1], "BODY.PEEK[]")
        await session.rest(60, 60)
        found = await session.look(1)
        await session.close()
        return found

    assert list(run(work())) == [1, 2]


def test_a_wrong_password_is_told(account: Account, run: Run) -> None:
    with pytest.raises(Denied, match="does not take user and password") as caught:
        run(opened(account, password="wrong"))
    assert "wrong" not in str(caught.value).replace("wrong@", "")


def test_a_certificate_nobody_vouches_for_is_not_trusted(account: Account, run: Run) -> None:
    with pytest.raises(Denied, match="certificate"):
        run(opened(account, security="tls", port=account.server.tls_port))


def test_a_server_without_starttls_is_not_told_the_password(account: Account, run: Run, loop: LoopThread) -> None:
    said: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := await reader.readline():
            said.append(line)
            tag = line.split()[0]
            if b"CAPABILITY" in line:
                writer.write(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
        writer.close()

    server = run(asyncio.start_server(answer, "127.0.0.1", 0))
    port = server.sockets[0].getsockname()[1]
    try:
        with pytest.raises(Denied, match="STARTTLS"):
            run(opened(account, security="starttls", port=port))
    finally:
        loop.run(_closed(server), 5)
    assert not any(b"AUTH" in line or b"LOGIN" in line for line in said)


async def _closed(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


def test_nobody_there_is_told_at_once(account: Account, run: Run) -> None:
    with pytest.raises(Broken):
        run(opened(account, port=1))


def test_thousands_of_lines_in_one_answer(account: Account, run: Run) -> None:
    account.put(*([MAIL] * 1500))

    async def work() -> int:
        session = await opened(account)
        await session.select("INBOX")
        found = await session.fetch(range(1, 1501), "RFC822.SIZE")
        await session.close()
        return len(found)

    assert run(work()) == 1500


@pytest.mark.parametrize(
    ("line", "data"),
    [
        (b'1 FETCH (UID 7 BODY[]<262144> "")', b""),
        (b'1 FETCH (BODY[] "a \\"word\\" \\\\" UID 7)', b'a "word" \\'),
        (b"1 FETCH (UID 7 BODY[] NIL)", None),
    ],
)
def test_a_mail_that_is_short_or_not_there(line: bytes, data: bytes | None) -> None:
    assert [(item.uid, item.data) for item in items.items_of([line])] == [(7, data)]


def test_idle_wakes_when_a_mail_comes(account: Account, run: Run) -> None:
    async def work() -> Sequence[int]:
        session = await opened(account)
        await session.select("INBOX")
        waiting = asyncio.ensure_future(session.rest(60, 60))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(account.put, MAIL)
        await waiting
        found = await session.uids("UID", "1:*")
        await session.close()
        return list(found)

    assert run(work()) == [1]


def test_a_server_that_says_nothing_any_more_is_noticed(account: Account, run: Run) -> None:
    async def work() -> None:
        session = await opened(account)
        await session.select("INBOX")
        waiting = asyncio.ensure_future(session.rest(0.5, 60))
        await asyncio.sleep(0.2)
        go_on = account.server.freeze(account.user)
        try:
            await waiting
        finally:
            go_on()
            await session.close()

    with pytest.raises(Broken):
        run(work())


def test_a_folder_that_is_not_there_is_told(account: Account, run: Run) -> None:
    async def work() -> None:
        session = await opened(account)
        try:
            await session.select("Заявки")
        finally:
            await session.close()

    with pytest.raises(Denied, match="Заявки"):
        run(work())


def test_what_the_server_refuses_does_not_end_the_connection(account: Account, run: Run) -> None:
    async def work() -> int:
        session = await opened(account)
        await session.select("INBOX")
        with pytest.raises(Refused):
            await session.uids("NONSENSE", "1:*")
        found = await session.uids("UID", "1:*")
        await session.close()
        return len(found)

    assert run(work()) == 0


@pytest.mark.parametrize(
    ("said", "final"),
    [
        (b"[UNAVAILABLE] try again later", False),
        (b"[LIMIT] too many connections", False),
        (b"Temporary authentication failure", False),
        (b"login rate exceeded", False),
        (b"[AUTHENTICATIONFAILED] Invalid credentials. Please generate an app-specific password", True),
        (b"corporate accounts need OAuth, and there is no limitation to that", True),
        (b"[EXPIRED] try again with a new password", True),
    ],
)
def test_what_a_refused_login_says_of_its_words(said: bytes, final: bool) -> None:
    assert imap.is_final(said) == final
