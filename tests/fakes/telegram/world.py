"""What the fake Telegram knows: chats, messages, files, and the ledger of what took effect."""

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tests.fakes.telegram.faults import BotError, bad

Json = dict[str, Any]
# What a bot may download, and what it may upload, as a photo and as anything else.
MOST_DOWN, MOST_PHOTO, MOST_UP = 20 << 20, 10 << 20, 50 << 20
_FIRST_SUPERGROUP = -1_000_000_000_000


class Stored(NamedTuple):
    """A file at Telegram; `size` may be said to be more than the content."""

    name: str
    type: str
    size: int
    content: bytes
    path: str


class World:
    """The state behind the methods; whoever looks at it holds the lock."""

    def __init__(self, token: str, ledger: Path | None, *, any_chat: bool) -> None:
        self.lock = threading.RLock()
        self.token, self.any_chat = token, any_chat
        self.bot: Json = {
            "id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Окно", "username": "okno_bot",
        }  # fmt: skip
        self.reads_groups = True
        self.chats: dict[int, Json] = {}
        # Why a chat cannot be written to, and where those went that moved.
        self.denied: dict[int, str] = {}
        self.moved: dict[int, int] = {}
        self.topics: set[tuple[int, int]] = set()
        self.connections: dict[str, Json] = {}
        self.presses: dict[str, float] = {}
        self.press_lifetime = 15.0
        self.messages: dict[tuple[int, int], Json] = {}
        self.files: dict[str, Stored] = {}
        self.ledger: list[Json] = []
        self.requests: Counter[str] = Counter()
        self.calls: list[tuple[str, Json]] = []
        self._ledger = ledger
        self._numbers: Counter[int] = Counter()

    def number(self, chat: int) -> int:
        """The next message id: supergroups and channels count for themselves, all others together."""
        with self.lock:
            scope = self._scope(chat)
            self._numbers[scope] += 1
            return self._numbers[scope]

    def chat(self, chat_id: int) -> Json:
        """The chat that may be written to; raises what Telegram says of one that may not."""
        if chat_id in self.moved:
            new = self.moved[chat_id]
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=new)
        if chat_id in self.denied:
            raise BotError(403, f"Forbidden: {self.denied[chat_id]}")
        if chat_id not in self.chats:
            if not self.any_chat:
                raise bad("chat not found")
            self.meet(chat_id)
        return self.chats[chat_id]

    def meet(self, chat_id: int, **fields: Any) -> Json:
        """A chat the bot knows, with what it is said to be."""
        with self.lock:
            chat = self.chats.setdefault(chat_id, _chat(chat_id))
            chat |= fields
            return chat

    def keep(self, message: Json) -> None:
        """Remember a message, so that it can be answered, edited and deleted."""
        with self.lock:
            chat = self.chats.setdefault(message["chat"]["id"], dict(message["chat"]))
            self.messages[chat["id"], message["message_id"]] = message
            scope = self._scope(chat["id"])
            self._numbers[scope] = max(self._numbers[scope], message["message_id"])
            if message.get("is_topic_message"):
                self.topics.add((chat["id"], message["message_thread_id"]))

    def store(self, name: str, content: bytes, type: str, size: int | None = None) -> str:
        """A file arrives at Telegram; gives back its file_id."""
        with self.lock:
            number = len(self.files) + 1
            file_id = f"BQACAgIAAxkDAAI{number:06}"
            suffix = Path(name).suffix
            folder = "photos" if type.startswith("image/") else "documents"
            stored = Stored(
                name, type, len(content) if size is None else size, content, f"{folder}/file_{number}{suffix}"
            )
            self.files[file_id] = stored
            return file_id

    def note(self, method: str, chat_id: int | None, **what: Any) -> None:
        """Write down what took effect, in the file first."""
        told = {name: value for name, value in what.items() if value not in (None, [], "", {})}
        entry = {"method": method, "chat_id": chat_id, "text": what.get("text", ""), **told, "at": time.time()}
        with self.lock:
            if self._ledger:
                with self._ledger.open("a") as file:
                    file.write(json.dumps(entry) + "\n")
            self.ledger.append(entry)

    def _scope(self, chat: int) -> int:
        kind = self.chats.get(chat, _chat(chat))["type"]
        return chat if kind in {"supergroup", "channel"} else 0


def _chat(chat_id: int) -> Json:
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": f"Name{chat_id}"}
    kind = "supergroup" if chat_id < _FIRST_SUPERGROUP else "group"
    return {"id": chat_id, "type": kind, "title": f"Group {-chat_id}"}
