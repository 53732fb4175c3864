"""Supervise: what dies is started again, not too often, and at the end nobody is left."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pipeline import stopping, supervise
from pipeline.supervise import Start, Supervisor

PATIENCE = 20.0
# Says when it is ready, so that no signal comes before its handler stands.
OBEDIENT = "import signal, sys; print('ready', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {OBEDIENT}"


class Children:
    """What was started, in order."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def command(self, code: str) -> Start:
        def start() -> "subprocess.Popen[bytes]":
            process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
            if code != "":
                assert process.stdout is not None
                process.stdout.readline()
            self.started.append(process)
            return process

        return start


@pytest.fixture
def children() -> Iterator[Children]:
    found = Children()
    yield found
    for process in found.started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at


def test_all_are_started_and_left_alone_while_they_live(children: Children) -> None:
    supervisor = Supervisor([("one", children.command(OBEDIENT)), ("two", children.command(OBEDIENT))])
    for _ in range(3):
        supervisor.tick()
    assert len(children.started) == 2
    supervisor.stop()
    assert [process.returncode for process in children.started] == [-signal.SIGTERM] * 2


def test_what_dies_is_started_again_and_its_neighbours_are_left_alone(children: Children) -> None:
    supervisor = Supervisor([("one", children.command(OBEDIENT)), ("two", children.command(OBEDIENT))])
    supervisor.tick()
    one, two = children.started
    two.kill()
    two.wait()
    deadline = time.monotonic() + PATIENCE
    while len(children.started) == 2:
        assert time.monotonic() < deadline, "it is not started again"
        supervisor.tick()
    assert one.poll() is None
    supervisor.stop()


def test_what_dies_again_and_again_is_started_less_and_less_often(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(supervise, "time", clock)
    supervisor = Supervisor([("one", children.command(""))])
    waits = []
    for number in range(9):
        began = clock.at
        while len(children.started) == number:
            supervisor.tick()
            clock.at += 0.05
        waits.append(clock.at - began)
        children.started[-1].wait()
    assert waits[0] < 0.1
    assert waits[1:] == sorted(waits[1:])
    assert waits[-1] == pytest.approx(1, abs=0.2)


def test_one_that_lived_long_is_started_again_at_once(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(supervise, "time", clock)
    supervisor = Supervisor([("one", children.command(""))])
    for number in range(6):
        while len(children.started) == number:
            supervisor.tick()
            clock.at += 0.05
        children.started[-1].wait()
    clock.at += 60
    supervisor.tick()
    clock.at += 0.11
    supervisor.tick()
    assert len(children.started) == 7


def test_what_does_not_listen_is_ended_by_force_within_the_time(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "_GRACE", 0.5)
    codes = [OBEDIENT, STUBBORN, OBEDIENT, STUBBORN]
    supervisor = Supervisor([(str(n), children.command(code)) for n, code in enumerate(codes)])
    supervisor.tick()
    started = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - started < PATIENCE / 2
    assert [process.returncode for process in children.started] == [-15, -9, -15, -9]


def test_a_frozen_child_is_ended_too(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "_GRACE", 0.3)
    polite = f"import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit()); {OBEDIENT}"
    supervisor = Supervisor([("one", children.command(OBEDIENT)), ("two", children.command(polite))])
    supervisor.tick()
    children.started[1].send_signal(signal.SIGSTOP)
    supervisor.stop()
    assert children.started[1].returncode == -signal.SIGKILL


def test_daemons_end_together_and_what_served_them_after_them(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server is the broker: whoever stops still rings."""
    daemons = [("web", children.command(OBEDIENT)), ("worker", children.command(OBEDIENT))]
    supervisor = Supervisor(daemons, [("broker", children.command(OBEDIENT))])
    supervisor.tick()
    broker, web, worker = children.started
    seen: list[tuple[str, object]] = []
    send, wait = subprocess.Popen.send_signal, subprocess.Popen.wait

    def told(process: "subprocess.Popen[bytes]", number: int) -> None:
        seen.append(("told", process))
        send(process, number)

    def ended(process: "subprocess.Popen[bytes]", timeout: float | None = None) -> int:
        status = wait(process, timeout)
        seen.append(("ended", process))
        return status

    with monkeypatch.context() as patch:
        patch.setattr(subprocess.Popen, "send_signal", told)
        patch.setattr(subprocess.Popen, "wait", ended)
        supervisor.stop()
    of_daemons = [("told", web), ("told", worker), ("ended", web), ("ended", worker)]
    assert seen == [*of_daemons, ("told", broker), ("ended", broker)]


def test_a_supervisor_has_the_time_to_end_its_children_before_it_ends_itself() -> None:
    """Children have their own deadline first, then the supervisor kills what is left, then its own deadline comes."""
    assert stopping.DEADLINE < supervise._GRACE < supervise.DEADLINE < 30


def test_without_children_there_is_nothing_to_stop() -> None:
    supervisor = Supervisor([("never started", lambda: pytest.fail("started"))])
    supervisor.stop()
