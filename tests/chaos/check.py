"""The check: what the outside world did and saw, held against what the database has."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text

from storage.db import Database, Tx
from storage.outbox import SENT
from storage.types import UtcTime
from storage.verify import verify
from tests.chaos import ledger
from tests.chaos.mail import MAIL
from tests.chaos.operators import NOTE
from tests.chaos.vendors import KEYLESS


@dataclass
class World:
    """The ledger, sorted by who it speaks of."""

    told: set[str] = field(default_factory=set)
    acked: set[str] = field(default_factory=set)
    late: set[str] = field(default_factory=set)
    got: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    copies: dict[str, set[tuple[str, str]]] = field(default_factory=lambda: defaultdict(set))
    answered: dict[str, str] = field(default_factory=dict)
    shown: dict[int, list[str]] = field(default_factory=dict)
    accepted: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    viewed: dict[int, list[str]] = field(default_factory=dict)
    seen: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)


class Stored(NamedTuple):
    """A message as the database has it; `doubts` is how often it may have arrived beyond the one time it should."""

    token: str
    dialog: int
    direction: str
    doubts: int


@dataclass
class House:
    """The database: messages in order of arrival and as they are displayed, the journal, and what is not settled."""

    arrived: list[Stored]
    displayed: list[Stored]
    journal: set[int]
    unsettled: list[str]
    breaches: list[str]
    # Token of a message -> token of the one it stands under.
    answers: dict[str, str] = field(default_factory=dict)


@dataclass
class Figures:
    """What went wrong, each thing named once; all empty is a run that passed."""

    lost: set[str] = field(default_factory=set)
    doubled: set[str] = field(default_factory=set)
    inversions: set[str] = field(default_factory=set)
    unsettled: set[str] = field(default_factory=set)
    unbalanced: set[str] = field(default_factory=set)


def read_world(path: Path) -> World:
    """Sort a ledger."""
    world = World()
    sort: dict[str, Callable[..., object]] = {
        ledger.TOLD: lambda _writer, _n, token: world.told.add(token),
        ledger.ACKED: lambda _writer, _n, token: world.acked.add(token),
        ledger.LATE: world.late.add,
        ledger.GOT: lambda writer, token, key: world.got[writer].append((token, key)),
        ledger.COPY: lambda token, name, content: world.copies[token].add((name, content)),
        ledger.ANSWERED: world.answered.__setitem__,
        ledger.SHOWN: world.shown.__setitem__,
        ledger.ACCEPTED: lambda dialog, _n, token, _message: world.accepted[dialog].append(token),
        ledger.VIEWED: world.viewed.__setitem__,
        ledger.SEEN: lambda follower, event: world.seen[follower].append(event),
        ledger.WRONG: world.wrong.append,
        ledger.ANSWERS: world.answers.update,
    }
    for kind, values in ledger.read(path):
        sort[kind](*values)
    return world


def read_house(db: Database) -> House:
    """Read what the run left in the database."""
    with db.read() as tx:
        return House(
            _messages(tx, "dialog_id, seq"),
            _messages(tx, "dialog_id, sent_at, source_key, seq"),
            set(tx.execute(text("SELECT id FROM journal")).scalars()),
            _unsettled(tx),
            _breaches(db),
            _answers(tx),
        )


def compare(world: World, house: House) -> Figures:
    """Both directions, the feed, and the promises a database can be asked about itself."""
    figures = Figures(unsettled=set(house.unsettled), unbalanced={*house.breaches, *world.wrong})
    figures.unsettled |= {f"{token}: never acknowledged" for token in world.told - world.acked}
    owners = _owners(house, figures)
    _compare_inbound(world, house, figures)
    _compare_outbound(world, house, owners, figures)
    _compare_mails(world, house, figures)
    _compare_views(world, house, owners, figures)
    _compare_feed(world, house, figures)
    return figures


def doubles(world: World, house: House) -> tuple[int, int]:
    """How many replies arrived more than once, and how many had tries whose end nobody knows."""
    twice = sum(count > 1 for received in world.got.values() for count in _arrivals(received).values())
    return twice, sum(message.doubts > 0 for message in house.arrived)


def lags(db: Database) -> list[float]:
    """Seconds each message took from the inbox to its dialog, the shortest first."""
    query = text(
        "SELECT i.received_at, j.at FROM inbox i JOIN messages m ON m.channel = i.channel "
        "AND m.external_id = i.external_id JOIN journal j ON j.dialog_id = m.dialog_id "
        "AND j.type = 'message.received' AND CAST(j.data ->> 'message' AS bigint) = m.id"
    ).columns(received_at=UtcTime, at=UtcTime)
    with db.read() as tx:
        return sorted((at - received_at).total_seconds() for received_at, at in tx.execute(query))


def _messages(tx: Tx, order: str) -> list[Stored]:
    doubts = _doubts(tx)
    query = text(f"SELECT id, text, dialog_id, direction FROM messages ORDER BY {order}")
    return [
        Stored(words.partition(" ")[0], dialog, way, doubts.get(message, 0))
        for message, words, dialog, way in tx.execute(query)
    ]


def _doubts(tx: Tx) -> Mapping[int, int]:
    """Of each message in a channel without keys, the tries of its letters whose end nobody knows.

    Each of them has to be told in the journal, and the letter to be marked; no more count than there were tries before
    the last, which has a receipt.
    """
    query = text(
        "SELECT o.message_id, o.channel, o.attempts - 1, count(*) FROM outbox o JOIN journal j "
        "ON j.dialog_id = o.dialog_id AND CAST(j.data ->> 'letter' AS bigint) = o.id "
        "WHERE j.type = 'message.unconfirmed' AND o.maybe_twice "
        "GROUP BY o.id, o.message_id, o.channel, o.attempts"
    )
    found: Counter[int] = Counter()
    for message, channel, before, told in tx.execute(query):
        if channel in {*KEYLESS, MAIL}:
            found[message] += min(before, told)
    return found


def _answers(tx: Tx) -> dict[str, str]:
    pairs = tx.execute(text("SELECT a.text, b.text FROM messages a JOIN messages b ON b.id = a.reply_to"))
    return {words.partition(" ")[0]: others.partition(" ")[0] for words, others in pairs}


def _unsettled(tx: Tx) -> list[str]:
    found = [f"raw {row} still queued" for row in tx.execute(text("SELECT inbox_id FROM inbox_queue")).scalars()]
    parked = tx.execute(text("SELECT inbox_id, reason FROM parked"))
    found += [f"raw {row} parked: {reason.splitlines()[0]}" for row, reason in parked]
    letters = tx.execute(text(f"SELECT id, state, error FROM outbox WHERE state <> '{SENT}'"))
    return found + [f"letter {row} {state}: {error}" for row, state, error in letters]


def _breaches(db: Database) -> list[str]:
    with db.snapshot() as tx:
        return [f"{breach.promise}: {breach.detail} {breach.rows[:3]}" for breach in verify(tx)]


def _owners(house: House, figures: Figures) -> dict[int, int]:
    """Which writer each dialog belongs to; a writer has one dialog, and a dialog one writer."""
    owners: dict[int, int] = {}
    places: dict[int, int] = {}
    for message in house.arrived:
        if message.direction != "in":
            continue
        writer = int(message.token.partition(".")[0].removeprefix("w"))
        if owners.setdefault(message.dialog, writer) != writer or places.setdefault(writer, message.dialog) != (
            message.dialog
        ):
            figures.unbalanced.add(f"{message.token} in dialog {message.dialog}")
    return owners


def _compare_inbound(world: World, house: House, figures: Figures) -> None:
    # What was pushed late arrived late, and is shown in its place all the same.
    for order, excused in ((house.arrived, world.late), (house.displayed, set[str]())):
        per_dialog: dict[int, list[str]] = defaultdict(list)
        for message in order:
            if message.direction == "in" and message.token not in excused:
                per_dialog[message.dialog].append(message.token)
        for tokens in per_dialog.values():
            figures.inversions |= _inversions(tokens)
    stored = Counter(message.token for message in house.arrived if message.direction == "in")
    figures.lost |= {f"{token}: not stored" for token in world.acked if not stored[token]}
    figures.doubled |= {f"{token}: stored {count} times" for token, count in stored.items() if count > 1}


def _compare_outbound(world: World, house: House, owners: dict[int, int], figures: Figures) -> None:
    replies = Counter(message.token for message in house.arrived if message.direction == "out")
    figures.doubled |= {f"{token}: stored {count} times" for token, count in replies.items() if count > 1}
    doubts = {message.token: message.doubts for message in house.arrived if message.doubts}
    for dialog, tokens in world.accepted.items():
        arrived = {token for token, _ in world.got[owners.get(dialog, -1)]}
        figures.lost |= {f"{token}: never arrived" for token in tokens if token not in arrived}
    for writer, received in world.got.items():
        # Where the channel knows no keys, a reply may be there once more for each try whose end nobody knows.
        figures.doubled |= {
            f"{token}: arrived {count} times, with {doubts.get(token, 0)} unknown outcomes"
            for token, count in _arrivals(received).items()
            if count > 1 + doubts.get(token, 0)
        }
        figures.inversions |= _inversions(token for token, _ in received if token not in doubts)
        for token, _ in received:
            if token.startswith(NOTE) or owners.get(int(token.partition(".")[0].lstrip("rnote"))) != writer:
                figures.unbalanced.add(f"{token} reached writer {writer}")


def _compare_mails(world: World, house: House, figures: Figures) -> None:
    """A mail that comes again is the same mail, to the byte; and whoever answers one of ours is put under it."""
    figures.doubled |= {
        f"{token}: came as {len(mails)} mails" for token, mails in world.copies.items() if len(mails) > 1
    }
    named = Counter(name for mails in world.copies.values() for name in {name for name, _ in mails})
    figures.unbalanced |= {f"{count} replies by mail are called {name}" for name, count in named.items() if count > 1}
    figures.unbalanced |= {
        f"{token} answers {reply}, and stands under {house.answers.get(token)}"
        for token, reply in world.answered.items()
        if token in world.acked and house.answers.get(token) != reply
    }
    if world.copies and not world.answered:
        figures.unbalanced.add("nobody answered any of our mails")


def _arrivals(received: Iterable[tuple[str, str]]) -> Counter[str]:
    """How often each reply arrived; the same key again is the same arrival."""
    return Counter(token for token, _ in set(received))


def _compare_views(world: World, house: House, owners: dict[int, int], figures: Figures) -> None:
    dialogs = {writer: dialog for dialog, writer in owners.items()}
    for writer, tokens in world.shown.items():
        # The first message is where the visitor's look back begins.
        own = {token for token in world.acked if token.startswith(f"w{writer}.")} - {f"w{writer}.1"}
        expected = own | set(world.accepted.get(dialogs.get(writer, -1), []))
        _compare_view(f"shown to writer {writer}", tokens, expected, figures)
        figures.inversions |= _inversions(token for token in tokens if token.startswith("w"))
    for dialog, tokens in world.viewed.items():
        own = {token for token in world.acked if token.startswith(f"w{owners.get(dialog)}.")}
        _compare_view(f"shown at the desk in dialog {dialog}", tokens, own | set(world.accepted[dialog]), figures)
        # The desk turns pages by arrival.
        figures.inversions |= _inversions(token for token in tokens if token in own - world.late)


def _compare_view(where: str, tokens: Sequence[str], expected: set[str], figures: Figures) -> None:
    figures.lost |= {f"{token}: not {where}" for token in expected - set(tokens)}
    figures.doubled |= {f"{token}: {count} times {where}" for token, count in Counter(tokens).items() if count > 1}


def _compare_feed(world: World, house: House, figures: Figures) -> None:
    for follower, events in world.seen.items():
        figures.lost |= {f"event {event}: never came by {follower}" for event in house.journal - set(events)}
        figures.doubled |= {
            f"event {event}: {count} times by {follower}" for event, count in Counter(events).items() if count > 1
        }
        pairs = pairwise(events)
        figures.inversions |= {f"event {after} after {before}" for before, after in pairs if after < before}


def _inversions(tokens: Iterable[str]) -> set[str]:
    """Tokens that come after a higher one; they all belong to one writer or one dialog's replies."""
    found: set[str] = set()
    highest = 0
    for token in tokens:
        number = int(token.rpartition(".")[2])
        if number < highest:
            found.add(f"{token} after {highest}")
        highest = max(highest, number)
    return found
