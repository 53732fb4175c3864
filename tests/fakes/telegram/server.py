"""Telegram: the server with everything a test asks of it."""

import asyncio
import copy
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Self

from tests.fakes import telegram_updates as build
from tests.fakes.telegram import changing, lookups, sending
from tests.fakes.telegram.faults import BotError, Fault, Faults, Kind
from tests.fakes.telegram.flood import BOT, Flood, Scope
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.polling import Desk
from tests.fakes.telegram.updates import Updates
from tests.fakes.telegram.web import Door
from tests.fakes.telegram.webhook import Pusher, Webhook
from tests.fakes.telegram.world import World

Json = dict[str, Any]
TOKEN = "700:AAH-fake-token"
METHODS: dict[str, Callable[[World, Params], Any]] = {
    "getMe": lookups.me,
    "getChat": lookups.chat,
    "getFile": lookups.file,
    "getBusinessConnection": lookups.business,
    "answerCallbackQuery": lookups.answer_press,
    "sendMessage": sending.message,
    "sendPhoto": sending.photo,
    "sendDocument": sending.document,
    "sendAudio": sending.audio,
    "sendVideo": sending.video,
    "sendVoice": sending.voice,
    "sendAnimation": sending.animation,
    "sendMediaGroup": sending.album,
    "sendChatAction": sending.chat_action,
    "editMessageText": changing.edit_text,
    "editMessageCaption": changing.edit_caption,
    "deleteMessage": changing.delete,
    "deleteMessages": changing.delete_several,
    "deleteBusinessMessages": changing.delete_business,
    "readBusinessMessage": changing.read_business,
}
WAITING = ("getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo")
_START = 10.0


class Telegram:
    """One bot's Bot API; see the package."""

    def __init__(
        self, token: str = TOKEN, port: int = 0, ledger: Path | None = None, *, any_chat: bool = False
    ) -> None:
        self.token = token
        self.world = World(token, ledger, any_chat=any_chat)
        self.updates, self.webhook = Updates(), Webhook()
        self.flood, self.faults = Flood(), Faults()
        self.updates.listeners.append(self._wake)
        self._revoked = False
        self._port = port
        self._door = Door(self)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._desk: Desk | None = None
        self._pusher: Pusher | None = None
        self._pushing: asyncio.Task[None] | None = None

    # ---- running ----

    @property
    def url(self) -> str:
        """Its api_base."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def desk(self) -> Desk:
        """Who gives updates out, once started."""
        assert self._desk is not None
        return self._desk

    def start(self) -> Self:
        """Listen; `url` is known afterwards."""
        self._thread.start()
        self._run(self._begin())
        return self

    def stop(self) -> None:
        """Hang up on everybody and be gone."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START)
        self._loop.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def refuse(self) -> None:
        """From now on connections are refused, and those that are open are cut."""
        self._run(self._door.close())

    def accept(self) -> None:
        """Be there again, at the same port."""
        self._run(self._door.open(self._port))

    # ---- what happens out there ----

    def says(self, who: int | Json, text: str = "", chat: int | Json | None = None, **fields: Any) -> Json:
        """Somebody writes; `fields` are those of the message, as telegram_updates makes them. Gives back the update."""
        user = build.user(who) if isinstance(who, int) else who
        where = self._place(chat, user)
        writer = {} if where["type"] == "channel" else {"from": user}
        with self.world.lock:
            number = self.world.number(where["id"])
            said = {"text": text} if text else {}
            body = {"message_id": number, "date": int(time.time()), "chat": where, **writer, **said, **fields}
            kind = "channel_post" if where["type"] == "channel" else "message"
            return self.emit("business_message" if "business_connection_id" in body else kind, body)

    def edits(self, update: Json, text: str = "", **fields: Any) -> Json:
        """Who wrote that message changes it."""
        ((kind, body),) = [(kind, body) for kind, body in update.items() if kind != "update_id"]
        said = {"text": text} if text else {}
        return self.emit(f"edited_{kind}", body | said | fields | {"edit_date": int(time.time())})

    def presses(self, who: int | Json, data: str, chat_id: int, message_id: int) -> Json:
        """Somebody presses the button with this data below a message."""
        user = build.user(who) if isinstance(who, int) else who
        with self.world.lock:
            below = copy.deepcopy(self.world.messages[chat_id, message_id])
        return self.emit("callback_query", build.press(data, below, who=user))

    def emit(self, kind: str, body: Json) -> Json:
        """An update of any type happens."""
        with self.world.lock:
            body = copy.deepcopy(body)
            lane = _lane(body)
            self._learn(kind, body)
            return self.updates.add(kind, body, lane)

    def emit_again(self, update: Json) -> None:
        """The same update comes once more."""
        self.updates.again(update)

    def join(self, chat_id: int, **fields: Any) -> Json:
        """A chat the bot may write to; `type` says which, if not the id."""
        return dict(self.world.meet(chat_id, **fields))

    def block(self, user_id: int, why: str = "bot was blocked by the user") -> Json:
        """He wants no more of the bot; gives back the update that says so."""
        self.world.denied[user_id] = why
        return self.emit("my_chat_member", build.membership(build.user(user_id), "member", "kicked", self.world.bot))

    def unblock(self, user_id: int) -> Json:
        """He may be written to again."""
        self.world.denied.pop(user_id, None)
        return self.emit("my_chat_member", build.membership(build.user(user_id), "kicked", "member", self.world.bot))

    def migrate(self, old: int, new: int) -> None:
        """A group becomes a supergroup."""
        group = self.world.meet(old)
        self.world.meet(new, type="supergroup", title=group.get("title", ""))
        self.says(build.user(5), chat=old, migrate_to_chat_id=new)
        self.says(build.user(5), chat=new, migrate_from_chat_id=old)
        self.world.moved[old] = new

    def file(self, name: str, content: bytes = b"", type: str = "", size: int | None = None) -> str:
        """A file that a client uploaded; gives back its file_id. `size` may be said to be more."""
        return self.world.store(name, content, type, size)

    # ---- what goes wrong ----

    def fault(self, kind: Kind, method: str = "*", times: int = 1, **more: Any) -> None:
        """Queue a fault."""
        self.faults.add(Fault(kind, method, times, **more))

    def mend(self) -> None:
        """No fault waits any more."""
        self.faults.clear()

    def revoke(self) -> None:
        """The token stops working."""
        self._revoked = True

    def restore(self) -> None:
        """The token works again."""
        self._revoked = False

    def shake(self, duplicates: float = 0.0, swaps: float = 0.0, seed: int = 0) -> None:
        """From now on a share of the updates comes twice or late; zeros end it."""
        self.updates.shake(duplicates, swaps, seed)

    def limit(self, on: bool = True) -> None:
        """Telegram's limits hold from now on, or no longer."""
        self.flood.on = on

    # ---- what came of it ----

    @property
    def ledger(self) -> list[Json]:
        """Every effect, oldest first, and every call that did not wait as told."""
        return self.world.ledger

    @property
    def requests(self) -> Counter[str]:
        """Requests by method."""
        return self.world.requests

    @property
    def calls(self) -> list[tuple[str, Json]]:
        """Every call that was read, with its parameters."""
        return self.world.calls

    @property
    def pending(self) -> int:
        """How many updates are not confirmed."""
        return len(self.updates)

    @property
    def violations(self) -> int:
        """How many calls came before a retry_after was over."""
        return self.flood.violations

    @property
    def deliveries(self) -> list[Json]:
        """Each try to push an update and how it was answered."""
        return self.webhook.deliveries

    def effects(self, text: str) -> int:
        """How many messages with this text, or with it below their files, were sent."""
        with self.world.lock:
            return sum(each["method"].startswith("send") and each["text"] == text.rstrip() for each in self.ledger)

    def messages(self, chat_id: int) -> list[Json]:
        """What stands in a chat, oldest first."""
        with self.world.lock:
            return [copy.deepcopy(found) for (chat, _), found in self.world.messages.items() if chat == chat_id]

    # ---- behind the door ----

    def admit(self, token: str) -> None:
        """See Behind."""
        if self._revoked or token != self.token:
            raise BotError(401, "Unauthorized")

    async def call(self, method: str, params: Params, fault: Fault | None) -> Any:
        """See Behind."""
        self.world.calls.append((method, params.said()))
        if method in WAITING:
            desk = self.desk
            do: dict[str, Callable[[Params], Coroutine[Any, Any, Any]]] = {
                "getUpdates": desk.get_updates,
                "setWebhook": desk.set_webhook,
                "deleteWebhook": desk.delete_webhook,
                "getWebhookInfo": desk.webhook_info,
            }
            self._slow_down(method, params, fault)
            return await do[method](params)
        if method not in METHODS:
            raise BotError(404, "Not Found: method not found")
        with self.world.lock:
            self._slow_down(method, params, fault)
            return copy.deepcopy(METHODS[method](self.world, params))

    def command(self, name: str, arguments: Json) -> Any:
        """See Behind."""
        if name not in _COMMANDS:
            raise ValueError(name)
        found = getattr(self, name)
        return found(**arguments) if callable(found) else found

    def _slow_down(self, method: str, params: Params, fault: Fault | None) -> None:
        """Raise 429 where it is due."""
        said = str(params.fields.get("chat_id", ""))
        chat = int(said) if said.lstrip("-").isdigit() else BOT
        paced = method.startswith(("send", "edit")) and method != "sendChatAction"
        scopes: tuple[Scope, ...] = (chat, BOT) if paced else (method,)
        refused = self.flood.pending(*scopes)
        if refused:
            self.world.note(method, chat, violation=True, said=params.fields.get("text"))
            raise refused
        if fault and fault.kind == "throttle":
            raise self.flood.hold(BOT if fault.whole_bot else scopes[0], fault.retry_after)
        # Each member of an album is a message.
        messages = len(params.nested("media") or []) if method == "sendMediaGroup" else 1
        refused = self.flood.count(chat, messages) if paced else None
        if refused:
            raise refused

    # ---- inside ----

    def _place(self, chat: int | Json | None, user: Json) -> Json:
        if isinstance(chat, dict):
            return chat
        if chat is None:
            return build.private(user)
        return dict(self.world.meet(chat))

    def _learn(self, kind: str, body: Json) -> None:
        """What an update says of the world the bot may speak to."""
        if kind == "business_connection":
            self.world.connections[body["id"]] = body
        elif kind == "callback_query":
            self.world.presses[body["id"]] = time.time()
        elif "message_id" in body and "chat" in body and kind != "message_reaction":
            self.world.keep(body)

    def _wake(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._wake_here)

    def _wake_here(self) -> None:
        if self._pusher is not None:
            self._pusher.wake()
        if self._desk is not None:
            self._desk.wake()

    async def _begin(self) -> None:
        self._desk = Desk(self.updates, self.webhook, self._wake_here)
        self._pusher = Pusher(self.webhook, self.updates)
        self._pushing = asyncio.create_task(self._pusher.run())
        self._port = await self._door.open(self._port)

    async def _end(self) -> None:
        await self._door.close()
        # The pusher, and calls that still hang.
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(_START)


_COMMANDS = {
    "says", "edits", "presses", "emit", "emit_again", "join", "block", "unblock", "migrate", "fault", "mend", "revoke",
    "restore", "shake", "limit", "ledger", "requests", "calls", "pending", "violations", "deliveries", "effects",
    "messages",
}  # fmt: skip


def _lane(body: Json) -> int:
    chat = body.get("chat") or body.get("message", {}).get("chat") or body.get("from") or body.get("user") or {}
    found = chat.get("id", 0)
    return int(found)
