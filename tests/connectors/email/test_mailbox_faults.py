"""A mailbox whose server, wire or other readers do their worst in mid-way: every mail is taken, once and whole."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Batch, Denied, Raw
from connectors.email import hard, large, mailbox, raws
from connectors.email.connector import Email
from connectors.email.imap import Refused, Session
from connectors.email.items import Item
from connectors.email.place import Place
from connectors.email.settings import EmailSettings
from pipeline.loop import LoopThread
from tests.connectors.email.conftest import Account, Read, Reading
from tests.fakes.provider import Provider
from tests.fakes.wire import Wire

_SEARCH, _SIZES, _BODIES = b"UID SEARCH UID", b"RFC822.SIZE", b"BODY.PEEK[]"


@pytest.fixture
def wire(account: Account) -> Iterator[Wire]:
    with Wire(account.server.port) as wire:
        yield wire


@pytest.fixture
def spools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where large mails lie until they are stored."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def mail(number: int, body: str = "") -> bytes:
    return f"From: anna{number}@example.org\nMessage-ID: <{number}@x>\n\nhello {number}\n{body}".encode()


def numbers(found: Sequence[Raw]) -> list[int]:
    return [int(raw.data.split(b"hello ")[1].split()[0]) for raw in found]


def whole(raw: Raw) -> bytes:
    """The mail as it was put, of a raw whose file goes with the look."""
    if raw.file:
        stored = Path(raw.file).read_bytes()
        Path(raw.file).unlink()
        return raws.read(stored)[1].replace(b"\r\n", b"\n")
    return raws.read(raw.data)[1].replace(b"\r\n", b"\n")


def through(account: Account, wire: Wire, **more: Any) -> EmailSettings:
    return account.settings(port=wire.port, **{"timeout": 1, **more})


def all_taken(reading: Reading, wanted: Sequence[int]) -> bool:
    """Whether these come, each whole and once, whatever their order, and nothing else."""
    found = reading.read(len(wanted))
    assert sorted(numbers(found)) == sorted(wanted)
    assert all(whole(raw) == mail(number) for raw, number in zip(found, numbers(found), strict=True))
    return reading.quiet()


# ---- the connection ----


def test_a_goodbye_while_it_waits(account: Account, wire: Wire, read: Read) -> None:
    reading = read(through(account, wire, idle=60))
    reading.batch()
    account.put(mail(1))
    assert numbers(reading.read()) == [1]
    wire.say(b"* BYE Too many connections for this mailbox\r\n")
    wire.cut()
    account.put(mail(2))
    assert numbers(reading.read()) == [2]


def test_a_black_hole_while_it_waits_and_another_where_it_comes_back(account: Account, wire: Wire, read: Read) -> None:
    reading = read(through(account, wire, idle=0.5))
    account.put(mail(1))
    reading.read()
    wire.stall()
    # Whom it calls next answers as little.
    wire.fault("stall")
    account.put(mail(2))
    assert numbers(reading.read()) == [2]
    assert wire.struck


@pytest.mark.parametrize("words", [_SEARCH, _SIZES, _BODIES])
def test_a_goodbye_in_answer_to_a_command(account: Account, wire: Wire, read: Read, words: bytes) -> None:
    def goodbye() -> None:
        wire.say(b"* BYE Server shutting down.\r\n")
        wire.cut()

    account.put(*(mail(number) for number in range(150)))
    wire.when(words, goodbye)
    assert all_taken(read(through(account, wire)), range(150))


@pytest.mark.parametrize("fault", ["cut", "stall"])
@pytest.mark.parametrize("after", [30, 300, 3000, 10_000])
def test_an_answer_that_ends_in_the_middle(account: Account, wire: Wire, read: Read, fault: Any, after: int) -> None:
    account.put(*(mail(number) for number in range(150)))
    wire.when(_BODIES, lambda: wire.fault(fault, after))
    assert all_taken(read(through(account, wire)), range(150))
    assert wire.struck


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_a_large_mail_that_ends_half_way_begins_anew(
    account: Account, wire: Wire, read: Read, spools: Path, fault: Any
) -> None:
    text = "forty megabytes of words\n" * (40_000_000 // 25)
    account.put(mail(1), mail(2, text), mail(3))
    wire.fault(fault, 20_000_000)
    reading = read(through(account, wire))
    found = reading.read(3)
    assert wire.struck
    (file,) = [raw for raw in found if raw.file]
    assert sorted(numbers([raw for raw in found if not raw.file])) == [1, 3]
    assert [path.name for path in spools.iterdir() if path.name.startswith("okno-mail")] == [Path(file.file).name]
    assert whole(file) == mail(2, text)
    assert reading.quiet()
    assert not [path for path in spools.iterdir() if path.name.startswith("okno-mail")]


def test_files_of_readers_that_were_killed_do_not_stay(account: Account, read: Read, spools: Path) -> None:
    dead, other = spools / "okno-mail-4194305-x", spools / "okno-mail-1-x"
    for path in (dead, other):
        path.write_bytes(b"half")
    large._sweep.cache_clear()
    account.put(mail(1, "large\n" * 300_000))
    (found,) = read(account.settings()).read()
    assert whole(found)
    assert [path.exists() for path in (dead, other)] == [False, True]


def test_a_server_that_is_long_at_work_and_says_so_is_waited_for(account: Account, wire: Wire, read: Read) -> None:
    def work() -> None:
        for _ in range(8):
            wire.say(b"* OK Searched 10% of the mailbox, ETA 0:10\r\n")
            time.sleep(0.3)

    account.put(mail(1))
    wire.when(b"SELECT", work)
    wire.when(_SEARCH, work)
    assert numbers(read(through(account, wire)).read()) == [1]
    assert sum(b"AUTHENTICATE" in command for command in wire.heard) == 1


# ---- other readers ----


@pytest.mark.parametrize("words", [_SIZES, _BODIES])
def test_mails_that_are_expunged_before_they_are_read(account: Account, wire: Wire, read: Read, words: bytes) -> None:
    def expunge() -> None:
        with account.server.client(account.user) as other:
            other.select()
            other.store("3,5:7", "+FLAGS", "\\Deleted")
            other.expunge()

    account.put(*(mail(number) for number in range(1, 11)))
    wire.when(words, expunge)
    reading = read(through(account, wire))
    assert all_taken(reading, [1, 2, 4, 8, 9, 10])
    # Nothing waits for those that are gone.
    assert reading.cursor is not None
    assert set(Place.read(reading.cursor).above) == {1, 2, 4, 8, 9, 10}


@pytest.mark.parametrize("words", [b"<0.", b"<524288."])
def test_a_large_mail_that_is_expunged_is_taken_whole_or_not_at_all(
    account: Account, wire: Wire, read: Read, spools: Path, words: bytes
) -> None:
    def expunge() -> None:
        with account.server.client(account.user) as other:
            other.select()
            other.store("1", "+FLAGS", "\\Deleted")
            other.expunge()

    text = "large\n" * 300_000
    account.put(mail(1, text), mail(2))
    wire.when(words, expunge)
    reading = read(through(account, wire))
    while not [raw for raw in reading.raws if not raw.file]:
        reading.batch()
    # Dovecot goes on with a file that it has open.
    files = [raw for raw in reading.raws if raw.file]
    assert [whole(raw) for raw in files] in ([], [mail(1, text)])
    assert numbers([raw for raw in reading.raws if not raw.file]) == [2]
    assert reading.quiet()
    assert not [path for path in spools.iterdir() if path.name.startswith("okno-mail")]


def test_what_others_flag_while_it_is_read_is_taken(account: Account, wire: Wire, read: Read) -> None:
    account.put(mail(1), mail(2), mail(3))
    for _ in range(2):
        # Once with the sizes and once with the mails: as servers tell it that put the UID into each answer.
        wire.slip(b"* 2 FETCH (FLAGS (\\Seen) UID 2)\r\n* 2 FETCH (FLAGS (\\Seen))\r\n", before=b"OK Fetch completed")
    reading = read(through(account, wire))
    assert numbers(reading.read(3)) == [1, 2, 3]
    assert reading.quiet()


def test_a_mail_that_comes_while_others_are_read_waits_for_nothing(account: Account, wire: Wire, read: Read) -> None:
    account.put(mail(1))
    wire.when(_BODIES, lambda: account.put(mail(2)))
    reading = read(through(account, wire, idle=60))
    assert numbers(reading.read(2)) == [1, 2]
    # Also with what is searched last before it waits.
    wire.when(b"DONE", lambda: account.put(mail(4)))
    account.put(mail(3))
    assert numbers(reading.read(2)) == [3, 4]


def test_thousands_of_lines_that_nobody_asked_for(account: Account, wire: Wire, read: Read) -> None:
    lines = b"".join(b"* %d FETCH (FLAGS (\\Seen $Label%d))\r\n* OK Still here\r\n" % (n, n) for n in range(1, 1501))
    account.put(*(mail(number) for number in range(50)))
    for words in (_SEARCH, _SIZES, _BODIES):
        wire.when(words, lambda: wire.say(lines))
    assert all_taken(read(through(account, wire)), range(50))


# ---- a folder that is made anew ----


def _anew(account: Account, *numbers: int) -> Callable[[], None]:
    """Deletes the folder and makes it anew, with these mails in it."""

    def act() -> None:
        with account.server.client(account.user) as other:
            other.delete("Work")
            time.sleep(1.1)
            other.create("Work")
        account.put(*(mail(number) for number in numbers), folder="Work")

    return act


def _work(account: Account, count: int) -> None:
    with account.server.client(account.user) as other:
        other.create("Work")
    account.put(*(mail(number) for number in range(count)), folder="Work")


def _told_apart(found: Sequence[Raw], there: Sequence[int]) -> bool:
    """Whether all that is in the new folder came under keys of its own, and nothing of the new one under old keys."""
    old = {raw.external_id.split(":")[1] for raw in found}
    new = max(old, key=int)
    of_new = [raw for raw in found if raw.external_id.split(":")[1] == new]
    of_old = [raw for raw in found if raw not in of_new]
    assert len({raw.external_id for raw in found}) == len(found)
    assert all(number < 1000 for number in numbers(of_old))
    return sorted(numbers(of_new)) == sorted(there)


@pytest.mark.parametrize("words", [_SEARCH, _SIZES, _BODIES])
def test_a_new_validity_in_mid_way(account: Account, wire: Wire, read: Read, words: bytes) -> None:
    _work(account, 20)
    there = [*range(10, 20), *range(1000, 1010)]
    wire.when(words, _anew(account, *there))
    reading = read(through(account, wire, folder="Work", timeout=5))
    found = reading.read(20)
    assert _told_apart(found, there)
    assert reading.quiet()


def test_a_new_validity_between_two_batches(account: Account, wire: Wire, read: Read) -> None:
    _work(account, 250)
    there = [*range(100), *range(1000, 1050)]
    reading = read(through(account, wire, folder="Work"))
    while not reading.raws:
        reading.batch()
    first = len(reading.raws)
    _anew(account, *there)()
    reading.read(150)
    # What it had been given before, and what is there now: the same content is told by its digest.
    assert _told_apart(reading.raws[first:], there) or _told_apart(reading.raws, there)
    assert reading.quiet()


# ---- mails that do not come ----


def test_a_mail_at_which_the_server_hangs_up_holds_up_no_other(account: Account, wire: Wire, read: Read) -> None:
    account.put(*(mail(number) for number in range(1, 11)))
    with account.server.client(account.user) as other:
        other.select()
    files = sorted((account.server.folder / "mail" / account.user).rglob("*,S=*"), key=lambda path: path.stat().st_ino)
    (bad,) = [path for path in files if b"hello 4\n" in path.read_bytes().replace(b"\r\n", b"\n")]
    # Dovecot says BYE for a file that it may not read.
    bad.chmod(0)
    reading = read(through(account, wire))
    assert sorted(numbers(reading.read(9))) == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    # In the end people are told of it.
    (told,) = reading.read()
    assert raws.read(told.data)[0].refused
    assert told.external_id.endswith(":4")
    assert reading.quiet()


@pytest.mark.parametrize(("refused", "order"), [(1, [1, 2, 3]), (2, [1, 2, 3]), (4, [1, 3, 2])])
def test_a_mail_that_is_refused_for_a_while_is_taken_whole(
    account: Account, read: Read, monkeypatch: pytest.MonkeyPatch, refused: int, order: list[int]
) -> None:
    fetch, refusals = Session.fetch, iter(range(refused))

    async def refusing(self: Session, uids: Sequence[int], what: str) -> dict[int, Item]:
        if 2 in uids and next(refusals, None) is not None:
            raise Refused("the server says NO: [UNAVAILABLE] try again later")
        return await fetch(self, uids, what)

    monkeypatch.setattr(Session, "fetch", refusing)
    account.put(mail(1), mail(2), mail(3))
    reading = read(account.settings())
    assert numbers(reading.read(3)) == order
    assert reading.quiet()


def test_a_mail_that_did_not_come_is_looked_for_after_a_restart(
    account: Account, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, shut = Session.fetch, [True]

    async def refusing(self: Session, uids: Sequence[int], what: str) -> dict[int, Item]:
        if shut and 3 in uids:
            raise Refused("the server says NO: [INUSE]")
        return await fetch(self, uids, what)

    monkeypatch.setattr(Session, "fetch", refusing)
    monkeypatch.setattr(hard, "_FIRST_WAIT", 60.0)
    monkeypatch.setattr(mailbox, "_OVERLAP", 2)
    # All of them older than what is compared again and again.
    account.put(*(mail(number) for number in range(1, 11)), at=time.time() - 10 * 86400)
    reading = read(account.settings())
    assert numbers(reading.read(9)) == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    reading.batch()
    reading.close()
    assert reading.cursor is not None
    assert Place.read(reading.cursor).low == 2
    shut.clear()
    again = read(account.settings(), reading.cursor)
    assert numbers(again.read()) == [3]
    again.batch()
    assert Place.read(again.cursor or "").low == 8


# ---- who may come in ----


def test_a_wrong_password_stops_it_and_the_right_one_lets_it_go_on(account: Account, read: Read) -> None:
    account.put(mail(1))
    before = read(account.settings())
    before.read()
    account.put(mail(2))
    wrong = read(account.settings(password="wrong"), before.cursor)
    with pytest.raises(Denied, match="does not take user and password"):
        wrong.batch()
    again = read(account.settings(), before.cursor)
    assert numbers(again.read()) == [2]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


def _first(loop: LoopThread, settings: EmailSettings) -> Batch:
    async def first() -> Batch:
        return await anext(Email("mail", settings).receive(None))

    return loop.run(first(), 20)


def test_a_token_stands_for_a_password(account: Account, loop: LoopThread, provider: Provider) -> None:
    provider.answers = [(200, {"access_token": account.server.token(account.user)})]
    assert _first(loop, account.settings(oauth=provider.section)).cursor


def test_a_token_that_is_no_good_any_more_is_renewed(account: Account, loop: LoopThread, provider: Provider) -> None:
    tokens = [account.server.token(account.user, seconds) for seconds in (-5, 3600)]
    provider.answers = [(200, {"access_token": token}) for token in tokens]
    assert _first(loop, account.settings(oauth=provider.section)).cursor
    assert provider.answers == []


def test_a_revoked_token_stops_it(account: Account, loop: LoopThread, provider: Provider) -> None:
    revoked = (400, {"error": "invalid_grant", "error_description": "Token has been revoked."})
    provider.answers = [(200, {"access_token": account.server.token(account.user, -5)}), revoked]
    with pytest.raises(Denied, match=r"Token has been revoked\..*set the new refresh_token"):
        _first(loop, account.settings(oauth=provider.section))
