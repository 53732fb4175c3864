"""VK keeps the contract: by Long Poll and by Callback API, in conversations and below posts."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.abilities import Hook, Request
from connectors.base import Letter, Raw, Receipt
from connectors.registry import Channels
from connectors.vk.events import raw_of
from storage.db import Database
from tests.connectors.conformance import AT, Deletions, Edits, Fault, Inbound, Kit, Outbound, Pipe
from tests.fakes import vk_events
from tests.fakes.vk import FakeVk

Json = dict[str, Any]
SECRET = "a secret of the callback"
# VK's errors that ask to wait, by the seconds they stand for.
THROTTLES = {1.0: 6, 30.0: 9, 60.0: 29}
CHANGES = {"k2": "messages.edit", "k3": "messages.delete"}


class VkKit:
    """Conversations, the events of which come by Long Poll."""

    channel = "vk"

    def __init__(self, vk: FakeVk, **more: Any) -> None:
        self._vk = vk
        self._numbers: dict[tuple[str, ...], int] = {}
        section = {"kind": "vk", "token": vk.token, "group_id": vk.group_id, "api_base": vk.url, **more}
        self.channels = Channels({"vk": section})

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        return self._raw("message_new", self._said(sender, item, text, at), at)

    def edit(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        changed = self._said(sender, item, text, AT)["message"] | {"update_time": int(at.timestamp())}
        return self._raw("message_edit", changed, at)

    def deletion(self, sender: str, item: str, at: datetime) -> Raw:
        raise AssertionError("VK does not tell that a client took his message back")

    def oversized(self, sender: str, item: str) -> Raw:
        return self.text(sender, item, "x" * 100_000, AT)

    def unsupported(self, sender: str, item: str) -> Raw:
        said = self._said(sender, item, "", AT, attachments=[vk_events.unknown_attachment()])
        return self._raw("message_new", said, AT)

    def letter(self, sender: str, key: str, text: str) -> Letter:
        peer = self._number(sender)
        self._vk.allow(peer)
        return Letter(1, key, str(peer), "send", text, "Olga", AT, number=self._number("key", key))

    def nobody(self, key: str) -> Letter:
        return Letter(1, key, "anna@example.org", "send", "hello", "Olga", AT, number=self._number("key", key))

    def fault(self, kind: Fault, retry_after: float | None = None) -> None:
        if kind == "away":
            self._vk.refuse()
        elif kind == "throttled" and retry_after is None:
            self._vk.fault("before", "messages.send", status=429)
        elif kind == "throttled":
            self._vk.fault("error", "messages.send", code=THROTTLES[retry_after or 0])
        elif kind == "denied":
            self._vk.fault("error", "messages.send", code=5)
        else:
            self._vk.fault("cut" if kind == "lost" else "after", "messages.send")

    def effects(self, key: str) -> int:
        number, change = self._number("key", key), CHANGES.get(key)
        return sum(each.get("random_id") == number or each["method"] == change for each in self._vk.ledger)

    def _said(self, sender: str, item: str, text: str, at: datetime, **more: Any) -> Json:
        date, cmid = int(at.timestamp()), self._number(sender, item)
        return vk_events.message_new(self._number(sender), text, cmid, date=date, **more)

    def _raw(self, kind: str, body: Json, at: datetime) -> Raw:
        return raw_of(json.loads(json.dumps(vk_events.event(kind, body, self._vk.group_id))), at)

    def _number(self, *name: str) -> int:
        """A number of its own for each name."""
        return self._numbers.setdefault(name, len(self._numbers) + 1)


class CallbackKit(VkKit):
    """The same, pushed by VK."""

    def __init__(self, vk: FakeVk) -> None:
        super().__init__(vk, mode="callback", secret=SECRET)

    def _raw(self, kind: str, body: Json, at: datetime) -> Raw:
        event = vk_events.event(kind, body, self._vk.group_id) | {"secret": SECRET}
        connector = self.channels["vk"]
        assert isinstance(connector, Hook)
        answer = connector.accept(Request({}, json.dumps(event).encode(), at))
        assert (answer.status, answer.body) == (200, b"ok")
        assert answer.batch is not None
        (raw,) = answer.batch.raws
        return raw


class CommentKit(VkKit):
    """Comments below a post; of them VK tells when they are taken back."""

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        ids = {"id": self._number(sender, item), "date": int(at.timestamp())}
        return self._raw("wall_reply_new", vk_events.wall_reply_new(self._number(sender), text, **ids), at)

    def deletion(self, sender: str, item: str, at: datetime) -> Raw:
        number = self._number(sender, item)
        return self._raw("wall_reply_delete", vk_events.wall_reply_delete(number, self._number(sender)), at)


@pytest.fixture
def vk() -> Iterator[FakeVk]:
    with FakeVk() as vk:
        yield vk


class _Conversations(Inbound, Edits, Outbound):
    """Both ways. Clients edit their messages; that they take them back is not told."""

    @pytest.mark.parametrize("seconds", [*THROTTLES, None])
    def test_a_throttled_call_says_when_to_come_again(
        self, kit: Kit, post: Callable[[Letter], Receipt], seconds: float | None
    ) -> None:
        # VK's errors are of a kind; it does not say how many seconds.
        super().test_a_throttled_call_says_when_to_come_again(kit, post, seconds)


class TestPolling(_Conversations):
    """Long Poll."""

    @pytest.fixture
    def kit(self, vk: FakeVk) -> Kit:
        return VkKit(vk)


class TestCallback(_Conversations):
    """Callback API."""

    @pytest.fixture
    def kit(self, vk: FakeVk) -> Kit:
        return CallbackKit(vk)


class TestComments:
    """Below a post. Its first line says where a comment stands, so the suite's other tests do not know it again."""

    test_a_deletion_takes_its_message_back = Deletions.test_a_deletion_takes_its_message_back

    @pytest.fixture
    def kit(self, vk: FakeVk) -> Kit:
        return CommentKit(vk)

    @pytest.fixture
    def pipe(self, kit: Kit, db: Database, tmp_path: Path) -> Pipe:
        return Pipe(kit, db, tmp_path)
