"""The servers underneath: a PostgreSQL that would survive a power cut, and a Redis, both of the run's own."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis

from tests.chaos.servers import dies_with_us, free_port, postgresql_programs

_START_SECONDS = 30.0
# As an administrator would set up a small machine. Nothing here trades durability for speed.
POSTGRESQL: Mapping[str, str] = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "max_connections": "200",
}


class Server(NamedTuple):
    """A running server: its address, and its first process."""

    url: str
    pid: int


@contextmanager
def postgresql(folder: Path) -> Iterator[Server]:
    """A cluster that is reached by a Unix socket in `folder`; the address is that of its `postgres` database."""
    programs = postgresql_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed; --db sqlite does without it")
    prefix = dies_with_us()
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        prefix += ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    init = [*prefix, str(programs / "initdb"), "-D", "data", "-U", "postgres", "--locale=C.UTF-8", "--auth=trust"]
    subprocess.run(init, check=True, capture_output=True, cwd=folder)
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder), **POSTGRESQL}
    options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
    command = [*prefix, str(programs / "postgres"), "-D", "data", *options]
    with _running(command, folder, lambda: _pg_answers(folder)) as pid:
        yield Server(f"postgresql+psycopg://postgres@/postgres?host={folder}", pid)


@contextmanager
def broker(folder: Path) -> Iterator[Server]:
    """A Redis that keeps nothing on disk."""
    folder.mkdir()
    port = free_port()
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is not installed")
    command = [*dies_with_us(), program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with _running(command, folder, lambda: _redis_answers(port)) as pid:
        yield Server(f"redis://127.0.0.1:{port}/0", pid)


@contextmanager
def _running(command: list[str], folder: Path, answers: Callable[[], bool]) -> Iterator[int]:
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, process_group=0
        )
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not answers():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((folder / "server.log").read_text())
                time.sleep(0.05)
            yield server.pid
        finally:
            # Both end at once on this one.
            server.send_signal(signal.SIGINT)
            server.wait()


def _pg_answers(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(port: int) -> bool:
    try:
        with redis.Redis(port=port) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False
