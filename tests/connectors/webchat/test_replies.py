"""Replies: read from the event feed by browsers, posted and signed to the site's server."""

import base64
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from connectors.base import Denied, Letter, Outgoing, Receipt, Rejected, Unavailable
from connectors.webchat import Webchat, connector, replies
from connectors.webchat.replies import INLINE_LIMIT, Unclear
from pipeline.loop import LoopThread
from tests.connectors.webchat.conftest import SECRET, Make
from tests.fakes.webhook_consumer import Consumer

AT = datetime(2026, 5, 4, 10, 30, tzinfo=UTC)
LETTER = Letter(1, "okno-1", "hook:anna", "send", "Здравствуйте", "Ольга", AT)

Post = Callable[[Letter], Receipt]


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    with Consumer(SECRET) as consumer:
        yield consumer


@pytest.fixture
def site(make: Make, consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> Webchat:
    monkeypatch.setattr(replies, "_PATIENCE", 2.0)
    return make(secret=SECRET, reply_url=consumer.url, allow_private=["127.0.0.1"])


@pytest.fixture
def post(site: Webchat, loop: LoopThread) -> Iterator[Post]:
    yield lambda letter: loop.run(site.send(letter), 30)
    loop.run(site.close(), 5)


def _letter(**changes: Any) -> Letter:
    return msgspec.structs.replace(LETTER, **changes)


# ---- browsers ----


@pytest.mark.parametrize("recipient", ["anon:abc", "user:42"])
def test_nothing_leaves_the_machine_for_a_browser(recipient: str, post: Post, consumer: Consumer) -> None:
    assert post(_letter(recipient=recipient)) == Receipt(("okno-1",))
    assert post(_letter(recipient=recipient, action="edit", external_id="okno-1")) == Receipt()
    assert not consumer.tries


@pytest.mark.parametrize("recipient", ["", "anna", "mail:anna", "hooks:anna"])
def test_no_other_address_is_written_to(recipient: str, post: Post) -> None:
    with pytest.raises(Rejected):
        post(_letter(recipient=recipient))


# ---- the site's server ----


def test_a_reply_is_posted_and_signed(post: Post, consumer: Consumer) -> None:
    assert post(_letter(recipient="hook:a%3Ab%25", reply_to="hook:a%3Ab%25:m:1")) == Receipt(("okno-1",))
    (reply,) = consumer.replies
    assert reply["key"] == "okno-1"
    assert reply["body"] == {
        "id": "okno-1",
        "visitor": "a:b%",
        "text": "Здравствуйте",
        "author": "Ольга",
        "sent_at": "2026-05-04T10:30:00Z",
        "reply_to": "m:1",
        "files": [],
    }


def test_an_answer_to_our_own_message_names_its_key(post: Post, consumer: Consumer) -> None:
    post(_letter(reply_to="okno-0"))
    assert consumer.replies[0]["body"]["reply_to"] == "okno-0"


def test_an_edit_and_a_deletion_name_their_message(post: Post, consumer: Consumer) -> None:
    assert post(_letter(key="okno-2", action="edit", external_id="okno-1")) == Receipt()
    assert post(_letter(key="okno-3", action="delete", external_id="okno-1", text="")) == Receipt()
    common = {"visitor": "anna", "sent_at": "2026-05-04T10:30:00Z"}
    assert [reply["body"] for reply in consumer.replies] == [
        {"id": "okno-2", **common, "text": "Здравствуйте", "author": "Ольга", "edit_of": "okno-1"},
        {"id": "okno-3", **common, "delete_of": "okno-1"},
    ]


def test_files_go_with_it(post: Post, consumer: Consumer, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello")
    post(_letter(files=(Outgoing("f1", "счёт.txt", "text/plain", 5, str(tmp_path / "a")),)))
    assert consumer.replies[0]["body"]["files"] == [
        {"name": "счёт.txt", "type": "text/plain", "size": 5, "base64": base64.b64encode(b"hello").decode()}
    ]


def test_too_many_bytes_are_refused_in_words(post: Post, consumer: Consumer) -> None:
    half = Outgoing("f1", "a", "text/plain", INLINE_LIMIT // 2 + 1, "/nowhere")
    with pytest.raises(Rejected, match="more than 10 MB"):
        post(_letter(files=(half, half)))
    assert not consumer.tries


def test_a_file_that_cannot_be_read_means_nothing_was_sent(post: Post, consumer: Consumer) -> None:
    with pytest.raises(Unavailable, match="bill cannot be read"):
        post(_letter(files=(Outgoing("f1", "bill", "text/plain", 5, "/nowhere"),)))
    assert not consumer.tries


@pytest.mark.parametrize(
    ("kind", "error", "effects"),
    [
        ("400", Rejected, 0),
        ("404", Rejected, 0),
        ("409", Rejected, 0),
        ("410", Rejected, 0),
        ("413", Rejected, 0),
        ("422", Rejected, 0),
        ("301", Rejected, 0),
        ("302", Rejected, 0),
        ("307", Rejected, 0),
        ("401", Denied, 0),
        ("403", Denied, 0),
        ("408", Unavailable, 0),
        ("425", Unavailable, 0),
        ("429", Unavailable, 0),
        ("503", Unavailable, 0),
        ("500", Unclear, 1),
        ("502", Unclear, 0),
        ("504", Unclear, 0),
        ("cut", aiohttp.ServerDisconnectedError, 1),
        ("hang", TimeoutError, 1),
    ],
)
def test_what_each_answer_means(
    kind: str, error: type[Exception], effects: int, post: Post, consumer: Consumer
) -> None:
    consumer.fault(kind)
    with pytest.raises(error) as caught:
        post(LETTER)
    assert type(caught.value) is error or isinstance(caught.value, TimeoutError)
    assert consumer.effects("okno-1") == effects
    assert post(LETTER) == Receipt(("okno-1",))
    assert consumer.effects("okno-1") == 1


@pytest.mark.parametrize("kind", ["429", "503"])
def test_the_time_to_wait_is_taken_from_the_answer(kind: str, post: Post, consumer: Consumer) -> None:
    consumer.fault(kind, retry_after=7)
    with pytest.raises(Unavailable) as caught:
        post(LETTER)
    assert caught.value.retry_after == 7


def test_a_redirect_is_not_followed(post: Post, consumer: Consumer) -> None:
    consumer.fault("302")
    with pytest.raises(Rejected, match="redirects are not followed"):
        post(LETTER)
    assert consumer.tries.total() == 1


def test_a_wrong_secret_is_denied(make: Make, consumer: Consumer, loop: LoopThread) -> None:
    site = make(secret="another", reply_url=consumer.url, allow_private=["127.0.0.1"])
    with pytest.raises(Denied, match="secret"):
        loop.run(site.send(LETTER), 30)
    loop.run(site.close(), 5)
    assert consumer.refused == 1


def test_without_a_reply_url_a_reply_is_rejected(chat: Webchat, loop: LoopThread) -> None:
    with pytest.raises(Rejected, match="reply_url"):
        loop.run(chat.send(LETTER), 30)


def test_a_private_reply_url_is_refused_unless_it_is_listed(make: Make, consumer: Consumer, loop: LoopThread) -> None:
    site = make(secret=SECRET, reply_url=consumer.url)
    with pytest.raises(Rejected, match="allow_private"):
        loop.run(site.send(LETTER), 30)
    assert not consumer.tries


def test_where_nobody_listens_nothing_was_sent(make: Make, loop: LoopThread) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    site = make(secret=SECRET, reply_url=f"http://127.0.0.1:{port}/hooks/token", allow_private=["127.0.0.1"])
    with pytest.raises(Unavailable) as caught:
        loop.run(site.send(LETTER), 30)
    assert "token" not in str(caught.value)
    with pytest.raises(Unavailable):
        loop.run(site.check(), 30)
    loop.run(site.close(), 5)


def test_check_tells_of_a_site_that_does_not_answer(
    make: Make, loop: LoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "_CHECK_TIME", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        site = make(secret=SECRET, reply_url=url, allow_private=["127.0.0.1"])
        with pytest.raises(Unavailable, match="no answer"):
            loop.run(site.check(), 10)
        loop.run(site.close(), 5)


def test_check_says_what_is_open(site: Webchat, make: Make, consumer: Consumer, loop: LoopThread) -> None:
    assert loop.run(site.check(), 10).endswith("webhook on; 127.0.0.1 answers at reply_url")
    assert not consumer.tries
    loop.run(site.close(), 5)
    told = loop.run(make(allowed_origins=["https://a.example"], identity_secret="short").check(), 10)
    assert (
        told
        == "pages of https://a.example may embed it; identities on, with a secret too short to be safe; webhook off"
    )
