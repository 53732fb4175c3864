"""Bells: heard soon where a broker is, missed without harm where none is, and never a reason to wait."""

import os
import queue as threads_queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from pipeline import embedded, queues
from pipeline.queues import DELIVER, PIPELINE, Bells
from settings import Settings

PATIENCE = 20.0


class Ears:
    """A worker process's worth of actors; what they heard, in order."""

    def __init__(self, broker: queues.Broker) -> None:
        self.heard: threads_queue.Queue[tuple[str, Any]] = threads_queue.Queue()
        queues.declare(broker, self._hear(PIPELINE), self._hear(DELIVER))
        self._workers = [queues.start_worker(broker, name, 1) for name in (PIPELINE, DELIVER)]

    def _hear(self, queue: str) -> Callable[[Any], None]:
        return lambda name: self.heard.put((queue, name))

    def next(self) -> tuple[str, Any]:
        """The next bell; fails if none is heard."""
        return self.heard.get(timeout=PATIENCE)

    def close(self) -> None:
        for worker in self._workers:
            worker.stop(timeout=5_000)


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[Path]:
    """An embedded server, as `all` starts it."""
    server = embedded.binary()
    if server is None:
        pytest.skip("the embedded server has no build for this platform")
    path = Path(f"/tmp/okno-test-{os.getpid()}-{time.monotonic_ns()}") / "valkey.sock"
    process = embedded.start(server, path)
    _await(lambda: queues.ping(queues.embedded_url(path)))
    yield path
    process.kill()
    process.wait()
    path.unlink(missing_ok=True)
    path.parent.rmdir()


@pytest.fixture(params=["redis", "embedded"])
def url(request: pytest.FixtureRequest) -> str:
    """Both kinds of server."""
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    return queues.embedded_url(request.getfixturevalue("socket"))


def _await(works: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            works()
        except redis.RedisError:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        else:
            return


@contextmanager
def heard(url: str) -> Iterator[tuple[Bells, Ears]]:
    """Bells and ears, each with a broker of its own, as in two processes."""
    ears = Ears(queues.make_broker(url))
    broker = queues.make_broker(url)
    queues.declare(broker, lambda _: None, lambda _: None)
    bells = Bells(broker)
    try:
        yield bells, ears
    finally:
        bells.close()
        ears.close()


def test_a_bell_is_heard_by_its_queue(url: str) -> None:
    with heard(url) as (bells, ears):
        bells.ring(PIPELINE, {"7"})
        assert ears.next() == (PIPELINE, "7")
        bells.ring(DELIVER, {"shop"})
        assert ears.next() == (DELIVER, "shop")
        assert bells.missed == 0


def test_where_no_server_is_bells_are_missed_and_not_kept() -> None:
    """Other processes would not hear them, and this one's workers sweep often."""
    broker = queues.make_broker(None)
    queues.declare(broker, lambda _: None, lambda _: None)
    bells = Bells(broker)
    for number in range(20):
        bells.ring(PIPELINE, {str(number)})
    _eventually(lambda: bells.missed == 20)
    bells.close()
    assert all(queue.empty() for queue in broker.queues.values())


def test_a_bell_nobody_has_heard_yet_is_not_rung_again(redis_url: str) -> None:
    broker = queues.make_broker(redis_url)
    queues.declare(broker, lambda _: None, lambda _: None)
    bells = Bells(broker)
    for _ in range(50):
        bells.ring(PIPELINE, {"1", "2"})
        time.sleep(0.001)
    with redis.Redis.from_url(redis_url) as client:
        _eventually(lambda: client.llen("dramatiq:pipeline") == 2)
        bells.close()
        assert client.llen("dramatiq:pipeline") == 2
        assert 0 < client.pttl("okno:bell:pipeline:1") <= 2000


def test_the_mark_is_gone_before_the_actor_looks(redis_url: str) -> None:
    """Whoever comes with work after that look must be able to ring again."""
    broker = queues.make_broker(redis_url)
    seen: threads_queue.Queue[int] = threads_queue.Queue()
    with redis.Redis.from_url(redis_url) as client:
        queues.declare(broker, lambda shard: seen.put(client.exists(f"okno:bell:pipeline:{shard}")), lambda _: None)
        worker, bells = queues.start_worker(broker, PIPELINE, 1), Bells(broker)
        for _ in range(3):
            bells.ring(PIPELINE, {"5"})
            assert seen.get(timeout=PATIENCE) == 0
        bells.close()
        worker.stop(timeout=5_000)


def test_a_worker_asks_for_its_queue_and_for_nothing_else(redis_url: str) -> None:
    broker = queues.make_broker(redis_url)
    queues.declare(broker, lambda _: None, lambda _: None)
    worker = queues.start_worker(broker, PIPELINE, 1)
    asked = set(worker.consumers)
    worker.stop(timeout=5_000)
    assert asked == {PIPELINE}


def test_a_wiped_server_hears_the_next_bell(redis_url: str) -> None:
    with heard(redis_url) as (bells, ears), redis.Redis.from_url(redis_url) as client:
        for number in "012":
            bells.ring(PIPELINE, {number})
            assert ears.next() == (PIPELINE, number)
            client.flushall()
        assert bells.missed == 0


def test_without_a_server_bells_are_counted_as_missed_and_nothing_waits(tmp_path: Path) -> None:
    broker = queues.make_broker(f"unix://{tmp_path}/nobody.sock")
    queues.declare(broker, lambda _: None, lambda _: None)
    bells = Bells(broker)
    bells.ring(PIPELINE, {"1", "2", "3"})
    _eventually(lambda: bells.missed == 3)
    bells.close()
    bells.ring(PIPELINE, {"4"})


def test_a_server_that_comes_after_those_who_listen_is_heard() -> None:
    server = embedded.binary()
    if server is None:
        pytest.skip("the embedded server has no build for this platform")
    path = Path(f"/tmp/okno-late-{os.getpid()}") / "v.sock"
    url = queues.embedded_url(path)
    with heard(url) as (bells, ears):
        bells.ring(PIPELINE, {"0"})
        _eventually(lambda: bells.missed == 1)
        process = embedded.start(server, path)
        _await(lambda: queues.ping(url))
        bells.ring(PIPELINE, {"1"})
        assert ears.next() == (PIPELINE, "1")
    process.kill()
    process.wait()
    subprocess.run(["rm", "-r", str(path.parent)], check=True)


def test_a_frozen_server_makes_nobody_wait_and_is_heard_again(tmp_path: Path, socket: Path) -> None:
    (pid,) = [pid for pid in _children() if str(socket).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]
    with heard(queues.embedded_url(socket)) as (bells, ears):
        bells.ring(PIPELINE, {"0"})
        assert ears.next() == (PIPELINE, "0")
        os.kill(pid, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor(1) as pool:
                # In a thread of its own, so that a ring that waits fails this test instead of hanging it.
                list(pool.map(lambda number: bells.ring(PIPELINE, {number}), range(10_000), timeout=4))
            # Long enough for whoever waits for an answer to give up.
            _eventually(lambda: bells.missed > 0)
        finally:
            os.kill(pid, signal.SIGCONT)
        # The mark of a bell that was half rung keeps it quiet for two seconds.
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            bells.ring(DELIVER, {"shop"})
            try:
                while ears.heard.get(timeout=0.3) != (DELIVER, "shop"):
                    pass
                return
            except threads_queue.Empty:
                continue
        pytest.fail("no bell is heard after the frost")


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def _eventually(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_to_ring_from_many_threads_is_safe(redis_url: str) -> None:
    with heard(redis_url) as (bells, ears):
        gate = threading.Barrier(8)

        def ring(thread: int) -> None:
            gate.wait(5)
            for number in range(50):
                bells.ring(PIPELINE, {str(thread * 50 + number)})

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ring, range(8)))
        names = {ears.next()[1] for _ in range(400)}
        assert names == set(map(str, range(400)))


# ---- which broker ----


def settings(tmp_path: Path, url: str = "") -> Settings:
    return Settings.model_validate({"state_dir": str(tmp_path), "broker": {"url": url}})


def test_the_configured_broker_comes_first_then_the_embedded_one_then_none(tmp_path: Path) -> None:
    assert queues.broker_url(settings(tmp_path)) is None
    sock = settings(tmp_path).socket
    sock.parent.mkdir()
    sock.touch()
    assert queues.broker_url(settings(tmp_path)) == f"unix://{sock}"
    assert queues.broker_url(settings(tmp_path, "redis://broker:6379/3")) == "redis://broker:6379/3"


def test_a_socket_of_any_name_is_reached(tmp_path: Path) -> None:
    """Directories have spaces and letters of all kinds in their names."""
    server = embedded.binary()
    if server is None:
        pytest.skip("the embedded server has no build for this platform")
    path = Path(f"/tmp/okno {os.getpid()} é%20?#") / "v.sock"
    process = embedded.start(server, path)
    try:
        _await(lambda: queues.ping(queues.embedded_url(path)))
    finally:
        process.kill()
        process.wait()
        subprocess.run(["rm", "-r", str(path.parent)], check=True)
