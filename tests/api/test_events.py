"""The feed: nothing missed, nothing twice, for whoever follows it however he likes; who does not read is cut."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from api import schemas
from connectors.base import Raw
from connectors.registry import Channels
from pipeline.stitch import Parsed, stitch
from settings import load
from storage import inbox, journal
from storage.db import Database, now
from tests.api.served import Okno, Stream
from tests.dialogs.scene import Scene

_WRITERS = 8
_TOLD = b"event: test.told"


def write(db: Database, count: int, writer: int = 0, each: int = 1) -> None:
    """Commit `count` times `each` lines."""
    for n in range(count):
        with db.begin() as tx:
            lines = [
                journal.Entry("test.told", "system", None, {"writer": writer, "n": n, "i": i}) for i in range(each)
            ]
            journal.append(tx, lines)


def read_list(okno: Okno, token: str, until: int) -> list[int]:
    """Follow the list by after= until so many events came."""
    seen: list[int] = []
    while len(seen) < until:
        after = seen[-1] if seen else 0
        page = okno.ask("GET", f"/v1/events?after={after}&limit=50", token=token).json
        seen += [event["id"] for event in page["items"]]
    return seen


def test_a_list_like_the_others(okno: Okno, scene: Scene, anna: str) -> None:
    dialog = scene.says("v1")
    write(scene.db, 5)
    page = okno.ask("GET", "/v1/events?limit=4", token=anna)
    events = schemas.Page[schemas.Event].model_validate_json(page.body)
    assert [event.type for event in events.items] == ["dialog.opened", "message.received", "test.told", "test.told"]
    assert events.items[1].dialog == dialog
    assert events.items[1].actor == "client:1"
    rest = okno.ask("GET", f"/v1/events?limit=4&cursor={events.next}", token=anna).json
    assert (len(rest["items"]), rest["next"]) == (3, None)
    assert okno.ask("GET", f"/v1/events?after={rest['items'][-1]['id']}", token=anna).json == {
        "items": [],
        "next": None,
    }
    for nonsense in ("after=-1", "after=x", "cursor=x", "after=99999999999999999999"):
        assert okno.ask("GET", f"/v1/events?{nonsense}", token=anna).status == 422


def test_eight_writers_at_once_and_readers_of_both_kinds(okno: Okno, scene: Scene, anna: str) -> None:
    total = _WRITERS * 40
    with ThreadPoolExecutor(_WRITERS + 3) as pool, closing(okno.stream("/v1/events?after=0", token=anna)) as stream:
        listed = pool.submit(read_list, okno, anna, total)
        streamed = pool.submit(stream.events, total)
        for done in [pool.submit(write, scene.db, 40, writer) for writer in range(_WRITERS)]:
            done.result()
        ids = [line.id for line in scene.journal()]
        assert listed.result(60) == ids
        assert [told.id for told in streamed.result(60)] == ids


def test_away_for_ten_thousand_events_and_back(okno: Okno, scene: Scene, anna: str) -> None:
    with closing(okno.stream("/v1/events?after=0", token=anna)) as stream:
        write(scene.db, 1)
        (last,) = stream.events(1)
    write(scene.db, 50, each=200)
    with (
        ThreadPoolExecutor(1) as pool,
        closing(okno.stream("/v1/events", token=anna, headers={"last-event-id": str(last.id)})) as stream,
    ):
        # The feed goes on while the reader catches up.
        writing = pool.submit(write, scene.db, 30)
        got = [told.id for told in stream.events(10_030)]
        writing.result()
    assert got == [line.id for line in scene.journal()][1:]


def test_a_stream_begins_now_unless_told_otherwise(okno: Okno, scene: Scene, anna: str) -> None:
    write(scene.db, 3)
    with closing(okno.stream("/v1/events", token=anna)) as stream:
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["x-accel-buffering"] == "no"
        first = next(stream.blocks())
        # Where he stands, so that he can go on there even if nothing comes.
        assert (first.id, first.type) == (scene.journal()[-1].id, "")
        dialog = scene.says("v1")
        opened, received = stream.events(2)
    assert (opened.type, received.type) == ("dialog.opened", "message.received")
    event = schemas.Event.model_validate(received.data)
    assert (event.id, event.dialog, event.data["seq"]) == (received.id, dialog, 1)


def test_a_number_from_another_database_is_no_reason_to_wait_for_ever(okno: Okno, scene: Scene, anna: str) -> None:
    write(scene.db, 3)
    headers = {"last-event-id": "9000000"}
    with closing(okno.stream("/v1/events", token=anna, headers=headers)) as stream:
        time.sleep(0.5)
        write(scene.db, 1)
        (told,) = stream.events(1)
    assert told.id == scene.journal()[-1].id
    with closing(okno.stream("/v1/events", token=anna, headers={"last-event-id": "x"})) as stream:
        assert stream.status == 422


def test_who_may_not_see_tokens_hears_nothing_of_them(okno: Okno, scene: Scene, anna: str, admin: str) -> None:
    vera = scene.operator()
    with closing(okno.stream("/v1/events", token=anna)) as low, closing(okno.stream("/v1/events", token=admin)) as high:
        for stream in (low, high):
            next(stream.blocks())
        okno.ask("POST", f"/v1/operators/{vera.id}/tokens", {}, token=admin)
        write(scene.db, 1)
        assert [told.type for told in high.events(2)] == ["operator.token_issued", "test.told"]
        assert [told.type for told in low.events(1)] == ["test.told"]


@pytest.mark.parametrize("how", ["revoked", "demoted"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stream_ends_with_its_token(okno: Okno, scene: Scene, admin: str, how: str) -> None:
    vera = scene.operator(role="admin")
    issued = okno.ask("POST", f"/v1/operators/{vera.id}/tokens", {}, token=admin).json
    with closing(okno.stream("/v1/events", token=issued["token"])) as stream:
        next(stream.blocks())
        if how == "revoked":
            okno.ask("DELETE", f"/v1/operators/{vera.id}/tokens/{issued['id']}", token=admin)
        else:
            okno.ask("PATCH", f"/v1/operators/{vera.id}", {"role": "operator"}, token=admin)
        assert list(stream.blocks()) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stream_ends_when_its_token_runs_out(okno: Okno, scene: Scene) -> None:
    # Long enough for the stream to begin on a busy machine.
    token = scene.token(scene.operator(), now() + timedelta(seconds=5))
    with closing(okno.stream("/v1/events", token=token)) as stream:
        assert [told.type for told in stream.blocks()] == [""]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_quiet_line_is_kept_alive(okno: Okno, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.streams._KEEP_ALIVE", 0.1)
    with closing(okno.stream("/v1/events", token=anna)) as stream:
        lines = [next(stream.lines()) for _ in range(8)]
    assert lines.count(b":\n") >= 2


@pytest.mark.parametrize("web", [{"max_readers": 2}])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_there_is_room_for_so_many_and_a_place_that_gets_free_is_given_again(okno: Okno, anna: str) -> None:
    one, two = (okno.stream("/v1/events", token=anna) for _ in range(2))
    for stream in (one, two):
        next(stream.blocks())
    with closing(okno.stream("/v1/events", token=anna)) as full:
        assert (full.status, full.headers["content-type"]) == (503, "application/problem+json")
        assert full.headers["retry-after"]
    one.close()
    wait_for(lambda: okno.web.feed.readers == 1)
    with closing(okno.stream("/v1/events", token=anna)) as again:
        assert again.status == 200
    two.close()


def wait_for(what: Any, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_streams_end_when_the_server_stops(okno: Okno, anna: str) -> None:
    streams = [okno.stream("/v1/events", token=anna) for _ in range(5)]
    for stream in streams:
        next(stream.blocks())
    started = time.monotonic()
    okno.stop()
    assert time.monotonic() - started < 5
    for stream in streams:
        assert list(stream.blocks()) == []
        stream.close()


def test_nobody_looks_at_the_database_while_nobody_reads(okno: Okno, anna: str) -> None:
    with closing(okno.stream("/v1/events", token=anna)) as stream:
        next(stream.blocks())
        assert okno.web.feed._task is not None
    wait_for(lambda: okno.web.feed.readers == 0)
    assert okno.web.feed._task is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_stream_outlives_its_database(okno: Okno, scene: Scene, anna: str) -> None:
    with closing(okno.stream("/v1/events", token=anna)) as stream:
        next(stream.blocks())
        write(scene.db, 1)
        with scene.db.begin() as tx:
            tx.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        write(scene.db, 1)
        assert [told.id for told in stream.events(2)] == [line.id for line in scene.journal()]


class Crowd:
    """Many readers, read by one thread."""

    def __init__(self, okno: Okno, token: str, count: int) -> None:
        self._okno, self._token = okno, token
        self._sockets = [self.open() for _ in range(count)]
        self._tails = [b""] * count
        self.counts = [0] * count

    def open(self, buffer: int = 1 << 18) -> socket.socket:
        """One reader more, who is not read."""
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        opened.connect(("127.0.0.1", self._okno.port))
        head = f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer {self._token}"
        opened.sendall(f"{head}\r\n\r\n".encode())
        return opened

    def read(self, until: int, seconds: float) -> None:
        """Read until everybody has got so many events."""
        deadline = time.monotonic() + seconds
        while min(self.counts) < until:
            assert time.monotonic() < deadline, (min(self.counts), sum(self.counts))
            for at, one in enumerate(self._sockets):
                seen = self._tails[at] + self._read(one)
                self.counts[at] += seen.count(_TOLD)
                self._tails[at] = seen[1 - len(_TOLD) :]

    def close(self) -> None:
        """Everybody hangs up."""
        for one in self._sockets:
            one.close()

    @staticmethod
    def _read(one: socket.socket) -> bytes:
        try:
            return one.recv(1 << 20, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_five_hundred_readers_and_one_who_is_stuck(
    okno: Okno, scene: Scene, anna: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.streams._WRITE", 1.0)
    with closing(Crowd(okno, anna, 500)) as crowd, closing(crowd.open(4096)):
        wait_for(lambda: sum(reader.live for reader in list(okno.web.feed._everything)) == 501)
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write, scene.db, 20, each=100)
            crowd.read(2000, 60)
            writing.result()
        wait_for(lambda: okno.web.feed.readers == 500)
        assert min(crowd.counts) == max(crowd.counts) == 2000
    wait_for(lambda: okno.web.feed.readers == 0)


def test_a_visitor_follows_his_own_dialog_from_before_its_first_word(okno: Okno, scene: Scene) -> None:
    anna = scene.operator("Anna")
    session = okno.visitor()
    with closing(Stream(okno.port, "/chat/site/events", session, {})) as stream:
        first = next(stream.blocks())
        assert first.type == ""
        scene.says("anon:somebody else")
        posted = okno.ask("POST", "/chat/site/messages", {"id": "1", "text": "hello"}, token=session)
        assert posted.status == 202
        address = taken_in(scene)
        (mine,) = stream.events(1)
        assert (mine.type, mine.data["id"], mine.data["text"]) == ("message", "1", "hello")
        with scene.db.read() as tx:
            dialog = next(iter(okno.web.feed._locate(tx, [("site", address)]).values()))
        scene.notes(anna, dialog)
        reply = scene.replies(anna, dialog, "good day")
        scene.delivers(reply)
        (theirs,) = stream.events(1)
        assert (theirs.data["id"], theirs.data["text"]) == (f"m{reply}", "good day")
    another = scene.replies(anna, dialog, "while away")
    scene.delivers(another)
    with closing(Stream(okno.port, "/chat/site/events", session, {"last-event-id": str(theirs.id)})) as stream:
        (missed,) = stream.events(1)
        assert missed.data["text"] == "while away"


def taken_in(scene: Scene) -> str:
    """Do the pipeline's work for what the chat took in; gives back the visitor's address."""
    channels = Channels(load({}).channels)
    with scene.db.begin() as tx:
        (raw,) = tx.execute(inbox.INBOX.select()).all()
        envelopes = channels["site"].parse(Raw(raw.external_id, raw.address, raw.data))
        journal.append(tx, stitch(tx, [Parsed("site", envelopes)], channels.settings))
    return str(envelopes[0].sender.address)  # type: ignore[union-attr]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_visitors_stream_ends_with_his_session(okno: Okno, monkeypatch: pytest.MonkeyPatch) -> None:
    token = okno.visitor()
    monkeypatch.setattr("api.streams.now", lambda: now() + timedelta(days=366))
    with closing(okno.stream("/chat/site/events", token=token)) as stream:
        assert stream.status == 200
        assert list(stream.blocks())
