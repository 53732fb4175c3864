"""Okno is away for days, thousands of mails come, somebody else reads and moves them: each is taken once."""

import base64
import imaplib
import random
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.fakes.dovecot import PASSWORD, Dovecot
from tests.walks.household import Household, household, until

ADDRESS = "away@shop.example.org"
RECEIVE = "workers.py receive"
# How many came before, and how many while nobody was there.
_BEFORE, _AWAY, _LAST = 30, 5000, 9999
_DAYS = 86400.0
# Megabytes a receiver may ever hold.
_MOST = 200
_PATIENCE = 400.0


def mail(number: int) -> bytes:
    """The mail of this number; the last of thousands has 40 MB, and some before it a few."""
    head = f"From: p{number % 400}@example.com\nMessage-ID: <{number}@example.com>\nSubject: n\n".encode()
    size = 40 << 20 if number == _AWAY else (number // 1000) << 20 if number % 1000 == 0 and number > _BEFORE else 0
    if not size:
        return head + f"\nmail {number}\n".encode()
    packed = base64.encodebytes(random.Random(number).randbytes(size * 3 // 4))
    return (
        head + b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=edge\n\n--edge\n\n"
        b"mail %d\n--edge\nContent-Type: application/zip; name=large.zip\nContent-Transfer-Encoding: base64\n\n"
        b"%b\n--edge--\n" % (number, packed)
    )


class Colleague:
    """Somebody with a mail client of his own. He keeps it open, and comes back to a server that went away."""

    def __init__(self, dovecot: Dovecot) -> None:
        self._dovecot, self._dice = dovecot, random.Random(7)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.rounds = 0
        with dovecot.client(ADDRESS) as client:
            for folder in ("Later", "Done"):
                client.create(folder)

    def numbers(self, folder: str = "INBOX") -> set[int]:
        """The mails of a folder."""
        with self._dovecot.client(ADDRESS) as client:
            client.select(folder)
            found = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")[1]
        heads = b"".join(one[1] for one in found if isinstance(one, tuple))
        return {int(each) for each in re.findall(rb"<(\d+)@example", heads)}

    def sort(self, mails: int) -> None:
        """He reads some, puts some off and takes them up again, has done with some, and deletes some."""
        with self._dovecot.client(ADDRESS) as client:
            uids = self._some(client, 4 * mails)
            read, later, done, deleted = (uids[at::4] for at in range(4))
            client.uid("STORE", ",".join(read), "+FLAGS", "\\Seen")
            client.uid("MOVE", ",".join(done), "Done")
            client.uid("STORE", ",".join(deleted), "+FLAGS", "(\\Seen \\Deleted)")
            client.expunge()
            self._put_off(client, later)

    def begin(self) -> None:
        """Go on reading, flagging and putting off until he is told to end."""
        self._thread.start()

    def end(self) -> None:
        """Nothing stays put off."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(60)
        with self._dovecot.client(ADDRESS) as client:
            self._put_off(client, [])

    def _work(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError, imaplib.IMAP4.error), self._dovecot.client(ADDRESS) as client:
                while not self._stop.wait(0.05):
                    uids = self._some(client, 60)
                    client.uid("STORE", ",".join(uids[:30]), "+FLAGS" if self.rounds % 2 else "-FLAGS", "\\Seen")
                    self._put_off(client, uids[30:])
                    self.rounds += 1
            self._stop.wait(0.05)

    def _some(self, client: imaplib.IMAP4, mails: int) -> list[str]:
        client.select()
        uids = client.uid("SEARCH", "ALL")[1][0].decode().split()
        return self._dice.sample(uids, mails)

    def _put_off(self, client: imaplib.IMAP4, uids: Sequence[str]) -> None:
        if uids:
            client.uid("MOVE", ",".join(uids), "Later")
        time.sleep(0.05)
        client.select("Later")
        client.uid("MOVE", "1:*", "INBOX")
        client.select()


class Memory:
    """The most megabytes each receiver ever held."""

    def __init__(self) -> None:
        self.peaks: dict[int, int] = {}

    def look(self, home: Household) -> None:
        """Of the receiver that runs now, if one does."""
        for pid, line in home.children().items():
            if RECEIVE in line:
                with suppress(OSError):
                    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
                    self.peaks[pid] = int(found[1]) // 1000 if found else self.peaks.get(pid, 0)

    def until_stored(self, home: Household, count: int) -> None:
        """Wait until so many raws are in, with an eye on the receiver."""

        def done() -> bool:
            self.look(home)
            return stored(home) >= count

        until(done, _PATIENCE)


def settings(dovecot: Dovecot) -> dict[str, str]:
    section = {
        "KIND": "email",
        "ADDRESS": ADDRESS,
        "IMAP__HOST": "127.0.0.1",
        "IMAP__PORT": str(dovecot.port),
        "IMAP__SECURITY": "none",
        "IMAP__PASSWORD": PASSWORD,
        "IMAP__IDLE": "2",
    }
    return {f"OKNO_CHANNELS__MAIL__{name}": value for name, value in section.items()}


@pytest.fixture
def colleague(dovecot: Dovecot) -> Iterator[Colleague]:
    found = Colleague(dovecot)
    yield found
    found.end()


def stored(home: Household) -> int:
    """How many raws are in."""
    return int(_rows(home, "SELECT count(*) FROM inbox")[0][0])


def taken(home: Household) -> Counter[int]:
    """How often each mail is a message, by the number in its text."""
    texts = [text for (text,) in _rows(home, "SELECT text FROM messages WHERE direction = 'in'")]
    assert all(text.startswith("mail ") for text in texts), {text for text in texts if not text.startswith("mail ")}
    return Counter(int(text.split()[1]) for text in texts)


def _rows(home: Household, query: str) -> list[tuple[str]]:
    with closing(sqlite3.connect(home.folder / "var" / "okno.db", timeout=30)) as db:
        return db.execute(query).fetchall()


def test_days_of_mail_that_somebody_else_reads_and_moves_are_taken_once(
    tmp_path: Path, dovecot: Dovecot, colleague: Colleague
) -> None:
    own, memory = settings(dovecot), Memory()
    dovecot.put(ADDRESS, *map(mail, range(_BEFORE)))
    with household(tmp_path, "all", **own) as home:
        home.ready()
        until(lambda: len(taken(home)) == _BEFORE)

    now = time.time()
    numbers = range(_BEFORE, _BEFORE + _AWAY)
    dovecot.drop(ADDRESS, ((mail(number), now - 4 * _DAYS * (1 - number / _AWAY)) for number in numbers))
    colleague.sort(200)
    # What he had done with before Okno came back nobody can take.
    there = colleague.numbers() | {*range(_BEFORE), _LAST}
    assert {_AWAY, 1000, 2000, 3000} <= there
    assert _AWAY - 400 <= len(there) < _AWAY

    with household(tmp_path, "all", **own) as home:
        home.ready()
        colleague.begin()
        memory.until_stored(home, 1500)
        home.kill_child(RECEIVE)
        memory.until_stored(home, 3000)
        dovecot.stop()
        dovecot.start()
        memory.until_stored(home, 4000)
        until(lambda: colleague.rounds > 5)
        # From now on he has done with some for good, before or after they are taken.
        colleague.end()
        colleague.sort(20)
        dovecot.put(ADDRESS, mail(_LAST))
        until(lambda: taken(home).keys() >= {_LAST, *colleague.numbers()}, _PATIENCE)
        memory.look(home)
        verdict = home.run("verify")

    assert verdict.returncode == 0, verdict.stdout
    found = taken(home)
    assert {number: times for number, times in found.items() if times > 1} == {}
    assert found.keys() <= there
    assert len(found) >= len(there) - 40, "no more than he had done with at the end"
    assert len(memory.peaks) >= 2
    assert max(memory.peaks.values()) <= _MOST, memory.peaks
