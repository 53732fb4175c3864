"""The messengers' servers: fakes in processes of their own, outside the blast radius, that fail by plan.

They are asked for what happened, or push it to the house's door until it is taken: Telegram in order within a chat,
VK each event by itself and not for ever.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from tests.chaos import ledger
from tests.chaos.daemons import ROOT
from tests.chaos.servers import dies_with_us

TOKENS = {"telegram": "123456:AAHchaos-is-a-ladder-and-this-is-35", "vk": "vk1.a.chaos-is-a-ladder"}
# Those that know no keys: what is sent again arrives again.
KEYLESS = frozenset({"telegram"})
_GROUP = 240
# A writer's number in the vendor's world: any id would do, but these are nobody else's.
FIRST_USER = 100_000
_QUESTIONS = {"telegram": "getUpdates", "vk": "a_check"}
# How a channel is set up that is pushed to.
_SECRET, _CONFIRMATION = "chaos-is-a-ladder", "c4a05"
_PUSHED = {
    "telegram": {"mode": "webhook", "webhook_secret": _SECRET},
    "vk": {"mode": "callback", "secret": _SECRET, "confirmation": _CONFIRMATION},
}
# Seconds before VK's next tries; after the last it gives up, which is longer than anything here is broken.
_VK_DELAYS = (0.1, 0.3, 1, 2, 4, 8, 15, 30)
# What a ledger calls the recipient and the ids of what he got.
_LEDGER = {"telegram": ("chat_id", "message_ids"), "vk": ("peer_id", "message_id")}
# What a fake calls the person who says something.
WHO = {"telegram": "who", "vk": "user_id"}
_SENDS = {"telegram": "sendMessage", "vk": "messages.send"}
_ASK = aiohttp.ClientTimeout(total=10)


class Blow(NamedTuple):
    """A command that spoils something at a vendor's; some make sense only where it is polled, or where it pushes."""

    vendor: str
    command: str
    arguments: dict[str, Any]
    polled: bool = True
    pushes: bool = True


def _poll(vendor: str, command: str, **arguments: Any) -> Blow:
    return Blow(vendor, command, arguments, pushes=False)


def _push(vendor: str, command: str, **arguments: Any) -> Blow:
    return Blow(vendor, command, arguments, polled=False)


BLOWS = {
    "telegram reply taken, then cut": Blow("telegram", "fault", {"kind": "cut", "method": "sendMessage", "times": 2}),
    "telegram reply taken, then 502": Blow("telegram", "fault", {"kind": "after", "method": "sendMessage"}),
    "telegram says 429": Blow(
        "telegram", "fault", {"kind": "throttle", "method": "sendMessage", "retry_after": 2, "whole_bot": True}
    ),
    "telegram says no JSON": _poll("telegram", "fault", kind="html", method="getUpdates", times=2),
    "telegram cuts the poll": _poll("telegram", "fault", kind="cut", method="getUpdates", times=2),
    "telegram tells twice": _push("telegram", "shake", duplicates=0.2),
    "vk reply taken, then cut": Blow("vk", "fault", {"kind": "cut", "method": "messages.send", "times": 2}),
    "vk reply taken, then 502": Blow("vk", "fault", {"kind": "after", "method": "messages.send"}),
    "vk says error 10": Blow("vk", "fault", {"kind": "error", "method": "messages.send", "code": 10, "times": 2}),
    "vk cuts the poll": _poll("vk", "fault", kind="cut", method="a_check", times=2),
    "vk changes its keys": _poll("vk", "expire_keys"),
    "vk forgets its history": _poll("vk", "forget", keep=2),
    "vk loses its place": _poll("vk", "lose_info"),
    "vk tells twice": _push("vk", "shake", duplicates=0.2),
}


class Vendor:
    """One fake, spoken to through its commands. With a `hook` it pushes there what happens; without it is asked."""

    def __init__(self, name: str, folder: Path, port: int, hook: str = "") -> None:
        self.name, self.port, self.url = name, port, f"http://127.0.0.1:{port}"
        self._ledger, self._hook = folder / f"{name}.jsonl", hook

    async def start(self) -> Process:
        """Its process, once it answers."""
        command = [
            *dies_with_us(), sys.executable, "-m", f"tests.fakes.{self.name}", "--port", str(self.port),
            "--ledger", str(self._ledger), "--token", TOKENS[self.name],
        ]  # fmt: skip
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=ROOT, process_group=0)
        assert process.stdout is not None
        await process.stdout.readline()
        return process

    async def stand_behind(self, door: int) -> None:
        """Have it name the port `door` as its own: VK itself says where it is to be polled."""
        if self.name == "vk":
            await self.ask("tune", url=f"http://127.0.0.1:{door}")

    async def ask(self, command: str, **arguments: Any) -> Any:
        """What the fake says to a command."""
        async with (
            aiohttp.ClientSession(timeout=_ASK) as session,
            session.post(f"{self.url}/fake/{command}", json=arguments) as answer,
        ):
            answer.raise_for_status()
            return (await answer.json())["result"]

    async def is_heard(self) -> None:
        """Wait until the house hears what is said: it may be no concern of the house's what was said before."""
        if self._hook and self.name == "vk":
            await self._call_back()
            return
        question = "setWebhook" if self._hook else _QUESTIONS[self.name]
        while not (await self.ask("requests")).get(question):  # noqa: ASYNC110 - it has no bell to ring
            await asyncio.sleep(0.1)

    async def _call_back(self) -> None:
        """What a person does on the community's page: name the address, and have it confirmed."""
        called = {"url": self._hook, "secret": _SECRET, "confirmation": _CONFIRMATION, "delays": _VK_DELAYS}
        await self.ask("call_back", **called)
        if not await self.ask("confirm"):
            raise RuntimeError("the house does not answer with VK's confirmation")

    @property
    def pushes(self) -> bool:
        """Whether it tells by itself what happens."""
        return bool(self._hook)

    async def pushed(self) -> tuple[int, int]:
        """How often it pushed something, and how often that was not taken."""
        tries = await self.ask("deliveries")
        return len(tries), sum(not 200 <= each["status"] < 300 for each in tries)

    def environ(self, door: int) -> dict[str, str]:
        """The settings of its channel, which has its name and calls it through the port `door`."""
        base = f"http://127.0.0.1:{door}"
        own = {"kind": self.name, "api_base": base, "token": TOKENS[self.name], "retry": "[0.5, 1, 2]"}
        if self.name == "vk":
            own |= {"group_id": str(_GROUP)}
        if self._hook:
            own |= _PUSHED[self.name] | ({"webhook_url": self._hook} if self.name == "telegram" else {})
        return {f"OKNO_CHANNELS__{self.name.upper()}__{key.upper()}": value for key, value in own.items()}


class Vendors:
    """Those of a run, by name."""

    def __init__(self, vendors: Sequence[Vendor]) -> None:
        self._vendors: Mapping[str, Vendor] = {vendor.name: vendor for vendor in vendors}

    async def strike(self, kind: str) -> bool:
        """Have it happen; the next call that fits meets it."""
        blow = BLOWS[kind]
        await self._vendors[blow.vendor].ask(blow.command, **blow.arguments)
        return True

    async def look_back(self, book: ledger.Ledger) -> None:
        """Write down which replies took effect out there, in the order they did, and what was told late."""
        for vendor in self._vendors.values():
            for effect in await vendor.ask("ledger"):
                if effect["method"] == _SENDS[vendor.name] and _LEDGER[vendor.name][1] in effect:
                    _note(vendor.name, effect, book)
            if vendor.pushes and vendor.name == "vk":
                for event in await vendor.ask("late"):
                    book.note(ledger.LATE, _token(event["object"]["message"]["text"]))


def _note(vendor: str, effect: Mapping[str, Any], book: ledger.Ledger) -> None:
    whom, key = (effect[name] for name in _LEDGER[vendor])
    book.note(ledger.GOT, int(whom) - FIRST_USER, _token(effect["text"]), f"{vendor} {whom} {key}")


def _token(text: str) -> str:
    return text.partition(" ")[0]
