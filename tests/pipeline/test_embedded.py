"""The embedded server: private, kept in memory alone, and gone with whoever started it."""

import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from pipeline import embedded
from tests.pipeline.children import Child, holding

PATIENCE = 20.0


@pytest.fixture
def server() -> Path:
    found = embedded.binary()
    if found is None:
        pytest.skip("the embedded server has no build for this platform")
    return found


@pytest.fixture
def socket() -> Iterator[Path]:
    """In a short directory: a socket's path must fit the kernel's."""
    path = Path(f"/tmp/okno-e{os.getpid()}-{time.monotonic_ns()}") / "run" / "v.sock"
    yield path
    for each in (path, path.parent, path.parent.parent):
        if each.is_dir():
            each.rmdir()
        else:
            each.unlink(missing_ok=True)


def client(socket: Path) -> "redis.Redis":
    """A connection, once the server answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = redis.Redis(unix_socket_path=str(socket))
        try:
            found.ping()
        except redis.RedisError:
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.01)
        else:
            return found


def test_it_serves_this_user_alone_and_writes_nothing(server: Path, socket: Path) -> None:
    process = embedded.start(server, socket)
    with client(socket) as found:
        found.set("x", 1)
        assert found.config_get("save")["save"] == ""
        assert found.config_get("appendonly")["appendonly"] == "no"
        assert found.config_get("port")["port"] == "0"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert [path.name for path in socket.parent.iterdir()] == [socket.name]
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert list(socket.parent.iterdir()) == []


def test_a_socket_that_was_left_behind_is_in_nobody_s_way(server: Path, socket: Path) -> None:
    for _ in range(2):
        process = embedded.start(server, socket)
        client(socket).close()
        process.kill()
        process.wait()
        assert socket.exists()


def test_it_ends_with_whoever_started_it_also_on_kill_9(server: Path, socket: Path) -> None:
    with holding(lambda: embedded.start(server, socket)) as parent:
        with client(socket) as found:
            pid = int(found.info("server")["process_id"])
        parent.kill()
        deadline = time.monotonic() + PATIENCE
        while _lives(pid):
            assert time.monotonic() < deadline, "the server outlives its parent"
            time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_path_no_socket_can_have_is_refused_with_what_to_do(server: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="OKNO_STATE_DIR"):
        embedded.start(server, tmp_path / ("x" * 90) / "v.sock")


def test_a_child_that_asks_for_it_ends_with_its_parent() -> None:
    read, write = os.pipe()

    def parent() -> None:
        def child() -> None:
            embedded.die_with(parent_pid)
            os.write(write, f"{os.getpid()} ".encode())
            signal.pause()

        parent_pid = os.getpid()
        Child(child)
        signal.pause()

    one = Child(parent)
    pid = int(os.read(read, 20))
    one.kill()
    deadline = time.monotonic() + PATIENCE
    while _lives(pid):
        assert time.monotonic() < deadline, "the child outlives its parent"
        time.sleep(0.01)
    os.close(read)
    os.close(write)


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    assert Child(lambda: embedded.die_with(1)).wait() == -signal.SIGTERM
