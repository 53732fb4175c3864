"""Mails that do not come are asked for in their turn, and hold up nobody when they still do not come."""

from collections.abc import Container

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.email.hard import HardOnes


def _ask(hard: HardOnes, uids: list[int], most: int, never: Container[int], cuts: set[int]) -> list[int]:
    """What comes in one look, in its order: `never` do not come, and the questions with the numbers in `cuts` fail."""
    came: list[int] = []
    for asked, step in enumerate(hard.steps(uids, most)):
        if asked in cuts or any(uid in never for uid in step):
            hard.failed(step, "no")
        else:
            hard.came(step)
            came += step
    return came


@given(st.lists(st.integers(1, 40), unique=True).map(sorted), st.integers(1, 7), st.integers(0, 30))
def test_one_lost_answer_changes_no_order(uids: list[int], most: int, cut: int) -> None:
    assert _ask(HardOnes(), uids, most, (), {cut}) == uids


def test_a_lost_connection_changes_no_order() -> None:
    hard = HardOnes()
    steps = hard.steps([1, 2, 3], 2)
    hard.failed(next(steps), "the connection was cut")
    assert _ask(hard, [1, 2, 3, 4, 5], 2, (), set()) == [1, 2, 3, 4, 5]


@given(st.sets(st.integers(1, 20), max_size=5), st.integers(1, 7))
def test_what_never_comes_holds_up_nobody(never: set[int], most: int) -> None:
    uids = list(range(1, 21))
    hard = HardOnes()
    assert _ask(hard, uids, most, never, set()) == [uid for uid in uids if uid not in never]
    assert hard.below(20) == min([20, *(uid - 1 for uid in never)])


def test_it_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.email.hard._FIRST_WAIT", 0.0)
    hard = HardOnes()
    looks = 0
    while not hard.given_up(2):
        looks += 1
        assert looks < 20
        assert 2 not in _ask(hard, [2], 5, {2}, set())


def test_who_was_passed_over_comes_after_the_older_one() -> None:
    hard = HardOnes()
    hard.failed([1, 2], "refused")
    hard.passed_over([3])
    assert _ask(hard, [1, 2, 3, 4], 5, (), set()) == [1, 2, 3, 4]
