"""The check notices whatever the world and the house do not agree on, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text, update

from storage import journal
from storage.db import Database
from storage.outbox import OUTBOX
from tests.chaos import ledger
from tests.chaos.check import Figures, House, Stored, World, compare, doubles, read_house, read_world
from tests.dialogs.scene import Scene

# Dialog 5 belongs to writer 1, who wrote twice and was answered twice.
TOKENS = ["w1.1", "w1.2", "r5.1", "r5.2"]


def stored(*tokens: str, dialog: int = 5) -> list[Stored]:
    """Messages in this order."""
    return [Stored(token, dialog, {"w": "in", "r": "out", "n": "note"}[token[0]], 0) for token in tokens]


def house(*tokens: str) -> House:
    """A house with these messages in it and three lines in its journal."""
    return House(stored(*tokens), stored(*tokens), {1, 2, 4}, [], [])


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world where everything went well, by way of its ledger."""
    with ledger.Ledger(tmp_path / "ledger") as book:
        for n in (1, 2):
            book.note(ledger.TOLD, 1, n, f"w1.{n}")
            book.note(ledger.ACKED, 1, n, f"w1.{n}")
            book.note(ledger.ACCEPTED, 5, n, f"r5.{n}", 100 + n)
            book.note(ledger.GOT, 1, f"r5.{n}", f"key {n}")
        book.note(ledger.SHOWN, 1, TOKENS[1:])
        book.note(ledger.VIEWED, 5, TOKENS)
        for follower in ("list", "stream"):
            for event in (1, 2, 4):
                book.note(ledger.SEEN, follower, event)
        book.note(ledger.ANSWERS, {"202": 4})
    return read_world(tmp_path / "ledger")


def off(figures: Figures) -> dict[str, int]:
    """The figures that are not zero."""
    return {name: len(found) for name, found in vars(figures).items() if found}


def test_all_is_well(world: World) -> None:
    assert off(compare(world, house(*TOKENS))) == {}


def test_a_message_that_was_not_acknowledged_may_be_there(world: World) -> None:
    assert off(compare(world, house(*TOKENS, "w1.3"))) == {}


def change(what: str, value: object) -> Callable[[World], None]:
    """Set or put something in the world's records."""

    def apply(world: World) -> None:
        record, _, key = what.partition(" ")
        if key:
            getattr(world, record)[int(key) if key.isdigit() else key] = value
        else:
            getattr(world, record).add(value)

    return apply


WORLDS = [
    (change("got 1", [("r5.1", "a")]), {"lost": 1}),
    (change("got 1", [("r5.1", "a"), ("r5.2", "b"), ("r5.2", "c")]), {"doubled": 1}),
    (change("got 1", [("r5.2", "a"), ("r5.1", "b")]), {"inversions": 1}),
    (change("got 2", [("r5.1", "a")]), {"unbalanced": 1}),
    (change("got 2", [("note5.1", "a")]), {"unbalanced": 1}),
    (change("told", "w1.3"), {"unsettled": 1}),
    (change("acked", "w1.3"), {"lost": 3}),
    (change("accepted 5", ["r5.1", "r5.2", "r5.3"]), {"lost": 3}),
    (change("shown 1", ["w1.2", "r5.1"]), {"lost": 1}),
    (change("viewed 5", [*TOKENS, "r5.2"]), {"doubled": 1}),
    (change("viewed 5", ["w1.2", "w1.1", "r5.1", "r5.2"]), {"inversions": 1}),
    (change("seen list", [1, 4]), {"lost": 1}),
    (change("seen list", [1, 2, 2, 4]), {"doubled": 1}),
    (change("seen list", [1, 4, 2]), {"inversions": 1}),
]


@pytest.mark.parametrize(("happen", "expected"), WORLDS)
def test_what_the_world_saw_is_held_against_the_house(
    world: World, happen: Callable[[World], None], expected: dict[str, int]
) -> None:
    happen(world)
    assert off(compare(world, house(*TOKENS))) == expected


HOUSES = [
    (["w1.1", "r5.1", "r5.2"], {"lost": 1}),
    ([*TOKENS, "w1.2"], {"doubled": 1}),
    ([*TOKENS, "r5.2"], {"doubled": 1}),
    (["w1.2", "w1.1", "r5.1", "r5.2"], {"inversions": 1}),
]


@pytest.mark.parametrize(("tokens", "expected"), HOUSES)
def test_what_the_house_has_is_held_against_the_world(
    world: World, tokens: list[str], expected: dict[str, int]
) -> None:
    assert off(compare(world, house(*tokens))) == expected


def doubtful(doubts: int) -> House:
    """A house that does not know how so many tries of its first reply ended."""
    known = house("w1.1", "w1.2")
    known.arrived += [Stored("r5.1", 5, "out", doubts), Stored("r5.2", 5, "out", 0)]
    return known


def test_order_is_excused_for_a_letter_that_may_have_come_twice(world: World) -> None:
    world.got[1] = [("r5.2", "a"), ("r5.1", "b")]
    assert off(compare(world, doubtful(1))) == {}
    assert off(compare(world, doubtful(0))) == {"inversions": 1}


@pytest.mark.parametrize(("doubts", "arrivals"), [(0, 1), (1, 2), (4, 5)])
def test_a_reply_arrives_once_and_once_more_for_each_unknown_outcome(world: World, doubts: int, arrivals: int) -> None:
    world.got[1] = [*(("r5.1", str(n)) for n in range(arrivals)), ("r5.2", "b")]
    assert off(compare(world, doubtful(doubts))) == {}
    world.got[1].append(("r5.1", "once more"))
    assert off(compare(world, doubtful(doubts)))["doubled"] == 1


def test_the_doubts_of_one_reply_excuse_no_other(world: World) -> None:
    world.got[1] = [("r5.1", "a"), ("r5.2", "b"), ("r5.2", "c")]
    assert off(compare(world, doubtful(1))) == {"doubled": 1}
    assert doubles(world, doubtful(1)) == (1, 1)


def mailed(world: World) -> None:
    """The replies came by mail, and the second message of the writer answers the first of them."""
    world.copies |= {"r5.1": {("<a@x>", "hash a")}, "r5.2": {("<b@x>", "hash b")}}
    world.answered["w1.2"] = "r5.1"


MAILS = [
    (change("copies r5.1", {("<a@x>", "hash a")}), {}),
    (change("copies r5.1", {("<a@x>", "hash a"), ("<c@x>", "hash c")}), {"doubled": 1}),
    (change("copies r5.1", {("<a@x>", "hash a"), ("<a@x>", "hash c")}), {"doubled": 1}),
    (change("copies r5.1", {("<b@x>", "hash a")}), {"unbalanced": 1}),
    (change("answered w1.2", "r5.2"), {"unbalanced": 1}),
    (change("answered w1.1", "r5.1"), {"unbalanced": 1}),
    (change("answered w1.3", "r5.1"), {}),
    (lambda world: world.answered.clear(), {"unbalanced": 1}),
]


@pytest.mark.parametrize(("happen", "expected"), MAILS)
def test_a_mail_stays_the_same_and_its_answer_stands_under_it(
    world: World, happen: Callable[[World], None], expected: dict[str, int]
) -> None:
    mailed(world)
    happen(world)
    assert off(compare(world, replace(house(*TOKENS), answers={"w1.2": "r5.1"}))) == expected


def test_what_a_message_stands_under_is_read(db: Database) -> None:
    scene = Scene(db)
    olga, dialog = scene.operator("Olga"), scene.says("anna")
    reply = scene.replies(olga, dialog, f"r{dialog}.1 hello")
    with db.begin() as tx:
        tx.execute(text("UPDATE messages SET reply_to = :reply WHERE direction = 'in'"), {"reply": reply})
        words = tx.execute(text("SELECT text FROM messages WHERE direction = 'in'")).scalar_one()
    assert read_house(db).answers == {words.partition(" ")[0]: f"r{dialog}.1"}


class Letter(NamedTuple):
    """A reply on its way: what the house says of it, and how often it may have arrived beyond once."""

    channel: str
    marked: bool
    tries: int
    told: int
    doubts: int


LETTERS = [
    Letter("telegram", marked=False, tries=1, told=0, doubts=0),
    Letter("telegram", marked=True, tries=2, told=1, doubts=1),
    Letter("telegram", marked=True, tries=4, told=3, doubts=3),
    Letter("telegram", marked=False, tries=2, told=1, doubts=0),
    Letter("telegram", marked=True, tries=2, told=0, doubts=0),
    Letter("telegram", marked=True, tries=2, told=5, doubts=1),
    Letter("vk", marked=True, tries=2, told=1, doubts=0),
    Letter("email", marked=True, tries=3, told=1, doubts=1),
    Letter("site", marked=True, tries=2, told=1, doubts=0),
]


def test_only_what_is_marked_and_told_is_doubtful_and_only_without_keys(db: Database) -> None:
    scene = Scene(db)
    olga, dialog = scene.operator("Olga"), scene.says("anna")
    for number, letter in enumerate(LETTERS):
        _send(scene, scene.replies(olga, dialog, f"r{dialog}.{number} hello"), letter)
    known = read_house(db)
    assert [each.doubts for each in known.arrived if each.direction == "out"] == [each.doubts for each in LETTERS]
    assert [each.token for each in known.arrived if each.doubts] == [f"r{dialog}.{n}" for n in (1, 2, 5, 7)]


def _send(scene: Scene, message: int, letter: Letter) -> None:
    (row,) = scene.letters(message)
    told = {"message": message, "letter": row.id, "channel": letter.channel}
    sent = {"state": "sent", "channel": letter.channel, "maybe_twice": letter.marked, "attempts": letter.tries}
    with scene.db.begin() as tx:
        tx.execute(update(OUTBOX).where(OUTBOX.c.id == row.id).values(**sent))
        entry = journal.Entry("message.unconfirmed", journal.SYSTEM, row.dialog_id, told)
        journal.append(tx, [entry] * letter.told)


def test_what_was_pushed_late_may_arrive_late_and_is_shown_in_its_place(world: World) -> None:
    known = House(stored("w1.2", "w1.1", "r5.1", "r5.2"), stored(*TOKENS), {1, 2, 4}, [], [])
    world.viewed[5] = ["w1.2", "w1.1", "r5.1", "r5.2"]
    assert off(compare(world, known)) == {"inversions": 1}
    world.late.add("w1.1")
    assert off(compare(world, known)) == {}
    assert off(compare(world, replace(known, displayed=known.arrived))) == {"inversions": 1}


def test_a_writer_with_two_dialogs_is_out_of_balance(world: World) -> None:
    known = house(*TOKENS)
    known.arrived += stored("w1.3", dialog=6)
    assert off(compare(world, known)) == {"unbalanced": 1}


def test_what_the_house_says_of_itself_counts(world: World) -> None:
    known = house(*TOKENS)
    known.unsettled, known.breaches = ["raw 1 still queued"], ["notes: 1 × …"]
    world.wrong.append("401 to POST /chat")
    assert off(compare(world, known)) == {"unsettled": 1, "unbalanced": 2}
