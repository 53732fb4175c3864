"""Reading a mailbox: every mail once, whatever other clients and the server do meanwhile."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Denied, Raw
from connectors.email import mailbox, raws
from connectors.email.folders import encoded, quoted
from connectors.email.imap import Refused, Session
from connectors.email.items import Item
from connectors.email.place import Place
from connectors.email.uids import Uids
from pipeline.loop import LoopThread
from tests.connectors.email.conftest import Account, Read


def mail(number: int, body: str = "") -> bytes:
    return f"From: Анна <anna{number}@example.org>\nSubject: n {number}\n\nhello {number}\n{body}".encode()


def numbers(found: list[Raw]) -> list[int]:
    return [int(raw.data.split(b"hello ")[1].split()[0]) for raw in found]


def test_every_mail_is_taken_once_with_a_key_that_names_folder_validity_and_uid(account: Account, read: Read) -> None:
    account.put(*(mail(number) for number in range(250)))
    reading = read(account.settings())
    found = reading.read(250)
    assert numbers(found) == list(range(250))
    assert reading.cursor is not None
    validity = Place.read(reading.cursor).validity
    assert [raw.external_id for raw in found] == [f"INBOX:{validity}:{uid}" for uid in range(1, 251)]
    assert found[7].address_hint == "anna7@example.org"
    known, whole = raws.read(found[7].data)
    assert whole == mail(7).replace(b"\n", b"\r\n")
    assert not known.history
    assert reading.quiet()


def test_a_restart_goes_on_behind_the_last_batch(account: Account, read: Read) -> None:
    account.put(*(mail(number) for number in range(250)))
    first = read(account.settings())
    first.batch()
    before = first.batch()
    assert len(before.raws) == 100
    first.close()
    again = read(account.settings(), before.cursor)
    assert numbers(again.read(150)) == list(range(100, 250))
    assert again.quiet()


def test_new_mails_come_while_it_reads(account: Account, read: Read) -> None:
    reading = read(account.settings(idle=60))
    reading.batch()
    account.put(mail(1))
    assert numbers(reading.read()) == [1]
    account.put(mail(2), mail(3))
    assert numbers(reading.read(2)) == [2, 3]


def test_where_the_server_tells_nothing_it_is_asked(
    account: Account, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = Session.can
    monkeypatch.setattr(Session, "can", lambda self, what: what != "IDLE" and able(self, what))
    reading = read(account.settings(idle=60, poll=0.1))
    reading.batch()
    account.put(mail(1))
    assert numbers(reading.read()) == [1]


def test_a_large_mail_the_server_does_not_give_holds_up_no_other(
    account: Account, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = Session.fetch

    async def refusing(self: Session, uids: Sequence[int], what: str) -> dict[int, Item]:
        if "<" in what or "HEADER" in what:
            raise Refused("the server says NO: corrupted")
        return await fetch(self, uids, what)

    monkeypatch.setattr(Session, "fetch", refusing)
    account.put(mail(1, "large\n" * 300_000), mail(2, "huge\n" * 1_000_000), mail(3))
    found = read(account.settings(max_size=4 << 20)).read(3)
    assert [bool(raws.read(raw.data)[0].refused) for raw in found] == [False, True, True]


def test_a_mail_that_is_taken_away_while_it_is_read_is_told(
    account: Account, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = Session.fetch

    async def losing(self: Session, uids: Sequence[int], what: str) -> dict[int, Item]:
        return {} if "<" in what and "<0." not in what else await fetch(self, uids, what)

    monkeypatch.setattr(Session, "fetch", losing)
    account.put(mail(1, "large\n" * 300_000))
    (raw,) = read(account.settings()).read()
    assert "taken away" in raws.read(raw.data)[0].refused


def test_what_others_read_or_flag_is_taken_all_the_same(account: Account, read: Read) -> None:
    account.put(mail(1), mail(2))
    with account.server.client(account.user) as other:
        other.select()
        other.store("1:2", "+FLAGS", "(\\Seen \\Deleted)")
    assert numbers(read(account.settings()).read(2)) == [1, 2]


def test_what_others_move_away_and_back_is_taken_once(account: Account, read: Read) -> None:
    reading = read(account.settings())
    account.put(mail(1), mail(2), mail(3))
    reading.read(3)
    with account.server.client(account.user) as other:
        other.create("Later")
        other.select()
        other.uid("MOVE", "2", "Later")
        account.put(mail(4))
        assert numbers(reading.read()) == [4]
        other.select("Later")
        other.uid("MOVE", "1", "INBOX")
    # It has a number of its own now, and to mail that is a new one: its content says no more than a forward would.
    assert numbers(reading.read()) == [2]
    assert reading.quiet()


@pytest.mark.parametrize("settle", ["seen", "move"])
def test_what_is_stored_is_marked_or_moved_afterwards(account: Account, read: Read, settle: str) -> None:
    with account.server.client(account.user) as other:
        other.create(quoted(encoded("Сделано")))
    account.put(mail(1), mail(2))
    reading = read(account.settings(settle=settle, move_to="Сделано" if settle == "move" else ""))
    reading.read(2)
    assert reading.cursor is not None
    assert set(Place.read(reading.cursor).unsettled) == {1, 2}
    while Place.read(reading.cursor).unsettled:
        reading.batch()
    with account.server.client(account.user) as other:
        folder = "INBOX" if settle == "seen" else quoted(encoded("Сделано"))
        other.select(folder)
        assert other.search(None, "SEEN" if settle == "seen" else "ALL")[1] == [b"1 2"]


def test_what_cannot_be_moved_is_tried_again_and_holds_up_nothing(account: Account, read: Read) -> None:
    account.put(mail(1))
    reading = read(account.settings(settle="move", move_to="Done"))
    reading.read()
    account.put(mail(2))
    reading.read()
    with account.server.client(account.user) as other:
        other.create("Done")
    while Place.read(reading.cursor or "").unsettled:
        reading.batch()


def test_a_new_validity_brings_everything_again_told_by_content(account: Account, read: Read) -> None:
    def arrive(*numbers: int) -> None:
        with account.server.client(account.user) as other:
            other.create("Work")
        account.put(*(mail(number) for number in numbers), folder="Work")

    arrive(1, 2)
    reading = read(account.settings(folder="Work"))
    first = reading.read(2)
    reading.close()
    with account.server.client(account.user) as other:
        other.delete("Work")
    time.sleep(1.1)
    arrive(2, 3)
    again = read(account.settings(folder="Work"), reading.cursor)
    found = again.read(2)
    assert numbers(found) == [2, 3]
    assert {raw.external_id for raw in found}.isdisjoint(raw.external_id for raw in first)
    assert found[0].digest == first[1].digest
    assert found[1].digest not in {raw.digest for raw in first}


def test_a_server_that_restarts_is_come_back_to(account: Account, read: Read) -> None:
    reading = read(account.settings(idle=60))
    reading.batch()
    account.server.stop()
    account.server.start()
    account.put(mail(1))
    assert numbers(reading.read()) == [1]


def test_a_server_that_says_nothing_any_more_is_come_back_to(account: Account, read: Read) -> None:
    reading = read(account.settings(idle=0.5))
    reading.batch()
    go_on = account.server.freeze(account.user)
    try:
        account.put(mail(1))
        assert numbers(reading.read()) == [1]
    finally:
        go_on()


def test_a_large_mail_comes_as_a_file_and_one_beyond_the_limit_as_its_head(account: Account, read: Read) -> None:
    account.put(mail(1, "large\n" * 500_000), mail(2, "huge\n" * 1_000_000), mail(3))
    reading = read(account.settings(max_size=4 << 20))
    large, huge, small = reading.read(3)
    stored = Path(large.file).read_bytes()
    Path(large.file).unlink()
    assert raws.read(stored)[1] == mail(1, "large\n" * 500_000).replace(b"\n", b"\r\n")
    assert (large.data, large.address_hint) == (b"", "anna1@example.org")
    known, head = raws.read(huge.data)
    assert known.cut > 4 << 20
    assert b"Subject: n 2" in head
    assert b"huge" not in head
    assert numbers([small]) == [3]


def test_what_was_there_long_before_us_is_history(account: Account, read: Read) -> None:
    account.put(mail(1), at=time.time() - 30 * 86400)
    account.put(mail(2), at=time.time() - 3600)
    found = read(account.settings()).read(2)
    assert [raws.read(raw.data)[0].history for raw in found] == [True, False]


def test_uids_that_become_visible_late_are_found_by_the_audit(
    account: Account, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "_OVERLAP", 2)
    account.put(*(mail(number) for number in range(10)))
    reading = read(account.settings(audit=0.5))
    reading.read(10)
    place = Place.read(reading.cursor or "")
    # As if the third had not been visible when we looked.
    reading.close()
    missed = Place(place.validity, 0, place.above.minus([3]), since=place.since)
    again = read(account.settings(audit=0.5), missed.cursor())
    assert numbers(again.read()) == [2]
    assert again.quiet()


def test_wrong_credentials_are_told(account: Account, read: Read) -> None:
    with pytest.raises(Denied):
        read(account.settings(password="wrong")).batch()


def test_a_place_is_kept_in_few_words() -> None:
    place = Place(7, 3, Uids([4, 5, 6, 9]), Uids([5]), 5)
    assert place.cursor() == '{"validity":7,"low":3,"above":"4:6,9","unsettled":"5","since":5}'
    assert Place.read(place.cursor()) == place


def test_a_look_says_what_nobody_would_notice(account: Account, loop: LoopThread) -> None:
    def look(**more: Any) -> str:
        imap = {key: more.pop(key) for key in ("settle", "move_to", "host") if key in more}
        settings = account.settings(**imap).model_copy(update=more)
        return loop.run(mailbox.look(settings), 20)

    account.put(b"Authentication-Results: mx.shop.example; dmarc=pass\n" + mail(1), mail(2))
    assert look() == f"INBOX of {account.user} has 2 mails"
    assert look(authserv_id="mx.shop.example") == look()
    assert "has a finding of mx.other.example" in look(authserv_id="mx.other.example")
    with pytest.raises(Denied, match="Done"):
        look(settle="move", move_to="Done")
    with pytest.raises(Denied, match=r"imap\.host is not set"):
        look(host="")
