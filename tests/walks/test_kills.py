"""`kill -9` at each step of a message's way in and of a letter's way out, at exactly that moment.

A gate before each messenger keeps the one request back that would end the step, or the messenger itself holds its
answer, or somebody else is writing to the database. What is killed is started again by its supervisor.
"""

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storage.db import Database
from storage.verify import verify
from tests.fakes.telegram import Telegram
from tests.fakes.vk import FakeVk
from tests.walks.gate import Gate
from tests.walks.household import Household, household, until

RECEIVE, DELIVER = "workers.py receive", "workers.py work deliver"
_people = itertools.count(5001)


@dataclass
class Messenger:
    """A messenger behind its gate: the words that tell its questions and its sendings, and whether it knows keys."""

    channel: str
    gate: Gate
    question: bytes
    sending: bytes
    keys: bool
    says: Callable[[int, str], Any]
    effects: Callable[[str], int]
    # Takes the next letter, and gives no answer.
    hang: Callable[[], None]
    # Letters it would not know again by their keys.
    forget: Callable[[], None] = lambda: None


@dataclass
class Town:
    """A running `all` and the messengers it speaks to."""

    home: Household
    telegram: Telegram
    vk: FakeVk
    messengers: dict[str, Messenger]

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the database says."""
        with closing(sqlite3.connect(self._file)) as db:
            return db.execute(query, values).fetchall()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Meanwhile nobody can write to the database."""
        with closing(sqlite3.connect(self._file, isolation_level=None, timeout=30)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")

    def stored(self, who: int) -> int:
        """How many raws of this person are in."""
        return int(self.rows("SELECT count(*) FROM inbox WHERE address = ?", str(who))[0][0])

    def said(self, who: int) -> list[str]:
        """What he wrote, as it arrived in his dialog."""
        query = (
            "SELECT m.text FROM messages m JOIN identities i ON i.id = m.identity_id "
            "WHERE i.address = ? AND m.direction = 'in' ORDER BY m.seq"
        )
        return [text for (text,) in self.rows(query, str(who))]

    def begin(self, messenger: Messenger) -> tuple[int, int]:
        """Somebody new and his dialog, with a reader who waits for what he says next."""
        who = next(_people)
        messenger.says(who, "hello")
        query = "SELECT m.dialog_id FROM messages m JOIN identities i ON i.id = m.identity_id WHERE i.address = ?"
        ((dialog,),) = until(lambda: self.rows(query, str(who)))
        until(lambda: messenger.gate.is_asked(messenger.question))
        return who, int(dialog)

    def reply(self, dialog: int, text: str) -> int:
        """An operator answers; gives back the message."""
        status, answer = self.home.ask("POST", f"/v1/dialogs/{dialog}/messages", {"text": text})
        assert status == 202, answer
        return int(answer["id"])

    def state(self, message: int) -> str:
        """Where its letter stands."""
        return str(self.rows("SELECT state FROM outbox WHERE message_id = ?", message)[0][0])

    @property
    def _file(self) -> Path:
        return self.home.folder / "var" / "okno.db"


def _telegram(telegram: Telegram, gate: Gate) -> Messenger:
    return Messenger(
        "telegram", gate, b"/getUpdates", b"/sendMessage", False, telegram.says, telegram.effects,
        lambda: telegram.fault("hang", "sendMessage", seconds=5.0),
    )  # fmt: skip


def _vk(vk: FakeVk, gate: Gate) -> Messenger:
    return Messenger(
        "vk", gate, b"act=a_check", b"/method/messages.send", True, vk.says, vk.effects,
        lambda: vk.fault("hang", "messages.send", seconds=5.0),
        lambda: vk.tune(dedupe_for=0.0),
    )  # fmt: skip


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with ExitStack() as stack:
        telegram, vk = stack.enter_context(Telegram()), stack.enter_context(FakeVk())
        gates = [stack.enter_context(Gate(int(url.rpartition(":")[2]))) for url in (telegram.url, vk.url)]
        # VK itself names the address to be asked for news.
        vk.tune(url=gates[1].url)
        messengers = {"telegram": _telegram(telegram, gates[0]), "vk": _vk(vk, gates[1])}
        own = {
            "telegram": {"token": telegram.token, "chat_rate": "0"},
            "vk": {"token": vk.token, "group_id": str(vk.group_id)},
        }
        settings = {
            f"OKNO_CHANNELS__{name}__{key}".upper(): value
            for name, section in own.items()
            for key, value in {**section, "kind": name, "api_base": messengers[name].gate.url, "retry": "[0.2]"}.items()
        }
        home = stack.enter_context(household(tmp_path_factory.mktemp("town"), "all", **settings))
        home.ready()
        # VK's reader begins now: what is said before is no concern of ours.
        until(lambda: all(each.gate.is_asked(each.question) for each in messengers.values()))
        yield Town(home, telegram, vk, messengers)


@pytest.fixture(params=["telegram", "vk"])
def messenger(request: pytest.FixtureRequest, town: Town) -> Iterator[Messenger]:
    chosen = town.messengers[request.param]
    yield chosen
    chosen.gate.lose()
    town.vk.tune(dedupe_for=3600.0)
    with closing(Database(f"sqlite:///{town.home.folder}/var/okno.db")) as db, db.snapshot() as tx:
        assert verify(tx) == []


# ---- in ----


def test_killed_with_what_it_has_read_before_the_commit(town: Town, messenger: Messenger) -> None:
    who, _ = town.begin(messenger)
    with town.locked():
        messenger.says(who, "one")
        until(lambda: b"one" in messenger.gate.answer(messenger.question))
        town.home.kill_child(RECEIVE)
        assert town.stored(who) == 1, "nothing but his hello"
    messenger.says(who, "two")
    until(lambda: len(town.said(who)) >= 3)
    assert town.said(who) == ["hello", "one", "two"]


def test_killed_after_the_commit_before_the_source_hears_of_it(town: Town, messenger: Messenger) -> None:
    who, _ = town.begin(messenger)
    place = "SELECT value FROM cursors WHERE channel = ?"
    before = town.rows(place, messenger.channel)
    messenger.gate.catch(messenger.question)
    messenger.says(who, "one")
    until(messenger.gate.caught)
    assert town.stored(who) == 2
    assert town.rows(place, messenger.channel) != before, "raws and cursor are one commit"
    assert messenger.keys or town.telegram.pending == 1, "Telegram has not been told"
    town.home.kill_child(RECEIVE)
    messenger.gate.lose()
    messenger.says(who, "two")
    until(lambda: len(town.said(who)) >= 3)
    assert town.said(who) == ["hello", "one", "two"]
    until(lambda: town.telegram.pending == 0)


# ---- out ----


def test_killed_before_the_call(town: Town, messenger: Messenger) -> None:
    _, dialog = town.begin(messenger)
    text, message = _caught(town, messenger, dialog)
    town.home.kill_child(DELIVER)
    messenger.gate.lose()
    assert messenger.effects(text) == 0
    assert _arrivals(town, messenger, message, text) == 1


def test_killed_before_a_call_that_arrives_long_after(town: Town, messenger: Messenger) -> None:
    _, dialog = town.begin(messenger)
    text, message = _caught(town, messenger, dialog)
    before = town.vk.world.repeats
    town.home.kill_child(DELIVER)
    until(lambda: town.state(message) == "sent")
    messenger.gate.release()
    # VK knows the key, and Telegram none.
    until(lambda: town.vk.world.repeats == before + 1 if messenger.keys else messenger.effects(text) == 2)
    assert _arrivals(town, messenger, message, text) == (1 if messenger.keys else 2)


def test_killed_while_the_answer_is_awaited(town: Town, messenger: Messenger) -> None:
    _, dialog = town.begin(messenger)
    messenger.forget()
    messenger.hang()
    text = f"answer in {dialog}"
    message = town.reply(dialog, text)
    until(lambda: messenger.effects(text) == 1)
    assert town.state(message) == "sending"
    town.home.kill_child(DELIVER)
    assert _arrivals(town, messenger, message, text) == (1 if messenger.keys else 2)


def test_killed_with_the_answer_before_it_is_written_down(town: Town, messenger: Messenger) -> None:
    _, dialog = town.begin(messenger)
    messenger.forget()
    text, message = _caught(town, messenger, dialog)
    with town.locked():
        messenger.gate.release()
        until(lambda: b"message_id" in messenger.gate.answer(messenger.sending))
        assert messenger.effects(text) == 1
        town.home.kill_child(DELIVER)
        assert town.state(message) == "sending"
    assert _arrivals(town, messenger, message, text) == (1 if messenger.keys else 2)


def _caught(town: Town, messenger: Messenger, dialog: int) -> tuple[str, int]:
    """A reply, and its message, whose call is about to be made: it is written down as being sent, and kept back."""
    text = f"answer in {dialog}"
    messenger.gate.catch(messenger.sending)
    message = town.reply(dialog, text)
    until(messenger.gate.caught)
    assert town.state(message) == "sending"
    assert messenger.effects(text) == 0
    return text, message


def _arrivals(town: Town, messenger: Messenger, message: int, text: str) -> int:
    """How often it arrived in the end; once more than it should only where that is told and marked."""
    until(lambda: town.state(message) == "sent")
    ((attempts, marked),) = town.rows("SELECT attempts, maybe_twice FROM outbox WHERE message_id = ?", message)
    query = "SELECT count(*) FROM journal WHERE type = 'message.unconfirmed' AND data ->> 'message' = ?"
    ((unknown,),) = town.rows(query, message)
    assert (attempts, bool(marked), unknown) == ((2, False, 0) if messenger.keys else (2, True, 1))
    found = messenger.effects(text)
    assert 1 <= found <= 1 + unknown
    return found
