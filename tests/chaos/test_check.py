"""The check notices whatever the world and the house do not agree on, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos import ledger
from tests.chaos.check import Figures, House, Stored, World, compare, read_world

# Dialog 5 belongs to writer 1, who wrote twice and was answered twice.
TOKENS = ["w1.1", "w1.2", "r5.1", "r5.2"]


def stored(*tokens: str, dialog: int = 5) -> list[Stored]:
    """Messages in this order."""
    return [Stored(token, dialog, {"w": "in", "r": "out", "n": "note"}[token[0]], False) for token in tokens]


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


def test_order_is_excused_for_a_letter_that_may_have_come_twice(world: World) -> None:
    world.got[1] = [("r5.2", "a"), ("r5.1", "b")]
    known = house("w1.1", "w1.2")
    known.arrived += [Stored("r5.1", 5, "out", True), Stored("r5.2", 5, "out", False)]
    assert off(compare(world, known)) == {}


def test_a_writer_with_two_dialogs_is_out_of_balance(world: World) -> None:
    known = house(*TOKENS)
    known.arrived += stored("w1.3", dialog=6)
    assert off(compare(world, known)) == {"unbalanced": 1}


def test_what_the_house_says_of_itself_counts(world: World) -> None:
    known = house(*TOKENS)
    known.unsettled, known.breaches = ["raw 1 still queued"], ["notes: 1 × …"]
    world.wrong.append("401 to POST /chat")
    assert off(compare(world, known)) == {"unsettled": 1, "unbalanced": 2}
