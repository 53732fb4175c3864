"""The busy door over real sockets: whatever it accepts is stored exactly once, and nothing of what it refuses."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connectors.text import clean_text
from storage import inbox
from storage.models import Client
from storage.talk import DIALOGS, EPISODES
from tests.api.away import away
from tests.api.ledger import rows, said, taken
from tests.api.served import Answer, Okno

PATH = "/chat/site/messages"
CLIENTS = Client.__table__  # type: ignore[attr-defined]


def post(okno: Okno, token: str, body: Any, **headers: str) -> Answer:
    return okno.ask("POST", PATH, body, token=token, headers=headers)


def at_once(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    """So many callers, none of whom begins before all are there."""
    ready = threading.Barrier(count)

    def one(number: int) -> Answer:
        ready.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


# ---- once ----


def test_one_id_from_many_connections_is_one_message(okno: Okno) -> None:
    token = okno.visitor()
    answers = at_once(150, lambda _: post(okno, token, {"id": "m1", "text": "once"}))
    assert {(one.status, one.body) for one in answers} == {(202, b'{"id":"m1"}')}
    assert said(okno) == ["once"]
    sums = dict.fromkeys((inbox.RECEIVED, inbox.DUPLICATE, inbox.PROCESSED), 0)
    for row in rows(okno, inbox.TALLIES):
        sums[row.kind] += row.count
    assert sums == {inbox.RECEIVED: 150, inbox.DUPLICATE: 149, inbox.PROCESSED: 1}


def test_fifty_first_messages_of_one_visitor_are_one_dialog(okno: Okno) -> None:
    token = okno.visitor()
    answers = at_once(50, lambda n: post(okno, token, {"id": f"m{n}", "text": f"text {n}"}))
    assert [one.json["id"] for one in answers] == [f"m{n}" for n in range(50)]
    assert said(okno) == sorted(f"text {n}" for n in range(50))
    assert [len(rows(okno, table)) for table in (CLIENTS, DIALOGS)] == [1, 1]
    assert [row.status for row in rows(okno, EPISODES)] == ["open"]


def test_the_same_id_of_two_visitors_is_two_messages(okno: Okno) -> None:
    for token in (okno.visitor(), okno.visitor()):
        assert post(okno, token, {"id": "m1", "text": "mine"}).status == 202
    assert said(okno) == ["mine", "mine"]


def test_the_first_of_two_texts_under_one_id_stands(okno: Okno) -> None:
    token = okno.visitor()
    for text in ("first", "second"):
        assert post(okno, token, {"id": "m1", "text": text}).status == 202
    assert said(okno) == ["first"]


# ---- what is said ----


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b'"a\\u0000b"', "a\0b"),
        (b'"a\\ud800b"', "a\ud800b"),
        (b'"\\udc00\\ud83d\\ude00\\ud83d"', "\udc00😀\ud83d"),
        (b'"a\xed\xa0\x80b"', "a\ud800b"),
        (b'"\xed\xbf\xbf and \\u0000"', "\udfff and \0"),
    ],
)
def test_what_no_database_takes_is_cleaned_and_stored_once(okno: Okno, written: bytes, shown: str) -> None:
    token = okno.visitor()
    for _ in range(2):
        assert post(okno, token, b'{"id": "m1", "text": ' + written + b"}").status == 202
    assert said(okno) == [clean_text(shown)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_message_is_refused_in_clear_words(okno: Okno) -> None:
    token = okno.visitor()
    refused: list[tuple[int, bytes]] = [
        *(
            (400, body)
            for body in (b"", b"{", b"nonsense", b'{"id": "1", "text": NaN}', b'{"id": "1", "text": "\xff"}')
        ),
        *((400, body) for body in (b"[]", b"null", b'"text"', b"1", b"[" * 100_000)),
        *((422, b'{"text": "no id"%s}' % more) for more in (b"", b', "id": null', b', "id": 7', b', "id": ""')),
        *(
            (422, b'{"text": "odd", "id": %s}' % key)
            for key in (b'"  "', b'"a\\u0000"', b'"\\ud800"', b'"\xed\xa0\x80"')
        ),
        *((422, b'{"id": "1", "text": %s}' % text) for text in (b"7", b"null", b"{}", b'["a"]', b'""', b'" \\n"')),
        (422, json.dumps({"id": "x" * 129, "text": "a long id"}).encode()),
        (422, b'{"id": "1", "text": "a", "files": "f"}'),
        (413, json.dumps({"id": "1", "text": "x" * 1_000_000}).encode()),
        (413, json.dumps({"id": "1", "text": "x" * 32_769}).encode()),
    ]
    for status, body in refused:
        given = post(okno, token, body)
        assert (given.status, given.headers["content-type"]) == (status, "application/problem+json"), body[:80]
        assert given.json["detail"]
    assert taken(okno) == []
    assert post(okno, token, {"id": "x" * 128, "text": "x" * 32_768}).status == 202
    assert said(okno) == ["x" * 32_768]


# ---- one commit for many ----


def test_a_bad_one_in_a_shared_commit_harms_no_neighbour(okno: Okno, monkeypatch: pytest.MonkeyPatch) -> None:
    token = okno.visitor()
    put, gate, sizes = inbox.put, threading.Event(), list[int]()

    def choosy(tx: Any, arrivals: Any) -> Any:
        if not sizes:
            # The first commit takes its time; meanwhile the others gather for the second.
            assert gate.wait(30)
        sizes.append(len(arrivals))
        if any(b"bad" in one.data for one in arrivals):
            raise ValueError("the database does not take this")
        return put(tx, arrivals)

    monkeypatch.setattr(inbox, "put", choosy)

    def write(number: int) -> Answer:
        return post(okno, token, {"id": f"m{number}", "text": "bad" if number % 5 == 1 else "good"})

    with ThreadPoolExecutor(30) as pool:
        answers = [pool.submit(write, number) for number in range(30)]
        while len(okno.web.intake._waiting) < 20:
            time.sleep(0.01)
        gate.set()
    statuses = [one.result().status for one in answers]
    assert statuses == [422 if number % 5 == 1 else 202 for number in range(30)]
    assert max(sizes) >= 20
    monkeypatch.undo()
    assert said(okno) == ["good"] * 24


@pytest.mark.parametrize("web", [{"patience": 0.5}])
def test_while_the_database_is_away_nobody_waits_and_nothing_is_doubled_after(okno: Okno) -> None:
    token = okno.visitor()
    assert post(okno, token, {"id": "before", "text": "before"}).status == 202
    # Every answer comes while the database still stands.
    with away(okno.web.db):
        for given in at_once(5, lambda n: post(okno, token, {"id": f"m{n}", "text": f"text {n}"})):
            assert (given.status, given.headers["content-type"]) == (503, "application/problem+json")
            assert int(given.headers["retry-after"]) > 0
    for number in range(5):
        while (given := post(okno, token, {"id": f"m{number}", "text": f"text {number}"})).status != 202:
            assert given.status == 503
            time.sleep(0.1)
    assert said(okno) == ["before", *(f"text {number}" for number in range(5))]
