"""Dialogs and messages: locks that never wait in a circle, and keys that belong to one message."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select

from storage import talk
from storage.db import Database, Tx, now
from storage.models import Client
from storage.talk import DIALOGS, EPISODES, MESSAGES, NewMessage

CLIENTS = Client.__table__  # type: ignore[attr-defined]


@pytest.fixture
def dialogs(db: Database) -> Database:
    """Two dialogs with an episode each: 1 and 2."""
    at = now()
    with db.begin() as tx:
        for n in (1, 2):
            client = {"id": n, "name": "", "email": "", "phone": "", "note": "", "created_at": at, "updated_at": at}
            tx.execute(insert(CLIENTS).values(**client))
            numbers = {"last_seq": 0, "last_in_seq": 0, "read_seq": 0, "unread": 0, "last_at": at, "created_at": at}
            tx.execute(insert(DIALOGS).values(id=n, client_id=n, episode_id=n, **numbers))
            tx.execute(insert(EPISODES).values(id=n, dialog_id=n, number=1, status="open", opened_at=at))
    return db


def say(db: Database, seq: int, external_id: str | None, dialog: int = 1) -> int:
    with db.begin() as tx:
        number = talk.message_ids(tx, 1)[0]
        row = NewMessage(number, dialog, seq, dialog, "out", "hi", now(), "shop", external_id)
        tx.execute(insert(MESSAGES).values(**row._asdict()))
    return number


def key(db: Database, message_id: int) -> str | None:
    with db.read() as tx:
        found: str | None = tx.execute(select(MESSAGES.c.external_id).where(MESSAGES.c.id == message_id)).scalar_one()
    return found


def test_two_that_lock_the_same_dialogs_never_wait_in_a_circle(dialogs: Database) -> None:
    meeting = threading.Barrier(2)

    def work(ids: list[int]) -> None:
        meeting.wait(10)
        for _ in range(20):
            with dialogs.begin() as tx:
                assert list(talk.lock(tx, ids)) == [1, 2]

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(work, ids) for ids in ([1, 2], [2, 1])]:
            each.result(30)


def test_who_points_to_a_dialog_does_not_wait_for_who_has_it_locked(dialogs: Database) -> None:
    if dialogs.is_sqlite:
        pytest.skip("one writer at a time")
    with dialogs.begin() as tx:
        talk.lock(tx, [1])
        say(dialogs, 1, None)


def test_a_message_of_ours_gets_the_keys_its_channel_gave_it(dialogs: Database) -> None:
    message = say(dialogs, 1, None)
    for name in ("77", "78"):
        with dialogs.begin() as tx:
            talk.name_message(tx, message, "shop", [name])
    assert key(dialogs, message) == "77"
    with dialogs.read() as tx:
        assert talk.ids_of(tx, "shop", ["77", "78", "79"]) == {"77": message, "78": message}
        assert talk.ids_of(tx, "mail", ["77"]) == {}
        assert talk.known(tx, "shop", ["77"])["77"].text == "hi"


def test_a_key_that_another_message_has_stays_there_and_the_commit_stands(dialogs: Database) -> None:
    other, message = say(dialogs, 1, "77"), say(dialogs, 2, None)

    def work(tx: Tx) -> None:
        talk.name_message(tx, message, "shop", ["77"])
        tx.execute(insert(EPISODES).values(id=9, dialog_id=1, number=9, status="resolved", opened_at=now()))

    dialogs.write(work)
    assert (key(dialogs, other), key(dialogs, message)) == ("77", None)
    with dialogs.read() as tx:
        assert set(talk.episodes(tx, [9])) == {9}


def test_message_ids_can_never_be_taken_for_arrival_numbers(db: Database) -> None:
    with db.begin() as tx:
        first, *_, last = talk.message_ids(tx, 5)
    assert first > 1_000_000_000
    assert last == first + 4
