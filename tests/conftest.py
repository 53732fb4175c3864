"""Real servers for the tests, started when first asked for: one PostgreSQL and one Redis for each test process.

A server that is not installed skips its tests at home and fails them where CI is set. A test that takes `database_url`
or `db` runs once on each database, shown as [sqlite] and [postgresql]; `indirect=True` keeps it to one of them:
`@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import psycopg
import pytest
import redis
from hypothesis import settings
from sqlalchemy import make_url

from storage.db import Database
from storage.schema import migrate
from tests.fakes import dovecot as fake_dovecot
from tests.fakes.dovecot import Dovecot

START_SECONDS = 30.0


def pytest_configure() -> None:
    """Forget the settings of the shell, so that no test can reach a database somebody works with."""
    # A busy machine makes no test wrong.
    settings.register_profile("untimed", deadline=None)
    settings.load_profile("untimed")
    for name in [name for name in os.environ if name.startswith("OKNO_")]:
        del os.environ[name]


def _absent(what: str) -> NoReturn:
    reason = f"{what} is not installed"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI has to run every test")
    pytest.skip(reason)


def _program(name: str) -> str:
    return shutil.which(name) or _absent(name)


def _postgresql_bin() -> Path:
    """The newest installed PostgreSQL's programs, which Debian keeps off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    return found[-1] if found else Path(shutil.which("initdb") or _absent("PostgreSQL")).parent


def _as_nobody_special() -> list[str]:
    """A command's prefix: dies with this process, also on kill -9, and is not root, which PostgreSQL refuses."""
    prefix = [_program("setpriv"), "--pdeathsig", "INT"]
    return [*prefix, "--reuid", "postgres", "--regid", "postgres", "--clear-groups"] if os.geteuid() == 0 else prefix


@contextmanager
def _running(command: list[str], folder: Path, answers: Callable[[], bool]) -> Iterator[None]:
    """Run a server until the block ends; its output stands in `server.log` of its folder."""
    # A process group of its own: the servers outlive a Ctrl-C until the fixtures that use them are done.
    log = (folder / "server.log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log, process_group=0) as server:
        try:
            deadline = time.monotonic() + START_SECONDS
            while not answers():
                if server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"{command} did not start: {(folder / 'server.log').read_text()}")
                time.sleep(0.05)
            yield
        finally:
            # Both servers stop at once on this one: PostgreSQL would wait for its clients on SIGTERM, and SIGQUIT
            # is ignored by whatever a shell started in the background.
            server.send_signal(signal.SIGINT)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """The SQLAlchemy address of the cluster's `postgres` database, reached by a Unix socket; not durable, for speed."""
    programs, prefix = _postgresql_bin(), _as_nobody_special()
    with TemporaryDirectory(prefix="okno-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = ["-D", str(folder / "data")]
        init = [*prefix, str(programs / "initdb"), *data, "-U", "postgres", "--no-sync", "--locale=C.UTF-8"]
        subprocess.run([*init, "--auth=trust"], check=True, capture_output=True, cwd=folder)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": name,
            "max_connections": "200",
            "fsync": "off",
            "full_page_writes": "off",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        command = [*prefix, str(programs / "postgres"), *data, *options]
        url = f"postgresql+psycopg://postgres@/postgres?host={name}"
        with _running(command, folder, lambda: _pg_answers(url)):
            yield url


def _pg_connect(url: str) -> psycopg.Connection:
    return psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(), autocommit=True)


def _pg_answers(url: str) -> bool:
    try:
        _pg_connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def _pg_database(server: str, name: str, template: str) -> Iterator[str]:
    """The address of a new database of the cluster, copied from `template` and dropped with whoever still uses it."""
    with _pg_connect(server) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield make_url(server).set(database=name).render_as_string()
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _migrate(url: str) -> None:
    db = Database(url)
    migrate(db)
    db.close()


@pytest.fixture(scope="session")
def pg_template(pg_server: str) -> Iterator[str]:
    """The name of a migrated database of the cluster, which nobody is connected to."""
    with _pg_database(pg_server, "okno_template", "template0") as url:
        _migrate(url)
        yield "okno_template"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, which nobody has open."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, before any migration."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
        return
    with _pg_database(request.getfixturevalue("pg_server"), "okno_blank", "template0") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database of the test's own."""
    if request.param == "sqlite":
        path = tmp_path / "okno.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server, template = request.getfixturevalue("pg_server"), request.getfixturevalue("pg_template")
    with _pg_database(server, "okno_test", template) as url:
        yield url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """The test's own database, open; closed after the test."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The address of a Redis server on a Unix socket, which keeps nothing on disk."""
    with TemporaryDirectory(prefix="okno-redis-", ignore_cleanup_errors=True) as name:
        socket = f"{name}/redis.sock"
        command = [_program("setpriv"), "--pdeathsig", "INT", _program("redis-server"), "--port", "0"]
        command += ["--unixsocket", socket, "--unixsocketperm", "700", "--save", "", "--dir", name]
        url = f"unix://{socket}"
        with _running(command, Path(name), lambda: _redis_answers(url)):
            yield url


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """An IMAP server in which everybody has a mailbox."""
    if fake_dovecot.program() is None:
        _absent("dovecot")
    with TemporaryDirectory(prefix="okno-dovecot-", ignore_cleanup_errors=True) as name:
        server = Dovecot(Path(name) / "dovecot").start()
        yield server
        server.stop()


def _redis_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of the Redis server, emptied."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server
