"""FakeVk: the server with everything a test asks of it."""

import copy
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, Unpack
from urllib.parse import quote

from tests.fakes import vk_events
from tests.fakes.vk import lookups, talk, uploads, walls
from tests.fakes.vk.callback import Callback
from tests.fakes.vk.faults import ApiError, Fault, Faults, Kind, captcha
from tests.fakes.vk.web import Door
from tests.fakes.vk.world import World

Json = dict[str, Any]
_METHODS: dict[str, Callable[[World, dict[str, str]], Any]] = {
    "messages.send": talk.send,
    "messages.edit": talk.edit,
    "messages.delete": talk.delete,
    "messages.markAsRead": talk.mark_as_read,
    "messages.setActivity": talk.set_activity,
    "messages.sendMessageEventAnswer": talk.answer_event,
    "messages.getHistory": lookups.history,
    "messages.getConversations": lookups.conversations,
    "messages.getByConversationMessageId": lookups.by_cmid,
    "messages.getById": lookups.by_id,
    "users.get": lookups.users,
    "groups.getById": lookups.group,
    "groups.getTokenPermissions": lookups.permissions,
    "groups.getLongPollServer": lookups.long_poll_server,
    "groups.getLongPollSettings": lookups.long_poll_settings,
    "photos.getMessagesUploadServer": uploads.photo_server,
    "photos.saveMessagesPhoto": uploads.save_photo,
    "docs.getMessagesUploadServer": uploads.doc_server,
    "docs.save": uploads.save_doc,
    "wall.createComment": walls.create,
    "wall.editComment": walls.edit,
    "wall.deleteComment": walls.delete,
    "wall.getComment": walls.one,
    "wall.getComments": walls.several,
}


class FakeVk:
    """One community of a VK of its own; see the package."""

    def __init__(
        self, group_id: int = 240, token: str = "vk1.a.token", port: int = 0, ledger: Path | None = None
    ) -> None:
        self.group_id, self.token = group_id, token
        self.world = World(group_id, token, ledger)
        self.faults = Faults()
        self._revoked = 0
        self._recent: deque[float] = deque()
        self._callback: Callback | None = None
        self._door: Door | None = Door(port, self)
        self.port = int(self._door.server_address[1])
        self.url = self.world.url = f"http://127.0.0.1:{self.port}"

    # ---- running ----

    def start(self) -> Self:
        """Serve in a thread."""
        assert self._door is not None
        self.world.log.start()
        threading.Thread(target=self._door.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Hang up on everybody and be gone."""
        self.refuse()
        if self._callback:
            self._callback.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def refuse(self) -> None:
        """From now on connections are refused, and those that are open are cut."""
        if self._door:
            self.world.log.stop()
            self._door.shutdown()
            self._door.server_close()
            self._door.cut()
            self._door = None

    def accept(self) -> None:
        """Be there again, at the same port."""
        if not self._door:
            self._door = Door(self.port, self)
            self.start()

    # ---- what happens out there ----

    def says(self, user_id: int, text: str = "", peer_id: int = 0, **more: Unpack[vk_events.Said]) -> Json:
        """A client writes: the message, which is in the conversation now, and its event in the queue."""
        with self.world.lock:
            self._knows(user_id)
            message = self.world.message(peer_id or user_id, user_id, text, **more)
            body = {"message": self.world.told(message), "client_info": vk_events.client_info()}
        self.emit("message_new", body)
        return message

    def replies_by_hand(self, peer_id: int, text: str, admin_id: int = 7, **more: Unpack[vk_events.Said]) -> Json:
        """An admin answers on the community's page."""
        with self.world.lock:
            message = self.world.message(peer_id, -self.group_id, text, admin_author_id=admin_id, **more)
        self.emit("message_reply", self.world.told(message))
        return message

    def comments(self, user_id: int, text: str, post_id: int = 33, reply_to: int = 0) -> Json:
        """A client comments on a post of the community."""
        with self.world.lock:
            self._knows(user_id)
            comment = walls.add(self.world, user_id, text, post_id, reply_to)
        self.emit("wall_reply_new", comment | {"post_owner_id": -self.group_id})
        return comment

    def edits(self, peer_id: int, cmid: int, text: str) -> Json:
        """Who wrote a message changes it."""
        with self.world.lock:
            message = self.world.find(peer_id, cmid=cmid)
            message |= {"text": text, "update_time": int(time.time())}
        return self.emit("message_edit", self.world.told(message))

    def emit(self, kind: str, body: Json) -> Json:
        """An event of any kind happens."""
        event = self.world.log.event(kind, body)
        self.world.log.add(event)
        return event

    def emit_again(self, event: Json) -> None:
        """The same event comes once more."""
        self.world.log.add(event)

    def join(self, user_id: int, first_name: str, last_name: str = "", **more: Any) -> None:
        """Somebody has an account; `deactivated` is "deleted" or "banned"."""
        user = {"id": user_id, "first_name": first_name, "last_name": last_name}
        open_ = {"can_access_closed": True, "is_closed": False}
        told = {name: value for name, value in more.items() if value is not None}
        self.world.users[user_id] = user | ({} if "deactivated" in told else open_) | told

    def allow(self, peer_id: int) -> None:
        """He may be written to."""
        self.world.denied.pop(peer_id, None)
        self.world.allowed.add(peer_id)

    def deny(self, peer_id: int, code: int = 901) -> None:
        """He may not: 900, 901 or 902 says why."""
        self.world.denied[peer_id] = code

    def serve(
        self, name: str, content: bytes, type: str = "application/octet-stream", *, redirect: bool = False
    ) -> str:
        """Put a file where it can be fetched."""
        self.world.files[name] = (content, type, redirect)
        return f"{self.url}/files/{quote(name)}"

    def tune(self, **values: Any) -> None:
        """Set what can be set, as rate or history."""
        for name, value in values.items():
            owner = self.world if hasattr(self.world, name) else self.world.log
            assert hasattr(owner, name), name
            setattr(owner, name, value)

    # ---- what goes wrong ----

    def fault(self, kind: Kind, method: str = "*", times: int = 1, **more: Any) -> None:
        """Queue a fault."""
        self.faults.add(Fault(kind, method, times, **more))

    def mend(self) -> None:
        """No fault waits any more."""
        self.faults.clear()

    def revoke(self, code: int = 5) -> None:
        """The token stops working."""
        self._revoked = code

    def restore(self) -> None:
        """The token works again."""
        self._revoked = 0

    def expire_keys(self) -> None:
        """Long Poll's keys are no longer good."""
        self.world.log.expire_keys()

    def lose_info(self) -> None:
        """Long Poll lost all it knew."""
        self.world.log.lose_info()

    def forget(self, keep: int = 0) -> None:
        """Long Poll keeps only the last events."""
        self.world.log.forget(keep)

    def shake(self, duplicates: float = 0.0, swaps: float = 0.0, seed: int = 0) -> None:
        """From now on a share of the events comes twice or late; zeros end it."""
        self.world.log.shake(duplicates, swaps, seed)

    # ---- Callback API ----

    def call_back(
        self, url: str, secret: str = "", confirmation: str = "", delays: tuple[float, ...] = (0.05, 0.1, 0.2)
    ) -> None:
        """Post every event from now on."""
        self._callback = Callback(url, secret, confirmation, tuple(delays))
        self.world.log.listeners.append(self._callback.add)

    def confirm(self) -> bool:
        """Whether the address knows the confirmation string."""
        assert self._callback is not None
        return self._callback.confirm(self.group_id)

    def idle(self, timeout: float = 10.0) -> bool:
        """Wait until every event was taken or given up."""
        assert self._callback is not None
        return self._callback.idle(timeout)

    @property
    def deliveries(self) -> list[Json]:
        """Each posting of an event and how it was answered."""
        return self._callback.deliveries if self._callback else []

    def late(self) -> list[Json]:
        """What clients wrote and may have been told of only after something they wrote later."""
        assert self._callback is not None
        return self._callback.late()

    # ---- what came of it ----

    @property
    def ledger(self) -> list[Json]:
        """Every effect, oldest first."""
        return self.world.ledger

    @property
    def requests(self) -> Counter[str]:
        """Requests by method."""
        return self.world.requests

    @property
    def calls(self) -> list[tuple[str, Json]]:
        """Every call of a method, with its parameters."""
        return self.world.calls

    def effects(self, text: str) -> int:
        """How many messages with this text arrived."""
        with self.world.lock:
            return sum(each["method"] == "messages.send" and each["text"] == text for each in self.ledger)

    def messages(self, peer_id: int) -> list[Json]:
        """The conversation, oldest first."""
        with self.world.lock:
            return copy.deepcopy(self.world.conversations.get(peer_id, []))

    # ---- behind the door ----

    def answer(self, method: str, params: dict[str, str], fault: Fault | None) -> bytes:
        """The answer of an API method, as its bytes."""
        token = params.pop("access_token", "")
        with self.world.lock:
            try:
                self.world.calls.append((method, dict(params)))
                if fault and fault.kind == "json":
                    answer: Any = fault.answer
                else:
                    self._admit(method, token, params, fault)
                    answer = {"response": _METHODS[method](self.world, params)}
            except ApiError as error:
                answer = {"error": _told(error, method, params)}
            return json.dumps(answer, ensure_ascii=False).encode()

    def upload(self, kind: str, type: str, body: bytes) -> Json:
        """The answer of an upload server."""
        return uploads.take(self.world, kind, type, body)

    def command(self, name: str, arguments: Json) -> Any:
        """What a test in another process asks for."""
        assert name in _COMMANDS, name
        found = getattr(self, name)
        return found(**arguments) if callable(found) else found

    def _admit(self, method: str, token: str, params: dict[str, str], fault: Fault | None) -> None:
        """Raise what VK finds wrong before it looks at the call itself."""
        if fault and fault.kind == "error":
            raise ApiError(fault.code, **(captcha(self.url) if fault.code == 14 else {}), **(fault.answer or {}))
        if self._revoked or token != self.token:
            raise ApiError(self._revoked or 5)
        if method not in _METHODS:
            raise ApiError(3)
        version = tuple(int(part) for part in params.get("v", "").split(".") if part.isdigit())
        if version < (5, 199):
            raise ApiError(8, "v is required, 5.199 or later")
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self.world.rate:
            raise ApiError(6)
        self._recent.append(now)

    def _knows(self, user_id: int) -> None:
        if user_id not in self.world.users and user_id > 0:
            self.join(user_id, f"Name{user_id}", "Surname")


_COMMANDS = {
    "says", "replies_by_hand", "comments", "edits", "emit", "emit_again", "join", "allow", "deny", "fault", "mend",
    "revoke", "restore", "expire_keys", "lose_info", "forget", "shake", "call_back", "confirm", "idle", "deliveries",
    "late", "ledger", "requests", "calls", "effects", "messages", "serve", "tune",
}  # fmt: skip


def _told(error: ApiError, method: str, params: dict[str, str]) -> Json:
    sent = [{"key": "method", "value": method}, {"key": "oauth", "value": "1"}]
    sent += [{"key": name, "value": value} for name, value in params.items()]
    return {"error_code": error.code, "error_msg": error.text, "request_params": sent, **error.more}
