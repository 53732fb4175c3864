"""Pace: how long to wait, said at once."""

import pytest

from pipeline.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_without_a_rate_nothing_waits(clock: Clock) -> None:
    pace = Pace(0, clock)
    assert {pace.wait() for _ in range(10_000)} == {0.0}


def test_a_second_s_worth_may_go_at_once_and_then_one_by_one(clock: Clock) -> None:
    pace = Pace(5, clock)
    assert [pace.wait() for _ in range(5)] == [0.0] * 5
    assert pace.wait() == pytest.approx(0.2)
    assert pace.wait() == pytest.approx(0.2), "who only asks takes no place"
    clock.at += 0.2
    assert pace.wait() == 0.0
    assert pace.wait() > 0


@pytest.mark.parametrize(("rate", "between"), [(0.5, 2.0), (1, 1.0), (30, 1 / 30)])
def test_over_a_minute_the_rate_is_kept(clock: Clock, rate: float, between: float) -> None:
    pace, sent = Pace(rate, clock), 0
    end = clock.at + 60
    while clock.at < end:
        wait = pace.wait()
        sent += not wait
        # Time goes on by itself, however little is left to wait.
        clock.at += max(wait, 1e-6) if wait else between / 10
    assert 60 * rate <= sent <= 60 * rate + max(rate, 1) + 1


def test_a_long_rest_saves_up_no_more_than_a_second_s_worth(clock: Clock) -> None:
    pace = Pace(3, clock)
    clock.at += 10_000
    assert [pace.wait() for _ in range(4)].count(0.0) == 3


@pytest.mark.parametrize("rate", [0, 100])
def test_silence_asked_for_is_kept_and_never_shortened(clock: Clock, rate: float) -> None:
    pace = Pace(rate, clock)
    pace.pause(30)
    pace.pause(5)
    assert pace.wait() == pytest.approx(30)
    clock.at += 29.5
    assert pace.wait() == pytest.approx(0.5)
    clock.at += 0.5
    assert pace.wait() == 0.0
