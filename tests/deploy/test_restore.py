"""Backup and restore as docs/operations.md says: nothing is sent twice unasked, and nothing stays behind."""

import base64
import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from sqlalchemy import make_url

from tests.deploy.installation import SECRET, Installation, wait_for
from tests.deploy.tools import needed, run
from tests.fakes.webhook_consumer import Consumer

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


class Keeper(Protocol):
    """How one kind of database is saved and brought back."""

    def save(self) -> None:
        """Back it up while it is in use."""

    def bring_back(self) -> None:
        """Put the backup in the place of the database."""

    def bring_elsewhere(self) -> str:
        """Put the backup into a new place; its address."""


class Sqlite:
    """The file, by VACUUM INTO."""

    def __init__(self, url: str, folder: Path) -> None:
        self._file, self._backup = Path(str(make_url(url).database)), folder / "backup.db"
        self._elsewhere = folder / "elsewhere" / "okno.db"

    def save(self) -> None:
        with closing(sqlite3.connect(self._file)) as live:
            live.execute("VACUUM INTO ?", (str(self._backup),))

    def bring_back(self) -> None:
        # What belongs to the lost database must not be applied to the old one.
        for left in self._file.parent.glob(f"{self._file.name}-*"):
            left.unlink()
        shutil.copyfile(self._backup, self._file)

    def bring_elsewhere(self) -> str:
        self._elsewhere.parent.mkdir()
        shutil.copyfile(self._backup, self._elsewhere)
        return f"sqlite:///{self._elsewhere}"


class Postgresql:
    """The database, by pg_dump and pg_restore."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._backup = make_url(url), folder / "okno.dump"
        self._other = self._url.set(database="okno_elsewhere")

    def save(self) -> None:
        self._run("pg_dump", "--format=custom", f"--file={self._backup}", self._libpq())

    def bring_back(self) -> None:
        self._run(
            "pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={self._libpq()}", self._backup
        )

    def bring_elsewhere(self) -> str:
        with psycopg.connect(self._libpq(), autocommit=True) as admin:
            admin.execute("CREATE DATABASE okno_elsewhere TEMPLATE template0")
        self._run("pg_restore", "--single-transaction", f"--dbname={self._libpq('okno_elsewhere')}", self._backup)
        return self._other.render_as_string(hide_password=False)

    def drop_elsewhere(self) -> None:
        with psycopg.connect(self._libpq(), autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS okno_elsewhere WITH (FORCE)")

    def _libpq(self, database: str | None = None) -> str:
        url = self._url.set(drivername="postgresql", database=database or self._url.database)
        return url.render_as_string(hide_password=False)

    def _run(self, program: str, *arguments: str | Path) -> None:
        # Of the newest version that is installed, like the server of the tests.
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: float(path.parts[4]))
        run(found[-1] if found else needed(program), *arguments)


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    """The site's server, which takes replies."""
    with Consumer(SECRET) as started:
        yield started


@pytest.fixture
def okno(tmp_path: Path, database_url: str, consumer: Consumer) -> Installation:
    """An installation with an administrator."""
    installation = Installation(tmp_path, database_url, consumer.url)
    installation.token = installation.run("operator", "add", "Anna", "--role", "admin").strip()
    return installation


@pytest.fixture
def keeper(database_url: str, tmp_path: Path) -> Iterator[Keeper]:
    """The way to save the installation's database."""
    if database_url.startswith("sqlite"):
        yield Sqlite(database_url, tmp_path)
        return
    postgresql = Postgresql(database_url, tmp_path)
    yield postgresql
    postgresql.drop_elsewhere()


def test_after_a_restore_letters_wait_until_somebody_says_so(
    okno: Installation, consumer: Consumer, keeper: Keeper, tmp_path: Path
) -> None:
    key = _backed_up_in_mid_delivery(okno, consumer, keeper, tmp_path)
    for restore in (keeper.bring_back, lambda: okno.environment.update(OKNO_DATABASE__URL=keeper.bring_elsewhere())):
        before = consumer.tries[key]
        _restore(okno, restore, tmp_path)
        with okno.running("work"):
            wait_for(lambda: okno.letters().get("held"))
            assert consumer.tries[key] == before
            assert okno.letters() == {"held": 1}
            assert "replay outbox --all" in okno.log("work")
            assert "1 letters taken up again" in okno.run("replay", "outbox", "--all")
            wait_for(lambda: okno.letters() == {"sent": 1})
        # The site knows the letter by its key.
        assert consumer.tries[key] == before + 1
        assert consumer.effects(key) == 1
        assert "Every promise is kept" in okno.run("verify")
        digest = hashlib.sha256(PHOTO).hexdigest()
        assert (okno.state / "files" / digest[:2] / digest).read_bytes() == PHOTO


def test_a_reply_written_after_a_restore_is_not_taken_for_a_lost_one(
    okno: Installation, consumer: Consumer, keeper: Keeper, tmp_path: Path
) -> None:
    with okno.running("web", "work"):
        dialog = _reply(okno)
        wait_for(lambda: okno.letters() == {"sent": 1})
        keeper.save()
        shutil.copytree(okno.state / "files", tmp_path / "files-backup")
        okno.ask("POST", f"/v1/dialogs/{dialog}/messages", {"text": "Lost with the database."})
        wait_for(lambda: okno.letters() == {"sent": 2})
    _restore(okno, keeper.bring_back, tmp_path)
    with okno.running("web", "work"):
        okno.ask("POST", f"/v1/dialogs/{dialog}/messages", {"text": "Written afterwards."})
        wait_for(lambda: okno.letters() == {"sent": 2})
    assert [reply["repeat"] for reply in consumer.replies] == [False] * 3


def test_a_restart_holds_nothing(okno: Installation, consumer: Consumer) -> None:
    consumer.fault("503", times=1000)
    with okno.running("web", "work"):
        _reply(okno)
        wait_for(lambda: consumer.tries)
    consumer.faults.clear()
    with okno.running("work"):
        wait_for(lambda: okno.letters() == {"sent": 1})


def _backed_up_in_mid_delivery(okno: Installation, consumer: Consumer, keeper: Keeper, folder: Path) -> str:
    """The key of a letter that was queued when the backup was made, and arrived after it."""
    consumer.fault("503", times=100_000)
    with okno.running("web", "work"):
        _reply(okno)
        (key,) = wait_for(lambda: list(consumer.tries))
        keeper.save()
        # The files after the database: a file is there before any row names it.
        shutil.copytree(okno.state / "files", folder / "files-backup")
        consumer.faults.clear()
        wait_for(lambda: consumer.effects(key) == 1)
        wait_for(lambda: okno.letters() == {"sent": 1})
    return key


def _reply(okno: Installation) -> int:
    """Answer a message with a file; gives back the dialog's id."""
    files = [{"name": "photo.png", "type": "image/png", "base64": base64.b64encode(PHOTO).decode()}]
    assert okno.post_signed({"id": "1", "visitor": "boris", "text": "Where is it?", "files": files}) == 202
    (dialog,) = wait_for(lambda: okno.ask("GET", "/v1/dialogs")["items"])
    okno.ask("POST", f"/v1/dialogs/{dialog['id']}/messages", {"text": "On its way."})
    return int(dialog["id"])


def _restore(okno: Installation, bring: Callable[[], object], folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(okno.state / "files")
    shutil.copytree(folder / "files-backup", okno.state / "files")
    bring()
