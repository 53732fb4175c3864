"""Turns: no two at one thing, and no knock unheard."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.turns import Room, Turns

LONG = 60.0


class Meddler:
    """A lock that lets somebody else act right after its n-th release."""

    def __init__(self, after: int, act: Callable[[], None]) -> None:
        self._lock, self._left, self._act = threading.Lock(), after, act

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        self._left -= 1
        if self._left == 0:
            thread = threading.Thread(target=self._act)
            thread.start()
            thread.join(10)


@pytest.mark.parametrize("moment", range(1, 8))
def test_a_knock_is_answered_at_whatever_moment_it_comes(moment: int) -> None:
    turns, wanted = Turns(), {"first"}

    def look(_: float) -> bool:
        wanted.clear()
        return False

    def knock() -> None:
        # A bell: first the work is there, then it rings.
        wanted.add("second")
        turns.run("shard", look, LONG)

    turns._guard = Meddler(moment, knock)  # type: ignore[assignment]
    for _ in range(3):
        wanted.add("again")
        turns.run("shard", look, LONG)
        assert not wanted


def test_who_finds_it_taken_knocks_and_goes() -> None:
    turns, runs = Turns(), list[str]()

    def intrude(_: float) -> bool:
        raise AssertionError

    def work(_: float) -> bool:
        runs.append("run")
        if len(runs) == 1:
            assert not any(turns.run("shard", intrude, LONG) for _ in range(3))
        return False

    assert not turns.run("shard", work, LONG)
    assert runs == ["run", "run"]


def test_whoever_knocks_for_ever_is_answered_elsewhere_once_the_time_is_over() -> None:
    turns, runs = Turns(), list[float]()

    def work(until: float) -> bool:
        runs.append(until)
        # The bell rings during all of it, and each time another thread finds the thing taken.
        return turns.run("shard", work, LONG)

    assert turns.run("shard", work, 0.05), "somebody has to look again"
    assert len(set(runs)) == 1, "a knock gives no time of its own"
    assert turns.run("shard", lambda _: False, 0.0), "the next one begins afresh"


def test_who_leaves_something_behind_says_so_at_once() -> None:
    assert Turns().run("shard", lambda _: True, LONG)


def test_different_things_are_done_side_by_side() -> None:
    turns, meeting = Turns(), threading.Barrier(2)

    def meet(_: float) -> bool:
        return meeting.wait(10) < 0

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(turns.run, name, meet, LONG) for name in ("a", "b")]
        for each in done:
            each.result(10)


def test_work_that_fails_leaves_the_thing_free() -> None:
    turns, runs = Turns(), list[str]()
    with pytest.raises(ZeroDivisionError):
        turns.run("shard", lambda _: bool(1 / 0), LONG)
    turns.run("shard", lambda _: bool(runs.append("run")), LONG)  # type: ignore[func-returns-value]
    assert runs == ["run"]


def test_many_threads_never_meet_at_one_thing() -> None:
    turns, inside, most = Turns(), list[int](), list[int]()

    def work(_: float) -> bool:
        inside.append(1)
        most.append(len(inside))
        inside.pop()
        return False

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(turns.run, "shard", work, LONG) for _ in range(300)]:
            each.result(10)
    assert set(most) == {1}


def test_who_wants_to_be_alone_waits_for_the_others_and_keeps_new_ones_out() -> None:
    room, order = Room(), list[str]()
    inside, leave, waiting = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with room.together():
            inside.set()
            leave.wait(10)
            order.append("first left")

    def hermit() -> None:
        waiting.set()
        with room.alone():
            order.append("alone")

    def late() -> None:
        with room.together():
            order.append("late")

    with ThreadPoolExecutor(3) as pool:
        threads = [pool.submit(first)]
        assert inside.wait(10)
        with room.together():
            order.append("second beside the first")
        threads.append(pool.submit(hermit))
        assert waiting.wait(10)
        while not room._taken:
            pass
        threads.append(pool.submit(late))
        leave.set()
        for thread in threads:
            thread.result(10)
    assert order == ["second beside the first", "first left", "alone", "late"]
