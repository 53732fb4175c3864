"""A channel kind for tests, whose raws and letters say themselves what is to become of them.

All it knows lies in a folder, its world, so that it behaves alike in every process. A letter's text is a list of
outcomes, one a call, of which the last repeats: "unavailable wait:7 ok". Run as a program, with
the tree on PYTHONPATH, this module is workers.py with the kind "fake" added.
"""

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from connectors.abilities import Answer, Found, Profile, Request, Signal
from connectors.base import (
    Batch,
    Blocked,
    ChannelSettings,
    Deletion,
    DeliveryReport,
    Denied,
    Edit,
    Envelope,
    File,
    Letter,
    Limits,
    Message,
    Move,
    Moved,
    Proof,
    Raw,
    Reach,
    Reaction,
    Receipt,
    Refused,
    Rejected,
    Sender,
    Unavailable,
)
from connectors.text import clean_text

# When the first thing is said; `at` counts seconds from here.
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
SECRET = "right"


class FakeSettings(ChannelSettings):
    """`world` is the folder; `together` how many raws a batch read from it holds."""

    world: Path
    idempotent: bool = True
    call: float = 20.0
    together: int = 10
    pace: float = 0.0
    finds: bool = False
    ordered: bool = True


class World:
    """The folder: what waits to be read, and every call that was made."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._source, self._calls, self._mended = folder / "source", folder / "calls", folder / "mended"
        self._denied = folder / "denied"

    def section(self, **changed: Any) -> dict[str, Any]:
        """A section of settings for a channel of this world."""
        quick = {"kind": "fake", "world": str(self.folder), "retry": [0.01], "reopen": "always"}
        return {**quick, **changed}

    def offer(self, *raws: Raw) -> None:
        """Put raws where the channel reads them."""
        lines = [
            json.dumps({"id": raw.external_id, "hint": raw.address_hint, "data": raw.data.decode()}) for raw in raws
        ]
        with self._source.open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def fail(self, how: str) -> None:
        """The reader fails once it has come so far: "denied" or anything else."""
        with self._source.open("a") as file:
            file.write(json.dumps({"fail": how}) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """What there is to read."""
        return _lines(self._source)

    def mend(self) -> None:
        """From now on poison reads like everything else."""
        self._mended.touch()

    def mended(self) -> bool:
        """Whether poison is harmless by now."""
        return self._mended.exists()

    def deny(self) -> None:
        """The credentials are wrong from now on."""
        self._denied.touch()

    def denied(self) -> bool:
        """Whether the credentials are wrong."""
        return self._denied.exists()

    def note(self, letter: Letter, *, effect: bool) -> None:
        """Write a call down, in one piece whoever else does."""
        told = {"key": letter.key, "to": letter.recipient, "text": letter.text, "action": letter.action}
        with self._calls.open("a") as file:
            file.write(json.dumps({**told, "effect": effect, "files": [each.name for each in letter.files]}) + "\n")

    def calls(self, key: str | None = None) -> list[dict[str, Any]]:
        """The calls that were made, of one letter if asked."""
        return [call for call in _lines(self._calls) if key in {None, call["key"]}]

    def arrived(self, *, idempotent: bool = True) -> list[str]:
        """The texts that took effect, in order; a channel that knows keys shows each key once."""
        seen: set[str] = set()
        texts = []
        for call in self.calls():
            if call["effect"] and not (idempotent and call["key"] in seen):
                seen.add(call["key"])
                texts.append(call["text"])
        return texts


class Fake:
    """The connector: pull, push, import and send."""

    Settings: ClassVar[type[ChannelSettings]] = FakeSettings
    # Called in the middle of a call, before its outcome; for tests in the same process.
    during: ClassVar[Callable[[Letter], None] | None] = None
    # Called before a raw is read.
    reading: ClassVar[Callable[[dict[str, Any]], None] | None] = None
    # Who was asked for, batch by batch, and the signs that were given.
    asked: ClassVar[list[list[str]]] = []
    signs: ClassVar[list[Signal]] = []
    # What is told of another program that reads the source.
    rival: ClassVar[str] = ""
    # Which channels were warmed.
    warmed: ClassVar[list[str]] = []
    most_profiles: ClassVar[int] = 3
    signals: ClassVar[frozenset[str]] = frozenset({"typing", "read", "press"})

    def __init__(self, name: str, settings: FakeSettings) -> None:
        self.world, self._name = World(settings.world), name
        self._together = settings.together
        self.limits = Limits(
            text=4096, file=1 << 20, files=10, idempotent=settings.idempotent, edits=True, deletes=True, formats=True,
            buttons=True, call=settings.call, ordered=settings.ordered,
        )  # fmt: skip
        self._pace, self._finds = settings.pace, settings.finds

    async def receive(self, cursor: str | None) -> AsyncIterator[Batch]:
        """The lines of the world's source after the cursor, which is a number of lines."""
        at = int(cursor or 0)
        while True:
            lines = self.world.lines()[at : at + self._together]
            if lines and "fail" in lines[0]:
                # Once: whoever reads on from here finds it gone.
                self.world.folder.joinpath("source").write_text("")
                raise Denied("wrong token") if lines[0]["fail"] == "denied" else OSError(lines[0]["fail"])
            lines = [line for line in lines if "fail" not in line]
            if lines:
                at += len(lines)
                raws = [Raw(line["id"], line["hint"], line["data"].encode()) for line in lines]
                yield Batch(raws, str(at))
            else:
                await asyncio.sleep(0.01)

    def contested(self) -> str:
        """Whether another program reads too."""
        return Fake.rival

    def accept(self, request: Request) -> Answer:
        """A pushed JSON list of {id, hint, data}."""
        if request.headers.get("x-secret") != SECRET:
            raise Refused("wrong secret", 403)
        return Answer(
            Batch([Raw(each["id"], each["hint"], each["data"].encode()) for each in json.loads(request.body)])
        )

    def read(self, path: Path) -> Iterator[Found]:
        """JSON lines of {id, hint, data}; a line that is none is named."""
        position = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                position += len(line)
                try:
                    told = json.loads(line)
                    yield Found(Raw(told["id"], told["hint"], told["data"].encode()), position)
                except (ValueError, KeyError):
                    yield Found(f"line {number}: no message", position)

    async def check(self) -> str:
        """Whether the credentials are right."""
        if self.world.denied():
            raise Denied("wrong token; get another one")
        return "answers"

    def parse(self, raw: Raw) -> list[Envelope]:
        """What the raw says; poison does what it says instead, until it is mended."""
        told = json.loads(raw.data)
        if Fake.reading:
            Fake.reading(told)
        time.sleep(told.get("slow", 0))
        if told.get("poison") and not self.world.mended():
            _poison(told["poison"])
        return [_envelope(raw, each) for each in told.get("all", [told])]

    async def send(self, letter: Letter) -> Receipt:
        """What the letter's text says for this call of it."""
        outcomes = letter.text.split() or ["ok"]
        outcome = outcomes[min(len(self.world.calls(letter.key)), len(outcomes) - 1)]
        if Fake.during:
            await asyncio.to_thread(Fake.during, letter)
        self.world.note(letter, effect=outcome.partition(":")[0] not in _WITHOUT_EFFECT)
        return _answer(outcome, letter)

    async def find(self, letter: Letter) -> Receipt | None:
        """Whether a call of the letter took effect, where that can be looked up."""
        found = self._finds and any(call["effect"] for call in self.world.calls(letter.key))
        return Receipt((f"their-{letter.id}",)) if found else None

    async def profiles(self, addresses: Sequence[str]) -> dict[str, Profile]:
        """Everybody is called after his address; who begins with a capital is nobody."""
        Fake.asked.append(list(addresses))
        return {each: Profile(each.title(), {"url": f"https://{each}.example"}) for each in addresses if each.islower()}

    async def signal(self, signal: Signal) -> None:
        """Keep it."""
        Fake.signs.append(signal)
        if signal.data == "broken":
            raise ConnectionResetError

    def warm(self) -> None:
        """Keep that it was asked for."""
        Fake.warmed.append(self._name)

    def pace(self, recipient: str) -> tuple[str, float]:
        """The same for everybody."""
        return recipient, self._pace

    async def close(self) -> None:
        """Nothing was opened."""


_MORE = (
    "direction", "history", "reply_to", "album", "author", "echo", "respond", "press", "data", "aliases", "answers",
    "ours", "claimed", "automatic", "thread",
)  # fmt: skip
_TUPLES = {"aliases", "answers"}
_WITHOUT_EFFECT = {"wait", "alone", "moved", "unavailable", "rejected", "blocked", "denied", "gone"}


def _answer(outcome: str, letter: Letter) -> Receipt:
    if outcome.startswith("wait:"):
        raise Unavailable("slow down", float(outcome.removeprefix("wait:")))
    if outcome.startswith("alone:"):
        raise Unavailable("slow down", float(outcome.removeprefix("alone:")), him_alone=True)
    if outcome.startswith("moved:"):
        raise Moved("he lives elsewhere", outcome.removeprefix("moved:"))
    if outcome == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if outcome in {"lost", "gone"}:
        raise ConnectionResetError("no answer came")
    failure = {"unavailable": Unavailable, "rejected": Rejected, "blocked": Blocked, "denied": Denied}.get(outcome)
    if failure:
        raise failure(f"the channel says {outcome}")
    return Receipt((f"their-{letter.id}" if outcome != "same" else "the same",))


def _poison(how: str) -> None:
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        # Keeps the interpreter to itself: no thread of the process runs any more.
        re.match(r"(a+)+b", "a" * 60)
    if how == "disk":
        raise OSError("no such thing in the raw")
    raise KeyError("what nobody expected")


def _envelope(raw: Raw, told: dict[str, Any]) -> Envelope:
    who = told.get("from", raw.address_hint)
    proofs = tuple(Proof(*each) for each in told.get("proofs", ()))
    sender = Sender(who, told.get("name", ""), proofs=proofs, profile=told.get("profile"), ask=told.get("ask", False))
    key, at = told.get("id", raw.external_id), START + timedelta(seconds=told.get("at", 0))
    text = clean_text(told.get("text", ""))
    others: dict[str, Callable[[], Envelope]] = {
        "edit": lambda: Edit(key, text, at, sender=sender, files=files),
        "deletion": lambda: Deletion(key, at, sender),
        "reaction": lambda: Reaction(key, who, told["emoji"]),
        "move": lambda: Move(told["before"], told["after"]),
        "reach": lambda: Reach(sender, told["reachable"], at),
        "report": lambda: DeliveryReport(key, told["state"], at, told.get("error", "")),
    }
    files = tuple(
        File(each["name"], data=each["data"].encode(), key=each.get("key", "")) for each in told.get("files", ())
    )
    if told.get("kind", "message") != "message":
        return others[told["kind"]]()
    more: dict[str, Any] = {
        name: tuple(told[name]) if name in _TUPLES else told[name] for name in _MORE if name in told
    }
    return Message(key, sender, text, at, source_key=told.get("source_key", key), files=files, **more)


def raw(sender: str, key: str, text: str = "hello", **told: Any) -> Raw:
    """A raw of `sender` with an id that is his own; `told` may hold at, kind, id, poison and what else is read."""
    body = {"text": text, **told}
    return Raw(f"{sender}:{key}", sender, json.dumps(body).encode())


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text().splitlines()]
    except FileNotFoundError:
        return []


def register() -> None:
    """Make the kind known to this process."""
    from connectors import registry

    registry._KINDS["fake"] = "tests.fakes.channel:Fake"


if __name__ == "__main__":
    register()
    import workers

    workers.main()
