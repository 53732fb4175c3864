"""The conformance suite: what every connector must do, whatever its channel.

A connector's own test module gives a `kit` fixture and derives a class from Conformance:

    class TestTelegram(Conformance):
        '''Telegram keeps the contract.'''

    @pytest.fixture
    def kit() -> Iterator[Kit]: ...

Inbound, raws go through the real intake and the real drain into a real database; outbound, letters go to a fake of the
channel that runs on this machine and can be told to fail. A channel without edits or deletions derives from the parts
it has: Inbound, Edits, Deletions, Outbound.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import pytest
from sqlalchemy import Row, select

from connectors.base import Batch, ConnectorError, Denied, Letter, Message, Raw, Receipt, Refused, Rejected, Unavailable
from connectors.registry import Channels
from pipeline import intake
from pipeline.attach import Shelf
from pipeline.drain import Drain
from pipeline.loop import LoopThread
from settings import WorkSettings
from storage.attachments import ATTACHMENTS
from storage.db import Database
from storage.files import FileStore
from storage.ledger import flows
from storage.talk import MESSAGES

# When the first thing is said: whole seconds, as some channels count, and long enough ago for all that follows.
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
SOON = timedelta(seconds=1)
TIMEOUT = 20.0

# throttled: told to wait, nothing sent. lost: it took effect and no answer came. failed: it took effect and the answer
# was an error. away: nobody listens. denied: the credentials are wrong.
Fault = Literal["throttled", "lost", "failed", "away", "denied"]


class Kit(Protocol):
    """What a connector's test lends to the suite. Ids and senders are any short words; times lie after AT."""

    # Holds one channel, named `channel`.
    channels: Channels
    channel: str

    def text(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        """What the channel gives when `sender` writes; `item` is told apart by its id there."""

    def edit(self, sender: str, item: str, text: str, at: datetime) -> Raw:
        """The sender rewrote `item`."""

    def deletion(self, sender: str, item: str, at: datetime) -> Raw:
        """The sender took `item` back."""

    def oversized(self, sender: str, item: str) -> Raw:
        """More than the channel carries; raises Refused where its door is the place to say so."""

    def unsupported(self, sender: str, item: str) -> Raw:
        """Something Okno has no form for; raises Refused where the door says so."""

    def letter(self, sender: str, key: str, text: str) -> Letter:
        """A reply to the sender."""

    def nobody(self, key: str) -> Letter:
        """A reply to an address that is none."""

    def fault(self, kind: Fault, retry_after: float | None = None) -> None:
        """The fake spoils the next call."""

    def effects(self, key: str) -> int:
        """How often the letter with this key took effect out there."""


class _Piped:
    @pytest.fixture
    def pipe(self, kit: Kit, db: Database, tmp_path: Path) -> "Pipe":
        """The kit's channel with intake, drain and a database behind it."""
        return Pipe(kit, db, tmp_path)


class Inbound(_Piped):
    """What comes in, on both databases."""

    def test_a_raw_is_read_the_same_each_time_and_can_be_stored(self, kit: Kit) -> None:
        raw = kit.text("anna", "1", "hello \x00 \ud800 there", AT)
        first, second = (kit.channels[kit.channel].parse(raw) for _ in range(2))
        assert first == second
        assert [type(envelope) for envelope in first] == [Message]
        assert raw.external_id
        for text in texts_in(msgspec.to_builtins(first)):
            assert "\x00" not in text
            text.encode()

    def test_a_raw_that_comes_again_is_one_message(self, kit: Kit, pipe: "Pipe") -> None:
        raw = kit.text("anna", "1", "hello", AT)
        pipe.take([raw, raw], drain=False)
        pipe.take([raw])
        pipe.take([raw])
        assert pipe.said() == ["hello"]
        assert pipe.flow() == {"received": 4, "duplicate": 3, "processed": 1, "parked": 0, "in_flight": 0}

    def test_two_senders_may_use_the_same_id(self, kit: Kit, pipe: "Pipe") -> None:
        pipe.take([kit.text("anna", "1", "one", AT), kit.text("bert", "1", "two", AT + SOON)])
        assert pipe.said() == ["one", "two"]
        assert len({row.dialog_id for row in pipe.messages()}) == 2

    def test_what_comes_out_of_order_is_shown_in_order(self, kit: Kit, pipe: "Pipe") -> None:
        raws = [kit.text("anna", str(n), f"line {n}", AT + n * SOON) for n in range(6)]
        pipe.take([raws[n] for n in (3, 0, 5)])
        pipe.take([raws[n] for n in (4, 2, 1)])
        assert pipe.said() == [f"line {n}" for n in range(6)]

    @pytest.mark.parametrize("what", ["oversized", "unsupported"])
    def test_what_cannot_be_carried_is_shown_or_refused_in_words(self, kit: Kit, pipe: "Pipe", what: str) -> None:
        raw = _made_or_refused(getattr(kit, what))
        if isinstance(raw, Refused):
            assert 400 <= raw.status < 500
            assert str(raw)
            return
        pipe.take([raw, kit.text("anna", "2", "after it", AT)])
        assert pipe.flow()["parked"] == 0
        # What the client is told in return is no concern of this.
        shown = [row for row in pipe.messages() if row.direction == "in"]
        assert len(shown) == 2
        assert shown[0].text or shown[0].data or pipe.files(shown[0].id)

    def test_a_raw_that_cannot_be_read_harms_nobody(self, kit: Kit, pipe: "Pipe") -> None:
        good = [kit.text(sender, "1", f"from {sender}", AT) for sender in ("anna", "bert")]
        nonsense = msgspec.structs.replace(good[0], external_id="nonsense", data=b"\x00\xff{")
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it likes to raise
            kit.channels[kit.channel].parse(nonsense)
        pipe.take([nonsense, *good])
        assert sorted(pipe.said()) == ["from anna", "from bert"]
        assert pipe.flow()["parked"] == 1


class Edits(_Piped):
    """Clients change what they wrote."""

    def test_an_edit_rewrites_its_message(self, kit: Kit, pipe: "Pipe") -> None:
        pipe.take([kit.text("anna", "1", "helo", AT)])
        edit = kit.edit("anna", "1", "hello", AT + SOON)
        pipe.take([edit])
        pipe.take([edit])
        assert pipe.said() == ["hello"]
        assert pipe.messages()[0].edited_at == AT + SOON

    def test_an_older_edit_does_not_undo_a_newer_one(self, kit: Kit, pipe: "Pipe") -> None:
        older, newer = (kit.edit("anna", "1", f"version {n}", AT + n * SOON) for n in (2, 3))
        pipe.take([kit.text("anna", "1", "version 1", AT), newer, older])
        assert pipe.said() == ["version 3"]

    def test_an_edit_may_come_before_its_message(self, kit: Kit, pipe: "Pipe") -> None:
        pipe.take([kit.edit("anna", "1", "hello", AT + SOON)])
        pipe.take([kit.text("anna", "1", "helo", AT)])
        assert pipe.said() == ["hello"]


class Deletions(_Piped):
    """Clients take back what they wrote."""

    def test_a_deletion_takes_its_message_back(self, kit: Kit, pipe: "Pipe") -> None:
        deletion = kit.deletion("anna", "1", AT + SOON)
        pipe.take([kit.text("anna", "1", "secret", AT), kit.text("anna", "2", "open", AT), deletion, deletion])
        assert [row.deleted_at for row in pipe.messages()] == [AT + SOON, None]

    def test_a_deletion_may_come_before_its_message(self, kit: Kit, pipe: "Pipe") -> None:
        pipe.take([kit.deletion("anna", "1", AT + SOON)])
        pipe.take([kit.text("anna", "1", "secret", AT)])
        assert [row.deleted_at for row in pipe.messages()] == [AT + SOON]
        assert "secret" not in pipe.said()


class Changes(Edits, Deletions):
    """What becomes of what came in."""


class Outbound:
    """What goes out."""

    @pytest.fixture
    def post(self, kit: Kit, loop: LoopThread) -> Iterator[Callable[[Letter], Receipt]]:
        """Sends a letter the way a worker does."""
        connector = kit.channels[kit.channel]
        yield lambda letter: loop.run(connector.send(letter), TIMEOUT)
        loop.run(kit.channels.close(), TIMEOUT)

    def test_a_letter_arrives_once(self, kit: Kit, post: Callable[[Letter], Receipt]) -> None:
        assert isinstance(post(kit.letter("anna", "k1", "hello")), Receipt)
        assert kit.effects("k1") == 1

    def test_the_same_key_again_has_no_further_effect(self, kit: Kit, post: Callable[[Letter], Receipt]) -> None:
        if not kit.channels[kit.channel].limits.idempotent:
            pytest.skip("the channel does not know keys")
        first, second = (post(kit.letter("anna", "k1", "hello")) for _ in range(2))
        assert first == second
        assert kit.effects("k1") == 1

    def test_a_letter_is_edited_and_deleted(self, kit: Kit, post: Callable[[Letter], Receipt]) -> None:
        limits = kit.channels[kit.channel].limits
        receipt = post(kit.letter("anna", "k1", "helo"))
        for action, key, able in (("edit", "k2", limits.edits), ("delete", "k3", limits.deletes)):
            if not able:
                continue
            assert receipt.external_ids, "who edits must say what"
            letter = kit.letter("anna", key, "hello")
            post(msgspec.structs.replace(letter, action=action, external_id=receipt.external_ids[0]))
            assert kit.effects(key) == 1

    @pytest.mark.parametrize("seconds", [7, None])
    def test_a_throttled_call_says_when_to_come_again(
        self, kit: Kit, post: Callable[[Letter], Receipt], seconds: float | None
    ) -> None:
        kit.fault("throttled", seconds)
        with pytest.raises(Unavailable) as caught:
            post(kit.letter("anna", "k1", "hello"))
        assert caught.value.retry_after == seconds
        assert kit.effects("k1") == 0
        post(kit.letter("anna", "k1", "hello"))
        assert kit.effects("k1") == 1

    @pytest.mark.parametrize("kind", ["lost", "failed"])
    def test_an_unknown_outcome_is_not_passed_off_as_a_known_one(
        self, kit: Kit, post: Callable[[Letter], Receipt], kind: Fault
    ) -> None:
        kit.fault(kind)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - anything but a word of the contract
            post(kit.letter("anna", "k1", "hello"))
        assert not isinstance(caught.value, ConnectorError)
        if kit.channels[kit.channel].limits.idempotent:
            post(kit.letter("anna", "k1", "hello"))
            assert kit.effects("k1") == 1

    def test_where_nobody_listens_nothing_was_sent(self, kit: Kit, post: Callable[[Letter], Receipt]) -> None:
        kit.fault("away")
        with pytest.raises(Unavailable):
            post(kit.letter("anna", "k1", "hello"))

    def test_lost_credentials_are_told_from_all_other_trouble(
        self, kit: Kit, post: Callable[[Letter], Receipt]
    ) -> None:
        kit.fault("denied")
        with pytest.raises(Denied) as caught:
            post(kit.letter("anna", "k1", "hello"))
        assert str(caught.value)
        assert kit.effects("k1") == 0

    def test_a_letter_to_nobody_is_rejected(self, kit: Kit, post: Callable[[Letter], Receipt]) -> None:
        with pytest.raises(Rejected):
            post(kit.nobody("k1"))


class Conformance(Inbound, Changes, Outbound):
    """The whole suite."""


class Pipe:
    """Intake, drain and a look at what came of it."""

    def __init__(self, kit: Kit, db: Database, folder: Path) -> None:
        self._kit, self._db = kit, db
        self._drain = Drain(db, kit.channels, Shelf(FileStore(folder / "files")), WorkSettings())

    def take(self, raws: Sequence[Raw], *, drain: bool = True) -> None:
        """Store the raws, and unless told otherwise drain until nothing is left."""
        intake.store(self._db, self._kit.channel, Batch(list(raws)))
        deadline = time.monotonic() + TIMEOUT
        while drain and time.monotonic() < deadline:
            self._drain.visit()
            if not self.flow()["in_flight"]:
                return
        assert not drain, "the inbox does not run empty"

    def messages(self) -> Sequence[Row[Any]]:
        """All messages, the way a dialog shows them."""
        shown = select(MESSAGES).order_by(MESSAGES.c.sent_at, MESSAGES.c.source_key, MESSAGES.c.seq)
        with self._db.read() as tx:
            return tx.execute(shown).all()

    def said(self) -> list[str]:
        """Their texts."""
        return [row.text for row in self.messages()]

    def files(self, message_id: int) -> Sequence[Row[Any]]:
        """The files of a message."""
        with self._db.read() as tx:
            return tx.execute(select(ATTACHMENTS).where(ATTACHMENTS.c.message_id == message_id)).all()

    def flow(self) -> dict[str, int]:
        """The channel's counts."""
        with self._db.read() as tx:
            return flows(tx)[self._kit.channel]


def _made_or_refused(make: Callable[[str, str], Raw]) -> Raw | Refused:
    try:
        return make("anna", "1")
    except Refused as refused:
        return refused


def texts_in(value: Any) -> Iterator[str]:
    """Every string in built-in containers, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(key)
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)
