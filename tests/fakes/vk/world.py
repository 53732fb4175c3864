"""What the fake VK knows: people, conversations, files, and the ledger of what took effect."""

import copy
import json
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from tests.fakes.vk.faults import ApiError
from tests.fakes.vk.longpoll import EventLog

Json = dict[str, Any]
FIRST_CHAT = 2_000_000_000


class World:
    """The state behind the methods; whoever changes it holds the lock."""

    def __init__(self, group_id: int, token: str, ledger: Path | None) -> None:
        self.group_id, self.token, self.name = group_id, token, "Okno shop"
        self.lock = threading.RLock()
        self.log = EventLog(group_id)
        self.users: dict[int, Json] = {}
        self.allowed: set[int] = set()
        self.denied: dict[int, int] = {}
        self.conversations: dict[int, list[Json]] = defaultdict(list)
        self.read: dict[int, int] = {}
        self.uploads: dict[str, Json] = {}
        self.objects: dict[str, Json] = {}
        self.files: dict[str, tuple[bytes, str, bool]] = {}
        self.comments: list[Json] = []
        self.guids: dict[str, tuple[int, float]] = {}
        self.ledger: list[Json] = []
        self.requests: Counter[str] = Counter()
        self.calls: list[tuple[str, Json]] = []
        self.repeats = 0
        self.rate, self.edit_window, self.dedupe_for, self.dedupe_last = 20, 86400.0, 3600.0, 100
        self.guid_for = 3600.0
        # Of longer texts and of more attachments events hold only so much.
        self.crop = (1 << 30, 1 << 30)
        self.bots_enabled = self.long_poll_enabled = True
        self.long_poll_events: dict[str, int] = {}
        self.permissions = {"messages": 4096, "manage": 262144, "photos": 4, "docs": 131072, "wall": 8192}
        self.url = ""
        self._ledger, self._id = ledger, 0
        self._cmids: Counter[int] = Counter()

    def number(self) -> int:
        """An id nobody else has."""
        with self.lock:
            self._id += 1
            return self._id

    def message(self, peer_id: int, from_id: int, text: str, **more: Any) -> Json:
        """A new message of a conversation; in one of several people the community sees no id but 0."""
        with self.lock:
            number = self.number()
            self._cmids[peer_id] += 1
            message = {
                "date": int(time.time()),
                "from_id": from_id,
                "id": 0 if peer_id >= FIRST_CHAT else number,
                "version": 10_000_000 + number,
                "out": int(from_id == -self.group_id),
                "important": False,
                "is_hidden": False,
                "attachments": [],
                "conversation_message_id": self._cmids[peer_id],
                "fwd_messages": [],
                "text": text,
                "peer_id": peer_id,
                "random_id": 0,
            }
            message |= {name: value for name, value in more.items() if value is not None}
            self.conversations[peer_id].append(message)
            return message

    def told(self, message: Json) -> Json:
        """The message as an event has it."""
        told, (longest, most) = copy.deepcopy(message), self.crop
        text, attachments = told["text"][:longest], told["attachments"][:most]
        if text != told["text"] or attachments != told["attachments"]:
            told |= {"text": text, "attachments": attachments, "is_cropped": True}
        return told

    def find(self, peer_id: int, *, cmid: int = 0, message_id: int = 0) -> Json:
        """The message with one of these ids."""
        for message in self.conversations.get(peer_id, []):
            if (cmid and message["conversation_message_id"] == cmid) or (message_id and message["id"] == message_id):
                return message
        raise ApiError(100, "message_id is incorrect")

    def note(self, method: str, peer_id: int, **what: Any) -> None:
        """Write an effect down, in the file first."""
        entry = {"method": method, "peer_id": peer_id, **what, "at": time.time()}
        with self.lock:
            if self._ledger:
                with self._ledger.open("a") as file:
                    file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self.ledger.append(entry)

    def may_write(self, peer_id: int) -> None:
        """Raises the error of a peer who can not be written to."""
        if peer_id in self.denied:
            raise ApiError(self.denied[peer_id])
        if peer_id not in self.allowed and peer_id not in self.conversations:
            raise ApiError(917 if peer_id >= FIRST_CHAT else 901)
