"""The loop thread: one loop for all connectors, and nobody waits for longer than he said."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from pipeline.loop import LoopThread


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    found = LoopThread()
    yield found
    found.close()


async def where() -> tuple[int, int]:
    return threading.get_ident(), id(asyncio.get_running_loop())


def test_all_runs_on_one_loop_in_one_thread(loop: LoopThread) -> None:
    first, second = loop.run(where(), 5), loop.submit(where()).result(5)
    assert first == second
    assert first[0] != threading.get_ident()


def test_an_error_comes_back_to_who_asked(loop: LoopThread) -> None:
    async def fail() -> None:
        raise KeyError("why")

    with pytest.raises(KeyError, match="why"):
        loop.run(fail(), 5)


def test_who_takes_too_long_is_cancelled(loop: LoopThread) -> None:
    ended: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    with pytest.raises(TimeoutError):
        loop.run(hang(), 0.05)
    assert ended == ["cancelled"]
    assert loop.run(where(), 5)


def test_a_closed_loop_is_gone() -> None:
    loop = LoopThread()
    assert loop.run(where(), 5)
    loop.close()
    assert loop._loop.is_closed()
    assert not loop._thread.is_alive()


def test_what_still_runs_when_the_loop_ends_is_cancelled() -> None:
    loop, ended = LoopThread(), list[str]()

    async def hang(begun: threading.Event) -> None:
        try:
            begun.set()
            await asyncio.sleep(600)
        finally:
            ended.append("cancelled")

    begun = threading.Event()
    loop.submit(hang(begun))
    assert begun.wait(5)
    loop.close()
    assert ended == ["cancelled"]
    assert loop._loop.is_closed()
